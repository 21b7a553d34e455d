"""Who was a member of an index on which day, for the instruments of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from prometheus.kernel.arrays import BoolArray, DateArray, IntArray

FOREVER = np.datetime64("9999-12-31", "D")
ALWAYS = np.datetime64("0001-01-01", "D")


@dataclass(frozen=True, slots=True)
class IndexMembers:
    """The memberships of one index.

    Attributes
    ----------
    places : ndarray of shape (n_spans,), int64
        The instrument of each span by its place in the run, ascending.
    first, last : ndarray of shape (n_spans,), datetime64[D]
        Days as a member, both included; `ALWAYS` and `FOREVER` where open.
    """

    places: IntArray
    first: DateArray
    last: DateArray

    def at(self, dates: DateArray, n_assets: int) -> BoolArray:
        """Return who is a member on each date, shape (n_dates, n_assets)."""
        members: BoolArray = np.zeros((len(dates), n_assets), dtype=np.bool_)
        if len(self.places):
            within = (self.first <= dates[:, None]) & (dates[:, None] <= self.last)
            starts = np.flatnonzero(np.r_[True, np.diff(self.places) != 0])
            members[:, self.places[starts]] = np.logical_or.reduceat(within, starts, axis=1)
        return members

    def chosen(self, kept: IntArray) -> IndexMembers:
        """Return the spans of the instruments at some places, which become 0, 1, 2 ..."""
        is_kept = np.isin(self.places, kept)
        places = np.searchsorted(kept, self.places[is_kept]).astype(np.int64)
        return IndexMembers(places, self.first[is_kept], self.last[is_kept])


def index_members(spans: Iterable[tuple[int, str, str | None, str | None]]) -> Mapping[str, IndexMembers]:
    """Return the memberships by index.

    Parameters
    ----------
    spans : iterable of (place, index, first, last)
        Dates in ISO form; None where open.

    Examples
    --------
    >>> members = index_members([(1, "SP500", "2013-12-23", None)])["SP500"]
    >>> members.at(np.array(["2013-12-20", "2013-12-23"], dtype="datetime64[D]"), 2)
    array([[False, False],
           [False,  True]])
    """
    by_index: dict[str, list[tuple[int, np.datetime64, np.datetime64]]] = {}
    for place, index, first, last in spans:
        begins = ALWAYS if first is None else np.datetime64(first, "D")
        by_index.setdefault(index, []).append(
            (place, begins, FOREVER if last is None else np.datetime64(last, "D"))
        )
    found: dict[str, IndexMembers] = {}
    for index in sorted(by_index):
        rows = sorted(by_index[index])
        found[index] = IndexMembers(
            np.array([row[0] for row in rows], dtype=np.int64),
            np.array([row[1] for row in rows], dtype="datetime64[D]"),
            np.array([row[2] for row in rows], dtype="datetime64[D]"),
        )
    return found
