"""Where the header of a file stands, and what stands around its rows: preambles, second lines, footnotes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from prometheus.adapters.reference_files.dates import day_in
from prometheus.adapters.reference_files.words import CHANGE_HEADERS, HEADERS, LIST_HEADERS
from prometheus.domain.reference.rules import iso_date

MOST_LINES = 40
"""A preamble is shorter than that."""
PYSTOCK = ("symbol", "name")
COARSE = (
    "symbol id", "symbol", "close", "volume", "dollar volume", "has fundamental", "price factor",
    "split factor",
)  # fmt: skip
"""Files that have no header: what their columns are."""
_COARSE_LINE = re.compile(r"[^,]+ [0-9A-Z]{5,14},[^,]*,-?\d[^,]*,-?\d[^,]*,-?\d[^,]*,(True|False),.*")
_CREATED = re.compile(r"File Creation Time:\s*(\d\d)(\d\d)(\d{4})(?:\d\d:?\d\d)?", re.IGNORECASE)
_OF_DAY = re.compile(r"\bas of\b", re.IGNORECASE)


def normalised(header: str) -> str:
    """Return a header in lower case, with ``_`` for everything that is no letter or digit.

    A number that was put behind it because it stands there twice is left out.

    Examples
    --------
    >>> normalised("Ticker symbol"), normalised("assetType"), normalised("('Added', 'Ticker')")
    ('ticker_symbol', 'asset_type', 'added_ticker')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.sub(r"\.\d+$", "", header))
    name = re.sub(r"[^0-9a-z]+", "_", parted.lower()).strip("_")
    half = name[: len(name) // 2]
    return half if name == f"{half}_{half}" else name


def headerless(lines: Sequence[str], name: str) -> tuple[str, ...] | None:
    """Return the columns of a file without a header, None for others.

    Known are the ``symbols.txt`` of pystock and the coarse universes of Lean.
    """
    first = next((line for line in lines if line.strip()), "")
    if _COARSE_LINE.fullmatch(first.strip()):
        return COARSE[: len(first.split(","))]
    if name.lower() == "symbols.txt" and first.count("\t") == 1 and not is_header(first.split("\t")):
        return PYSTOCK
    return None


def is_header(cells: Sequence[str]) -> bool:
    """Return whether cells name columns: a symbol, or a day with its changes or members."""
    names = {normalised(cell) for cell in cells}

    def has(column: str, known: dict[str, tuple[str, ...]]) -> bool:
        return bool(names & {column, *known[column]})

    is_table = has("symbol", HEADERS)
    is_changes = has("add", CHANGE_HEADERS) and has("remove", CHANGE_HEADERS)
    return is_table or is_changes or (has("date", LIST_HEADERS) and has("symbols", LIST_HEADERS))


def two_lined(upper: Sequence[str], lower: Sequence[str]) -> tuple[str, ...] | None:
    """Return the headers of two lines as one, None where the second is a row.

    Examples
    --------
    >>> two_lined(["Date", "Added", "Added", "Removed"], ["Date", "Ticker", "Security", "Ticker"])
    ('Date', 'Added Ticker', 'Added Security', 'Removed Ticker')
    """
    known = {"ticker", "symbol"} & {normalised(cell) for cell in lower}
    if len(upper) != len(lower) or not known or is_header(upper) is False:
        return None
    if {"ticker", "symbol"} & {normalised(cell) for cell in upper}:
        return None
    pairs = zip((re.sub(r"\.\d+$", "", cell) for cell in upper), lower, strict=True)
    return tuple(one if one == other or not other else f"{one} {other}".strip() for one, other in pairs)


def day_told(preamble: Sequence[Sequence[str]], footnotes: Sequence[str]) -> date | None:
    """Return the day that a file says it is of, before its header or after its rows.

    Examples
    --------
    >>> str(day_told([["Fund Holdings as of", "Sep 30, 2024"]], []))
    '2024-09-30'
    >>> str(day_told([], ["File Creation Time: 0930202422:00"]))
    '2024-09-30'
    """
    for note in footnotes:
        if (match := _CREATED.match(note)) is not None:
            month, day, year = match.groups()
            return iso_date(f"{year}-{month}-{day}")
    for cells in preamble:
        for place, cell in enumerate(cells):
            found = _OF_DAY.search(cell)
            if found is not None:
                beside = [cell[found.end() :].strip(" :"), *cells[place + 1 :]]
                return next((day for text in beside if (day := day_in(text)) is not None), None)
    return None


def is_footnote(cells: Sequence[str], n_headers: int) -> bool:
    """Return whether a last line is a note below the rows: one sentence where there are several columns."""
    filled = [cell for cell in cells if cell]
    is_sentence = len(filled) == 1 and filled[0] == cells[0] and " " in filled[0]
    return (
        n_headers > 1 and is_sentence and (len(cells) != n_headers or _CREATED.match(filled[0]) is not None)
    )
