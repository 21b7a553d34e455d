"""Instruments and their issuers in CSV and Parquet files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from prometheus.adapters.ingest_report import (
    InstrumentsReport,
    examples_of,
    refusal_of,
    set_aside,
    stem_of,
)
from prometheus.adapters.table_files import read_table
from prometheus.domain.reference.markets import known_market
from prometheus.domain.reference.rules import DATES, Fault, iso_date, row_faults
from prometheus.domain.reference.specs import Instrument, Issuer, instrument_id_of
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.violations import VIOLATIONS, n_by_rule
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
CONTRADICTION = ("contradicting_duplicate", "Leave one row for each instrument in.")


@dataclass(frozen=True, slots=True)
class InstrumentFile:
    """What a file names, what is wrong with its other rows, and how many it has."""

    issuers: list[Issuer]
    instruments: list[Instrument]
    violations: pl.DataFrame
    n_rows: int
    sha256: str


def instrument_file(
    path: Path,
    *,
    market_id: str,
    metadata: Mapping[str, Any],
    known_instruments: Mapping[str, Facts],
    known_issuers: Mapping[str, Facts],
) -> InstrumentFile:
    """Return the issuers and instruments that a file names, and the rows of it that break a rule.

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

    Notes
    -----
    Rows that say the same of an instrument count once; where they contradict each other, all of them are
    set aside.

    Raises
    ------
    InputFileError
        If the file can't be read, or has a column that is not known or none for the symbol.
    """
    table, sha256 = read_table(path)
    table = table.rename({name: name.strip().lower().replace(" ", "_") for name in table.columns})
    unknown = [name for name in table.columns if name not in COLUMNS]
    if unknown or "symbol" not in table.columns:
        said = f"unknown column {', '.join(map(repr, unknown))}" if unknown else "no column 'symbol'"
        raise InputFileError(f"{path.name}: {said}.", remedy=f"Known are {', '.join(COLUMNS)}.")
    table = table.with_columns(pl.all().cast(pl.String).str.strip_chars())
    rows = [{name: value for name, value in given.items() if value} for given in table.iter_rows(named=True)]
    faults = [row_faults(row) for row in rows]
    by_id: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        if not faults[place]:
            by_id.setdefault(_id_of(row, market_id), []).append(place)
    issuers: dict[str, Issuer] = {}
    instruments: dict[str, Instrument] = {}
    for instrument_id, places in by_id.items():
        row = rows[places[0]]
        if any(rows[place] != row for place in places):
            for place in places:
                faults[place] = (Fault("symbol", rows[place]["symbol"], *CONTRADICTION),)
            continue
        known = known_instruments.get(instrument_id, {})
        instrument = instruments[instrument_id] = _instrument(row, market_id, metadata, known)
        assert instrument.issuer_id is not None
        known = known_issuers.get(instrument.issuer_id, {})
        issuers.setdefault(instrument.issuer_id, _issuer(row, instrument, known))
    first = 2 if path.suffix.lower() == ".csv" else 1
    broken = [
        (path.name, place + first, rows[place].get("symbol"), None, f.field, f.found, f.rule, f.remedy)
        for place, found in enumerate(faults)
        for f in found
    ]
    violations = pl.DataFrame(broken, schema=VIOLATIONS.schema, orient="row")
    # Those that have left first: the symbol of one may be another's now.
    ordered = sorted(instruments.values(), key=lambda instrument: instrument.status == "ACTIVE")
    return InstrumentFile(list(issuers.values()), ordered, violations, table.height, sha256)


def ingest_instruments(
    databases: Databases, paths: Sequence[Path], *, market_id: str, rejects_folder: Path | None = None
) -> InstrumentsReport:
    """Register the instruments that files name; rows that break a rule are set aside.

    Parameters
    ----------
    databases : Databases
    paths : sequence of Path
        CSV or Parquet files.
    market_id : str
        Where they trade.
    rejects_folder : Path, optional
        Where broken rows are set aside; nowhere by default.

    Raises
    ------
    InputFileError
        For the first file that can't be read; nothing is registered then.
    RejectedBatchError
        If every row broke a rule.
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
        violations = pl.concat([VIOLATIONS, *(file.violations for file in read)])
        rejects = set_aside(violations, rejects_folder, name=stem_of(file.sha256 for file in read))
        if not any(file.instruments for file in read):
            raise refusal_of(violations, rejects)
        written = {
            "markets": n_markets,
            "issuers": sum(register_issuers(runtime, file.issuers) for file in read),
            "instruments": sum(register_instruments(runtime, file.instruments) for file in read),
        }
    return InstrumentsReport(
        market_id=market_id,
        written=written,
        n_rows=sum(file.n_rows for file in read),
        n_rejected=violations.select("file", "row").n_unique(),
        rejected_by_rule=n_by_rule(violations),
        examples=examples_of(violations),
        rejects_file=rejects,
    )


def _id_of(row: Mapping[str, str], market_id: str) -> str:
    return row.get("instrument_id", instrument_id_of(market_id, row["symbol"]))


def _instrument(
    row: Mapping[str, str],
    market_id: str,
    metadata: Mapping[str, Any],
    known: Facts,
) -> Instrument:
    defaults = {"asset_class": "EQUITY", "currency": "USD", **metadata, **known}
    dates = {name: str(iso_date(row[name])) for name in DATES if name in row}
    return Instrument(
        instrument_id=_id_of(row, market_id),
        market_id=market_id,
        symbol=row["symbol"],
        asset_class=row.get("asset_class", str(defaults["asset_class"])).upper(),
        currency=row.get("currency", str(defaults["currency"])),
        issuer_id=row.get("issuer_id", known.get("issuer_id") or instrument_id_of(market_id, row["symbol"])),
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
