"""Tables with a row for each instrument: constituents of an index, securities, listings, one's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from itertools import pairwise

import polars as pl

from prometheus.adapters.reference_files.places import EXCHANGES, country_code, country_of
from prometheus.adapters.reference_files.shapes import FileSummary
from prometheus.adapters.reference_files.tables import Table
from prometheus.adapters.reference_files.words import NO_INSTRUMENTS, NO_VALUE
from prometheus.domain.reference.observations import Observation, Origin
from prometheus.domain.reference.rules import DATES, Fault, iso_date, row_faults
from prometheus.domain.reference.spelling import spelled
from prometheus.kernel.violations import VIOLATIONS

ISSUER_IDENTIFIERS = ("lei",)
INSTRUMENT_IDENTIFIERS = ("isin", "figi", "cusip", "sedol", "lean_sid")
ASSET_CLASSES = {"STOCK": "EQUITY", "COMMON STOCK": "EQUITY", "EQUITIES": "EQUITY", "FUND": "ETF"}
YES = ("Y", "YES", "TRUE", "1")
SHARE_CLASS = re.compile(r"[\s,(-]+((class|cl\.?|series)\s+[A-Z]|(?<=-)[A-C])\)?$", re.IGNORECASE)
"""A class of shares at the end of a name: it is the instrument's, and its issuer goes without it."""
SECURITY = re.compile(
    r"(\s+-)?(\s+(class|series)\s+[A-Z])?\s+(common (stock|shares?)|ordinary shares?|capital stock"
    r"|american depositary shares?.*)$",
    re.IGNORECASE,
)
"""What a name says of the security, as listings of exchanges have it; it is not of the issuer."""
CONTRADICTION = ("contradicting_duplicate", "Leave one row for each instrument in.")


def observations_of(
    table: Table, places: Mapping[str, int], summary: FileSummary
) -> tuple[list[Observation], pl.DataFrame]:
    """Return what the rows of a table say, and the rows that break a rule.

    Parameters
    ----------
    table : Table
    places : mapping of str to int
        Where each column stands.
    summary : FileSummary
        Of the file: its source, its day, its index.

    Notes
    -----
    Rows that say the same of an instrument count once; where they contradict each other, all of them are
    set aside. Rows of one symbol whose listings, or days under the symbol, don't meet are of several
    instruments, or of several times of one.
    """
    is_of_fund = any(name.startswith("weight") for name in table.names)
    rows = []
    for line, cells in table.rows:
        row = _named(cells, places)
        reason = _is_none(row, is_of_fund=is_of_fund)
        if reason is None:
            rows.append((line, row))
        else:
            table.left_out[reason] = table.left_out.get(reason, 0) + 1
    faults = {line: row_faults(row) for line, row in rows}
    by_key: dict[tuple[str, str], list[tuple[int, dict[str, str]]]] = {}
    for line, row in rows:
        if not faults[line]:
            key = (row.get("as_of", ""), row.get("instrument_id", row["symbol"]))
            by_key.setdefault(key, []).append((line, row))
    kept: list[tuple[int, dict[str, str]]] = []
    for same in by_key.values():
        distinct: list[tuple[int, dict[str, str]]] = []
        for line, row in same:
            if all(row != other for _, other in distinct):
                distinct.append((line, row))
        if len(distinct) > 1 and not _are_apart([row for _, row in distinct]):
            for line, row in same:
                faults[line] = (Fault("symbol", row["symbol"], *CONTRADICTION),)
            continue
        kept += distinct
    texts = dict(rows)
    broken = [
        (summary.name, line, texts[line].get("symbol"), None, f.field, f.found, f.rule, f.remedy)
        for line, found in faults.items()
        for f in found
    ]
    # Those that are listed first: an older instrument that had the symbol gets the id with a day.
    kept.sort(key=lambda one: "delisted" in one[1])
    found = [_observation(line, row, summary) for line, row in kept]
    return found, pl.DataFrame(broken, schema=VIOLATIONS.schema, orient="row")


def _named(texts: tuple[str, ...], places: Mapping[str, int]) -> dict[str, str]:
    """Return the values of a row by column, those that are none left out, codes as ISO writes them."""
    row = {column: texts[place] for column, place in places.items()}
    row = {c: v for c, v in row.items() if v and (c == "symbol" or v.lower() not in NO_VALUE)}
    if "symbol" in row:
        row["symbol"] = spelled(row["symbol"])
    if "exchange" in row:
        row["exchange"] = EXCHANGES.get(row["exchange"].upper(), row["exchange"])
    elif "market_category" in row:
        row["exchange"] = EXCHANGES["NASDAQ"]  # of its own listings alone Nasdaq gives the tier
    if "asset_class" not in row and row.get("etf", "").upper() in YES:
        row["asset_class"] = "ETF"
    if "asset_class" in row:
        given = row["asset_class"].upper()
        row["asset_class"] = ASSET_CLASSES.get(given, given)
    if "country" in row:
        row["country"] = country_code(row["country"])
    elif "headquarters" in row:
        country = country_of(row["headquarters"])
        if country is not None:
            row["country"] = country
    return row


def _is_none(row: Mapping[str, str], *, is_of_fund: bool) -> str | None:
    """Return why a row names no instrument; None where it does."""
    if row.get("test_issue", "").upper() in YES:
        return "test issue"
    given = row.get("asset_class", "").upper()
    return f"no instrument: {given.lower()}" if is_of_fund and given in NO_INSTRUMENTS else None


def _are_apart(rows: list[dict[str, str]]) -> bool:
    """Return whether rows are of times that don't meet."""
    for begins, ends in (("listed", "delisted"), ("first", "last")):
        periods = sorted((r.get(begins, ""), r.get(ends, "9999")) for r in rows)
        is_apart = all(
            one[1] < other[0] or (begins == "listed" and one[1] == other[0])
            for one, other in pairwise(periods)
        )
        if is_apart:
            return True
    return False


def _observation(line: int, row: Mapping[str, str], summary: FileSummary) -> Observation:
    told = iso_date(row.get("as_of", ""))
    origin = Origin(
        summary.name, line, summary.source, told or summary.as_of, summary.is_dated or told is not None
    )
    days: dict[str, date] = {}
    for name in DATES:
        day = iso_date(row.get(name, ""))
        if day is not None:
            days[name] = day
    issuer = {
        n: row[n] for n in ("name", "sector", "industry", "country", "headquarters", "founded") if n in row
    }
    if "cik" in row:
        issuer["identifiers.CIK"] = row["cik"].zfill(10)
    issuer |= {f"identifiers.{n.upper()}": row[n] for n in ISSUER_IDENTIFIERS if n in row}
    issuer_name = SHARE_CLASS.sub("", SECURITY.sub("", row.get("name", "")))
    if issuer_name:
        issuer["name"] = issuer_name
    instrument = {n: row[n] for n in ("exchange", "currency", "asset_class") if n in row}
    if "name" in row and row["name"] != issuer_name:
        instrument["security"] = row["name"]
    instrument |= {n: str(days[n]) for n in ("listed", "delisted") if n in days}
    instrument |= {f"identifiers.{n.upper()}": row[n] for n in INSTRUMENT_IDENTIFIERS if n in row}
    return Observation(
        origin=origin,
        symbol=row["symbol"],
        issuer_facts=issuer,
        instrument_facts=instrument,
        instrument_id=row.get("instrument_id"),
        issuer_id=row.get("issuer_id"),
        first=days.get("first"),
        last=days.get("last"),
        index=row.get("index", summary.index),
        added=days.get("added"),
    )
