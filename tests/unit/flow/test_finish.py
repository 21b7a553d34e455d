"""What the runner adds to rows and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from prometheus.flow.batch import Context
from prometheus.flow.finish import checked_updates, completed, finished
from prometheus.flow.json_records import JsonRecords
from prometheus.flow.rows import Coded, Rows
from prometheus.flow.step import Completion
from prometheus.kernel.errors import InvalidRowsError, UndeclaredTableError
from prometheus.kernel.ids import uuid_text
from tests.unit.flow.steps_by_hand import step

DECISIONS = {5: bytes(range(16)), 6: bytes(range(16, 32))}
WRITER = step("regimes", writes=("regimes",), advances=("orders",))


def regimes(**changes: object) -> Rows:
    columns: dict[str, object] = {
        "region": Coded(np.array([0, 1, 0]), ["US", "EU"]),
        "regime_label": "CALM",
        "confidence": np.array([0.5, 0.6, 0.7]),
    }
    columns.update(changes)
    key = Coded(np.array([0, 1, 0]), ["US", "EU"])
    return Rows("regimes", np.array([5, 5, 6]), columns, key)  # type: ignore[arg-type]


def test_rows_get_an_id_of_decision_and_key_and_the_decision_in_their_metadata() -> None:
    found = finished(regimes(), WRITER, DECISIONS)
    ids = {bytes(one) for one in found.columns["regime_record_id"]}  # type: ignore[union-attr]
    assert len(ids) == 3
    named = [json.loads(text)["decision_id"] for text in found.values("metadata")]
    assert named == [uuid_text(DECISIONS[day]) for day in (5, 5, 6)]


def test_the_same_rows_get_the_same_ids() -> None:
    first, second = (finished(regimes(), WRITER, DECISIONS) for _ in range(2))
    assert np.array_equal(first.columns["regime_record_id"], second.columns["regime_record_id"])  # type: ignore[arg-type]


def test_the_steps_own_metadata_stay() -> None:
    found = finished(regimes(metadata=['{"n": 1}', "{}", '{"n": 3}']), WRITER, DECISIONS)
    assert [json.loads(text).get("n") for text in found.values("metadata")] == [1, None, 3]
    assert all("decision_id" in json.loads(text) for text in found.values("metadata"))


def test_a_completion_gets_and_gives_the_tables_that_it_declares() -> None:
    seen: list[str] = []

    def rows(tables: Mapping[str, Rows], context: Context) -> list[Rows]:
        seen.extend(tables)
        return [replace(one, table=context.mode) for one in tables.values()]

    writer = replace(
        step("two", writes=("regimes", "fills", "orders")), completion=Completion(("fills", "orders"), rows)
    )
    parts = [regimes(), replace(regimes(), table="fills")]
    found = completed(parts, writer, Context("US_EQ", mode="orders"))
    assert (seen, [one.table for one in found]) == (["fills"], ["regimes", "orders"])
    with pytest.raises(UndeclaredTableError, match="two completed regimes"):
        completed(parts, writer, Context("US_EQ", mode="regimes"))


def test_a_number_that_is_not_finite_is_found_in_records_too() -> None:
    column = JsonRecords(("A",), ("weight",), [[0], [0]], [([0.5],), ([float("nan")],)])
    rows = Rows(
        "target_portfolios",
        np.array([5, 6]),
        {"strategy_id": "S", "portfolio_id": "P", "target_positions": column},
        Coded(np.zeros(2, dtype=np.int64), ["portfolio"]),
    )
    with pytest.raises(InvalidRowsError, match=r"target_positions is not finite in row 1, day 6"):
        finished(rows, step("targets", writes=("target_portfolios",)), DECISIONS)


def test_a_table_that_is_not_declared_is_refused_by_name() -> None:
    with pytest.raises(UndeclaredTableError, match=r"universes wrote regimes"):
        finished(regimes(), step("universes", writes=("universes",)), DECISIONS)
    with pytest.raises(UndeclaredTableError, match=r"regimes advances fills"):
        checked_updates(replace(regimes(), table="fills"), WRITER)


def test_a_day_outside_of_the_batch_is_refused() -> None:
    with pytest.raises(InvalidRowsError, match=r"day 6, which is not in the batch"):
        finished(regimes(), WRITER, {5: DECISIONS[5]})


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_refused_by_name(wrong: float) -> None:
    with pytest.raises(InvalidRowsError, match=r"regimes\.confidence is not finite in row 1, day 5"):
        finished(regimes(confidence=np.array([0.5, wrong, 0.7])), WRITER, DECISIONS)


def test_an_unknown_column_and_a_missing_one_are_refused_by_name() -> None:
    with pytest.raises(InvalidRowsError, match=r"regimes has no column mood"):
        finished(regimes(mood="good"), WRITER, DECISIONS)
    rows = regimes()
    with pytest.raises(InvalidRowsError, match=r"regimes lacks confidence"):
        finished(
            replace(rows, columns={k: v for k, v in rows.columns.items() if k != "confidence"}),
            WRITER,
            DECISIONS,
        )


def test_two_rows_of_one_key_within_a_decision_are_refused() -> None:
    rows = replace(regimes(), key=Coded(np.array([0, 0, 0]), ["US"]))
    with pytest.raises(InvalidRowsError, match=r"two rows of one key"):
        finished(rows, WRITER, DECISIONS)
