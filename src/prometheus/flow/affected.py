"""Which derived rows a change can touch: it follows from how far back each step reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus.flow.graph import Graph


@dataclass(frozen=True, slots=True)
class Change:
    """Rows of a table that are new or differ.

    Attributes
    ----------
    first, last : int
        Places of the first and the last session that they are about.
    instruments : frozenset of str or None
        Whose they are; None for any.
    table : str
    """

    first: int
    last: int
    instruments: frozenset[str] | None = None
    table: str = "prices_daily"

    def __or__(self, other: Change) -> Change:
        both = None
        if self.instruments is not None and other.instruments is not None:
            both = self.instruments | other.instruments
        return Change(min(self.first, other.first), max(self.last, other.last), both, self.table)


def affected(graph: Graph, changes: Sequence[Change], *, end: int) -> Mapping[str, Change]:
    """Return, for each step that a change reaches, the sessions and instruments whose rows can differ.

    Parameters
    ----------
    graph : Graph
        Of derivation steps.
    changes : sequence of Change
    end : int
        Place of the last session that has data; nothing is affected after it.

    Notes
    -----
    A row of session d is seen by the sessions from d + lag to d + reach of a read. What a step writes over
    these is a change for the steps that read it in turn. A step whose rows rest on one instrument each passes
    the instruments on; any other step, and a change of a series, touches all of them. A profile counts
    until there is another, so that its change reaches to the end.
    """
    found: dict[str, Change] = {}
    by_table: dict[str, Change] = {}
    for change in changes:
        known = by_table.get(change.table)
        by_table[change.table] = change if known is None else known | change
    for step in graph.steps:
        touched: Change | None = None
        for read in graph.reads[step.name]:
            source = by_table.get(read.table)
            if source is None:
                continue
            last = end if read.table == "profiles" else min(source.last + read.reach, end)
            instruments = source.instruments if step.is_by_instrument else None
            one = Change(source.first + read.lag, last, instruments)
            touched = one if touched is None else touched | one
        if touched is not None and touched.first <= touched.last:
            found[step.name] = touched
            for table in step.writes:
                by_table[table] = Change(touched.first, touched.last, touched.instruments, table)
    return found
