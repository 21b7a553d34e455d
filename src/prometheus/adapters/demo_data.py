"""Real prices that ordinary packages ship inside their wheels: no network, no account.

=============  ====================================================================================
skfolio        adjusted closes of twenty US large caps, 1990 to 2022, and the S&P 500
arch           bars of the S&P 500, 1999 to 2018, and closes of the VIX, 2014 to 2019
bokeh          bars as traded of five US stocks, 2000 to 2013, with adjusted closes
=============  ====================================================================================

The S&P 500 is the price index, without dividends; the large caps' adjusted closes are total returns.

The files are found and read without importing the packages, which would take seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from prometheus.adapters.ingest_report import IngestReport
from prometheus.adapters.price_door import ingest_prices
from prometheus.domain.market.corporate_actions import with_corporate_actions
from prometheus.domain.market.delivery import Delivery, FileReference
from prometheus.domain.reference.markets import known_market
from prometheus.domain.reference.specs import (
    CASH_MARKET,
    Instrument,
    Issuer,
    cash_instrument,
    instrument_id_of,
)
from prometheus.kernel.errors import InputFileError
from prometheus.store.connections import Databases, connect, driver_errors
from prometheus.store.reference import register_instruments, register_issuers, register_markets

# Symbol: name, GICS sector at the end of the data.
COMPANIES = {
    "AAPL": ("Apple", "Information Technology"),
    "AMD": ("Advanced Micro Devices", "Information Technology"),
    "BAC": ("Bank of America", "Financials"),
    "BBY": ("Best Buy", "Consumer Discretionary"),
    "CVX": ("Chevron", "Energy"),
    "FB": ("Facebook", "Communication Services"),
    "GE": ("General Electric", "Industrials"),
    "GOOG": ("Google", "Communication Services"),
    "HD": ("Home Depot", "Consumer Discretionary"),
    "IBM": ("International Business Machines", "Information Technology"),
    "JNJ": ("Johnson & Johnson", "Health Care"),
    "JPM": ("JPMorgan Chase", "Financials"),
    "KO": ("Coca-Cola", "Consumer Staples"),
    "LLY": ("Eli Lilly", "Health Care"),
    "MRK": ("Merck", "Health Care"),
    "MSFT": ("Microsoft", "Information Technology"),
    "PEP": ("PepsiCo", "Consumer Staples"),
    "PFE": ("Pfizer", "Health Care"),
    "PG": ("Procter & Gamble", "Consumer Staples"),
    "RRC": ("Range Resources", "Energy"),
    "UNH": ("UnitedHealth", "Health Care"),
    "WMT": ("Walmart", "Consumer Staples"),
    "XOM": ("Exxon Mobil", "Energy"),
}
# Without dividends: strategies on total returns are ahead of it by those alone, two percent a year or so.
INDICES = {"SPX": "S&P 500, price index", "VIX": "CBOE Volatility Index"}


@dataclass(frozen=True, slots=True)
class DemoDelivery:
    """Prices of a package and the market that they belong to."""

    market_id: str
    delivery: Delivery


def demo_deliveries() -> tuple[DemoDelivery, ...]:
    """Return all deliveries of real prices that the installed packages hold.

    Raises
    ------
    InputFileError
        If a package is not installed, or has moved its data.
    """
    return (
        DemoDelivery("US_EQ_ADJ", _large_caps()),
        DemoDelivery("US_EQ", _stocks_as_traded()),
        DemoDelivery("US_INDEX", _indices()),
    )


def ingest_demo(databases: Databases, *, rejects_folder: Path | None = None) -> tuple[IngestReport, ...]:
    """Register the demo's instruments and take its prices in; a second time writes nothing."""
    deliveries = demo_deliveries()
    with driver_errors(), connect(databases.runtime_url) as runtime:
        markets = [known_market(m) for m in (CASH_MARKET, *(d.market_id for d in deliveries))]
        register_markets(runtime, markets)
        issuers, instruments = _reference(deliveries)
        register_issuers(runtime, issuers)
        register_instruments(runtime, [cash_instrument("USD"), *instruments])
    return tuple(
        ingest_prices(databases, d.delivery, market_id=d.market_id, rejects_folder=rejects_folder)
        for d in deliveries
    )


