"""Instruments and their issuers in CSV and Parquet files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from prometheus.adapters.table_files import read_table
from prometheus.domain.reference.markets import known_market
from prometheus.domain.reference.specs import Instrument, Issuer, instrument_id_of
from prometheus.kernel.errors import InputFileError
from prometheus.store.connections import Databases, connect, driver_errors
from prometheus.store.reference import (
    Facts,
    known_facts,
    market_row,
    register_instruments,
    register_issuers,
    register_markets,
)

COLUMNS = (
    "symbol", "name", "sector", "industry", "country", "exchange", "currency", "asset_class", "listed",
    "delisted", "instrument_id", "issuer_id",
)  # fmt: skip
ISSUER_TYPES = {"INDEX": "INDEX", "ETF": "FUND", "CASH": "SOVEREIGN", "FX": "SOVEREIGN"}
"""Who issues what isn't issued by a company."""


def instrument_file(
    path: Path,
    *,
    market_id: str,
    metadata: Mapping[str, Any],
    known_instruments: Mapping[str, Facts],
    known_issuers: Mapping[str, Facts],
) -> tuple[list[Issuer], list[Instrument]]:
    """Return the issuers and instruments that a file names.

    Parameters
    ----------
    path : Path
        CSV or Parquet with ``symbol`` and any other of `COLUMNS`.
    market_id : str
        Where they trade.
    metadata : mapping
        Of the market: ``currency`` and ``asset_class`` of new instruments where the file has none.
    known_instruments, known_issuers : mapping of str to mapping
        What is on record by id; it stays where the file doesn't say otherwise.

    Raises
    ------
    InputFileError
        If the file can't be read, has a column that is not known, a row without symbol, the same symbol
        twice, or a date that is none.
    """
    table, _ = read_table(path)
    table = table.rename({name: name.strip().lower().replace(" ", "_") for name in table.columns})
    unknown = [name for name in table.columns if name not in COLUMNS]
    if unknown or "symbol" not in table.columns:
        said = f"unknown column {', '.join(map(repr, unknown))}" if unknown else "no column 'symbol'"
        raise InputFileError(f"{path.name}: {said}.", remedy=f"Known are {', '.join(COLUMNS)}.")
    table = table.with_columns(pl.all().cast(pl.String).str.strip_chars())
    issuers: dict[str, Issuer] = {}
    instruments: dict[str, Instrument] = {}
    for number, given in enumerate(table.iter_rows(named=True), start=2):
        row = {name: value for name, value in given.items() if value}
        where = f"{path.name} line {number}"
        if "symbol" not in row:
            raise InputFileError(f"{where}: no symbol.", remedy="Give every row its symbol.")
        instrument = _instrument(row, market_id, metadata, known_instruments, where)
        if instrument.instrument_id in instruments:
            raise InputFileError(
                f"{where}: {instrument.instrument_id} stands there twice.", remedy="Leave one row in."
            )
        instruments[instrument.instrument_id] = instrument
        assert instrument.issuer_id is not None
        known = known_issuers.get(instrument.issuer_id, {})
        issuers.setdefault(instrument.issuer_id, _issuer(row, instrument, known))
    return list(issuers.values()), list(instruments.values())


def ingest_instruments(databases: Databases, paths: Sequence[Path], *, market_id: str) -> Mapping[str, int]:
    """Register the instruments that files name; return the rows written, by table.

    Raises
    ------
    InputFileError
        For the first file that can't be taken; nothing is registered then.
    ConfigError
        If the market is not known.
    """
    with driver_errors(), connect(databases.runtime_url) as runtime:
        n_markets = 0
        found = market_row(runtime, market_id)
        if found is None:
            market = known_market(market_id)
            n_markets = register_markets(runtime, [market])
            found = (market.calendar_spec, market.metadata)
        instruments_known, issuers_known = known_facts(runtime, market_id)
        read = [
            instrument_file(
                path,
                market_id=market_id,
                metadata=found[1],
                known_instruments=instruments_known,
                known_issuers=issuers_known,
            )
            for path in paths
        ]
        return {
            "markets": n_markets,
            "issuers": sum(register_issuers(runtime, issuers) for issuers, _ in read),
            "instruments": sum(register_instruments(runtime, instruments) for _, instruments in read),
        }


def _instrument(
    row: Mapping[str, str],
    market_id: str,
    metadata: Mapping[str, Any],
    on_record: Mapping[str, Facts],
    where: str,
) -> Instrument:
    ours = instrument_id_of(market_id, row["symbol"])
    instrument_id = row.get("instrument_id", ours)
    known = on_record.get(instrument_id, {})
    defaults = {"asset_class": "EQUITY", "currency": "USD", **metadata, **known}
    dates = {name: _iso_date(row[name], where) for name in ("listed", "delisted") if name in row}
    return Instrument(
        instrument_id=instrument_id,
        market_id=market_id,
        symbol=row["symbol"],
        asset_class=row.get("asset_class", str(defaults["asset_class"])).upper(),
        currency=row.get("currency", str(defaults["currency"])),
        issuer_id=row.get("issuer_id", known.get("issuer_id") or ours),
        exchange=row.get("exchange"),
        status="DELISTED" if "delisted" in dates else known.get("status") or "ACTIVE",
        metadata=dates,
    )


def _issuer(row: Mapping[str, str], instrument: Instrument, known: Facts) -> Issuer:
    assert instrument.issuer_id is not None
    return Issuer(
        instrument.issuer_id,
        row.get("name", known.get("name") or instrument.symbol),
        issuer_type=known.get("issuer_type") or ISSUER_TYPES.get(instrument.asset_class, "COMPANY"),
        country=row.get("country"),
        sector=row.get("sector"),
        industry=row.get("industry"),
    )


def _iso_date(text: str, where: str) -> str:
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError as error:
        raise InputFileError(f"{where}: {text!r} is no date.", remedy="Write dates as 2013-02-08.") from error
