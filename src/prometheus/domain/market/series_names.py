"""What series of factors and macro numbers are called, and in which units they are published."""

from __future__ import annotations

import re
from collections.abc import Mapping

PERCENT = re.compile(
    r"DGS\d+(MO)?|GS\d+M?|DFII\d+|DTB\w+|TB\d\w*|D?FF|DFEDTAR[LU]?|FEDFUNDS|EFFR|OBFR|SOFR\w*|IORB|IOER|DPRIME"
    r"|T\d+Y\d+[YM]|T\d+YIE\w*|T5YIFR|D?(AAA|BAA)(10Y|FF)?|BAML[HCE]\w+|MORTGAGE\d+US|UNRATE|U6RATE|CIVPART"
    r"|USD\dMTD156N|TEDRATE|UST_\w+"
)
"""Series of FRED that are published in percent; https://fred.stlouisfed.org says the units of each."""
INDICES: Mapping[str, str] = {
    "CPIAUCSL": "index, 1982-1984 = 100",
    "CPIAUCNS": "index, 1982-1984 = 100",
    "CPILFESL": "index, 1982-1984 = 100",
    "PCEPI": "index, 2017 = 100",
    "PCEPILFE": "index, 2017 = 100",
    "INDPRO": "index",
    "VIXCLS": "index, annualised percent",
    "SP500": "index",
}
"""Series that are stored as published. The base year of INDPRO changes from one vintage to the next."""
FRENCH = {"MOM": "MOM", "UMD": "MOM", "WML": "MOM"}
"""Factors of the data library that have several names."""
AS_DELIVERED = "as delivered"
DECIMAL = "decimal"
TENOR = re.compile(
    r"(?P<n>\d+(?:\.\d+)?)[\s_-]*(?P<unit>mo|month|months|m|yr|year|years|y)\.?", re.IGNORECASE
)
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:^-]{0,63}")


def macro_id(name: str) -> str:
    """Return the factor id of a macro series, by its name at FRED or the tenor of a par yield.

    Examples
    --------
    >>> macro_id("dgs10"), macro_id("10 Yr"), macro_id("1.5 Month"), macro_id("MACRO:VIX")
    ('MACRO:DGS10', 'MACRO:UST_10Y', 'MACRO:UST_1_5M', 'MACRO:VIX')
    """
    said = re.sub(r"\s+", "_", name.strip().upper().removeprefix("MACRO:"))
    tenor = TENOR.fullmatch(said)
    if tenor:
        return f"MACRO:UST_{tenor['n'].replace('.', '_')}{tenor['unit'][0].upper()}"
    return f"MACRO:{said}"


def french_id(name: str, beside: frozenset[str]) -> str:
    """Return the factor id of a column of Kenneth French's data library.

    Parameters
    ----------
    name : str
        Its header.
    beside : frozenset of str
        All headers of its section, in capitals. SMB is another factor in the three-factor file than in
        the five-factor one, the average of other portfolios, and gets an id of its own.

    Examples
    --------
    >>> french_id("Mkt-RF", frozenset()), french_id("Mom   ", frozenset())
    ('FF:MKT_RF', 'FF:MOM')
    >>> french_id("SMB", frozenset({"MKT-RF", "SMB", "HML", "RF"}))
    'FF:SMB_FF3'
    """
    said = re.sub(r"[^A-Z0-9]+", "_", name.strip().upper()).strip("_")
    if said == "SMB" and "RMW" not in beside:
        return "FF:SMB_FF3"
    return f"FF:{FRENCH.get(said, said)}"


def unit_of(factor_id: str) -> str:
    """Return the unit in which a macro series is stored.

    Examples
    --------
    >>> unit_of("MACRO:DGS10"), unit_of("MACRO:VIXCLS"), unit_of("MACRO:PAYEMS")
    ('decimal', 'index, annualised percent', 'as delivered')
    """
    name = factor_id.removeprefix("MACRO:")
    return DECIMAL if PERCENT.fullmatch(name) else INDICES.get(name, AS_DELIVERED)
