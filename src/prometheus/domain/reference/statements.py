"""Facts with a date: every statement is kept, and the one of the latest day holds.

The statements stand in ``metadata.stated`` by field, oldest first: ``{"value", "as_of", "source"}``. What a
file of 2018 says never replaces what a later one says, in whichever order they come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus.domain.reference.observations import Origin

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """Two statements that don't agree, the later-dated first: that one holds, the other is kept beside it.

    ``later`` and ``earlier`` are the values, ``*_source`` say who stated them and of which day.
    """

    symbol: str
    field: str
    later: str
    later_source: str
    earlier: str
    earlier_source: str


def stated_value(
    metadata: Json, field: str, value: str, origin: Origin, *, current: str | None
) -> tuple[str, Mapping[str, Any] | None]:
    """Add a statement to metadata; return the value that holds, and a statement that it differs from.

    Parameters
    ----------
    metadata : dict
        Of an issuer or instrument; changed in place.
    field : str
    value : str
        What is stated now.
    origin : Origin
        By whom and of which day. An undated statement is of its delivery and, being the latest word, holds.
    current : str or None
        What holds so far. Without a statement of it on record it counts as older than any.

    Returns
    -------
    holds : str
    differs : mapping or None
        ``later`` and ``earlier``, two statements, where a new statement differs from what held.
    """
    statements: list[Json] = metadata.setdefault("stated", {}).setdefault(field, [])
    if not statements and current is not None:
        statements.append({"value": current, "as_of": None, "source": None})
    held = statements[-1] if statements else None
    new = {"value": value, "as_of": str(origin.as_of), "source": origin.source}
    if held is not None and held["value"] == value and not origin.is_dated:
        return value, None
    if new in statements:
        if origin.is_dated:
            return str(statements[-1]["value"]), None
        statements.remove(new)  # said again today, after something else was: it is the latest word
    place = len(statements)
    while origin.is_dated and place and _rank(statements[place - 1]) > _rank(new):
        place -= 1
    statements.insert(place, new)
    holds = statements[-1]
    if held is None or held["source"] is None or held["value"] == value:
        return str(holds["value"]), None
    earlier, later = (held, new) if holds is new else (new, held)
    return str(holds["value"]), {"later": later, "earlier": earlier}


def in_order(statements: Iterable[Json]) -> list[Json]:
    """Return statements, the oldest first; of one day, by source."""
    return sorted(statements, key=_rank)


def hold(values: Json, metadata: Json, columns: Collection[str], field: str, value: str) -> None:
    """Let a value be the one that holds, in its column or in metadata; both are changed in place."""
    parent, _, name = field.partition(".")
    if field in columns:
        values[field] = value
    elif parent == "identifiers":
        metadata["identifiers"] = {**metadata.get("identifiers", {}), name: value}
    else:
        metadata[field] = value


def _rank(statement: Mapping[str, Any]) -> tuple[str, str]:
    return statement["as_of"] or "", statement["source"] or ""


def said_by(statement: Mapping[str, Any]) -> str:
    """Return who stated something of which day, for people.

    Examples
    --------
    >>> said_by({"value": "Energy", "as_of": "2018-01-08", "source": "constituents"})
    'constituents of 2018-01-08'
    """
    return f"{statement['source']} of {statement['as_of']}"
