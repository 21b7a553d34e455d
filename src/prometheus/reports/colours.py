"""Figures without colours of their own: matplotlib draws with stand-ins that the page's style sheet fills in.

matplotlib knows no CSS variables, so each colour of a figure is a hex code that means nothing; in the SVG it
is replaced by ``var(--name)``. One figure is then right in a light page, in a dark one and on paper.
"""

from __future__ import annotations

INK = "#0a0b01"
MUTED = "#0a0b02"
GRID = "#0a0b03"
STRATEGY = "#0a0b04"
BENCHMARK = "#0a0b05"
LOSS = "#0a0b06"
THIRD = "#0a0b07"

_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    STRATEGY: "var(--strategy)",
    BENCHMARK: "var(--benchmark)",
    LOSS: "var(--loss)",
    THIRD: "var(--third)",
}


def with_css_variables(svg: str) -> str:
    """Return the SVG with each stand-in replaced by its CSS variable.

    Parameters
    ----------
    svg : str

    Examples
    --------
    >>> with_css_variables('<path style="stroke: #0a0b04"/>')
    '<path style="stroke: var(--strategy)"/>'
    """
    for code, variable in _VARIABLES.items():
        svg = svg.replace(code, variable)
    return svg
