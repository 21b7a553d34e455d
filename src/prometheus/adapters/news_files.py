"""News in CSV and JSONL files, row by row: a file larger than memory streams through."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus.adapters.delimited_lines import DELIMITERS, records
from prometheus.adapters.delivered_files import DeliveredFile
from prometheus.domain.text.news import Columns, Fault, Row, cells, news_columns
from prometheus.kernel.errors import InputFileError

SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json")

NumberedRow = tuple[int, Row | Fault | None]
"""A line number, and what stands there: cells, a fault, or None for a row without any."""


class NewsFile:
    """The rows of one file.

    Parameters
    ----------
    file : DeliveredFile
    advance : callable
        Told how many bytes were read since the last time.

    Attributes
    ----------
    columns : Columns
        Which are read.

    Raises
    ------
    InputFileError
        If it is no text, or names no column for headlines or times.
    """

    def __init__(self, file: DeliveredFile, advance: Callable[[int], None] = lambda _: None) -> None:
        self.file = file
        self._advance = advance
        self._is_json = file.suffix in (".jsonl", ".ndjson", ".json")
        with file.open() as stream:
            head = stream.read(1 << 16)
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise InputFileError(f"{file.name} is UTF-16.", remedy="Save it as UTF-8.")
        if b"\x00" in head.lstrip().partition(b"\n")[0]:
            raise InputFileError(f"{file.name} is no text.", remedy="Give CSV or JSONL in UTF-8.")
        self._delimiter = ","
        self.columns = self._json_columns(head) if self._is_json else self._csv_columns()

    def rows(self) -> Iterator[NumberedRow]:
        """Yield all rows after the header."""
        return self._json_rows() if self._is_json else self._csv_rows()

    def _text(self, stream: Any) -> io.TextIOWrapper:
        return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")

    def _csv_columns(self) -> Columns:
        with self.file.open() as stream:
            lines = self._text(stream)
            header = next((line for line in lines if line.strip()), "")
        n_known = -1
        chosen: Columns | None = None
        failure: InputFileError | None = None
        for delimiter in DELIMITERS:
            headers = next(csv.reader([header], delimiter=delimiter))
            try:
                columns = news_columns(headers, file=self.file.name)
            except InputFileError as error:
                failure = failure or error
                continue
            if len(columns.chosen) > n_known:
                n_known, chosen, self._delimiter = len(columns.chosen), columns, delimiter
        if chosen is None:
            assert failure is not None
            raise failure
        return chosen

    def _csv_rows(self) -> Iterator[NumberedRow]:
        with self.file.open() as stream:
            lines = self._text(stream)
            headers: list[str] | None = None
            place = 0
            for line, values, is_whole in records(enumerate(lines, start=1), self._delimiter):
                if headers is None:
                    headers = values if any(value.strip() for value in values) else None
                    continue
                place = self._tell(stream, place)
                if not any(value.strip() for value in values):
                    yield line, None
                elif not is_whole:
                    yield line, Fault("headline", self._shown(values), "broken_quotes")
                elif len(values) != len(headers):
                    found = f"{len(values)} fields, {len(headers)} columns: {self._shown(values)}"
                    yield line, Fault("headline", found, "wrong_number_of_fields")
                else:
                    yield line, cells(self.columns, dict(zip(headers, values, strict=True)))

    def _shown(self, values: list[str]) -> str:
        return self._delimiter.join(values)[:80]

    def _tell(self, stream: Any, place: int) -> int:
        now = int(stream.tell())
        if now > place:
            self._advance(now - place)
        return now

    def _json_columns(self, head: bytes) -> Columns:
        failure = InputFileError(
            f"{self.file.name}: no line is a JSON object.", remedy="Give one JSON object a line."
        )
        for line in head.splitlines():
            found = _object(line.decode("utf-8-sig", "replace"))
            if found is not None:
                try:
                    return news_columns(list(found), file=self.file.name)
                except InputFileError as error:
                    failure = error
        raise failure

    def _json_rows(self) -> Iterator[NumberedRow]:
        by_keys: dict[tuple[str, ...], Columns | None] = {}
        with self.file.open() as stream:
            place = 0
            for number, line in enumerate(self._text(stream), start=1):
                place = self._tell(stream, place)
                if not line.strip():
                    yield number, None
                    continue
                found = _object(line)
                if found is None:
                    yield number, Fault("headline", line.strip()[:80], "not_json")
                    continue
                keys = tuple(found)
                if keys not in by_keys:
                    by_keys[keys] = self._columns_of(keys)
                columns = by_keys[keys]
                if columns is None:
                    yield number, Fault("headline", ", ".join(keys)[:80], "headline_missing")
                else:
                    yield number, cells(columns, {key: _said(value) for key, value in found.items()})

    def _columns_of(self, keys: tuple[str, ...]) -> Columns | None:
        try:
            return news_columns(keys, file=self.file.name)
        except InputFileError:
            return None


def _object(line: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _said(value: Any) -> str | None:
    """Return a JSON value as a cell: lists with commas, objects by their name, symbol or id."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, list):
        return ",".join(part for part in map(_said, value) if part)
    if isinstance(value, dict):
        return next((_said(value[key]) for key in ("symbol", "ticker", "name", "id") if value.get(key)), None)
    return str(value)
