"""The lines of a text under a delimiter; one that can't be read costs itself and no other."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from prometheus.adapters.delimited_lines import records
from prometheus.adapters.reference_files.headers import MOST_LINES, is_header

Line = tuple[int, tuple[str, ...]]
"""Its number, and its texts without outer blanks."""
LONGEST_NOTE = 100
"""Lines that a note in quotes, such as a disclaimer below the rows, may go over."""
_CLOSE = "A quotation of this line doesn't end where its field does: close it, or take its quotes out."
_NO_ZEROS = "Take it out, or ask for the file again: it may have been damaged on its way."


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that can't be read.

    Attributes
    ----------
    line : int
    place : int
        Of the field that is broken, from 0.
    texts : tuple of str
        What stands between its delimiters.
    found, rule, remedy : str
        As in `VIOLATIONS`.
    """

    line: int
    place: int
    texts: tuple[str, ...]
    found: str
    rule: str
    remedy: str


def read_lines(text: str, delimiter: str, n_cells: int) -> tuple[list[Line], list[BrokenLine]]:
    r"""Return the lines of a text, and those that can't be read.

    Parameters
    ----------
    text : str
    delimiter : str
    n_cells : int
        How many fields a row has.

    Examples
    --------
    >>> lines, broken = read_lines('a,b\n1,"2\n3,4\n5,\0\n', ",", 2)
    >>> lines, [(one.line, one.rule) for one in broken]
    ([(1, ('a', 'b')), (3, ('3', '4'))], [(4, 'wrong_encoding'), (2, 'broken_quotes')])
    """
    kept: list[Line] = []
    broken: list[BrokenLine] = []
    numbered: list[tuple[int, str]] = []
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        at = line.find("\0")
        if at < 0:
            numbered.append((number, line))
            continue
        shown = line[max(at - 20, 0) : at + 20].rstrip("\r\n").replace("\0", "\\0")
        remedy = f"Character {at + 1} of the line is 0. {_NO_ZEROS}"
        texts = tuple(cell.strip() for cell in line.replace("\0", "").split(delimiter))
        place = line[:at].count(delimiter)
        broken.append(BrokenLine(number, place, texts, shown, "wrong_encoding", remedy))
    lines = _with_whole_notes(numbered, delimiter, n_cells)
    for number, cells, is_whole in records(lines, delimiter, n_cells=n_cells, is_prose=False):
        texts = tuple(cell.strip() for cell in cells)
        if not is_whole:
            place = next((i for i, cell in enumerate(texts) if _is_open(cell)), 0)
            broken.append(BrokenLine(number, place, texts, delimiter.join(cells), "broken_quotes", _CLOSE))
        elif any(texts) or (len(texts) > 1 and kept):
            kept.append((number, texts))
    return kept, broken


def width_of(lines: Sequence[str], delimiter: str, head: str) -> int:
    """Return how many columns the header names; ``head`` is its first line."""
    try:
        for cells in islice(csv.reader((f"{line}\n" for line in lines), delimiter=delimiter), MOST_LINES):
            if is_header([cell.strip() for cell in cells]):
                return len(cells)
        return len(next(csv.reader([head], delimiter=delimiter)))
    except csv.Error:
        return head.count(delimiter) + 1


def _is_open(cell: str) -> bool:
    """Return whether a field begins with quotes that don't end with it."""
    try:
        next(csv.reader([cell], strict=True, delimiter="\x1f"), [])
    except csv.Error:
        return True
    return False


def _with_whole_notes(
    lines: Sequence[tuple[int, str]], delimiter: str, n_cells: int
) -> Iterator[tuple[int, str]]:
    """Yield lines, a note in quotes over several of them as one: it is no row that misses fields."""
    place = 0
    while place < len(lines):
        number, line = lines[place]
        n_lines = _n_lines_of_note(lines, place, delimiter, n_cells)
        if n_lines > 1:
            parts = (text.strip("\r\n") for _, text in lines[place : place + n_lines])
            line = " ".join(parts) + "\n"
        yield number, line
        place += n_lines


def _n_lines_of_note(lines: Sequence[tuple[int, str]], place: int, delimiter: str, n_cells: int) -> int:
    """Return over how many lines a note goes that begins here; 1 where none does."""
    if n_cells < 2 or not lines[place][1].startswith('"'):
        return 1
    reader = csv.reader(
        (text for _, text in islice(lines, place, place + LONGEST_NOTE)), delimiter=delimiter, strict=True
    )
    try:
        cells = next(reader, [])
        inside = csv.reader(
            (text for _, text in lines[place + 1 : place + reader.line_num]), delimiter=delimiter
        )
        has_row = any(len(one) == n_cells and not _is_prose(one) for one in inside)
    except csv.Error:
        return 1
    return reader.line_num if len(cells) == 1 and " " in cells[0] and not has_row else 1


def _is_prose(cells: Sequence[str]) -> bool:
    """Return whether commas part a sentence, not fields: a blank is behind each of them."""
    return not any(cell[:1].strip() for cell in cells[1:])