def _reference(deliveries: tuple[DemoDelivery, ...]) -> tuple[list[Issuer], list[Instrument]]:
    issuers: dict[str, Issuer] = {}
    instruments: list[Instrument] = []
    for given in deliveries:
        is_index = given.market_id == "US_INDEX"
        for symbol in sorted(given.delivery.rows["symbol"].unique().to_list()):
            # A company is one issuer, however many series of its shares there are.
            issuer_id = instrument_id_of("US_INDEX" if is_index else "US_EQ", symbol)
            name, sector = (INDICES[symbol], None) if is_index else COMPANIES[symbol]
            issuers[issuer_id] = Issuer(
                issuer_id,
                name,
                issuer_type="INDEX" if is_index else "COMPANY",
                country="US",
                sector=sector,
            )
            instruments.append(
                Instrument(
                    instrument_id_of(given.market_id, symbol),
                    given.market_id,
                    symbol,
                    asset_class="INDEX" if is_index else "EQUITY",
                    issuer_id=issuer_id,
                )
            )
    return list(issuers.values()), instruments


def _large_caps() -> Delivery:
    table, file = _packaged("skfolio", "datasets/data/sp500_dataset.csv.gz")
    closes = table.unpivot(index="Date", variable_name="symbol", value_name="close").drop_nulls("close")
    # Adjusted already: they are the closes of this market, and their own adjusted closes.
    rows = closes.select("symbol", pl.col("Date").alias("trade_date"), "close")
    return _delivery("skfolio", [(rows, file)])


def _stocks_as_traded() -> Delivery:
    table, file = _packaged("bokeh_sampledata", "_data/stocks.csv.gz")
    prices = table.select(
        pl.col("Ticker").alias("symbol"),
        pl.col("Date").alias("trade_date"),
        *(pl.col(name).cast(pl.Float64).alias(name.lower()) for name in ("Open", "High", "Low", "Close")),
        pl.col("Adj Close").alias("adjusted_close"),
        pl.col("Volume").cast(pl.Float64).alias("volume"),
    )
    return _delivery("bokeh-sampledata", [(with_corporate_actions(prices), file)])


def _indices() -> Delivery:
    bars, bars_file = _packaged("arch", "data/sp500/sp500.csv.gz")
    spx = bars.select(
        pl.lit("SPX").alias("symbol"),
        pl.col("Date").str.to_date("%m/%d/%Y").alias("trade_date"),
        *(pl.col(name).cast(pl.Float64).alias(name.lower()) for name in ("Open", "High", "Low", "Close")),
        pl.col("Volume").cast(pl.Float64).alias("volume"),
    )
    table, vix_file = _packaged("arch", "data/vix/vix.csv.gz")
    vix = table.select(
        pl.lit("VIX").alias("symbol"),
        pl.col("Date").str.to_date("%m/%d/%Y").alias("trade_date"),
        pl.col("vix").cast(pl.Float64, strict=False).alias("close"),
    ).drop_nulls("close")
    # Closes of the sessions before and after the bars, so that every strategy has its benchmark.
    closes, closes_file = _packaged("skfolio", "datasets/data/sp500_index.csv.gz")
    longer = closes.select(
        pl.lit("SPX").alias("symbol"), pl.col("Date").alias("trade_date"), pl.col("SP500").alias("close")
    ).join(spx, on="trade_date", how="anti")
    return _delivery("arch, skfolio", [(spx, bars_file), (vix, vix_file), (longer, closes_file)])


def _packaged(package: str, place: str) -> tuple[pl.DataFrame, FileReference]:
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / place
        if path.exists():
            raw = path.read_bytes()
            table = pl.read_csv(raw, try_parse_dates=True)
            return table, FileReference(path.name, hashlib.sha256(raw).hexdigest(), table.height)
    raise InputFileError(
        f"The package {package} is not installed, or has no {place}.",
        remedy="Install Prometheus with its dependencies, at the versions of requirements.lock.",
    )


def _delivery(source: str, parts: list[tuple[pl.DataFrame, FileReference]]) -> Delivery:
    numbered: Mapping[str, pl.Expr] = {"row": pl.int_range(1, pl.len() + 1, dtype=pl.UInt32)}
    rows = [frame.with_columns(pl.lit(file.name).alias("file"), **numbered) for frame, file in parts]
    return Delivery(source, pl.concat(rows, how="diagonal"), tuple(file for _, file in parts))
