"""Tables in text files, piece by piece: any delimiter, the line of each row, and the rows that are none.

1. The first lines settle the delimiter and the header.
2. The rest comes in blocks that end with a line. Where every line of a block has as many delimiters as the
   header and no quotes, polars reads it; any other block is read line by line.
3. A line of another width, or with a quotation that never ends, is a row that has its fields by place, and
   a fault; one that isn't delimited at all, or not in the encoding, is a violation; the others are rows.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl
from polars.exceptions import PolarsError

from prometheus.adapters.delimited_lines import DELIMITERS, records
from prometheus.adapters.delivered_files import DeliveredFile
from prometheus.domain.market.parsing import FAULT
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.violations import VIOLATIONS

BLOCK = 8 << 20
MANY_COLUMNS = 1 << 12
"""From here on lines are split; as columns of their own they would take many times their bytes."""
LONGEST_LINE = 1 << 16
SEP = re.compile(r"^sep=([^\w\s\"]|\t)\r?$", re.IGNORECASE)
"""The line before the header by which spreadsheets name the delimiter."""
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_QUOTES = "A quotation of this line never ends: close it, or take its quotes out."
_NO_ZEROS = "Take it out, or ask for the file again: it may have been damaged on its way."
_AS_UTF8 = "Save it as UTF-8, or name its encoding in a mapping file: encoding = "


@dataclass(frozen=True, slots=True)
class TextLayout:
    """What has to be known of a text file to read its rows.

    Attributes
    ----------
    delimiter : str
    names : tuple of str
        The headers; without a header line, the places of the columns from 1: ``"1"``, ``"2"``.
    first_line : int
        Line of the first row, from 1.
    encoding : str
    """

    delimiter: str
    names: tuple[str, ...]
    first_line: int
    encoding: str = "utf-8"


def text_layout(
    file: DeliveredFile,
    *,
    n_known: Callable[[Sequence[str]], int],
    delimiter: str | None = None,
    encoding: str = "utf-8",
    has_header: bool = True,
    skip_lines: int = 0,
    skip_rows: int = 0,
) -> TextLayout:
    """Return how a text file is laid out, by its first lines.

    Parameters
    ----------
    file : DeliveredFile
    n_known : callable
        Headers to how many of them are known: the delimiter that makes most of them so is the file's.
    delimiter, encoding, has_header, skip_lines, skip_rows
        What is known of it. ``sep=;`` before the header, as spreadsheets write it, is heeded.

    Raises
    ------
    InputFileError
        If it is no text, or not in the encoding, or has no header.
    """
    with file.open() as stream:
        head = stream.read(LONGEST_LINE)
    _require_text(file.name, head, encoding)
    lines = _decoded(file.name, head, encoding).split("\n")
    place = skip_lines
    while place < len(lines) and (not lines[place].strip() or SEP.match(lines[place])):
        said = SEP.match(lines[place])
        delimiter, place = said[1] if said and delimiter is None else delimiter, place + 1
    if place >= len(lines):
        raise InputFileError(f"{file.name} has no rows.", remedy="Ask for the file again, or leave it out.")
    line = lines[place].rstrip("\r")
    if len(line) >= LONGEST_LINE - 8:
        raise InputFileError(
            f"{file.name} row {place + 1}: the line is longer than {LONGEST_LINE} bytes.",
            remedy="Give a table with one row a line.",
        )
    if delimiter is None:
        ways = {given: fields_of(line, given) for given in DELIMITERS}
        delimiter = max(ways, key=lambda given: (n_known(ways[given]), len(ways[given])))
    fields = fields_of(line, delimiter)
    names = [name.strip() for name in fields] if has_header else [str(i + 1) for i in range(len(fields))]
    return TextLayout(delimiter, tuple(names), place + (2 if has_header else 1) + skip_rows, encoding)


def fields_of(line: str, delimiter: str) -> list[str]:
    """Return the fields of one line; those between delimiters where its quotes make no sense."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def text_chunks(
    file: DeliveredFile, layout: TextLayout, places: Sequence[int], *, block: int = BLOCK
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield the rows of a text file, and the lines that are none.

    Parameters
    ----------
    file : DeliveredFile
    layout : TextLayout
    places : sequence of int
        The columns to take, from 0.
    block : int
        Bytes that are read at once.

    Yields
    ------
    rows : polars.DataFrame
        ``row``, the number of the line, and a column of texts for each place, named by it; empty is null.
        Where lines are of another width, ``fault`` too, of type `FAULT`: ``wrong_number_of_fields``.
    violations : polars.DataFrame
        Lines that hold no fields. Rules ``wrong_number_of_fields`` and ``wrong_encoding``.
    """
    line = 1
    for raw in _blocks(file, layout.encoding, block):
        skipped = max(layout.first_line - line, 0)
        n_lines = raw.count(b"\n")
        if skipped:
            kept = raw.split(b"\n", skipped)
            raw = kept[-1] if len(kept) > skipped else b""
        if raw:
            yield _read(file.name, raw, line + skipped, layout, places)
        line += n_lines


def _blocks(file: DeliveredFile, encoding: str, size: int) -> Iterator[bytes]:
    """Yield the bytes in pieces that end with a line, in UTF-8 unless they are broken."""
    with file.open() as stream:
        held = b""
        for number, piece in enumerate(_pieces(stream, file.name, encoding, size)):
            end = held.rfind(b"\n") + 1
            if end:
                yield held[:end]
            held = held[end:] + (piece.removeprefix(codecs.BOM_UTF8) if number == 0 else piece)
        if held:
            yield held if held.endswith(b"\n") else held + b"\n"


def _pieces(stream: BinaryIO, name: str, encoding: str, size: int) -> Iterator[bytes]:
    if encoding == "utf-8":
        while piece := stream.read(size):
            yield piece
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    n_read = 0
    while piece := stream.read(size):
        try:
            text = decoder.decode(piece)
        except UnicodeError as error:
            raise _not_in(name, encoding, n_read + getattr(error, "start", 0)) from error
        n_read += len(piece)
        yield text.encode()


def _read(
    name: str, raw: bytes, first: int, layout: TextLayout, places: Sequence[int]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    n_columns, n_lines = len(layout.names), raw.count(b"\n")
    if (
        b'"' not in raw
        and b"\0" not in raw
        and raw.count(layout.delimiter.encode()) == n_lines * (n_columns - 1)
    ):
        if n_columns >= MANY_COLUMNS:
            split = _split(raw, first, layout, places)
            return _read_lines(name, raw, first, layout, places) if split is None else (split, VIOLATIONS)
        schema = {str(i): pl.String for i in range(n_columns)}
        try:
            table = pl.read_csv(
                raw, has_header=False, separator=layout.delimiter, schema=schema, quote_char=None
            )
        except PolarsError:  # a line of another width, or bytes that are not UTF-8
            return _read_lines(name, raw, first, layout, places)
        if table.height == n_lines:
            rows = pl.int_range(first, first + n_lines, dtype=pl.UInt32, eager=True).alias("row")
            # Not by expressions: there may be thousands of columns.
            return table[[str(i) for i in places]].insert_column(0, rows), VIOLATIONS
    return _read_lines(name, raw, first, layout, places)


def _split(raw: bytes, first: int, layout: TextLayout, places: Sequence[int]) -> pl.DataFrame | None:
    """Return the rows of a block without quotes; None if a line is of another width, or not UTF-8."""
    try:
        lines = raw.decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        return None
    n_columns = len(layout.names)
    if any(line.count(layout.delimiter) != n_columns - 1 for line in lines):
        return None
    cells = layout.delimiter.join(line.removesuffix("\r") for line in lines).split(layout.delimiter)
    rows = pl.int_range(first, first + len(lines), dtype=pl.UInt32, eager=True).alias("row")
    columns = ((str(place), [cell or None for cell in cells[place::n_columns]]) for place in places)
    return pl.DataFrame([rows, *(pl.Series(name, column, dtype=pl.String) for name, column in columns)])


def _read_lines(
    name: str, raw: bytes, first: int, layout: TextLayout, places: Sequence[int]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read a block line by line: quotes, blank lines, lines of another width, broken bytes."""
    n_columns = len(layout.names)
    numbers: list[int] = []
    faults: list[dict[str, str] | None] = []
    columns: list[list[str | None]] = [[] for _ in places]
    broken: list[tuple[str | int | None, ...]] = []

    def fail(line: int, field: str, found: str, rule: str, remedy: str) -> None:
        broken.append((name, line, None, None, field, found, rule, remedy))

    lines = _lines(raw, first, layout, fail)
    found = records(lines, layout.delimiter, n_cells=n_columns, is_strict=False, is_prose=False)
    for line, fields, is_whole in found:
        if not any(fields):
            continue
        if len(fields) > n_columns and not any(fields[n_columns:]):
            del fields[n_columns:]
        fault = None
        if len(fields) != n_columns or not is_whole:
            shown = layout.delimiter.join(fields)
            at = layout.names[min(len(fields) if is_whole else _opened(fields), n_columns - 1)]
            other = _other_delimiter(shown, layout) if is_whole else None
            remedy = _width_remedy(layout, len(fields), other) if is_whole else _QUOTES
            fields = fields_of(shown, other) if other else fields
            if len(fields) == 1:
                fail(line, at, shown, "wrong_number_of_fields", remedy)
                continue
            fault = {"field": at, "found": shown, "rule": "wrong_number_of_fields", "remedy": remedy}
            fields += [""] * (n_columns - len(fields))
        numbers.append(line)
        faults.append(fault)
        for column, place in zip(columns, places, strict=True):
            column.append(fields[place] or None)
    data = {str(p): pl.Series(column, dtype=pl.String) for p, column in zip(places, columns, strict=True)}
    rows = pl.DataFrame({"row": pl.Series(numbers, dtype=pl.UInt32), **data})
    if any(faults):
        rows = rows.with_columns(pl.Series("fault", faults, dtype=FAULT))
    return rows, pl.DataFrame(broken, schema=VIOLATIONS.schema, orient="row")


