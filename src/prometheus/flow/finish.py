"""What the runner adds to a step's rows, and what it checks, before they are stored."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from prometheus.flow.batch import Context
from prometheus.flow.json_records import JsonRecords
from prometheus.flow.rows import Coded, JsonFloats, Rows, is_scalar, joined
from prometheus.flow.step import Step
from prometheus.kernel.arrays import IntArray
from prometheus.kernel.errors import InvalidRowsError, UndeclaredTableError
from prometheus.kernel.ids import as_bytes_matrix, key_digests, row_ids, uuid_text
from prometheus.schema.tables import TABLES, TableSpec

_FILLED_BY_STORAGE = ("as_of_date", "trade_date")


def completed(parts: Iterable[Rows], step: Step, context: Context) -> tuple[Rows, ...]:
    """Return a batch's rows of one step, each table joined, with what its completion makes of them."""
    found = list(parts)
    tables = {
        table: joined([rows for rows in found if rows.table == table])
        for table in dict.fromkeys(rows.table for rows in found)
    }
    if step.completion is None:
        return tuple(tables.values())
    own = step.completion.tables
    made = step.completion.rows({name: rows for name, rows in tables.items() if name in own}, context)
    strange = [rows.table for rows in made if rows.table not in own]
    if strange:
        raise UndeclaredTableError(
            f"{step.name} completed {', '.join(strange)}, which its completion does not declare.",
            remedy="Declare it in the completion's tables; then no step may read it.",
        )
    return (*(rows for name, rows in tables.items() if name not in own), *made)


def finished(rows: Rows, step: Step, decisions: Mapping[int, bytes]) -> Rows:
    """Return rows with their ids and their decision, checked against the table's spec.

    Parameters
    ----------
    rows : Rows
        As the step gave them.
    step : Step
    decisions : mapping of int to bytes
        Decision id by day.

    Raises
    ------
    UndeclaredTableError
        For a table that the step does not write.
    InvalidRowsError
        For a day without a decision, an unknown or missing column, a number that is not finite, or two
        rows of one key in one decision.
    """
    if rows.table not in step.writes:
        raise UndeclaredTableError(
            f"{step.name} wrote {rows.table}, which it does not declare.", remedy="Declare it in its writes."
        )
    if not len(rows):
        return rows
    spec = TABLES[rows.table]
    columns = dict(rows.columns)
    if spec.natural:
        days, place = _days(rows, step, decisions)
        matrix = as_bytes_matrix([decisions[day] for day in days])
        columns[spec.key[0]] = _natural_ids(rows, matrix[place])
        columns["metadata"] = _with_decision(
            columns.get("metadata"), [uuid_text(decisions[day]) for day in days], place
        )
    else:
        _days(rows, step, decisions)
    out = Rows(rows.table, rows.day, columns)
    _check(out, spec, step)
    return out


def travelling(rows: Rows, step: Step, decisions: Mapping[int, bytes]) -> Rows:
    """Return rows as later steps read them: an engine output names its decision in its metadata."""
    if not len(rows) or not TABLES[rows.table].natural:
        return rows
    days, place = _days(rows, step, decisions)
    texts = [uuid_text(decisions[day]) for day in days]
    metadata = _with_decision(rows.columns.get("metadata"), texts, place)
    return Rows(rows.table, rows.day, {**rows.columns, "metadata": metadata}, rows.key)


def _days(rows: Rows, step: Step, decisions: Mapping[int, bytes]) -> tuple[list[int], IntArray]:
    """Return the days that rows are about, and for each row which of them is its own."""
    starts = np.concatenate([[True], rows.day[1:] != rows.day[:-1]])
    days = rows.day[starts].tolist()
    strange = [day for day in days if day not in decisions]
    if strange:
        raise InvalidRowsError(
            f"{step.name}: rows of {rows.table} on day {strange[0]}, which is not in the batch.",
            remedy="A step writes rows of its own dates only.",
        )
    return days, np.cumsum(starts) - 1


