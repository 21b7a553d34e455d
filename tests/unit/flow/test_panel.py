"""Windows end at their date: nothing after it, nothing beyond what was declared, nothing to write to."""

from __future__ import annotations

import numpy as np
import pytest

from prometheus.flow.batch import Batch, Context, Panel
from prometheus.kernel.errors import LookAheadError, UndeclaredTableError
from tests.unit.selection.worlds import world

VALUES = np.arange(20.0).reshape(10, 2)
VALUES.flags.writeable = False


def panel(ends: list[int], *, sessions: int = 3) -> Panel:
    return Panel(VALUES, ends=np.array(ends, dtype=np.int64), sessions=sessions)


@pytest.mark.parametrize("ends", [[4, 5, 6], [4, 6, 9], [5]])
def test_at_and_windows_end_at_each_date(ends: list[int]) -> None:
    found = panel(ends)
    np.testing.assert_array_equal(found.at(), VALUES[ends])
    np.testing.assert_array_equal(found.at(2), VALUES[np.array(ends) - 2])
    np.testing.assert_array_equal(found.windows(), [VALUES[e - 2 : e + 1] for e in ends])
    np.testing.assert_array_equal(found.windows(2, back=1), [VALUES[e - 2 : e] for e in ends])


def test_history_gives_each_day_once_and_the_place_of_each_date() -> None:
    values, places = panel([4, 7]).history(3)
    np.testing.assert_array_equal(values, VALUES[2:8])
    assert places.tolist() == [2, 5]


@pytest.mark.parametrize("back", [-1, -5])
def test_looking_ahead_is_refused(back: int) -> None:
    with pytest.raises(LookAheadError, match=r"after it were asked for"):
        panel([5]).at(back)
    with pytest.raises(LookAheadError):
        panel([5]).windows(1, back=back)


def test_reaching_further_than_declared_is_refused() -> None:
    for ask in (
        lambda: panel([5]).at(3),
        lambda: panel([5]).windows(4),
        lambda: panel([5]).windows(3, back=1),
        lambda: panel([5]).history(4),
    ):
        with pytest.raises(LookAheadError, match=r"declares 3 sessions; 4 were asked for"):
            ask()


def test_nothing_that_a_panel_shows_can_be_written_to() -> None:
    found = panel([4, 5, 6])
    for shown in (found.at(), found.windows(), found.history(2)[0]):
        assert not shown.flags.writeable


def test_tables_and_columns_that_were_not_declared_are_refused_by_name() -> None:
    small = world(40, 3)
    batch: Batch = small.batch([], [30])
    with pytest.raises(UndeclaredTableError, match=r"prices_daily\.volume"):
        batch.panel("prices_daily", "volume")
    with pytest.raises(UndeclaredTableError, match=r"fills is not among the reads"):
        batch.rows("fills")


def test_a_context_names_what_a_decision_is_about() -> None:
    context = Context("US_EQ", "S", "P")
    assert context.context_id("market") == "US_EQ"
    assert context.context_id("strategy") == "S/US_EQ"
    assert context.context_id("portfolio") == "S/P"
