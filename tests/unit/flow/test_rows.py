"""Rows: columns of equal length, days in order, and joins that keep every value."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prometheus.flow.rows import Coded, JsonFloats, Rows, joined
from prometheus.kernel.errors import InvalidRowsError

IDS = ("A", "B", "C")


def rows(days: list[int], codes: list[int] | None = None, **columns: object) -> Rows:
    instruments = Coded(np.array(codes or [0] * len(days), dtype=np.int64), IDS)
    return Rows("orders", np.array(days, dtype=np.int64), {"instrument_id": instruments, **columns})  # type: ignore[dict-item]


def test_a_column_of_another_length_is_refused_by_name() -> None:
    with pytest.raises(InvalidRowsError, match=r"orders\.quantity: expected 2 values, one a row, found 3"):
        rows([1, 1], quantity=[1, 2, 3])


def test_days_out_of_order_are_refused() -> None:
    with pytest.raises(InvalidRowsError, match=r"order of their days"):
        rows([2, 1])


def test_on_returns_the_rows_of_a_span_both_ends_included() -> None:
    found = rows([1, 2, 2, 4, 7], quantity=[10, 20, 21, 40, 70])
    assert found.on(2).values("quantity") == [20, 21]
    assert found.on(2, 4).values("quantity") == [20, 21, 40]
    assert found.on(3).values("quantity") == []
    assert found.on(0, 9) is found


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), max_size=30), st.integers(0, 9))
def test_cutting_rows_by_day_and_joining_them_again_keeps_them(
    given_rows: list[tuple[int, int]], cut: int
) -> None:
    ordered = sorted(given_rows)
    whole = rows([d for d, _ in ordered], [c for _, c in ordered], quantity=list(range(len(ordered))))
    again = joined([whole.on(0, cut), whole.on(cut + 1, 9)])
    assert again.values("quantity") == whole.values("quantity")
    assert again.values("instrument_id") == whole.values("instrument_id")
    assert again.day.tolist() == whole.day.tolist()


def test_joining_codes_of_unlike_lists_keeps_the_texts_and_the_nulls() -> None:
    first = Rows("orders", np.array([1, 1]), {"side": Coded(np.array([0, -1]), ["BUY"])})
    second = Rows("orders", np.array([2, 2]), {"side": Coded(np.array([0, 1]), ["SELL", "BUY"])})
    assert joined([first, second]).values("side") == ["BUY", None, "SELL", "BUY"]


def test_joining_scalars_that_differ_gives_one_value_a_row() -> None:
    first = Rows("orders", np.array([1, 1]), {"status": "PENDING"})
    second = Rows("orders", np.array([2]), {"status": "FILLED"})
    assert joined([first, second]).values("status") == ["PENDING", "PENDING", "FILLED"]


def test_joining_skips_parts_without_rows() -> None:
    empty = Rows("orders", np.zeros(0, dtype=np.int64), {})
    found = rows([3], quantity=[Decimal("1.5")])
    assert joined([empty, found, empty]) is found
    assert len(joined([empty, empty])) == 0


def test_a_panel_places_rows_by_day_and_instrument_and_leaves_the_rest_nan() -> None:
    found = rows([1, 1, 3, 5], [0, 2, 1, 0], quantity=[Decimal(10), None, Decimal("30.5"), Decimal(50)])
    panel = found.panel("quantity", days=np.array([1, 2, 3]), n_assets=3)
    np.testing.assert_array_equal(panel, [[10.0, np.nan, np.nan], [np.nan] * 3, [np.nan, 30.5, np.nan]])


def test_taken_takes_every_kind_of_column_alike() -> None:
    found = Rows(
        "instrument_scores",
        np.array([1, 1, 2]),
        {
            "score": np.array([0.1, 0.2, 0.3]),
            "signal_label": Coded(np.array([0, 1, 0]), ["BUY", "HOLD"]),
            "alpha_components": JsonFloats(("a",), np.array([[1.0], [2.0], [3.0]])),
            "quantity": [1, 2, 3],
            "strategy_id": "S",
        },
        key=Coded(np.array([0, 1, 2]), IDS),
    )
    for index in (slice(1, 3), np.array([1, 2]), np.array([False, True, True])):
        part = found.taken(index)
        assert part.values("score") == [0.2, 0.3]
        assert part.values("signal_label") == ["HOLD", "BUY"]
        assert part.values("quantity") == [2, 3]
        assert part.values("strategy_id") == ["S", "S"]
        assert part.columns["alpha_components"].values.tolist() == [[2.0], [3.0]]  # type: ignore[union-attr]
        assert part.key is not None
        assert part.key.texts() == ["B", "C"]


def test_a_column_that_is_not_coded_has_no_codes() -> None:
    with pytest.raises(InvalidRowsError, match=r"orders\.quantity is not a coded column"):
        rows([1], quantity=[1]).codes("quantity")
