"""Whose prices a delivery holds: its symbols become instruments, new ones where that is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from prometheus.domain.market.delivery import Kept
from prometheus.domain.reference.histories import with_sighting
from prometheus.domain.reference.markets import known_market
from prometheus.domain.reference.specs import Instrument, Issuer, instrument_id_of
from prometheus.domain.reference.spelling import spelled, spelled_rows
from prometheus.domain.reference.symbols import Naming, left_to_others, resolved
from prometheus.store.copying import Connection
from prometheus.store.reference import (
    market_row,
    register_instruments,
    register_issuers,
    register_markets,
    share_reference,
    symbol_spans,
)


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """What is on record of a market.

    Attributes
    ----------
    calendar_spec, metadata : mapping
    spans : polars.DataFrame
        Which instrument had which symbol when.
    """

    calendar_spec: Mapping[str, Any]
    metadata: Mapping[str, Any]
    spans: pl.DataFrame

    @property
    def named(self) -> list[tuple[str, str]]:
        """Symbols with the instruments that had them."""
        return self.spans.select("symbol", "instrument_id").unique().rows()


def market_facts(runtime: Connection, market_id: str) -> MarketFacts:
    """Return what is on record of a market; one that everybody knows is registered on the way.

    Raises
    ------
    ConfigError
        If the market is not known.
    """
    share_reference(runtime, market_id)
    found = market_row(runtime, market_id)
    if found is None:
        register_markets(runtime, [known_market(market_id)])
        found = market_row(runtime, market_id)
        assert found is not None
    return MarketFacts(found[0], found[1], symbol_spans(runtime, market_id))


class SymbolResolver:
    """Names the instruments of rows, and registers those that are new.

    Parameters
    ----------
    runtime : Connection
        The transaction is the caller's.
    market_id : str
    facts : MarketFacts
    create : bool
        Whether symbols that are not known become instruments.
    naming : {"then", "last"}, optional
        By which of an instrument's symbols the vendor names it; as the delivery says by default, else by the
        one of the bar's date.
    """

    def __init__(
        self,
        runtime: Connection,
        market_id: str,
        facts: MarketFacts,
        *,
        create: bool,
        naming: Naming | None = None,
    ) -> None:
        self._runtime = runtime
        self._market_id = market_id
        self._facts = facts
        self._spans = facts.spans
        self._create = create
        self._naming = naming
        self.created: list[str] = []

    def follow(self, naming: Naming | None) -> None:
        """Take a delivery's way of naming, unless another was asked for."""
        self._naming = self._naming or naming

    @property
    def naming(self) -> Naming:
        """By which of its symbols an instrument is named."""
        return self._naming or "then"

    def identified(self, rows: pl.DataFrame) -> Kept:
        """Return the rows with ``instrument_id`` and ``currency``; those that are nobody's break a rule."""
        rows = spelled_rows(rows, self._spans["symbol"])
        if self._create:
            self._register(rows)
        prices, violations = resolved(rows, self._spans, naming=self.naming)
        return Kept(prices, violations)

    def _register(self, rows: pl.DataFrame) -> None:
        present = rows["symbol"].unique().sort()
        symbols = present.filter(~present.is_in(self._spans["symbol"].implode())).to_list()
        ids = {symbol: instrument_id_of(self._market_id, symbol) for symbol in symbols}
        taken = set(self._spans["instrument_id"].to_list())
        symbols = [symbol for symbol in symbols if ids[symbol] not in taken]
        histories: dict[str, Mapping[str, Any]] = {}
        for symbol, first, last in left_to_others(rows, self._spans).iter_rows():
            ids[symbol] = f"{instrument_id_of(self._market_id, symbol)}@{first}"
            if ids[symbol] not in taken:
                symbols.append(symbol)
                histories[symbol] = {"symbols": with_sighting(with_sighting([], symbol, first), symbol, last)}
        if not symbols:
            return
        asset_class = str(self._facts.metadata.get("asset_class", "EQUITY"))
        currency = str(self._facts.metadata.get("currency", "USD"))
        kind = "INDEX" if asset_class == "INDEX" else "COMPANY"
        register_issuers(self._runtime, [Issuer(ids[s], s, issuer_type=kind) for s in symbols])
        register_instruments(
            self._runtime,
            [
                Instrument(
                    ids[symbol],
                    self._market_id,
                    symbol,
                    asset_class=asset_class,
                    currency=currency,
                    issuer_id=ids[symbol],
                    # Who lost its symbol to another, and has none that is known, is listed no more.
                    status="DELISTED" if symbol in histories else "ACTIVE",
                    metadata=histories.get(symbol, {}),
                )
                for symbol in symbols
            ],
        )
        self.created += [ids[symbol] for symbol in symbols]
        self._spans = symbol_spans(self._runtime, self._market_id)


def instrument_on(runtime: Connection, market_id: str, symbol: str, day: date) -> str | None:
    """Return the instrument that had a symbol on a day; a symbol may also be an instrument's id."""
    spans = symbol_spans(runtime, market_id)
    symbol = symbol if symbol in spans["symbol"] else spelled(symbol)
    if symbol in spans["instrument_id"]:
        return symbol
    row = pl.DataFrame({"file": [""], "row": [1], "symbol": [symbol], "trade_date": [day]})
    found, _ = resolved(row, spans)
    return None if found.is_empty() else str(found["instrument_id"][0])
