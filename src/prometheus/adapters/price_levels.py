"""Two lines of headers over a table of prices: the field and the ticker of each column, in either order.

yfinance's download writes them through pandas, which names the lines ``Price`` and ``Ticker`` and puts what
the dates are called into a third line, with nothing beside it. Read and written again the third line is lost,
older versions name no line, a column that was no index names its dates in the first line alone, a header that
comes twice is counted (``Close.1``), and a workbook writes it once over all of its columns.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus.adapters.delimited_lines import DELIMITERS
from prometheus.adapters.delivered_files import DeliveredFile
from prometheus.adapters.price_mapping import PriceMapping
from prometheus.adapters.text_tables import LONGEST_LINE, SEP, TextLayout, fields_of
from prometheus.domain.market.columns import is_known, squeezed
from prometheus.kernel.errors import InputFileError

LONGEST_HEAD = 1 << 22
"""Bytes in which the headers must end: those of some 40,000 tickers."""
_OF_FIELDS = frozenset(("price", "prices", "attributes"))
_OF_TICKERS = frozenset(("ticker", "tickers", "symbol", "symbols"))
_DATES = frozenset(("date", "datetime", "tradedate", "timestamp"))
_CLOSES = frozenset(("close", "closeprice", "adjclose", "adjustedclose"))
_BESIDE = frozenset(("capitalgains", "repaired?"))
_FIRST = _OF_FIELDS | _OF_TICKERS | _DATES | {""}
_COUNTED = re.compile(r"^(?P<name>.+)\.\d+$")
_TICKER = re.compile(r"\^?[A-Z0-9][A-Z0-9.=-]*")
_UNNAMED = re.compile(r"^Unnamed: \d+_level_\d+$")


@dataclass(frozen=True, slots=True)
class Levels:
    """What two lines of headers say.

    Attributes
    ----------
    layout : TextLayout
    lines : tuple of two tuples of str
        As they stand there.
    date, symbol : str
        What dates and tickers are called.
    place : int
        Of the dates, from 0.
    cells : mapping of (str, str) to int
        Ticker and field to the place of their column.
    """

    layout: TextLayout
    lines: tuple[tuple[str, ...], tuple[str, ...]]
    date: str
    symbol: str
    place: int
    cells: Mapping[tuple[str, str], int]


def levels_of(file: DeliveredFile, mapping: PriceMapping | None) -> Levels | None:
    """Return what the two lines of headers of a file say, None where it has one or none.

    Parameters
    ----------
    file : DeliveredFile
    mapping : PriceMapping or None
        What is known of it.

    Raises
    ------
    InputFileError
        If a ticker has two columns of one name.
    """
    known = mapping or PriceMapping()
    if not known.has_header or any(isinstance(place, int) for place in known.columns.values()):
        return None
    above, lines, delimiter = _head(file, known)
    if len(lines) < 2:
        return None
    upper, lower = ([cell.strip() for cell in fields_of(line, delimiter)] for line in lines[:2])
    width = max(len(upper), len(lower))
    upper, lower = (level + [""] * (width - len(level)) for level in (upper, lower))
    while width and not upper[width - 1] and not lower[width - 1]:
        width -= 1
    upper, lower = upper[:width], lower[:width]
    if width < 2 or squeezed(upper[0]) not in _FIRST or squeezed(lower[0]) not in _FIRST:
        return None
    third = [cell.strip() for cell in fields_of(lines[2], delimiter)] if len(lines) > 2 else []
    has_third = bool(third and third[0]) and not any(c.isdigit() for c in third[0])
    has_third = has_third and all(map(is_blank, third[1:]))
    found = _meant(_spread(upper), lower, is_bare=not has_third, has_gaps="" in upper[1:])
    if found is None:
        return None
    date, place, symbol, columns = found
    if known.symbol_pattern is not None and len({ticker for ticker, _ in columns.values()}) == 1:
        return None  # it is called after its file
    cells: dict[tuple[str, str], int] = {}
    for at, (ticker, field) in columns.items():
        if (ticker, field) in cells:
            raise InputFileError(
                f"{file.name} row {above + 1}: columns {cells[ticker, field] + 1} and {at + 1} are both "
                f"{field!r} of {ticker!r}.",
                remedy="Leave one of them in.",
            )
        cells[ticker, field] = at
    first = above + 3
    if has_third:
        date, first = third[0], first + 1
    names = tuple(" ".join(columns[at]) if at in columns else date for at in range(width))
    layout = TextLayout(delimiter, names, first, known.encoding)
    return Levels(layout, (tuple(upper), tuple(lower)), date, symbol, place, cells)


def is_of_headers(text: str | None) -> bool:
    """Return whether a text in the column of dates may be a line of headers."""
    return text is None or squeezed(text) in _FIRST


def is_blank(text: str) -> bool:
    """Return whether a header is none, or what pandas calls one that is none."""
    return not text or _UNNAMED.match(text) is not None


def _head(file: DeliveredFile, known: PriceMapping) -> tuple[int, list[str], str]:
    """Return how many lines stand above the headers, three lines from there, and the delimiter."""
    wanted = known.skip_lines + 8
    with file.open() as stream:
        raw = stream.read(LONGEST_LINE)
        if raw.count(b"\n") < wanted and len(raw) == LONGEST_LINE:
            raw += stream.read(LONGEST_HEAD - LONGEST_LINE)
    text = codecs.getincrementaldecoder(known.encoding)("replace").decode(raw)
    lines = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n", wanted)[:wanted]]
    delimiter, above = known.delimiter, known.skip_lines
    while above < len(lines) and (not lines[above].strip() or SEP.match(lines[above])):
        said = SEP.match(lines[above])
        delimiter, above = said[1] if said and delimiter is None else delimiter, above + 1
    lines = lines[above : above + 3]
    return above, lines, delimiter or max(DELIMITERS, key=lines[0].count if lines else len)


def _spread(level: Sequence[str]) -> list[str]:
    """Return the upper line with what stands once over several columns in each, and without counts."""
    spread = list(level[:1])
    for name in level[1:]:
        counted = _COUNTED.match(name)
        name = counted["name"] if counted and counted["name"] in spread[1:] else name
        spread.append(name or (spread[-1] if len(spread) > 1 else ""))
    return spread


def _meant(
    upper: Sequence[str], lower: Sequence[str], *, is_bare: bool, has_gaps: bool
) -> tuple[str, int, str, Mapping[int, tuple[str, str]]] | None:
    """Return the header of dates, their place, the header of tickers, and ticker and field of each place.

    ``is_bare`` says that no third line follows, ``has_gaps`` that the upper one stood over several columns.
    """
    corners = (squeezed(upper[0]), squeezed(lower[0]))
    if corners[0] in _OF_FIELDS or corners[1] in _OF_TICKERS:
        is_upper = True  # the fields
    elif corners[0] in _OF_TICKERS or corners[1] in _OF_FIELDS:
        is_upper = False
    else:
        is_upper = sum(map(is_known, upper[1:])) >= sum(map(is_known, lower[1:]))
    fields, tickers = (upper, lower) if is_upper else (lower, upper)
    place, date = 0, next((name for name in (upper[0], lower[0]) if squeezed(name) in _DATES), "Date")
    columns: dict[int, tuple[str, str]] = {}
    for at, (ticker, field) in enumerate(zip(tickers, fields, strict=True)):
        if at == 0:
            continue
        if {squeezed(ticker), squeezed(field)} & _DATES and (at == 1 and not lower[at]):
            place, date = at, upper[at]
        elif not ticker or not field:
            return None
        else:
            columns[at] = (ticker, field)
    known = {squeezed(field) for _, field in columns.values()}
    words = [corner in _OF_FIELDS | _OF_TICKERS for corner in corners]
    if known & (_DATES | _OF_TICKERS) or not any(is_known(field) for _, field in columns.values()):
        return None
    if not known & _CLOSES and not all(words):
        return None
    if not any(words) and (has_gaps or not _is_plainly(columns) or (is_bare and not _are_tickers(columns))):
        return None
    symbol = next((name for name in (lower[0], upper[0]) if squeezed(name) in _OF_TICKERS), "Ticker")
    return date, place, symbol, columns


def _are_tickers(columns: Mapping[int, tuple[str, str]]) -> bool:
    """Return whether two names or more look like tickers and share fields: neither units nor titles do."""
    tickers = {ticker for ticker, _ in columns.values()}
    fields = Counter(squeezed(field) for _, field in columns.values())
    return len(tickers) > 1 and all(map(_TICKER.fullmatch, tickers)) and max(fields.values()) == len(tickers)


def _is_plainly(columns: Mapping[int, tuple[str, str]]) -> bool:
    """Return whether headers without words for what they are can be nothing else than fields and tickers."""
    closing = {ticker for ticker, field in columns.values() if squeezed(field) in _CLOSES}
    return all(
        (is_known(field) or squeezed(field) in _BESIDE)
        and ticker in closing
        and any(c.isalpha() for c in ticker)
        for ticker, field in columns.values()
    )
