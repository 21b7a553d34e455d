"""What vendors call things: headers of columns, names of exchanges, of indices and of places."""

from __future__ import annotations

import re

HEADERS = {
    "symbol": ("ticker", "ticker_symbol", "act_symbol", "code"),
    "name": ("security", "security_name", "company", "company_name"),
    "sector": ("gics_sector",),
    "industry": ("gics_sub_industry", "gics_industry", "sub_industry"),
    "country": ("country_code",),
    "headquarters": ("headquarters_location", "address_of_headquarters", "hq"),
    "added": ("date_added", "date_first_added"),
    "founded": (),
    "cik": ("cik_number", "cik_code"),
    "lei": (),
    "isin": (),
    "figi": ("composite_figi",),
    "cusip": (),
    "sedol": (),
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
    "add": ("added", "addition", "additions"),
    "remove": ("removed", "removal", "removals"),
    "index": HEADERS["index"],
}
"""Columns of a file of changes of an index; a cell may name several symbols."""

NO_VALUE = frozenset(("", "null", "none", "n/a", "nan", "-"))
"""Texts that stand for nothing, in any column but the symbol's: NULL and NAN may be symbols."""

EXCHANGES = {
    # Names of vendors, and the letters of the consolidated tape, to ISO 10383 codes.
    "NYSE": "XNYS", "N": "XNYS", "NASDAQ": "XNAS", "Q": "XNAS", "NYSE ARCA": "ARCX", "P": "ARCX",
    "NYSE MKT": "XASE", "NYSE AMERICAN": "XASE", "AMEX": "XASE", "A": "XASE", "BATS": "BATS", "Z": "BATS",
}  # fmt: skip

INDEX_NAMES = (
    (re.compile(r"s(&|_?and_?|_?n_?)?_?p_?500", re.IGNORECASE), "SP500"),
    (re.compile(r"s(&|_?and_?|_?n_?)?_?p_?400", re.IGNORECASE), "SP400"),
    (re.compile(r"s(&|_?and_?|_?n_?)?_?p_?600", re.IGNORECASE), "SP600"),
    (re.compile(r"nasdaq_?100|ndx", re.IGNORECASE), "NASDAQ100"),
    (re.compile(r"russell_?1000", re.IGNORECASE), "RUSSELL1000"),
    (re.compile(r"dow_?(jones)?_?(30|industrial)|djia", re.IGNORECASE), "DJIA"),
)
"""Names of files that say which index they are about."""

STATES = {
    "Alabama", "Alaska", "Arizona", "Arkansas", "California", "Colorado", "Connecticut", "Delaware", "D.C.",
    "Florida", "Georgia", "Hawaii", "Idaho", "Illinois", "Indiana", "Iowa", "Kansas", "Kentucky",
    "Louisiana", "Maine", "Maryland", "Massachusetts", "Michigan", "Minnesota", "Mississippi", "Missouri",
    "Montana", "Nebraska", "Nevada", "New Hampshire", "New Jersey", "New Mexico", "New York",
    "North Carolina", "North Dakota", "Ohio", "Oklahoma", "Oregon", "Pennsylvania", "Rhode Island",
    "South Carolina", "South Dakota", "Tennessee", "Texas", "Utah", "Vermont", "Virginia", "Washington",
    "West Virginia", "Wisconsin", "Wyoming", "NY", "UT", "Puerto Rico",
}  # fmt: skip
COUNTRIES = {
    "Ireland": "IE", "United Kingdom": "GB", "UK": "GB", "Switzerland": "CH", "Netherlands": "NL",
    "Kingdom of the Netherlands": "NL", "Bermuda": "BM", "Canada": "CA", "Luxembourg": "LU", "Germany": "DE",
    "France": "FR", "Israel": "IL", "Singapore": "SG", "Japan": "JP", "China": "CN", "Mexico": "MX",
    "Cayman Islands": "KY", "Jersey": "JE", "Australia": "AU", "Belgium": "BE", "Denmark": "DK",
    "Sweden": "SE", "Spain": "ES", "Italy": "IT", "Brazil": "BR", "India": "IN", "South Korea": "KR",
    "Taiwan": "TW", "Hong Kong": "HK",
}  # fmt: skip


def country_of(headquarters: str) -> str | None:
    """Return the country of an address that ends in a state of the US or in a country; None for others.

    Georgia is the state.

    Examples
    --------
    >>> country_of("St. Paul, Minnesota"), country_of("Dublin, Ireland"), country_of("Norfolk, Virginia[2]")
    ('US', 'IE', 'US')
    """
    place = re.sub(r"\[\d+\]", "", headquarters).rpartition(",")[2].strip()
    return "US" if place in STATES else COUNTRIES.get(place)


def index_in(name: str) -> str | None:
    """Return the index that the name of a file says.

    Examples
    --------
    >>> index_in("sp500_constituents_2018-01-08.csv"), index_in("nyse_securities.csv")
    ('SP500', None)
    """
    return next((index for pattern, index in INDEX_NAMES if pattern.search(name)), None)