def _lines(
    raw: bytes, first: int, layout: TextLayout, fail: Callable[[int, str, str, str, str], None]
) -> Iterator[tuple[int, str]]:
    """Yield the lines of a block; those that hold a zero or are not UTF-8 are reported and left out."""
    for number, line in enumerate(raw.removesuffix(b"\n").split(b"\n"), start=first):
        try:
            text = line.decode()
            place, what, remedy = line.find(b"\0"), "0", _NO_ZEROS
        except UnicodeDecodeError as error:
            place, what, remedy = error.start, "not UTF-8", f"{_AS_UTF8}'cp1252'."
        if place < 0:
            yield number, text.removesuffix("\r") + "\n"
            continue
        at = min(line[:place].count(layout.delimiter.encode()), len(layout.names) - 1)
        found = line[max(place - 20, 0) : place + 20].decode("utf-8", "backslashreplace").replace("\0", "\\0")
        remedy = f"Byte {place + 1} of the line is {what}. {remedy}"
        fail(number, layout.names[at], found, "wrong_encoding", remedy)


def _opened(fields: Sequence[str]) -> int:
    """Return the place of the field whose quotation isn't closed in its line."""
    is_open = (field.startswith('"') and (field == '"' or not field.endswith('"')) for field in fields)
    return next((place for place, found in enumerate(is_open) if found), len(fields))


