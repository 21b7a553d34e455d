"""Tests of the tests: a step that breaks a promise is found by the check of that promise, and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from prometheus.flow.step import Step
from tests.steps import contract, planted
from tests.steps.worlds import Pipeline, Worlds

Planting = Callable[[Step], Pipeline]


@pytest.fixture(scope="module")
def with_planted(pipeline: Pipeline) -> Planting:
    """Return the pipeline with one more step."""
    made: dict[str, Pipeline] = {}

    def planting(step: Step) -> Pipeline:
        if step.name not in made:
            made[step.name] = replace(pipeline, engines=(*pipeline.engines, step))
        return made[step.name]

    return planting


def future(worlds: Worlds, pipeline: Pipeline) -> contract.Broken:
    return contract.sees_no_future(worlds, pipeline, back=27, change=contract.scramble_after)


def batches(worlds: Worlds, pipeline: Pipeline) -> contract.Broken:
    return contract.equals_its_dates(worlds, pipeline, batch_sessions=contract.SHORT)


def order(worlds: Worlds, pipeline: Pipeline) -> contract.Broken:
    return contract.ignores_row_order(worlds, pipeline, pipeline.engines[-1].name)


CHECKS = {
    "future": future,
    "batches": batches,
    "tables": contract.touches_declared_tables,
    "order": order,
    "twice": contract.adds_nothing_twice,
}


def test_an_honest_planted_step_passes_every_check(worlds: Worlds, with_planted: Planting) -> None:
    found = {name: check(worlds, with_planted(planted.HONEST)) for name, check in CHECKS.items()}
    assert {name: broken for name, broken in found.items() if broken} == {}


def test_a_step_that_reads_tomorrow_is_found_by_changing_the_future(
    worlds: Worlds, with_planted: Planting
) -> None:
    found = future(worlds, with_planted(planted.READS_TOMORROW))
    assert set(found) == {"reads_tomorrow"}


def test_a_step_that_carries_a_running_sum_is_found_by_cutting_batches(
    worlds: Worlds, with_planted: Planting
) -> None:
    pipeline = with_planted(planted.RUNNING_SUM)
    assert set(batches(worlds, pipeline)) == {"running_sum"}
    assert future(worlds, pipeline) == {}


def test_a_step_that_counts_its_calls_is_found_by_cutting_batches(
    worlds: Worlds, with_planted: Planting
) -> None:
    assert set(batches(worlds, with_planted(planted.COUNTS_ITS_CALLS))) == {"counts_its_calls"}


def test_a_step_that_forgets_what_it_says_it_carries_is_found_by_cutting_batches(
    worlds: Worlds, with_planted: Planting
) -> None:
    assert set(batches(worlds, with_planted(planted.FORGETS))) == {"forgets"}


def test_a_step_that_writes_an_undeclared_table_is_refused_and_named(
    worlds: Worlds, with_planted: Planting
) -> None:
    found = contract.touches_declared_tables(worlds, with_planted(planted.UNDECLARED))
    assert set(found) == {"undeclared"}
    assert "macro_events" in found["undeclared"]


def test_a_step_that_depends_on_row_order_is_found_by_shuffling(
    worlds: Worlds, with_planted: Planting
) -> None:
    pipeline = with_planted(planted.ROW_ORDER)
    assert set(order(worlds, pipeline)) == {"row_order"}
    assert future(worlds, pipeline) == {}
    assert contract.adds_nothing_twice(worlds, pipeline) == {}
