"""Whose documents are: by symbol at the document's date, or by the number that the SEC gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from prometheus.adapters.documents import Document
from prometheus.domain.reference.markets import known_market
from prometheus.domain.reference.specs import Instrument, Issuer, instrument_id_of
from prometheus.domain.reference.symbols import resolved
from prometheus.kernel.violations import VIOLATIONS
from prometheus.store.connections import Databases, connect, driver_errors
from prometheus.store.copying import Connection
from prometheus.store.filings import issuers_by_cik, issuers_of_instruments, market_zone
from prometheus.store.reference import market_row, register_instruments, register_issuers, symbol_spans

UNKNOWN = "Register it with `prometheus ingest instruments`, or add --create."
OTHER_ISSUER = "Its symbol is one issuer's and its CIK another's; mend the one that is wrong."


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """What documents of a market's issuers need to be read: where its days end, and its money."""

    timezone: str
    currency: str


def market_of(databases: Databases, market_id: str) -> MarketFacts:
    """Return the time zone and the currency of a market; `ConfigError` for one that is not known."""
    with driver_errors(), connect(databases.runtime_url) as runtime:
        zone, found = market_zone(runtime, market_id), market_row(runtime, market_id)
    if zone is None or found is None:
        market = known_market(market_id)
        return MarketFacts(market.timezone, market.currency)
    return MarketFacts(zone, str(found[1].get("currency", "USD")))


def issuers_of(
    runtime: Connection, market_id: str, documents: Sequence[Document]
) -> tuple[list[str | None], pl.DataFrame]:
    """Return the issuer of each document, and what is wrong with those that have none."""
    # Firms report before their listing and after their delisting: only the symbol's own span counts.
    spans = symbol_spans(runtime, market_id).with_columns(
        pl.lit(None, dtype=pl.Date).alias("listed"), pl.lit(None, dtype=pl.Date).alias("delisted")
    )
    frame = pl.DataFrame(
        {
            "file": [str(place) for place in range(len(documents))],
            "row": pl.Series(range(len(documents)), dtype=pl.Int64),
            "symbol": pl.Series([d.symbol for d in documents], dtype=pl.String),
            "trade_date": pl.Series([d.about for d in documents], dtype=pl.Date),
        }
    )
    found, broken = resolved(frame.filter(pl.col("symbol").is_not_null()), spans)
    of_instrument = issuers_of_instruments(runtime, market_id)
    by_cik = issuers_by_cik(runtime, market_id)
    by_place = dict(zip(found["row"].to_list(), found["instrument_id"].to_list(), strict=True))
    reasons = {row["row"]: (row["rule"], row["remedy"]) for row in broken.iter_rows(named=True)}
    issuers: list[str | None] = []
    strangers = []
    for place, document in enumerate(documents):
        by_symbol = of_instrument.get(by_place.get(place, ""))
        by_number = by_cik.get((document.cik or "").lstrip("0"))
        issuer = by_number or by_symbol
        if by_number and by_symbol and by_number != by_symbol:
            issuer, reasons[place] = None, ("issuer_contradicted", OTHER_ISSUER)
        issuers.append(issuer)
        if issuer is None:
            who = document.symbol or (f"CIK {document.cik}" if document.cik else None)
            rule, remedy = reasons.get(place, ("unknown_instrument", UNKNOWN))
            told = (document.file, document.row, who, str(document.about), "symbol", who, rule, remedy)
            strangers.append(told)
    return issuers, pl.DataFrame(strangers, schema=VIOLATIONS.schema, orient="row")


def registered_issuers(runtime: Connection, market_id: str, documents: Sequence[Document]) -> tuple[str, ...]:
    """Register the symbols that no instrument of the market ever had."""
    spans = symbol_spans(runtime, market_id)
    known, taken = set(spans["symbol"].to_list()), set(spans["instrument_id"].to_list())
    by_cik = issuers_by_cik(runtime, market_id)
    named = {d.symbol for d in documents if d.symbol and (d.cik or "").lstrip("0") not in by_cik}
    symbols = [s for s in sorted(named - known) if instrument_id_of(market_id, s) not in taken]
    found = market_row(runtime, market_id)
    assert found is not None
    metadata = found[1]
    asset_class = str(metadata.get("asset_class", "EQUITY"))
    ids = {symbol: instrument_id_of(market_id, symbol) for symbol in symbols}
    register_issuers(runtime, [Issuer(ids[symbol], symbol) for symbol in symbols])
    register_instruments(
        runtime,
        [
            Instrument(
                ids[symbol],
                market_id,
                symbol,
                asset_class=asset_class,
                currency=str(metadata.get("currency", "USD")),
                issuer_id=ids[symbol],
            )
            for symbol in symbols
        ],
    )
    return tuple(ids.values())
