"""The lines of a delimited text, where a quotation that never ends costs its own line and no other."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice

DELIMITERS = (",", ";", "\t", "|")


def delimiter_of(text: str) -> str | None:
    """Return the delimiter of which the first line that isn't blank holds most; None where it holds none."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    found = max(DELIMITERS, key=first.count)
    return found if first.count(found) else None


def delimited_lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str], bool]]:
    r"""Yield the number of each line that isn't blank, its cells, and whether they can be trusted.

    Parameters
    ----------
    text : str
        The first line that isn't blank says how many cells a line has.
    delimiter : str

    Notes
    -----
    A field in quotes may go over several lines. One that leaves its line with another number of cells
    than the first, or never ends, is taken as a slip: reading goes on in the line after.

    Examples
    --------
    >>> list(delimited_lines('a,b\n1,"2\n3,4', ","))
    [(1, ['a', 'b'], True), (2, ['1', '"2'], False), (3, ['3', '4'], True)]
    """
    lines = text.splitlines(keepends=True)
    at = 0
    n_cells = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
            continue
        cells, n_lines = _record(lines, at, delimiter)
        is_whole = cells is not None and (n_lines == 1 or len(cells) == n_cells)
        kept = cells if is_whole and cells is not None else line.rstrip("\r\n").split(delimiter)
        n_cells = n_cells or len(kept)
        if any(cell.strip() for cell in kept):
            yield at + 1, kept, is_whole and len(kept) == n_cells
        at += n_lines if is_whole else 1


def _record(lines: list[str], at: int, delimiter: str) -> tuple[list[str] | None, int]:
    """Return the cells of the record that begins in a line, None if it is broken, and its number of lines."""
    if '"' not in lines[at]:
        return lines[at].rstrip("\r\n").split(delimiter), 1
    reader = csv.reader(islice(lines, at, None), delimiter=delimiter, strict=True)
    try:
        return next(reader), reader.line_num
    except csv.Error:
        return None, 1