def _natural_ids(rows: Rows, decisions: np.ndarray[Any, np.dtype[np.uint8]]) -> Any:
    if rows.key is None:
        raise InvalidRowsError(
            f"{rows.table}: rows without a key.", remedy="Give Rows.key: what tells them apart."
        )
    texts = [v if isinstance(v, str) else "\x1f".join(v) for v in rows.key.values]
    digests = key_digests(texts, space=rows.table)
    pairs = rows.day * len(texts) + rows.key.codes
    is_ascending = bool((pairs[1:] > pairs[:-1]).all())
    if not is_ascending and len(np.unique(pairs)) != len(pairs):
        raise InvalidRowsError(
            f"{rows.table}: two rows of one key within one decision.", remedy="Keep one row a key."
        )
    return row_ids(decisions, digests[rows.key.codes])


def _with_decision(metadata: Any, texts: list[str], place: Any) -> Coded | list[str]:
    heads = [f'{{"decision_id": "{text}"' for text in texts]
    if metadata is None:
        return Coded(np.asarray(place, dtype=np.int64), [head + "}" for head in heads])
    given = metadata.texts() if isinstance(metadata, Coded) else metadata
    if isinstance(given, str):
        given = [given] * len(place)
    return [
        heads[p] + ("}" if text in (None, "{}") else ", " + text[1:])
        for p, text in zip(place.tolist(), given, strict=True)
    ]


def _check(rows: Rows, spec: TableSpec, step: Step) -> None:
    for name, column in rows.columns.items():
        if name not in spec.column_names:
            raise InvalidRowsError(
                f"{step.name}: {rows.table} has no column {name}.", remedy="Use the schema's words."
            )
        is_object = isinstance(column, JsonFloats)
        if isinstance(column, JsonRecords):
            _check_records(rows, name, column, step)
        values = column.values if isinstance(column, JsonFloats) else column
        if isinstance(values, np.ndarray) and values.dtype.kind == "f":
            may_miss = is_object or spec.column(name).nullable
            wrong = np.isinf(values) if may_miss else ~np.isfinite(values)
            if wrong.any():
                row = int(np.argwhere(wrong)[0][0])
                raise InvalidRowsError(
                    f"{step.name}: {rows.table}.{name} is not finite in row {row}, day {rows.day[row]}.",
                    remedy="Leave the row out, or mend the model.",
                )
    for needed in spec.columns:
        absent = needed.name not in rows.columns and needed.name not in _FILLED_BY_STORAGE
        if absent and needed.default is None and not needed.nullable:
            raise InvalidRowsError(
                f"{step.name}: {rows.table} lacks {needed.name}.",
                remedy="Give every column without a default.",
            )
        if not needed.nullable and needed.name in rows.columns and rows.columns[needed.name] is None:
            raise InvalidRowsError(
                f"{step.name}: {rows.table}.{needed.name} may not be null.", remedy="Give it a value."
            )


def _check_records(rows: Rows, name: str, column: JsonRecords, step: Step) -> None:
    for row, columns in enumerate(column.values):
        if not all(math.isfinite(math.fsum(values)) for values in columns):
            raise InvalidRowsError(
                f"{step.name}: {rows.table}.{name} is not finite in row {row}, day {rows.day[row]}.",
                remedy="Leave the key out, or mend the model.",
            )


def checked_updates(rows: Rows, step: Step) -> Rows:
    """Return updates as they are, or an error for a table that the step does not advance."""
    if rows.table not in step.advances:
        raise UndeclaredTableError(
            f"{step.name} advances {rows.table}, which it does not declare.",
            remedy="Declare it in its advances.",
        )
    if any(is_scalar(column) for column in rows.columns.values()):
        raise InvalidRowsError(f"{rows.table}: updates need one value a row.", remedy="Mend the step.")
    return rows
