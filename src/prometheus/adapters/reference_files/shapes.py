"""What kind of reference file a file is, of which day, from whom, and which of its columns say what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import Literal

from prometheus.adapters.delivered_files import DeliveredFile
from prometheus.adapters.reference_files.tables import Table
from prometheus.adapters.reference_files.words import (
    CHANGE_HEADERS,
    HEADERS,
    LIST_HEADERS,
    PRICE_HEADERS,
    SPAN_HEADERS,
)
from prometheus.domain.reference.rules import iso_date
from prometheus.kernel.errors import InputFileError

Preset = Literal["constituents", "securities", "listings", "memberships", "lean-map"]
Kind = Literal["table", "spans", "changes", "lists"]
N_LOOKED_AT = 50
"""Rows that tell whether a column holds dates."""
_DATE = re.compile(r"(?<!\d)(\d{4})[-_]?(\d\d)[-_]?(\d\d)(?!\d)")


@dataclass(frozen=True, slots=True)
class FileSummary:
    """What was seen of a file.

    Attributes
    ----------
    name, sha256 : str
    kind : str
    source : str
        Who is taken to say what it says.
    as_of : datetime.date
        The day that it describes.
    is_dated : bool
        Whether it says so itself.
    index : str or None
        The index that it is about.
    columns : mapping of str to str
        Column as we call it, to the header of the file.
    ignored : tuple of str
        Headers that say nothing to us.
    n_rows : int
    left_out : mapping of str to int
        Lines that name no instrument, by what they are: footnotes, test issues, a fund's cash.
    """

    name: str
    sha256: str
    kind: str
    source: str
    as_of: date
    is_dated: bool
    index: str | None
    columns: Mapping[str, str]
    ignored: tuple[str, ...]
    n_rows: int
    left_out: Mapping[str, int] = field(default_factory=dict)


def kind_of(file: DeliveredFile, table: Table, preset: Preset | None) -> tuple[Kind, dict[str, int]]:
    """Return the kind of a table and the places of its columns.

    Raises
    ------
    InputFileError
        If it has no column for the symbol, or is a file of prices.
    """
    lists = _places(table, LIST_HEADERS)
    if {"date", "symbols"} <= lists.keys() and "symbol" not in _places(table, HEADERS):
        return "lists", lists
    changes = _places(table, CHANGE_HEADERS)
    if {"date", "add", "remove"} <= changes.keys():
        return "changes", changes
    spans = _places(table, SPAN_HEADERS)
    others = _places(
        table, {k: v for k, v in HEADERS.items() if k not in ("first", "last", "added", "index")}
    )
    is_nothing_else = others.keys() <= {"symbol"}
    if others.keys() == {"symbol", "as_of"} and PRICE_HEADERS & set(table.names):
        raise InputFileError(
            f"{file.name} holds prices: it has {', '.join(table.headers)}.",
            remedy="`prometheus ingest prices` takes it; here give the files that say who is who.",
        )
    if {"symbol", "first"} <= spans.keys() and (
        preset == "memberships" or (preset is None and is_nothing_else and "end" in spans)
    ):
        return "spans", spans
    places = _places(table, HEADERS)
    if "symbol" not in places or preset == "memberships":
        needed = "'symbol' with a start date, or of dates, additions and removals"
        said = f"no column {needed if preset == 'memberships' else chr(39) + 'symbol' + chr(39)}"
        raise InputFileError(
            f"{file.name}: {said}; it has {', '.join(table.headers)}.",
            remedy=f"Known are {', '.join(HEADERS)}; for memberships {', '.join(SPAN_HEADERS)}, "
            f"{', '.join(CHANGE_HEADERS)}, or {', '.join(LIST_HEADERS)}.",
        )
    if _are_dates(table, places["symbol"]):
        raise InputFileError(
            f"{file.name} holds no symbols: under {table.headers[places['symbol']]!r} stand dates, as in"
            " tables of prices side by side.",
            remedy="`prometheus ingest prices` takes those; here give the files that say who is who.",
        )
    return "table", places


def _are_dates(table: Table, place: int) -> bool:
    """Return whether dates stand where symbols should, in all rows but one: yfinance's third header."""
    said = [texts[place] for _, texts in table.rows[:N_LOOKED_AT] if place < len(texts) and texts[place]]
    n_dates = sum(iso_date(text[:10]) is not None for text in said)
    return n_dates > 0 and n_dates >= len(said) - 1


def date_in(name: str) -> date | None:
    """Return the date in the name of a file, the last one.

    Examples
    --------
    >>> str(date_in("sp500_2018-01-08.csv")), date_in("changes_since_2019.csv")
    ('2018-01-08', None)
    """
    found = [iso_date("-".join(match.groups())) for match in _DATE.finditer(name)]
    return next((day for day in reversed(found) if day is not None), None)


def source_in(name: str) -> str:
    """Return who a file comes from by its name, without its date.

    Examples
    --------
    >>> source_in("reference/sp500_constituents_2018-01-08.csv")
    'sp500_constituents'
    """
    return _DATE.sub("", PurePosixPath(name).stem).strip("_- .") or PurePosixPath(name).stem


def _places(table: Table, headers: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Return where each column stands; the name that we use ourselves comes before a vendor's."""
    found: dict[str, int] = {}
    taken: set[int] = set()
    for column, others in headers.items():
        for name in (column, *others):
            place = next((i for i, n in enumerate(table.names) if n == name and i not in taken), None)
            if place is not None:
                found[column] = place
                taken.add(place)
                break
    return found
