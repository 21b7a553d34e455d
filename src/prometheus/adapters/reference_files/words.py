"""What vendors call things: headers of columns, names of indices."""

from __future__ import annotations

import re

HEADERS = {
    "symbol": ("ticker", "ticker_symbol", "act_symbol", "code"),
    "name": ("security", "security_name", "company", "company_name", "title"),
    "sector": ("gics_sector",),
    "industry": ("gics_sub_industry", "gics_industry", "sub_industry"),
    "country": ("country_code", "location"),
    "headquarters": ("headquarters_location", "address_of_headquarters", "hq"),
    "added": ("date_added", "date_first_added"),
    "founded": (),
    "cik": ("cik_number", "cik_code", "cik_str"),
    "lei": (),
    "isin": (),
    "figi": ("composite_figi",),
    "cusip": (),
    "sedol": (),
    "lean_sid": ("symbol_id",),
    "exchange": ("exchange_name", "listing_exchange", "mic"),
    "currency": ("currency_code",),
    "asset_class": ("asset_type",),
    "listed": ("ipo_date", "listing_date", "list_date"),
    "delisted": ("delisting_date", "delist_date"),
    "first": ("valid_from", "symbol_from"),
    "last": ("valid_to", "symbol_to"),
    "index": ("index_name",),
    "instrument_id": (),
    "issuer_id": (),
    "as_of": ("as_of_date", "date", "snapshot_date"),
    "etf": ("is_etf",),
    "test_issue": (),
    "market_category": (),
}
"""Canonical column to the other headers under which files have it, without blanks and in lower case."""

SPAN_HEADERS = {
    "symbol": HEADERS["symbol"],
    "first": ("start_date", "start", "from", "date_added", "added"),
    "end": ("end_date", "to", "date_removed", "removed"),
    "index": HEADERS["index"],
}
"""Columns of a file of memberships: ``end`` is the first day on which it is no member any more."""

CHANGE_HEADERS = {
    "date": ("effective_date",),
    "add": ("added", "addition", "additions", "added_ticker", "added_symbol"),
    "remove": ("removed", "removal", "removals", "removed_ticker", "removed_symbol"),
    "index": HEADERS["index"],
}
"""Columns of a file of changes of an index; a cell may name several symbols."""

LIST_HEADERS = {
    "date": ("effective_date", "as_of"),
    "symbols": ("tickers", "members", "constituents"),
    "index": HEADERS["index"],
}
"""Columns of a file with all members of an index on each day on which they changed."""

PRICE_HEADERS = frozenset(("close", "adj_close", "adjusted_close", "volume"))
"""With ``as_of`` and no more than a symbol, these make a file one of prices."""

NO_INSTRUMENTS = frozenset(
    ("CASH", "CASH COLLATERAL AND MARGINS", "CASH DERIVATIVES", "MONEY MARKET", "FUTURES", "FORWARDS", "FX")
)
"""Asset classes in a fund's holdings that are no listed instrument."""

NO_VALUE = frozenset(("", "null", "none", "n/a", "nan", "-", "--"))
"""Texts that stand for nothing, in any column but the symbol's: NULL and NAN may be symbols."""

INDEX_NAMES = (
    (re.compile(r"s(&|[_ ]?and[_ ]?|_?n_?)?[_ ]?p[_ -]?500", re.IGNORECASE), "SP500"),
    (re.compile(r"s(&|[_ ]?and[_ ]?|_?n_?)?[_ ]?p[_ -]?400", re.IGNORECASE), "SP400"),
    (re.compile(r"s(&|[_ ]?and[_ ]?|_?n_?)?[_ ]?p[_ -]?600", re.IGNORECASE), "SP600"),
    (re.compile(r"nasdaq_?100|ndx", re.IGNORECASE), "NASDAQ100"),
    (re.compile(r"russell_?1000", re.IGNORECASE), "RUSSELL1000"),
    (re.compile(r"dow_?(jones)?_?(30|industrial)|djia", re.IGNORECASE), "DJIA"),
)
"""Names of files that say which index they are about."""


def index_in(name: str) -> str | None:
    """Return the index that the name of a file says.

    Examples
    --------
    >>> index_in("sp500_constituents_2018-01-08.csv"), index_in("nyse_securities.csv")
    ('SP500', None)
    """
    return next((index for pattern, index in INDEX_NAMES if pattern.search(name)), None)
