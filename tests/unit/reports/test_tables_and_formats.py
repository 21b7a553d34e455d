from __future__ import annotations

import doctest
import importlib
import math
import pkgutil
from dataclasses import fields
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import prometheus.reports
from prometheus.maths.performance import Performance, performance
from prometheus.maths.relative import RelativePerformance
from prometheus.reports.formats import day, money, number, percent
from prometheus.reports.results_table import results_table
from prometheus.reports.statistics_rows import ROWS
from prometheus.reports.tables import monthly_table, table
from prometheus.reports.tear_sheet import tear_sheet_html
from prometheus.reports.thinning import thinned
from tests.unit.reports.sample_runs import idle_run, sample_run


def test_the_results_table_puts_strategy_and_benchmark_side_by_side() -> None:
    run = sample_run()
    assert run.benchmark_statistics is not None
    found = results_table([("momentum", run.statistics), ("S&P 500", run.benchmark_statistics)])
    assert found.header == ("", "momentum", "S&P 500")
    assert {len(row) for row in found.rows} == {3}
    lines = {row[0]: row[1:] for row in found.rows}
    assert lines["From"] == ("2015-01-30", "2015-01-30")
    assert lines["CAGR"] == (percent(run.statistics.cagr), percent(run.benchmark_statistics.cagr))
    assert lines["Beta"][0] != "–"
    assert lines["Beta"][1] == "–"


def test_lines_that_say_nothing_in_any_column_are_left_out() -> None:
    labels = [row[0] for row in results_table([("idle", idle_run().statistics)]).rows]
    assert "Total return" in labels
    assert not {"Sharpe", "Beta", "Calmar"} & set(labels)


def test_the_full_table_has_every_statistic_once() -> None:
    shown_keys = [row.key for row in ROWS]
    assert len(set(shown_keys)) == len(shown_keys)
    known = {field.name for part in (Performance, RelativePerformance) for field in fields(part)}
    framing = {"first_date", "last_date", "n_sessions", "best_day_date", "worst_day_date", "relative"}
    assert set(shown_keys) == known - framing
    run = sample_run()
    assert len(results_table([("x", run.statistics)], is_short=False).rows) == len(ROWS) + 2


@pytest.mark.parametrize(("n_days", "is_shown"), [(252, False), (253, True)])
def test_growth_a_year_is_shown_for_runs_of_a_year(n_days: int, is_shown: bool) -> None:
    run = sample_run(n_days)
    lines = {row[0]: row[1] for row in results_table([("x", run.statistics)], is_short=False).rows}
    assert ({"CAGR", "CAGR less benchmark's", "Calmar"} <= set(lines)) == is_shown
    assert math.isfinite(run.statistics.cagr)
    assert ("a year, against" in tear_sheet_html(run)) == is_shown
    assert ("in all, against" in tear_sheet_html(run)) != is_shown


def test_a_drawdown_that_is_still_open_says_so() -> None:
    run = sample_run()
    falling = performance(run.dates[:4], np.array([100.0, 90.0, 80.0, 85.0]))
    lines = dict(row for row in results_table([("x", falling)], is_short=False).rows)  # type: ignore[misc]
    assert lines["Recovered"] == "not yet"


def test_the_monthly_table_adds_up_to_the_year() -> None:
    run = sample_run()
    html = monthly_table(run)
    years = run.dates.astype("datetime64[Y]")
    last_of_2015 = run.equity[years == np.datetime64("2015")][-1]
    last_of_2016 = run.equity[years == np.datetime64("2016")][-1]
    assert f'<td class="n total">{percent(last_of_2016 / last_of_2015 - 1.0)}</td>' in html
    # A run that begins on the last session of January 2015 has no return for that month.
    assert html.count('<th scope="row">2015</th><td></td><td class="n') == 1


def test_texts_in_tables_are_escaped() -> None:
    assert "&lt;b&gt;" in table(("x",), [("<b>",)], caption="y")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_a_dash(value: float) -> None:
    assert (number(value), percent(value), money(value, "USD")) == ("–", "–", "–")


def test_nothing_is_minus_zero_and_signs_are_typographic() -> None:
    assert percent(-0.0001) == "0.0%"
    assert percent(-0.0123, is_signed=True) == "−1.2%"
    assert percent(0.0123, is_signed=True) == "+1.2%"
    assert money(-1234.6) == "−1,235"
    assert day(date(2024, 2, 29)) == "2024-02-29"


@settings(deadline=None)
@given(arrays(np.float64, st.integers(1, 400), elements=st.floats(-1e6, 1e6)), st.integers(1, 50))
def test_thinning_keeps_the_ends_and_the_extremes(values: np.ndarray, n_blocks: int) -> None:
    places = thinned(values, n_blocks)
    assert (places[0], places[-1]) == (0, values.size - 1)
    assert (np.diff(places) > 0).all()
    assert values[places].max() == values.max()
    assert values[places].min() == values.min()
    assert places.size <= 2 * n_blocks + 2


def test_a_run_without_costs_or_turnover_given_has_dashes_for_them() -> None:
    run = sample_run(300)
    bare = performance(run.dates, run.equity)
    labels = [row[0] for row in results_table([("bare", bare)], is_short=False).rows]
    assert not {"Costs, all", "Turnover a year, one way"} & set(labels)


@pytest.mark.parametrize("name", [m.name for m in pkgutil.iter_modules(prometheus.reports.__path__)])
def test_examples_in_the_docstrings_are_real(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"prometheus.reports.{name}")).failed == 0
