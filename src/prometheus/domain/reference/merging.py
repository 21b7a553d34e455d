"""Two instruments that turn out to be one: what is known of both becomes what is known of one.

A list without identifiers that names FB, and one with a CIK that names META, are of two instruments until a
file says that FB has that CIK. Which of the files came first must not matter, so that they become one then.
They stay two where something says that they are: a source that names both at one time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from prometheus.domain.reference.histories import with_sighting, with_spans
from prometheus.domain.reference.memberships import merged_statements
from prometheus.domain.reference.observations import SymbolSpan
from prometheus.domain.reference.register import Entity, Json, Register
from prometheus.domain.reference.statements import hold, in_order

ISSUER_COLUMNS = ("name", "sector", "industry", "country")
INSTRUMENT_COLUMNS = ("exchange", "currency", "asset_class")


def are_known_apart(register: Register, one: str, other: str) -> bool:
    """Return whether sources named two instruments at one time, so that they can't be one."""
    entities = [register.instruments[i] for i in (one, other)]
    times = [list(_times(entity.metadata)) for entity in entities]
    if any(a[0] <= b[1] and b[0] <= a[1] for a in times[0] for b in times[1]):
        return True
    stated = [entity.metadata.get("stated", {}).get("memberships", ()) for entity in entities]
    return any(_named_together(a, b) for a in stated[0] for b in stated[1])


def merge(register: Register, kept: str, gone: str) -> None:
    """Let one instrument have all that is known of two; the other one leaves the register.

    Its issuer leaves too, unless it has another instrument or is that of both.
    """
    into, other = register.instruments[kept], register.remove(gone)
    history = _history(into)
    for entry in _history(other):
        if entry["first"] is not None or entry["last"] is not None:
            span = SymbolSpan(entry["symbol"], _day(entry["first"]), _day(entry["last"]))
            history = with_spans(history, [span])
        elif "seen" not in entry and not any(e["symbol"] == entry["symbol"] for e in history):
            history.append(dict(entry))
        for name in ("seen", "seen_until"):
            if name in entry:
                history = with_sighting(history, entry["symbol"], date.fromisoformat(entry[name]))
    into.metadata["symbols"] = history
    _take_statements(into, other, INSTRUMENT_COLUMNS)
    if other.values["status"] == "DELISTED" and "delisted" in into.metadata:
        into.values["status"] = "DELISTED"
    issuers = [entity.values["issuer_id"] for entity in (into, other)]
    if issuers[0] is None:
        into.values["issuer_id"] = issuers[1]
    elif issuers[1] not in (None, issuers[0]) and not register.instruments_of(issuers[1]):
        issuer = register.issuers[issuers[0]]
        was_named = "name" in issuer.metadata.get("stated", {})
        gone_issuer = register.remove_issuer(issuers[1])
        _take_statements(issuer, gone_issuer, ISSUER_COLUMNS)
        if not was_named and "name" not in issuer.metadata.get("stated", {}):
            issuer.values["name"] = min(issuer.values["name"], gone_issuer.values["name"])
        register.index_issuer(issuers[0])
    register.index(kept)


def _take_statements(into: Entity, other: Entity, columns: tuple[str, ...]) -> None:
    stated: Json = into.metadata.setdefault("stated", {})
    for name, statements in other.metadata.get("stated", {}).items():
        if name == "memberships":
            stated[name] = merged_statements([*stated.get(name, ()), *statements])
            continue
        own = stated.get(name, [])
        stated[name] = in_order([*own, *(s for s in statements if s not in own)])
        if name != "added":
            hold(into.values, into.metadata, columns, name, stated[name][-1]["value"])
    if not stated:
        del into.metadata["stated"]
    for name, value in other.metadata.items():
        if name not in ("stated", "symbols", "memberships", "identifiers", "batch"):
            into.metadata.setdefault(name, value)


def _history(entity: Entity) -> list[Json]:
    plain = {"symbol": entity.values["symbol"], "first": None, "last": None}
    return [dict(entry) for entry in entity.metadata.get("symbols", ())] or [plain]


def _times(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return from when until when an instrument is known to have had each of its symbols."""
    for entry in metadata.get("symbols", ()):
        days = (
            entry["first"],
            entry["last"],
            entry.get("seen"),
            entry.get("seen_until"),
        )
        known = [day for day in days if day is not None]
        if known:
            yield min(known), max(known)


def _named_together(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if any(one[name] != other[name] for name in ("index", "as_of", "source")):
        return False
    if "first" not in one or "first" not in other:
        return True  # both stand in one list of members
    return bool(one["first"] <= (other["last"] or "9999") and other["first"] <= (one["last"] or "9999"))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
