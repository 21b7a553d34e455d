"""Rows of one table, column by column, on their way between steps and storage.

A column is one of

- an ndarray of float64, int64, bool, datetime64[D] or datetime64[s], NaN and NaT for null;
- an ndarray of uint8 of shape (n_rows, 16): UUIDs;
- a `Coded`: whole numbers that point into a short list of texts (instrument ids, labels, repeated JSON);
- a `JsonFloats`: a JSON object of numbers for each row, one key a column of a matrix;
- a `JsonRecords`: a JSON object of records of numbers for each row;
- a list of str, Decimal or None;
- a single str, int, Decimal or None, the same for every row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any

import numpy as np

from prometheus.flow.json_records import JsonRecords, parsed
from prometheus.kernel.arrays import FloatArray, IntArray
from prometheus.kernel.errors import InvalidRowsError


@dataclass(frozen=True, slots=True)
class Coded:
    """Texts (or tuples of texts, for a column of arrays) by their place in a list; -1 is null."""

    codes: IntArray
    values: Sequence[Any]

    def __len__(self) -> int:
        return len(self.codes)

    def taken(self, index: Any) -> Coded:
        """Return the column at an index or under a mask."""
        return Coded(self.codes[index], self.values)

    def texts(self) -> list[Any]:
        """Return one text a row."""
        values = self.values
        return [values[c] if c >= 0 else None for c in self.codes.tolist()]


@dataclass(frozen=True, slots=True)
class JsonFloats:
    """A JSON object of finite numbers a row: ``names`` are its keys, ``values`` is (n_rows, n_names).

    A NaN leaves its key out of that row's object.
    """

    names: tuple[str, ...]
    values: FloatArray

    def __len__(self) -> int:
        return len(self.values)

    def taken(self, index: Any) -> JsonFloats:
        """Return the column at an index or under a mask."""
        return JsonFloats(self.names, self.values[index])


Scalar = str | int | float | Decimal | None
_SCALARS = (str, int, float, Decimal)
Column = np.ndarray[Any, Any] | Coded | JsonFloats | JsonRecords | list[Any] | Scalar


def is_scalar(column: Column) -> bool:
    """Return whether one value stands for all rows."""
    return column is None or isinstance(column, _SCALARS)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table in the order of their days.

    Attributes
    ----------
    table : str
        A table of the schema.
    day : ndarray of shape (n_rows,), int64
        Place on the run's axis of sessions, ascending.
    columns : mapping of str to column
        By the schema's column names.
    key : Coded, optional
        What tells rows of one decision apart; the runner makes the row ids from it. Needed for the
        tables whose row id is a UUID that the step does not make itself.
    """

    table: str
    day: IntArray
    columns: Mapping[str, Column]
    key: Coded | None = None

    def __post_init__(self) -> None:
        n = len(self.day)
        for name, column in self.columns.items():  # `is_scalar`, without a call for each of a million columns
            if column is not None and not isinstance(column, _SCALARS) and len(column) != n:
                raise InvalidRowsError(
                    f"{self.table}.{name}: expected {n} values, one a row, found {len(column)}.",
                    remedy="Mend the step that made the rows.",
                )
        if n > 1 and (self.day[1:] < self.day[:-1]).any():
            raise InvalidRowsError(
                f"{self.table}: rows must come in the order of their days.",
                remedy="Sort them by day in the step that made them.",
            )

    def __len__(self) -> int:
        return len(self.day)

    def taken(self, index: Any) -> Rows:
        """Return the rows at a slice, an index or under a mask; those of a slice share what they lie in."""
        key = None if self.key is None else self.key.taken(index)
        if isinstance(index, slice):  # a slice of good rows is good
            out = object.__new__(Rows)
            for name, value in (
                ("table", self.table),
                ("day", self.day[index]),
                ("columns", _Sliced(self.columns, index)),
                ("key", key),
            ):
                object.__setattr__(out, name, value)
            return out
        columns = {name: _taken(column, index) for name, column in self.columns.items()}
        return Rows(self.table, self.day[index], columns, key)

    def apart(self) -> Rows:
        """Return the rows with columns of their own, so that nothing else is kept in memory for them."""
        return Rows(self.table, self.day, dict(self.columns), self.key)

    def on(self, first: int, last: int | None = None) -> Rows:
        """Return the rows of the days from first to last, both included."""
        end = first if last is None else last
        if not len(self.day) or (self.day[0] >= first and self.day[-1] <= end):
            return self
        lo, hi = np.searchsorted(self.day, (first, end + 1)).tolist()
        return self.taken(slice(lo, max(lo, hi)))

    def codes(self, name: str) -> IntArray:
        """Return the places of a coded column."""
        column = self.columns[name]
        if not isinstance(column, Coded):
            raise InvalidRowsError(
                f"{self.table}.{name} is not a coded column.", remedy="Make it a `Coded` in its step."
            )
        return column.codes

    def floats(self, name: str) -> FloatArray:
        """Return a numeric column as float64; null is NaN."""
        column = self.columns[name]
        if isinstance(column, np.ndarray):
            return column.astype(np.float64, copy=False)
        if isinstance(column, list):
            return np.array([np.nan if v is None else float(v) for v in column], dtype=np.float64)
        raise InvalidRowsError(f"{self.table}.{name} is not numeric.", remedy="Read another column.")

    def values(self, name: str) -> list[Any]:
        """Return a column as a list of Python values, one a row."""
        return values_of(self.columns[name], len(self))

    def records(self, name: str, names: tuple[str, ...], fields: tuple[str, ...]) -> JsonRecords:
        """Return a column of JSON objects of records as numbers, whether it was stored meanwhile or not.

        See `JsonRecords` for the arguments; `InvalidRowsError` for a key that is not among the names.
        """
        column = self.columns[name]
        if isinstance(column, JsonRecords) and column.names is names:
            return column.only(fields)
        return parsed(self.values(name), names, fields, what=f"{self.table}.{name}")

    def panel(self, name: str, *, days: IntArray, n_assets: int) -> FloatArray:
        """Return a numeric column as an array of shape (n_days, n_assets), NaN where there is no row.

        Rows are placed by their ``instrument_id`` and their day.
        """
        out = np.full((len(days), n_assets), np.nan)
        if len(self) and len(days):
            place = np.searchsorted(days, self.day)
            inside = (place < len(days)) & (days[np.minimum(place, len(days) - 1)] == self.day)
            out[place[inside], self.codes("instrument_id")[inside]] = self.floats(name)[inside]
        return out


