"""Rows of the reference tables as frozen values, named as their columns are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any

CASH_MARKET = "FX_GLOB"


class _Row:
    """What all of them can do: say themselves as a row."""

    __slots__ = ()

    def row(self) -> Mapping[str, Any]:
        """Return the values by column."""
        return {part.name: getattr(self, part.name) for part in fields(self)}  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Market(_Row):
    """A market: where instruments trade, in which time zone and by which calendar.

    ``metadata["currency"]`` is the currency of instruments that a delivery names without one.
    """

    market_id: str
    name: str
    region: str
    timezone: str
    calendar_spec: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        """The currency that its instruments are quoted in unless they say otherwise."""
        return str(self.metadata["currency"])


@dataclass(frozen=True, slots=True)
class Issuer(_Row):
    """Who stands behind an instrument."""

    issuer_id: str
    name: str
    issuer_type: str = "COMPANY"
    country: str | None = None
    sector: str | None = None
    industry: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Instrument(_Row):
    """What can be held or watched.

    ``metadata["listed"]`` and ``metadata["delisted"]`` are ISO dates: its first session, and the first
    session without trading after its last.
    """

    instrument_id: str
    market_id: str
    symbol: str
    asset_class: str = "EQUITY"
    currency: str = "USD"
    issuer_id: str | None = None
    exchange: str | None = None
    multiplier: Decimal = Decimal(1)
    maturity_date: date | None = None
    underlying_instrument_id: str | None = None
    status: str = "ACTIVE"
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Portfolio(_Row):
    """A portfolio; a backtest run is one of its own."""

    portfolio_id: str
    name: str
    base_currency: str = "USD"
    description: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Strategy(_Row):
    """A strategy."""

    strategy_id: str
    name: str
    description: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


def instrument_id_of(market_id: str, symbol: str) -> str:
    """Return the id that an instrument gets at first sight; it keeps it whatever its ticker becomes.

    Examples
    --------
    >>> instrument_id_of("US_EQ", "AAPL")
    'US_EQ:AAPL'
    """
    return f"{market_id}:{symbol}"


def cash_instrument(currency: str) -> Instrument:
    """Return the instrument in which cash of a currency is held.

    Examples
    --------
    >>> cash_instrument("USD").instrument_id
    'CASH:USD'
    """
    return Instrument(
        f"CASH:{currency}", CASH_MARKET, f"CASH.{currency}", asset_class="CASH", currency=currency
    )
