"""Who is who in a market: each instrument with its issuer, its symbols, its indices and its bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from prometheus.store.copying import Connection

_FACTS = (
    "instrument_id", "symbol", "name", "sector", "industry", "asset_class", "currency", "status", "listed",
    "delisted",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """Days on which an instrument had a symbol or was in an index, both included; None where open."""

    name: str
    first: date | None
    last: date | None

    def holds(self, day: date) -> bool:
        """Return whether a day is among them."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def __str__(self) -> str:
        if self.first is None and self.last is None:
            return self.name
        return f"{self.name} {self.first or ''}..{self.last or ''}"


@dataclass(frozen=True, slots=True)
class Listing:
    """An instrument as it is known at present.

    Attributes
    ----------
    symbol : str
        The one it has, or had last.
    name, sector, industry : str or None
        Of its issuer.
    listed, delisted : datetime.date or None
        Its first session, and the day from which there is none.
    symbols, indices : tuple of Span
        Oldest first.
    """

    instrument_id: str
    symbol: str
    name: str | None
    sector: str | None
    industry: str | None
    asset_class: str
    currency: str
    status: str
    listed: date | None
    delisted: date | None
    symbols: tuple[Span, ...]
    indices: tuple[Span, ...]

    def is_listed(self, day: date) -> bool:
        """Return whether it may trade on a day, as far as anybody knows."""
        return (self.listed is None or self.listed <= day) and (self.delisted is None or day < self.delisted)


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars that are stored of an instrument."""

    n: int
    first: date
    last: date


def read_listings(runtime: Connection, market_id: str) -> list[Listing]:
    """Return the instruments of a market, by id."""
    found = runtime.execute(
        "SELECT i.instrument_id, i.symbol, s.name, s.sector, s.industry, i.asset_class, i.currency, i.status,"
        " (i.metadata ->> 'listed')::date, (i.metadata ->> 'delisted')::date, i.metadata -> 'symbols',"
        " i.metadata -> 'memberships' FROM instruments i LEFT JOIN issuers s USING (issuer_id)"
        " WHERE i.market_id = %s ORDER BY i.instrument_id",
        [market_id],
    )
    out = []
    for *facts, symbols, indices in found:
        known = dict(zip(_FACTS, facts, strict=True))
        had = _spans(symbols, "symbol") or (Span(known["symbol"], None, None),)
        out.append(Listing(**known, symbols=had, indices=_spans(indices, "index")))
    return out


def bars_of(historical: Connection, instrument_ids: Sequence[str]) -> Mapping[str, Bars]:
    """Return what is stored of instruments; those without a bar are left out."""
    found = historical.execute(
        "SELECT i, b.n, b.first, b.last FROM unnest(%s::text[]) i CROSS JOIN LATERAL (SELECT count(*) n,"
        "  min(trade_date) first, max(trade_date) last FROM prices_daily WHERE instrument_id = i) b"
        " WHERE b.n > 0",
        [list(instrument_ids)],
    )
    return {name: Bars(n, first, last) for name, n, first, last in found}


def _spans(said: Sequence[Mapping[str, Any]] | None, kind: str) -> tuple[Span, ...]:
    spans = [Span(one[kind], _day(one.get("first")), _day(one.get("last"))) for one in said or ()]
    return tuple(sorted(spans, key=lambda span: (span.first or date.min, span.last or date.max, span.name)))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
