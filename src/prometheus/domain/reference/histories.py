"""The symbols of one instrument, as they stand in ``metadata.symbols``.

One entry for each time that it had a symbol: ``{"symbol", "first", "last"}``, both days included and null
where unknown, and where sources saw it under the symbol, ``seen`` and ``seen_until``: the first and the last
day of those.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from prometheus.domain.reference.observations import SymbolSpan

Entry = dict[str, Any]


def with_sighting(history: Sequence[Entry], symbol: str, day: date) -> list[Entry]:
    """Return a history in which a source saw the instrument under a symbol on a day.

    Examples
    --------
    >>> with_sighting([], "FB", date(2018, 1, 8))
    [{'symbol': 'FB', 'first': None, 'last': None, 'seen': '2018-01-08', 'seen_until': '2018-01-08'}]
    """
    text = str(day)
    out = [dict(entry) for entry in history]
    for entry in out:
        if entry["symbol"] == symbol and (entry["first"] or "") <= text <= (entry["last"] or text):
            entry["seen"] = min(entry.get("seen", text), text)
            entry["seen_until"] = max(entry.get("seen_until", text), text)
            return out
    return [*out, {"symbol": symbol, "first": None, "last": None, "seen": text, "seen_until": text}]


def with_spans(history: Sequence[Entry], spans: Sequence[SymbolSpan]) -> list[Entry]:
    """Return a history with the days of symbols that a source gives; they replace entries without days."""
    out = []
    given = {span.symbol for span in spans}
    kept = {(span.symbol, _text(span.first)) for span in spans}
    for span in spans:
        entry: Entry = {"symbol": span.symbol, "first": _text(span.first), "last": _text(span.last)}
        seen = [e for e in history if e["symbol"] == span.symbol and "seen" in e]
        if seen:
            entry["seen"] = min(e["seen"] for e in seen)
            entry["seen_until"] = max(e["seen_until"] for e in seen)
        out.append(entry)
    for entry in history:
        is_undated = entry["first"] is None and entry["last"] is None
        is_same = (entry["symbol"], entry["first"]) in kept
        if not is_same and not (is_undated and entry["symbol"] in given):
            out.append(dict(entry))
    return in_time(out)


def in_time(history: Sequence[Entry]) -> list[Entry]:
    """Return a history in the order in which its symbols began or were seen."""
    return sorted(
        history, key=lambda e: (e["first"] or e.get("seen") or "", e["last"] or "9999", e["symbol"])
    )


def current_symbol(history: Sequence[Entry], symbol: str) -> str:
    """Return the symbol of the entry that began or was seen last, the given one without any.

    Examples
    --------
    >>> history = with_sighting([], "META", date(2026, 8, 8))
    >>> current_symbol(with_sighting(history, "FB", date(2018, 1, 8)), "FB")
    'META'
    """
    if not history:
        return symbol
    last = max(
        history,
        key=lambda e: (
            e["last"] is None,
            e["last"] or max(e["first"] or "", e.get("seen_until", "")),
            e["symbol"] == symbol,
        ),
    )
    return str(last["symbol"])


def former_day(history: Sequence[Entry], entry: Entry) -> str | None:
    """Return the last day on which an instrument is known under another symbol before it was seen under one.

    Examples
    --------
    >>> history = with_sighting(with_sighting([], "FB", date(2018, 1, 8)), "META", date(2026, 8, 8))
    >>> [former_day(history, entry) for entry in history]
    [None, '2018-01-08']
    """
    days = [
        other.get(name)
        for other in history
        if other["symbol"] != entry["symbol"]
        for name in ("first", "last", "seen", "seen_until")
    ]
    return max((day for day in days if day is not None and day < entry.get("seen", "")), default=None)


def _text(day: date | None) -> str | None:
    return None if day is None else str(day)
