"""The columns of a delivery of daily prices, and the names that files give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prometheus.kernel.errors import InputFileError

PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "adjusted_close", "volume", "split", "dividend")
"""What a delivery may hold besides symbol and date. Absent columns are null."""
VALUES = ("open", "high", "low", "close", "adjusted_close", "volume", "split", "dividend")

_SPELLINGS = {
    "symbol": ("symbol", "ticker", "name"),
    "trade_date": ("date", "tradedate"),
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "close": ("close",),
    "adjusted_close": ("adjclose", "adjustedclose"),
    "volume": ("volume",),
    "split": ("split", "splitratio", "splits", "stocksplits"),
    "dividend": ("dividend", "dividends", "exdividend"),
}
_CANONICAL = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings}
# What pandas leaves behind when a frame is written with its row numbers.
_IGNORED = frozenset({"", "index", "level0", "indexlevel0", "unnamed:0", "rownumber"})


def _squeezed(name: str) -> str:
    """Return a header without case, blanks, underscores, hyphens and dots."""
    return "".join(c for c in name.strip().lower() if c not in " _-.")


def canonical_columns(names: Sequence[str], *, file: str) -> Mapping[str, str]:
    """Return the canonical name of each column of a file that is to be read.

    Parameters
    ----------
    names : sequence of str
        The file's headers; case, blanks, underscores, hyphens and dots don't matter.
    file : str
        Named in the message.

    Raises
    ------
    InputFileError
        For a column that is not known, two for the same thing, or no date or close.

    Examples
    --------
    >>> canonical_columns(["Date", "Adj Close", "close", "Name"], file="a.csv")
    {'Date': 'trade_date', 'Adj Close': 'adjusted_close', 'close': 'close', 'Name': 'symbol'}
    """
    kept = [name for name in names if _squeezed(name) not in _IGNORED]
    has_ticker = any(_squeezed(name) in ("symbol", "ticker") for name in kept)
    if has_ticker:  # then `name` is the company's
        kept = [name for name in kept if _squeezed(name) != "name"]
    unknown = [name for name in kept if _squeezed(name) not in _CANONICAL]
    if unknown:
        raise InputFileError(
            f"{file}: unknown column {', '.join(map(repr, unknown))}.",
            remedy=f"Known are {', '.join(_SPELLINGS)}; rename it or leave it out.",
        )
    found = {name: _CANONICAL[_squeezed(name)] for name in kept}
    twice = sorted({name for name in found.values() if list(found.values()).count(name) > 1})
    if twice:
        same = [name for name in kept if found[name] in twice]
        raise InputFileError(
            f"{file}: columns {', '.join(map(repr, same))} all mean {', '.join(twice)}.",
            remedy="Leave one of them in.",
        )
    missing = [name for name in ("trade_date", "close") if name not in found.values()]
    if missing:
        raise InputFileError(
            f"{file}: no column for {' and '.join(missing)} among {', '.join(map(repr, names)) or 'none'}.",
            remedy="The first line must name the columns; date and close are needed.",
        )
    return found
