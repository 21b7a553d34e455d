"""Classes of shares in symbols: ``BRK.B``, ``BRK-B``, ``BRK_B`` and ``BRK/B`` are one symbol."""

from __future__ import annotations

import re

import polars as pl

CLASS = r"^([A-Z]{1,5})[-_/ ]([A-Z])$"
"""A symbol, a sign and the letter of a class. Preferred shares have more behind the sign, or another one."""
_CLASS = re.compile(CLASS)


def spelled(symbol: str) -> str:
    """Return a symbol as it is kept here: with a point before the letter of a class of shares.

    Examples
    --------
    >>> [spelled(symbol) for symbol in ("BRK-B", "BF/B", "AAPL", "BAC-PB", "BT.A")]
    ['BRK.B', 'BF.B', 'AAPL', 'BAC-PB', 'BT.A']
    """
    return _CLASS.sub(r"\1.\2", symbol)


def spelled_rows(rows: pl.DataFrame, known: pl.Series | None = None) -> pl.DataFrame:
    """Return rows with their ``symbol`` as it is kept here; those that are ``known`` as they stand stay."""
    symbols = rows["symbol"].unique()
    if known is not None:
        symbols = symbols.filter(~symbols.is_in(known.implode()))
    other = {symbol: one for symbol in symbols if symbol is not None and (one := spelled(symbol)) != symbol}
    return rows.with_columns(pl.col("symbol").replace(other)) if other else rows
