"""From a matplotlib figure to an inline picture: no script, no outside link, the same bytes every time."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from prometheus.reports.colours import GRID, INK, MUTED, with_css_variables

_STYLE: dict[Any, Any] = {
    # Text stays text: small, searchable, read aloud, and in the page's own font.
    "svg.fonttype": "none",
    # A dollar sign in a name is a dollar sign.
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "path.simplify": True,
    "path.simplify_threshold": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.xmargin": 0.0,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 3.0,
    "ytick.major.size": 0.0,
    "xtick.minor.size": 0.0,
    "ytick.minor.size": 0.0,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.4,
}


def inline_svg(
    draw: Callable[[Figure], None], *, name: str, title: str, description: str, height: float = 3.0
) -> str:
    """Return a drawn figure as an SVG element to put into a page.

    Parameters
    ----------
    draw : callable
        Draws on the empty figure it is given, in the colours of `prometheus.reports.colours`.
    name : str
        Unique in the page: it begins every id, so that two pictures can't take each other's clip paths.
    title, description : str
        Read aloud in place of the picture.
    height : float, default 3.0
        In inches, at a width of 9.

    Returns
    -------
    str
        The same text for the same drawing: no date, and ids from a fixed salt.
    """
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(9.0, height), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        buffer = io.StringIO()
        # `metadata` without values leaves out the date and the program's name.
        figure.savefig(
            buffer,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'(?:xlink:)?href="#', f'href="#{name}-', svg)
    svg = svg.replace("url(#", f"url(#{name}-")
    view_box = re.search(r'viewBox="[^"]+"', svg)
    assert view_box is not None, "matplotlib writes a view box"
    body = svg[svg.index(">") + 1 :]
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {view_box.group()} role="img" '
        f'aria-labelledby="{name}-title {name}-description">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-description">{escape(description)}</desc>'
    )
    return with_css_variables(opening + re.sub(r"\n\s*", "\n", body))
