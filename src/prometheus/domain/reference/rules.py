"""The hard rules of a row that names an instrument: what is wrong with it, as data that points at the field.

Adding a rule is writing a function that yields faults, and naming it in `RULES`.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

ASSET_CLASSES = ("EQUITY", "ETF", "INDEX", "FX", "CRYPTO", "COMMODITY", "CASH")
"""Those that a file can name; the others need a maturity."""
CODES = {
    "currency": (re.compile(r"[A-Z]{3}"), "not_a_currency", "Write the ISO 4217 code, e.g. USD."),
    "country": (re.compile(r"[A-Z]{2}"), "not_a_country", "Write the ISO 3166 code of two letters, e.g. US."),
    "exchange": (re.compile(r"[A-Z0-9]{4}"), "not_an_exchange", "Write the ISO 10383 code, e.g. XNYS."),
}
DATES = ("listed", "delisted", "added", "first", "last")
PERIODS = (("listed", "delisted", "delisted_before_listed"), ("first", "last", "last_before_first"))
_CIK = re.compile(r"\d{1,10}", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?![^ T])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule that a row broke: the field, what stood there, the rule's name and what to do."""

    field: str
    found: str
    rule: str
    remedy: str


def iso_date(text: str) -> date | None:
    """Return the date that a text begins with, None where it is none.

    Examples
    --------
    >>> str(iso_date("2013-02-08 00:00:00")), iso_date("once"), iso_date("2013-02-30")
    ('2013-02-08', None, None)
    """
    found = _DATE.match(text)
    if found is None:
        return None
    year, month, day = map(int, found.groups())
    is_day = year >= 1 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]
    return date(year, month, day) if is_day else None


def _symbol(row: Mapping[str, str]) -> Iterator[Fault]:
    if "symbol" not in row:
        yield Fault("symbol", "", "missing_symbol", "Give every row its symbol.")


def _dates(row: Mapping[str, str]) -> Iterator[Fault]:
    for name in DATES:
        if name in row and iso_date(row[name]) is None:
            yield Fault(name, row[name], "unparsable_date", "Write dates as 2013-02-08.")


def _order(row: Mapping[str, str]) -> Iterator[Fault]:
    for begins, ends, rule in PERIODS:
        first, end = (iso_date(row.get(name, "")) for name in (begins, ends))
        if first is not None and end is not None and (end < first or (end == first and begins == "listed")):
            remedy = f"What {ends} says comes after what {begins} says."
            yield Fault(ends, row[ends], rule, remedy)


def _cik(row: Mapping[str, str]) -> Iterator[Fault]:
    if "cik" in row and not _CIK.fullmatch(row["cik"]):
        yield Fault("cik", row["cik"], "not_a_cik", "Write the number that the SEC gave, up to ten digits.")


def _asset_class(row: Mapping[str, str]) -> Iterator[Fault]:
    given = row.get("asset_class", ASSET_CLASSES[0])
    if given.upper() not in ASSET_CLASSES:
        yield Fault("asset_class", given, "unknown_asset_class", f"Known are {', '.join(ASSET_CLASSES)}.")


def _codes(row: Mapping[str, str]) -> Iterator[Fault]:
    for name, (pattern, rule, remedy) in CODES.items():
        if name in row and not pattern.fullmatch(row[name]):
            yield Fault(name, row[name], rule, remedy)


RULES: tuple[Callable[[Mapping[str, str]], Iterator[Fault]], ...] = (
    _symbol,
    _dates,
    _order,
    _asset_class,
    _codes,
    _cik,
)


def row_faults(row: Mapping[str, str]) -> tuple[Fault, ...]:
    """Return what is wrong with a row; nothing where it can be taken.

    Parameters
    ----------
    row : mapping of str to str
        Texts by column; what the file leaves out is absent.

    Examples
    --------
    >>> [fault.rule for fault in row_faults({"symbol": "A", "listed": "once", "currency": "dollar"})]
    ['unparsable_date', 'not_a_currency']
    """
    return tuple(fault for rule in RULES for fault in rule(row))
