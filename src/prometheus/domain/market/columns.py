"""The columns of a delivery of daily prices, and the names that files give them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from prometheus.kernel.errors import InputFileError

_NUMBERED = re.compile(r"^\d+[a-z]?\. (?=\w)")
_INDEX = "indexlevel0"
"""What pandas calls an index without a name."""
PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "adjusted_close", "volume", "split", "dividend")
"""What a delivery may hold besides symbol and date. Absent columns are null."""
VALUES = ("open", "high", "low", "close", "adjusted_close", "volume", "split", "dividend")

NEEDED = ("trade_date", "close")

_SPELLINGS = {
    "symbol": ("symbol", "ticker", "name"),
    "trade_date": ("date", "tradedate", "timestamp", "datetime", "time", _INDEX),
    "open": ("open", "openprice"),
    "high": ("high", "highprice"),
    "low": ("low", "lowprice"),
    "close": ("close", "closeprice", "close/last"),
    "adjusted_close": ("adjclose", "adjustedclose"),
    "volume": ("volume", "vol"),
    "split": ("split", "splitratio", "splits", "stocksplits", "splitfactor", "splitcoefficient"),
    "dividend": ("dividend", "dividends", "exdividend", "divcash", "dividendamount"),
    "currency": ("currency", "ccy"),
}
_REMEDY_WIDE = (
    "Instruments stand side by side here, as yfinance writes several tickers: write a file for each, e.g. "
    'bars.xs("AAPL", axis=1, level="Ticker").to_csv("AAPL.csv").'
)
_CANONICAL = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings}
CANONICAL = tuple(_SPELLINGS)
"""Every column that a delivery may have, by the schema's words."""


def squeezed(name: str) -> str:
    """Return a header without case, blanks, ``_-.<>`` and a number before it.

    Examples
    --------
    >>> squeezed("Adj. Close"), squeezed("<TICKER>"), squeezed("5. volume")
    ('adjclose', 'ticker', 'volume')
    """
    return "".join(c for c in _NUMBERED.sub("", name.strip()).lower() if c not in " _-.<>")


def is_known(name: str) -> bool:
    """Return whether a header names something that a delivery of prices has."""
    return squeezed(name) in _CANONICAL


def n_known(names: Sequence[str]) -> int:
    """Return how many headers name something that a delivery of prices has."""
    return sum(is_known(name) for name in names)


def canonical_columns(
    names: Sequence[str],
    *,
    file: str,
    given: Mapping[str, str] | None = None,
    ignored: Collection[str] = (),
) -> Mapping[str, str]:
    """Return the canonical name of each column of a file that is to be read; others are left out.

    Parameters
    ----------
    names : sequence of str
        The file's headers; case, blanks, underscores, hyphens, dots and angle brackets don't matter.
    file : str
        Named in the message.
    given : mapping of str to str, optional
        Canonical name to header, where that is settled; the others are found.
    ignored : collection of str
        Headers to leave out, though their names are known.

    Raises
    ------
    InputFileError
        For two columns for the same thing, a header in ``given`` that is not there, or no date or close.

    Examples
    --------
    >>> canonical_columns(["Date", "Adj Close", "close", "Name", "VWAP"], file="a.csv")
    {'Date': 'trade_date', 'Adj Close': 'adjusted_close', 'close': 'close', 'Name': 'symbol'}
    """
    listed = ", ".join(map(repr, names)) or "none"
    settled = {_header(header, names, file, name): name for name, header in (given or {}).items()}
    left_out = {squeezed(name) for name in ignored}
    found = dict(settled)
    if any(squeezed(name) in ("symbol", "ticker") for name in names):
        left_out.add("name")  # then it is the company's
    if any(
        squeezed(name) in _SPELLINGS["trade_date"] and squeezed(name) not in ("time", _INDEX)
        for name in names
    ):
        left_out |= {"time", _INDEX}  # then they are the time of day, and a number
    for name in names:
        canonical = _CANONICAL.get(squeezed(name))
        is_open = canonical is not None and canonical not in settled.values() and name not in settled
        if canonical is not None and is_open and squeezed(name) not in left_out:
            found[name] = canonical
    twice = sorted({name for name in found.values() if list(found.values()).count(name) > 1})
    same = [name for name in names if found.get(name) in twice]
    repeated = [name for name in found if list(names).count(name) > 1]
    if twice or repeated:
        wrong, means = (same, twice) if twice else (repeated, [found[name] for name in repeated])
        raise InputFileError(
            f"{file}: columns {', '.join(map(repr, wrong))} all mean {', '.join(means)}.",
            remedy=_REMEDY_WIDE
            if len(means) > 2
            else "Leave one of them in, or say in a mapping file which it is.",
        )
    missing = [name for name in NEEDED if name not in found.values()]
    if missing:
        raise InputFileError(
            f"{file}: no column for {' and '.join(missing)} among {listed}.",
            remedy="The first line must name the columns, date and close among them; "
            "a mapping file says which is which.",
        )
    return {name: found[name] for name in names if name in found}


def _header(wanted: str, names: Sequence[str], file: str, canonical: str) -> str:
    same = [name for name in names if name == wanted] or [
        name for name in names if squeezed(name) == squeezed(wanted)
    ]
    if not same:
        raise InputFileError(
            f"{file}: the mapping takes {canonical} from {wanted!r}, but the columns are "
            f"{', '.join(map(repr, names)) or 'none'}.",
            remedy="Write the header in [columns] as it stands in the file's first line.",
        )
    return same[0]
