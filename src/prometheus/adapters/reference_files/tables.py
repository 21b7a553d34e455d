"""Small tables as texts: CSV of any delimiter, Parquet and JSON, with the line of each row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from prometheus.adapters.delimited_lines import DELIMITERS
from prometheus.adapters.delivered_files import DeliveredFile
from prometheus.adapters.reference_files.headers import (
    MOST_LINES,
    day_told,
    headerless,
    is_footnote,
    is_header,
    normalised,
    two_lined,
)
from prometheus.adapters.reference_files.lines import BrokenLine, Line, read_lines, width_of
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.violations import VIOLATIONS

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".json")
REMEDY = "Give CSV (UTF-8, a line with the names), Parquet or JSON files."


@dataclass(frozen=True, slots=True)
class Table:
    """A file as it stands: its headers, its rows by line, the lines that are no rows.

    Attributes
    ----------
    headers : tuple of str
        As the file writes them.
    rows : list of (int, tuple of str)
        Line and texts without outer blanks, one a header.
    violations : polars.DataFrame
    as_of : datetime.date or None
        The day that it says it is of, before or after its rows.
    left_out : dict of str to int
        Lines that are no rows of it, by what they are.
    """

    headers: tuple[str, ...]
    rows: list[tuple[int, tuple[str, ...]]]
    violations: pl.DataFrame
    as_of: date | None = None
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The headers in lower case, with ``_`` for everything that is no letter or digit."""
        return tuple(normalised(header) for header in self.headers)


def table_of(file: DeliveredFile) -> Table:
    """Return the rows of a file.

    Raises
    ------
    InputFileError
        If it is empty, has no rows, is not in UTF-8 or is not what its name says.
    """
    with file.open() as stream:
        raw = stream.read()
    reader = {".parquet": _parquet, ".json": _json}.get(file.suffix, _text)
    table = reader(file, raw)
    if not table.rows and table.violations.is_empty():
        raise InputFileError(f"{file.name} has no rows.", remedy=REMEDY)
    return table


def text_of(name: str, raw: bytes) -> str:
    """Return bytes as text.

    Raises
    ------
    InputFileError
        If they are empty, binary or not in UTF-8.
    """
    text = _decoded(name, raw)
    if "\0" in text:
        raise InputFileError(f"{name} is binary, not text.", remedy=REMEDY)
    return text


def _decoded(name: str, raw: bytes) -> str:
    """Return bytes as text, in which zeros may stand."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputFileError(
            f"{name} line {line} is not in UTF-8: byte {raw[error.start]:#04x}.", remedy="Save it as UTF-8."
        ) from error
    if not text.strip():
        raise InputFileError(f"{name} is empty.", remedy=REMEDY)
    return text


def _text(file: DeliveredFile, raw: bytes) -> Table:
    text = _decoded(file.name, raw)
    lines = [line for line in text.splitlines() if line.strip()]
    if "\0" in lines[0]:  # a zero below costs its line alone
        raise InputFileError(f"{file.name} is binary, not text.", remedy=REMEDY)
    lines = [line for line in lines if "\0" not in line]
    without = headerless(lines, file.member)
    head = _header_line(lines) if without is None else next(line for line in lines if line.strip())
    delimiter = max(DELIMITERS, key=head.count)
    n_cells = width_of(lines, delimiter, head) if without is None else len(without)
    cells, broken = read_lines(text, delimiter, n_cells)
    if without is not None:
        return _rows(file.name, without, cells, broken=broken)
    if not cells and not broken:
        raise InputFileError(f"{file.name} has no rows.", remedy=REMEDY)
    place = next((p for p, (_, texts) in enumerate(cells) if is_header(texts)), None)
    unread = next((one for one in broken if is_header(one.texts)), broken[0] if not cells else None)
    if place is None and unread is not None:
        raise InputFileError(
            f"{file.name} line {unread.line}, which names the columns, can't be read: {unread.found!r}.",
            remedy=unread.remedy,
        )
    place = place or 0
    begins, headers, rows = *cells[place], cells[place + 1 :]
    both = two_lined(headers, rows[0][1]) if rows else None
    if both is not None:
        headers, rows = both, rows[1:]
    below = [one for one in broken if one.line > begins]
    return _rows(file.name, headers, rows, [texts for _, texts in cells[:place]], below)


def _header_line(lines: list[str]) -> str:
    """Return the line that names columns under one of the delimiters, else the first that isn't blank."""
    filled = [line for line in lines[:MOST_LINES] if line.strip()]
    for line in filled:
        if any(is_header([c.strip(' "') for c in line.split(d)]) for d in DELIMITERS if d in line):
            return line
    return filled[0] if filled else next(line for line in lines if line.strip())


