"""Objects of records travel as numbers and read the same once they were stored."""

from __future__ import annotations

import json

import numpy as np
import pytest

from prometheus.flow.json_records import JsonRecords
from prometheus.flow.rows import Rows, joined
from prometheus.kernel.errors import InvalidRowsError

NAMES = ("A", 'B "quoted"', "C")
FIELDS = ("weight", "quantity")


def rows(day: int, places: list[int], weights: list[float], quantities: list[int]) -> Rows:
    column = JsonRecords(NAMES, FIELDS, [places], [(weights, quantities)])
    return Rows("target_portfolios", np.array([day]), {"target_positions": column})


TWO = joined([rows(1, [1, 2], [0.1, 1e-9], [3, 4]), rows(2, [0], [0.25], [5])])


def test_the_text_is_json_with_whole_numbers_kept_whole() -> None:
    texts = TWO.values("target_positions")
    assert [json.loads(text) for text in texts] == [
        {'B "quoted"': {"weight": 0.1, "quantity": 3}, "C": {"weight": 1e-9, "quantity": 4}},
        {"A": {"weight": 0.25, "quantity": 5}},
    ]
    assert '"quantity": 5}' in texts[1]


def test_stored_texts_give_the_same_records_as_the_column_that_made_them() -> None:
    bodies = [json.loads(text) for text in TWO.values("target_positions")]
    in_another_order = [json.dumps(dict(reversed(body.items()))) for body in bodies]
    stored = Rows(TWO.table, TWO.day, {"target_positions": in_another_order})
    for fields in (FIELDS, ("quantity",)):
        assert stored.records("target_positions", NAMES, fields) == TWO.records(
            "target_positions", NAMES, fields
        )


def test_rows_of_some_days_keep_their_own_records() -> None:
    assert TWO.on(2).values("target_positions") == TWO.values("target_positions")[1:]
    assert TWO.taken(np.array([True, False])).values("target_positions") == TWO.values("target_positions")[:1]


def test_a_key_outside_the_run_is_named_with_its_column() -> None:
    with pytest.raises(
        InvalidRowsError, match=r'target_portfolios\.target_positions: B "quoted" is not among the 1'
    ):
        TWO.records("target_positions", ("A",), FIELDS)
