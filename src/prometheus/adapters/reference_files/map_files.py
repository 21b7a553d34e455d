"""Map files of QuantConnect Lean: the symbols of one instrument, one file each, without headers.

Lines are ``yyyyMMdd,symbol[,exchange]``. The first date is the first day of the data, each other one the
last day under the symbol beside it; 20501231 stands for today. The file is called as the symbol that the
instrument had last; one whose symbol another instrument has had since is called ``fb.1.csv``.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import PurePosixPath

from prometheus.adapters.delivered_files import DeliveredFile
from prometheus.adapters.reference_files.places import EXCHANGES
from prometheus.adapters.reference_files.shapes import FileSummary
from prometheus.adapters.reference_files.tables import text_of
from prometheus.domain.reference.observations import Life, Origin, SymbolSpan
from prometheus.domain.reference.rules import iso_date
from prometheus.domain.reference.spelling import spelled
from prometheus.kernel.errors import InputFileError

BEGIN_OF_DATA = date(1998, 1, 2)
"""Lean's data of US equities begin here: a first date that is this day says nothing of the listing."""
STILL = date(2050, 12, 31)
_LINE = re.compile(r"(\d{8}),([^,]+)(?:,(\w*))?,?")
_FORMER = re.compile(r"\.\d+$")


def is_map_file(raw: bytes) -> bool:
    """Return whether bytes begin as a map file does."""
    first = raw[:80].decode("utf-8", errors="replace").lstrip("\ufeff").splitlines()
    return bool(first) and _LINE.fullmatch(first[0].strip()) is not None


def life_of(file: DeliveredFile, summary: FileSummary) -> tuple[Life, int]:
    """Return the life in a map file, and its number of lines.

    Raises
    ------
    InputFileError
        If a line is not of this shape, or the dates don't ascend.
    """
    with file.open() as stream:
        lines = text_of(file.name, stream.read()).splitlines()
    read: list[tuple[date, str, str | None]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found = _LINE.fullmatch(line.strip())
        text = found.group(1) if found else ""
        day = iso_date(f"{text[:4]}-{text[4:6]}-{text[6:]}")
        if found is None or day is None or (read and day < read[-1][0]):
            raise InputFileError(
                f"{file.name} line {number}: {line.strip()!r} is no line of a map file.",
                remedy="Expected yyyyMMdd,symbol,exchange with ascending dates.",
            )
        read.append((day, spelled(found.group(2).strip().upper()), found.group(3)))
    listed = read[0][0] if read[0][0] != BEGIN_OF_DATA else None
    spans: list[SymbolSpan] = []
    first = listed
    for day, symbol, _ in read[1:] or read:
        last = None if day >= STILL else day
        if spans and spans[-1].symbol == symbol:
            spans[-1] = SymbolSpan(symbol, spans[-1].first, last)
        else:
            spans.append(SymbolSpan(symbol, first, last))
        first = date.fromordinal(day.toordinal() + 1)
    key = PurePosixPath(file.member).stem
    facts = {"identifiers.LEAN": key.lower()}
    exchange = EXCHANGES.get((read[-1][2] or "").upper())
    if exchange is not None:
        facts["exchange"] = exchange
    if listed is not None:
        facts["listed"] = str(listed)
    origin = Origin(summary.name, 1, summary.source, summary.as_of, summary.is_dated)
    return Life(origin, key.lower(), tuple(spans), bool(_FORMER.search(key)), facts), len(read)