class _Sliced(Mapping[str, Column]):
    """Columns at a slice, each cut when it is asked for: a reader of a day's rows wants few of them."""

    __slots__ = ("_columns", "_index")

    def __init__(self, columns: Mapping[str, Column], index: slice) -> None:
        self._columns = columns
        self._index = index

    def __getitem__(self, name: str) -> Column:
        return _taken(self._columns[name], self._index)

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def _taken(column: Column, index: Any) -> Column:
    if isinstance(column, np.ndarray):
        return column[index]  # type: ignore[no-any-return]
    if isinstance(column, (Coded, JsonFloats, JsonRecords)):
        return column.taken(index)
    if isinstance(column, list):
        if isinstance(index, slice):
            return column[index]
        places = np.arange(len(column))[index]
        return [column[i] for i in places.tolist()]
    return column


def joined(parts: Iterable[Rows]) -> Rows:
    """Return rows of one table, of one shape of columns, put behind each other."""
    given = list(parts)
    found = [part for part in given if len(part.day)]
    if len(found) <= 1:
        return (found or given)[0]
    lengths = [len(part.day) for part in found]
    shared = set(found[0].columns).intersection(*(part.columns for part in found[1:]))
    columns = {
        name: _joined([part.columns[name] for part in found], lengths)
        for name in found[0].columns
        if name in shared
    }
    keys = [part.key for part in found]
    key = None if any(k is None for k in keys) else _joined(keys, lengths)
    return Rows(found[0].table, np.concatenate([part.day for part in found]), columns, key)


def _joined(columns: list[Any], lengths: list[int]) -> Any:
    first = columns[0]
    kinds = set(map(type, columns))
    if kinds == {list}:
        return list(chain.from_iterable(columns))
    if kinds == {np.ndarray}:
        return np.concatenate(columns)
    if kinds == {Coded}:
        return _joined_codes(columns)
    if kinds == {JsonFloats}:
        return JsonFloats(first.names, np.concatenate([column.values for column in columns]))
    if kinds == {JsonRecords}:
        return first.joined_with(columns[1:])
    if all(map(is_scalar, columns)) and all(column == first for column in columns):
        return first
    out: list[Any] = []
    for column, n in zip(columns, lengths, strict=True):
        out.extend(values_of(column, n))
    return out


def _joined_codes(columns: list[Coded]) -> Coded:
    first = columns[0]
    if all(column.values is first.values for column in columns):
        return Coded(np.concatenate([column.codes for column in columns]), first.values)
    values: dict[Any, int] = {}
    codes = []
    for column in columns:
        place = np.array([values.setdefault(v, len(values)) for v in column.values] or [0])
        codes.append(np.where(column.codes >= 0, place[column.codes], -1))
    return Coded(np.concatenate(codes), list(values))


def values_of(column: Column, n: int) -> list[Any]:
    """Return a column of n rows as a list of Python values."""
    if isinstance(column, (Coded, JsonRecords)):
        return column.texts()
    if isinstance(column, np.ndarray):
        return list(column) if column.ndim == 2 else column.tolist()
    if isinstance(column, JsonFloats):
        raise InvalidRowsError("Objects of numbers can't be read as values.", remedy="Read the matrix.")
    return list(column) if isinstance(column, list) else [column] * n
