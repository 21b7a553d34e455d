"""The files of a reference delivery, read: what each is taken for, and all that they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import polars as pl

from prometheus.adapters.delivered_files import DeliveredFile, delivered_files
from prometheus.adapters.reference_files.dates import iso_days
from prometheus.adapters.reference_files.instruments import observations_of
from prometheus.adapters.reference_files.map_files import is_map_file, life_of
from prometheus.adapters.reference_files.memberships import index_changes, index_lists, index_spans
from prometheus.adapters.reference_files.shapes import FileSummary, Preset, date_in, kind_of, source_in
from prometheus.adapters.reference_files.tables import SUFFIXES, Table, table_of
from prometheus.adapters.reference_files.words import index_in
from prometheus.domain.reference.observations import IndexSpan, Life, Observation
from prometheus.domain.reference.rules import iso_date
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.violations import VIOLATIONS

INDEX_PRESETS = ("constituents", "memberships")
DAYS = frozenset(("added", "as_of", "date", "delisted", "end", "first", "last", "listed"))
READERS = {"spans": index_spans, "changes": index_changes, "lists": index_lists}


@dataclass(frozen=True, slots=True)
class Choices:
    """What the caller settles: None leaves it to the file.

    Attributes
    ----------
    preset : Preset, optional
    source : str, optional
        Who the files come from; by default each is called by its name without the date.
    as_of : datetime.date, optional
        The day that the files describe; by default the date in a file's name, else the latest day that a
        file tells of an index, else ``today``, the day of delivery.
    index : str, optional
        The index that the files are about; by default the one in a file's name.
    today : datetime.date
    """

    preset: Preset | None
    source: str | None
    as_of: date | None
    index: str | None
    today: date


@dataclass(frozen=True, slots=True)
class ReferenceDelivery:
    """All that the files of a delivery say.

    Attributes
    ----------
    files : list of FileSummary
    lives : list of Life
    tables : list of list of Observation
        One a file, in the order of the days that they describe.
    spans : list of IndexSpan
    violations : polars.DataFrame
    """

    files: list[FileSummary] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)
    tables: list[list[Observation]] = field(default_factory=list)
    spans: list[IndexSpan] = field(default_factory=list)
    violations: pl.DataFrame = field(default_factory=lambda: VIOLATIONS)

    @property
    def n_rows(self) -> int:
        """All rows that came."""
        return sum(file.n_rows for file in self.files)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to take in."""
        return not (self.lives or self.spans or any(self.tables))


def reference_delivery(paths: Sequence[Path], choices: Choices) -> ReferenceDelivery:
    """Return what files say.

    Parameters
    ----------
    paths : sequence of Path
        Files, folders and archives.
    choices : Choices

    Raises
    ------
    InputFileError
        For the first file that can't be taken.
    """
    out = ReferenceDelivery()
    violations = [VIOLATIONS]
    files = list(delivered_files(paths, suffixes=SUFFIXES))
    named = {file.origin for file in files if file.member == "symbols.txt" and "!" in file.name}
    for file in files:
        if file.origin in named and file.member != "symbols.txt":
            continue  # prices and reports of a pystock archive, beside its list of symbols
        with file.open() as stream:
            head = stream.read(80)
        if choices.preset == "lean-map" or (choices.preset is None and is_map_file(head)):
            violations.append(_map_file(file, choices, out))
        else:
            violations.append(_table_file(file, choices, out))
    out.tables.sort(key=lambda rows: (rows[0].origin.as_of, rows[0].origin.file) if rows else (date.min, ""))
    return replace(out, violations=pl.concat(violations))


def _map_file(file: DeliveredFile, choices: Choices, out: ReferenceDelivery) -> pl.DataFrame:
    draft = _summary(file, choices, "lean-map", {}, (), 0, None)
    life, n_rows = life_of(file, draft)
    out.lives.append(life)
    out.files.append(_summary(file, choices, "lean-map", {}, (), n_rows, None))
    return VIOLATIONS


def _table_file(file: DeliveredFile, choices: Choices, out: ReferenceDelivery) -> pl.DataFrame:
    table = table_of(file)
    kind, places = kind_of(file, table, choices.preset)
    table = replace(table, rows=_with_iso_days(table, places))
    columns = {column: table.headers[place] for column, place in places.items()}
    ignored = tuple(h for i, h in enumerate(table.headers) if i not in places.values() and h)
    n_rows = len(table.rows) + table.violations.height
    named = kind if kind != "table" else choices.preset or "table"
    latest = table.as_of or _latest_day(table, places, kind)
    summary = _summary(file, choices, named, columns, ignored, n_rows, latest)
    summary = replace(summary, left_out=table.left_out)
    if kind == "table":
        observations, broken = observations_of(table, places, summary)
        for day in sorted({row.origin.as_of for row in observations}):
            out.tables.append([row for row in observations if row.origin.as_of == day])
    else:
        spans, broken = READERS[kind](table, places, summary)
        out.spans.extend(spans)
    out.files.append(summary)
    return pl.concat([table.violations, broken])


def _summary(
    file: DeliveredFile,
    choices: Choices,
    kind: str,
    columns: dict[str, str],
    ignored: tuple[str, ...],
    n_rows: int,
    latest: date | None,
) -> FileSummary:
    is_packed = file.name.partition("!")[2] == file.member
    archive = date_in(file.origin.name) if is_packed else None
    said = choices.as_of or date_in(file.member) or archive or latest
    if said is not None and said > choices.today:
        raise InputFileError(
            f"{file.name} is of {said}, after the day of its delivery.", remedy="Say of which day: --as-of."
        )
    is_of_index = choices.preset is None or choices.preset in INDEX_PRESETS
    return FileSummary(
        name=file.name,
        sha256=file.sha256,
        kind=kind,
        source=choices.source or ("lean" if kind == "lean-map" else source_in(file.member)),
        as_of=said or choices.today,
        is_dated=said is not None,
        index=choices.index or (index_in(file.member) if is_of_index else None),
        columns=columns,
        ignored=ignored,
        n_rows=n_rows,
    )


def _with_iso_days(table: Table, places: dict[str, int]) -> list[tuple[int, tuple[str, ...]]]:
    """Return the rows of a table with its days as ISO writes them."""
    rows = [(line, list(texts)) for line, texts in table.rows]
    for column, place in places.items():
        if column in DAYS:
            for (_, texts), day in zip(rows, iso_days([texts[place] for _, texts in rows]), strict=True):
                texts[place] = day
    return [(line, tuple(texts)) for line, texts in rows]


def _latest_day(table: Table, places: dict[str, int], kind: str) -> date | None:
    """Return the latest day of which a file tells something: it can't be older than that."""
    columns = {"spans": ("first", "end"), "changes": ("date",), "lists": ("date",)}.get(
        kind, ("added", "as_of")
    )
    days = [
        iso_date(texts[places[column]]) for column in columns if column in places for _, texts in table.rows
    ]
    return max((day for day in days if day is not None), default=None)