def _rows(
    name: str,
    headers: tuple[str, ...],
    lines: list[Line],
    preamble: Sequence[Sequence[str]] = (),
    broken: Sequence[BrokenLine] = (),
) -> Table:
    rest = list(lines)
    footnotes: list[str] = []
    while rest and (is_footnote(rest[-1][1], len(headers)) or (footnotes and not any(rest[-1][1]))):
        footnotes.append(rest.pop()[1][0])
    while preamble and rest and not any(rest[-1][1]):
        rest.pop()
    rows: list[Line] = []
    faults: list[tuple[int, tuple[object, ...]]] = [
        (one.line, (headers[min(one.place, len(headers) - 1)], one.found, one.rule, one.remedy))
        for one in broken
    ]
    for line, texts in rest:
        if len(texts) != len(headers):
            found, remedy = f"{len(texts)} fields", f"The header has {len(headers)}."
            faults.append((line, ("row", found, "wrong_number_of_fields", remedy)))
        else:
            rows.append((line, texts))
    told = [(name, line, None, None, *fault) for line, fault in sorted(faults, key=lambda one: one[0])]
    violations = pl.DataFrame(told, schema=VIOLATIONS.schema, orient="row")
    n_notes = sum(bool(note) for note in footnotes)
    return Table(
        headers, rows, violations, day_told(preamble, footnotes), {"footnote": n_notes} if n_notes else {}
    )


def _json(file: DeliveredFile, raw: bytes) -> Table:
    """Return the rows of a list or a mapping of records, or of ``fields`` with their ``data``.

    The last two are the shapes of the SEC's files of tickers.
    """
    try:
        found: Any = json.loads(text_of(file.name, raw))
    except json.JSONDecodeError as error:
        said = f"{error.msg} in line {error.lineno}"
        raise InputFileError(f"{file.name} is not JSON: {said}.", remedy="Fetch it again.") from error
    records: Any
    if isinstance(found, dict) and {"fields", "data"} <= found.keys():
        records = [dict(zip(found["fields"], row, strict=False)) for row in found["data"]]
    else:
        records = list(found.values()) if isinstance(found, dict) else found
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise InputFileError(
            f"{file.name} holds no records.", remedy="Expected a list of objects, one an instrument."
        )
    headers = tuple(dict.fromkeys(str(key) for record in records for key in record))
    rows = [
        (place, tuple("" if record.get(h) is None else str(record[h]).strip() for h in headers))
        for place, record in enumerate(records, start=1)
    ]
    return Table(headers, rows, VIOLATIONS)


def _parquet(file: DeliveredFile, raw: bytes) -> Table:
    try:
        table = pl.read_parquet(raw)
        texts = table.select(pl.all().cast(pl.String).str.strip_chars().fill_null(""))
    except PolarsError as error:
        said = str(error).strip().splitlines()[0]
        raise InputFileError(f"{file.name} is not the table its name says: {said}.", remedy=REMEDY) from error
    return Table(tuple(table.columns), list(enumerate(texts.iter_rows(), start=1)), VIOLATIONS)
