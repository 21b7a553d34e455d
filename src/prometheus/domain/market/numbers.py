"""Numbers as vendors and spreadsheets write them, and which of two readings a file means.

1. Texts that are plain numbers stay as they are; a file of these alone is looked at no further.
2. Words for "no value" become null, a dollar sign is taken off, and 290.95M is a volume of 290,950,000.
3. ``1,039`` can be read in two ways. What says which are numbers of the same file that can only be read one
   way, such as ``39.77`` or ``1.039,77``. Where some say the one and some the other, nothing is changed: such
   texts are set aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

Decimal = Literal[".", ","]
BLANKS = ("null", "none", "n/a", "#n/a", "na", "n.a.", "nil", "-", "--", ".")
"""What stands where there is no value, in any case. NaN is not among them: it may be a division by zero."""
UNITS = {"K": 1e3, "M": 1e6, "B": 1e9}
_GROUPED = {".": r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$", ",": r"^[+-]?(\d+,\d+|\d{1,3}(\.\d{3})+(,\d+)?)$"}
_CERTAIN = {
    ".": r"^[+-]?(\d{1,3}(,\d{3})+\.\d+|\d{1,3}(,\d{3}){2,}|\d*\.(\d{1,2}|\d{4,})|\d{4,}\.\d+|0\.\d+)$",
    ",": r"^[+-]?(\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,}|\d*,(\d{1,2}|\d{4,})|\d{4,},\d+|0,\d+)$",
}


def without_blanks(texts: pl.Expr) -> pl.Expr:
    """Return texts with null where they say that there is no value."""
    return pl.when(~texts.str.strip_chars().str.to_lowercase().is_in(list(BLANKS))).then(texts)


def certain_decimal(rows: pl.DataFrame, columns: Sequence[str]) -> Decimal | None:
    """Return the decimal sign by which alone some of the texts can be read; None without any, or with both.

    Examples
    --------
    >>> certain_decimal(pl.DataFrame({"close": ["39,12", "1.040"]}), ["close"])
    ','
    """
    signs: tuple[Decimal, Decimal] = (".", ",")
    found = [
        sign
        for sign in signs
        if rows.select(pl.any_horizontal(_bare(name).str.contains(_CERTAIN[sign]).any() for name in columns))
        .fill_null(False)
        .item()
    ]
    return found[0] if len(found) == 1 else None


def is_plain(rows: pl.DataFrame, columns: Sequence[str]) -> bool:
    """Return whether all texts are numbers as they stand, or empty."""
    if not columns:
        return True
    stripped = (pl.col(name).str.strip_chars() for name in columns)
    return bool(
        rows.select(
            pl.all_horizontal(
                (text.is_null() | (text == "") | text.cast(pl.Float64, strict=False).is_not_null()).all()
                for text in stripped
            )
        ).item()
    )


def plain(rows: pl.DataFrame, columns: Sequence[str], decimal: Decimal | None) -> pl.DataFrame:
    """Return rows whose texts are plain numbers where they can be read in one way.

    Parameters
    ----------
    rows : polars.DataFrame
    columns : sequence of str
        Of texts.
    decimal : {".", ","} or None
        The decimal sign of the file, as far as it is known.

    Examples
    --------
    >>> rows = pl.DataFrame({"close": ["$1,039.77", "n/a"], "volume": ["1.2M", "900"]})
    >>> plain(rows, ["close", "volume"], ".").rows()
    [('1039.77', '1200000.0'), (None, '900')]
    """
    return rows.with_columns(_plain(name, decimal).alias(name) for name in columns)


def _plain(name: str, decimal: Decimal | None) -> pl.Expr:
    given, bare = pl.col(name), _bare(name)
    read = pl.when(bare.cast(pl.Float64, strict=False).is_not_null()).then(bare).otherwise(given)
    if decimal == ".":
        ungrouped = bare.str.replace_all(",", "", literal=True)
        read = pl.when(bare.str.contains(_GROUPED["."])).then(ungrouped).otherwise(read)
    elif decimal == ",":
        pointed = bare.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        read = pl.when(bare.str.contains(_GROUPED[","])).then(pointed).otherwise(read)
    if name == "volume":
        unit = bare.str.tail(1).replace_strict(UNITS, default=None, return_dtype=pl.Float64)
        amount = bare.str.replace(r"[KMB]$", "").cast(pl.Float64, strict=False) * unit
        is_amount = bare.str.contains(r"^\d+(\.\d+)?[KMB]$")
        read = pl.when(is_amount).then(amount.round().cast(pl.String)).otherwise(read)
    return without_blanks(read)


def _bare(name: str) -> pl.Expr:
    """Return texts without blanks around them and a dollar sign before them."""
    return pl.col(name).str.strip_chars().str.replace(r"^([+-]?)\$\s*", "${1}")