def _other_delimiter(line: str, layout: TextLayout) -> str | None:
    """Return the delimiter by which a line would have as many fields as the header."""
    others = (other for other in DELIMITERS if other != layout.delimiter)
    return next((other for other in others if len(fields_of(line, other)) == len(layout.names)), None)


def _width_remedy(layout: TextLayout, n_fields: int, other: str | None) -> str:
    said = f"The table has {len(layout.names)} columns, this line {n_fields}"
    if other is not None:
        return f"{said}: its delimiter is a {_called(other)}, the header's a {_called(layout.delimiter)}."
    return f"{said}; mend it, or ask for the file again if it breaks off here."


def _called(delimiter: str) -> str:
    return DELIMITERS.get(delimiter, repr(delimiter))


def _require_text(name: str, head: bytes, encoding: str) -> None:
    if encoding != "utf-8":
        return
    if head.startswith(_UTF16):
        raise InputFileError(f"{name} is UTF-16, not UTF-8.", remedy=f"{_AS_UTF8}'utf-16'.")
    if b"\0" in head and _is_binary(head):
        at = head.index(b"\0")
        raise InputFileError(
            f"{name} is binary, not text: byte {at + 1}, in row {head[:at].count(10) + 1}, is 0.",
            remedy="Give CSV or Parquet; save workbooks as CSV, and keep the ending of archives.",
        )
    if b"\r" in head and b"\n" not in head:
        raise InputFileError(f"{name}: its lines end in CR alone.", remedy="Save it with LF or CR LF.")


def _is_binary(head: bytes) -> bool:
    """Return whether the first line that isn't blank is none of a text; a zero below costs its line alone."""
    first = head.lstrip().partition(b"\n")[0]
    try:
        return "\0" in first.decode()
    except UnicodeDecodeError:
        return True


def _decoded(name: str, head: bytes, encoding: str) -> str:
    """Return the first lines; only the header must be in the encoding, rows are judged one by one."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)("strict" if encoding != "utf-8" else "replace")
        text = decoder.decode(head)
    except LookupError as error:
        raise InputFileError(f"{encoding!r} is no encoding.", remedy="Write 'cp1252', 'utf-16'.") from error
    except UnicodeError as error:
        raise _not_in(name, encoding, getattr(error, "start", 0)) from error
    if encoding == "utf-8":
        header = head.split(b"\n", 1)[0]
        try:
            header.decode()
        except UnicodeDecodeError as error:
            if len(header) < len(head) or error.end < len(head) - 4:
                raise _not_in(name, encoding, error.start) from error
    return text.removeprefix("\ufeff")


def _not_in(name: str, encoding: str, at: int) -> InputFileError:
    return InputFileError(
        f"{name} row 1: byte {at + 1} is not {encoding.upper()}."
        if encoding == "utf-8"
        else f"{name}: byte {at + 1} is not {encoding.upper()}.",
        remedy=f"{_AS_UTF8}'cp1252'.",
    )
