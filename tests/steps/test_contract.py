"""What every step gets for free: the contract, over all steps of the pipeline, on a real database.

A step that is added to `prometheus.pipeline` is tested here without a word about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import pytest

from prometheus.adapters.simulated_broker import SimulatedBroker
from prometheus.flow.batch import Assets
from prometheus.kernel import errors
from prometheus.pipeline import derivation_steps, engine_steps
from prometheus.schema.tables import TABLES
from prometheus.store.connections import Databases
from tests.steps import contract
from tests.steps.worlds import Pipeline, Worlds, stored

DERIVATIONS = tuple(step.name for step in derivation_steps())
ENGINES = tuple(step.name for step in engine_steps(SimulatedBroker()))
CHANGES = {"delete": contract.delete_after, "scramble": contract.scramble_after}

every_step = pytest.mark.parametrize("name", DERIVATIONS + ENGINES)
every_engine = pytest.mark.parametrize("name", ENGINES)


@pytest.fixture(scope="module")
def small(worlds: Worlds) -> Mapping[str, tuple[Databases, Assets]]:
    """Worlds in which there is nearly nothing."""
    return contract.small_worlds(worlds)


@pytest.fixture(scope="module")
def broken(worlds: Worlds, pipeline: Pipeline) -> Callable[..., contract.Broken]:
    """Return the steps that break a promise; each promise is tried once for all of them."""

    @cache
    def tried(promise: str, *about: object) -> contract.Broken:
        if promise == "twice":
            return contract.adds_nothing_twice(worlds, pipeline)
        if promise == "dates":
            return contract.equals_its_dates(worlds, pipeline)
        if promise == "batches":
            return contract.equals_its_dates(worlds, pipeline, batch_sessions=int(str(about[0])))
        if promise == "future":
            change, back = CHANGES[str(about[0])], int(str(about[1]))
            return contract.sees_no_future(worlds, pipeline, back=back, change=change)
        if promise == "stored order":
            return contract.ignores_stored_order(worlds, pipeline)
        return contract.touches_declared_tables(worlds, pipeline)

    return tried


def test_the_market_of_these_tests_makes_every_step_write_rows(worlds: Worlds, pipeline: Pipeline) -> None:
    databases = contract.whole_run(worlds, pipeline)
    found = stored(databases)
    empty = [t for step in pipeline.steps for t in step.writes if t in TABLES and not found[t]]
    assert empty == []
    orders = "".join(found["orders"])
    assert '"FILLED"' in orders
    assert '"EXPIRED"' in orders
    held = "".join(found["positions_snapshots"])
    for symbol in ("BRAV", "DELT", "JULI", "LIMA"):  # the split, the gaps, the delisting, the thin one
        assert f"US_EQ:{symbol}" in held


@every_step
def test_running_twice_adds_nothing(broken: Callable[..., contract.Broken], name: str) -> None:
    assert name not in broken("twice"), broken("twice")[name]


@every_step
def test_a_batch_equals_its_dates_one_by_one(broken: Callable[..., contract.Broken], name: str) -> None:
    assert name not in broken("dates"), broken("dates")[name]


@every_step
def test_batches_of_seven_sessions_equal_one_batch(broken: Callable[..., contract.Broken], name: str) -> None:
    found = broken("batches", contract.SHORT)
    assert name not in found, found[name]


@every_step
@pytest.mark.parametrize("change", sorted(CHANGES))
@pytest.mark.parametrize("back", [1, 27, 58])
def test_what_comes_after_a_date_changes_nothing_up_to_it(
    broken: Callable[..., contract.Broken], name: str, change: str, back: int
) -> None:
    found = broken("future", change, back)
    assert name not in found, found[name]


@every_step
def test_only_declared_tables_are_touched(broken: Callable[..., contract.Broken], name: str) -> None:
    found = broken("tables")
    assert name not in found, found[name]
    assert "nobody" not in found, found["nobody"]


@every_engine
def test_the_order_of_rows_within_a_day_changes_nothing(
    worlds: Worlds, pipeline: Pipeline, name: str
) -> None:
    found = contract.ignores_row_order(worlds, pipeline, name)
    assert found == {}


@every_step
def test_the_order_of_stored_rows_changes_nothing(broken: Callable[..., contract.Broken], name: str) -> None:
    found = broken("stored order")
    assert name not in found, found[name]


@every_step
@pytest.mark.parametrize("kind", ["no instrument", "no price", "one instrument"])
def test_where_there_is_nearly_nothing_the_result_is_empty_or_an_error_has_a_name(
    small: Mapping[str, tuple[Databases, Assets]], pipeline: Pipeline, name: str, kind: str
) -> None:
    said = contract.outcome_in(small[kind], pipeline, name)
    assert said in ("empty", "rows") or issubclass(getattr(errors, said), errors.PrometheusError)
    if kind == "no instrument" and name in DERIVATIONS:
        assert said == "empty"
