"""The lines of a delimited text, where a quotation that never ends costs its own line and no other."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
"""What cells may be separated by, and how it is called."""
LONGEST_RECORD = 1 << 20
"""Characters; a quotation that goes on for longer is taken as one that never ends."""


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
    n_cells = 0
    for line, cells, is_whole in records(enumerate(text.splitlines(keepends=True), start=1), delimiter):
        if any(cell.strip() for cell in cells):
            n_cells = n_cells or len(cells)
            yield line, cells, is_whole and len(cells) == n_cells


def records(
    lines: Iterable[tuple[int, str]],
    delimiter: str,
    *,
    n_cells: int = 0,
    is_strict: bool = True,
    is_prose: bool = True,
) -> Iterator[tuple[int, list[str], bool]]:
    r"""Yield where each record begins, its cells, and whether its quotations are whole.

    Parameters
    ----------
    lines : iterable of (int, str)
        Numbers and lines with their ends; they are read one by one.
    delimiter : str
    n_cells : int
        How many a record has; by default as many as the first that isn't blank.
    is_strict : bool
        Whether a quotation that ends before its field does is a slip within a line, too.
    is_prose : bool
        Whether quotations may hold lines with as many cells as a record. Where they may not, such a line
        is a record that a slip would have swallowed.

    Notes
    -----
    A record that leaves its line with another number of cells, or never ends, is a slip that costs its own
    line: its cells are those between delimiters, and reading goes on in the line after.

    Examples
    --------
    >>> list(records([(7, 'a,"b\n'), (8, 'c",d\n'), (9, 'e,"f\n')], ",", n_cells=3))
    [(7, ['a', 'b\nc', 'd'], True), (9, ['e', '"f'], False)]
    """
    csv.field_size_limit(max(csv.field_size_limit(), 2 * LONGEST_RECORD))
    read = _Lines(lines)
    reader = csv.reader(read, delimiter=delimiter, strict=is_strict)
    while True:
        read.taken.clear()
        read.is_cut = False
        try:
            cells = next(reader)
            is_whole = not read.is_cut
        except StopIteration:
            return
        except csv.Error:
            cells, is_whole = [], False
        taken = read.taken
        if len(taken) > 1 and is_whole:
            is_whole = len(cells) == n_cells and _is_record(taken, delimiter, n_cells, is_prose=is_prose)
        line, text = taken[0]
        if not is_whole:
            read.put_back()
            cells = text.rstrip("\r\n").split(delimiter)
        if not n_cells and any(cell.strip() for cell in cells):
            n_cells = len(cells)
        yield line, cells, is_whole


class _Lines(Iterator[str]):
    """The lines of one record after another, of which those after a slip can be put back."""

    def __init__(self, lines: Iterable[tuple[int, str]]) -> None:
        self._lines = iter(lines)
        self._again: deque[tuple[int, str]] = deque()
        self._n_held = 0
        self.taken: list[tuple[int, str]] = []
        self.is_cut = False

    def __next__(self) -> str:
        taken = self.taken
        if taken:
            self._n_held = (self._n_held if len(taken) > 1 else 0) + len(taken[-1][1])
        if taken and self._n_held > LONGEST_RECORD:
            self.is_cut = True
            raise StopIteration
        line = self._again.popleft() if self._again else next(self._lines, None)
        if line is None:
            self.is_cut = bool(taken)
            raise StopIteration
        taken.append(line)
        return line[1]

    def put_back(self) -> None:
        """Let all lines of the present record but its first be read again."""
        self._again.extendleft(reversed(self.taken[1:]))


def _is_record(taken: list[tuple[int, str]], delimiter: str, n_cells: int, *, is_prose: bool) -> bool:
    """Return whether the quotations of a record of several lines end with their fields, and swallow none."""
    texts = [text for _, text in taken]
    try:
        next(csv.reader(texts, delimiter=delimiter, strict=True))
        below = [] if is_prose else [next(csv.reader([text], delimiter=delimiter), []) for text in texts[1:]]
    except csv.Error:
        return False
    # A slip swallows whole records up to the quotes of another one; what a field holds ends with its tail.
    *inner, last = below or [[]]
    return len(last) != n_cells or all(len(cells) != n_cells for cells in inner)
