"""What reference files say of index memberships, written into the register."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from prometheus.domain.reference.claims import DAY
from prometheus.domain.reference.memberships import (
    denies_nothing_before,
    settled_memberships,
    with_statement,
)
from prometheus.domain.reference.observations import IndexSpan, Origin
from prometheus.domain.reference.register import Entity, Json, Register
from prometheus.domain.reference.statements import Difference, said_by

ListKey = tuple[str, str, str]
"""Index, day and source of a list of members."""


@dataclass(frozen=True, slots=True)
class MembershipRecorder:
    """Writes statements on memberships into a register.

    Attributes
    ----------
    register : Register
    differences : list of Difference
        Takes those that begin otherwise than one on record.
    delivered : dict of str to list
        What this delivery says, by instrument.
    """

    register: Register
    differences: list[Difference]
    delivered: dict[str, list[Json]] = field(default_factory=dict)

    def add(self, entity: Entity, statement: Json, origin: Origin) -> None:
        """Record a statement on an instrument."""
        metadata = entity.metadata.setdefault("stated", {})
        stated: list[Json] = metadata.get("memberships", [])
        full = {**statement, "as_of": str(origin.as_of), "source": origin.source}
        delivered = self.delivered.setdefault(entity.values["instrument_id"], [])
        if full not in stated:
            for other in (one for one in stated if _contradict(full, one) and one not in delivered):
                later, earlier = sorted((full, other), key=lambda s: str(s["as_of"]), reverse=True)
                self.differences.append(
                    Difference(
                        entity.values["symbol"],
                        f"member of {full['index']} since",
                        later["first"],
                        said_by(later),
                        earlier["first"],
                        said_by(earlier),
                    )
                )
            metadata["memberships"] = with_statement(stated, full, delivered)
        delivered.append(full)

    def add_span(self, owner: str, span: IndexSpan) -> None:
        """Record a span of the instrument that had its symbol at its end.

        The source may write the last symbol of a firm. Days on which another instrument is known to have
        had the symbol are that one's.
        """
        end, first = span.last or span.origin.as_of, span.first
        for claim in self.register.claims_on(span.symbol):
            if claim.instrument_id == owner or claim.last is None or not first <= claim.last < end:
                continue
            if claim.first is None or claim.first <= claim.last:
                self._add_days(claim.instrument_id, span, max(first, claim.first or first), claim.last)
                first = claim.last + DAY
        self._add_days(owner, span, first, span.last)

    def settle(self) -> None:
        """Say of every instrument when it was a member, from all statements on all of them."""
        stated = {
            i: [s for s in entity.metadata["stated"]["memberships"] if not s.get("superseded")]
            for i, entity in self.register.instruments.items()
            if "memberships" in entity.metadata.get("stated", ())
        }
        everything = [s for statements in stated.values() for s in statements]
        lists, limits = _whole_lists(everything), _limits(everything)
        for instrument_id, statements in stated.items():
            named = {_list_of(s) for s in statements}
            indices = {s["index"] for s in statements}
            absent = [
                {"index": index, "absent": as_of, "as_of": as_of, "source": source}
                for index, as_of, source in lists
                if index in indices and (index, as_of, source) not in named
            ]
            metadata = self.register.instruments[instrument_id].metadata
            spans = settled_memberships([*statements, *absent, *(limits[i] for i in indices if i in limits)])
            metadata["memberships"] = _ended(spans, self.register.last_day(instrument_id))

    def _add_days(self, instrument_id: str, span: IndexSpan, first: date, last: date | None) -> None:
        statement = {
            "index": span.index,
            "first": str(first),
            "last": None if last is None else str(last),
            **({"is_censored": True} if span.is_censored and first == span.first else {}),
        }
        self.add(self.register.instruments[instrument_id], statement, span.origin)


def _list_of(statement: Mapping[str, Any]) -> ListKey:
    return statement["index"], statement["as_of"], statement["source"]


def _whole_lists(statements: Iterable[Mapping[str, Any]]) -> list[ListKey]:
    """Return the lists of members that are whole: one of less than half the longest's length is a part."""
    counts: dict[ListKey, int] = {}
    for statement in statements:
        if statement.get("in_list"):
            counts[_list_of(statement)] = counts.get(_list_of(statement), 0) + 1
    longest = {key[0]: max(n for other, n in counts.items() if other[0] == key[0]) for key in counts}
    return [key for key, n in counts.items() if 2 * n > longest[key[0]]]


def _limits(statements: Iterable[Mapping[str, Any]]) -> dict[str, Json]:
    """Return until when a source tells the whole history of each index."""
    until: dict[str, str] = {}
    for statement in statements:
        if "first" in statement and not statement.get("in_list"):
            index = statement["index"]
            until[index] = max(until.get(index, ""), statement["as_of"])
    return {index: {"index": index, "known_until": day} for index, day in until.items()}


def _ended(memberships: list[Json], last_day: date | None) -> list[Json]:
    """Return memberships without the days after an instrument has left."""
    if last_day is None:
        return memberships
    end = str(last_day)
    return [
        {**span, "last": end if span["last"] is None else min(span["last"], end)}
        for span in memberships
        if span["first"] <= end
    ]


def _contradict(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two spans of one index are of the same time and begin differently."""
    if "first" not in one or "first" not in other or one["index"] != other["index"]:
        return False
    if (
        other.get("superseded")
        or one["first"] == other["first"]
        or one.get("is_censored")
        or other.get("is_censored")
        or denies_nothing_before(*sorted((one, other), key=lambda s: str(s["as_of"]), reverse=True))
    ):
        return False
    ends = [s["last"] or "9999-12-31" for s in (one, other)]
    return bool(one["first"] <= ends[1] and other["first"] <= ends[0])
