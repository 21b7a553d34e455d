"""What a benchmark hands back: figures beside their limits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes
    ----------
    what : str
    found : str
        With its unit.
    limit : str
        The raw limit, measured in the same run.
    ratio : float or None
        Of the one to the other, as the target says it.
    target : str
    is_met : bool or None
        None where nothing is wanted.
    """

    what: str
    found: str
    limit: str = ""
    ratio: float | None = None
    target: str = ""
    is_met: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as texts."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        met = {None: "", True: "yes", False: "NO"}[self.is_met]
        return self.what, self.found, self.limit, ratio, self.target, met


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one benchmark and what has to be said about them."""

    name: str
    title: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


def seconds(value: float) -> str:
    """Return a time as people read it."""
    return f"{value * 1e3:.0f} ms" if value < 1.0 else f"{value:.2f} s"


def at_most(what: str, took: float, most: float) -> Figure:
    """Return the figure of a time that has an absolute target."""
    return Figure(what, seconds(took), target=f"under {most:g} s", is_met=took < most)


def beside(what: str, took: float, limit_name: str, limit: float, *, most: float) -> Figure:
    """Return the figure of a time that may be so many times its raw limit."""
    ratio = took / limit
    shown = f"{seconds(limit)} {limit_name}"
    return Figure(what, seconds(took), shown, ratio, f"at most {most:g} times", ratio <= most)
