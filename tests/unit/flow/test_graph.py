"""What comes before what follows from reads and writes; impossible graphs have named errors."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from prometheus.adapters.simulated_broker import SimulatedBroker
from prometheus.flow.graph import Edge, Graph, graph_of
from prometheus.flow.step import Completion, Read, Step
from prometheus.kernel.errors import GraphError, UndeclaredTableError
from prometheus.pipeline import default_configs, derivation_steps, engine_steps
from tests.unit.flow.steps_by_hand import OtherConfig, PlainConfig, step


def graph(*steps: Step) -> Graph:
    return graph_of(steps, {one.name: PlainConfig() for one in steps})


SCORES = step("scores", Read("prices_daily", ("close",)), writes=("instrument_scores",))
TARGETS = step("targets", Read("instrument_scores"), writes=("target_portfolios",))
REPORT = step("report", Read("target_portfolios"), writes=("portfolio_risk_reports",))


@pytest.mark.parametrize("order", list(itertools.permutations([SCORES, TARGETS, REPORT])))
def test_steps_are_sorted_whatever_order_they_come_in(order: tuple[Step, ...]) -> None:
    found = graph(*order)
    assert [one.name for one in found.steps] == ["scores", "targets", "report"]
    assert all(not group.is_chain for group in found.groups)


def test_a_lagged_read_back_makes_a_chain_of_all_steps_between() -> None:
    fills = step("fills", Read("orders", lag=1), writes=("fills",))
    orders = step("orders", Read("fills"), writes=("orders",))
    found = graph(orders, fills, SCORES)
    chain = next(group for group in found.groups if group.is_chain)
    assert [one.name for one in chain.steps] == ["fills", "orders"]
    assert Edge("orders", "fills", "orders", 1) in found.edges


def test_a_step_that_reads_its_own_table_of_the_session_before_is_a_chain_of_one() -> None:
    found = graph(step("memory", Read("regimes", lag=1), writes=("regimes",)))
    assert [group.is_chain for group in found.groups] == [True]


def test_a_step_that_carries_its_own_rows_is_called_once_for_many_dates() -> None:
    memory = replace(step("memory", Read("regimes", lag=1), writes=("regimes",)), carries_itself=True)
    (group,) = graph(memory).groups
    assert (group.is_chain, group.is_carried) == (False, True)


def test_rows_that_are_completed_in_writing_can_not_be_read_before() -> None:
    late = replace(
        step("late", writes=("fills", "positions_snapshots")),
        completion=Completion(("fills",), lambda tables, context: list(tables.values())),
    )
    graph(late, step("report", Read("positions_snapshots"), writes=("portfolio_risk_reports",)))
    with pytest.raises(GraphError, match="report reads fills, which late completes"):
        graph(late, step("report", Read("fills"), writes=("portfolio_risk_reports",)))


def test_a_chain_comes_after_all_that_feeds_it_and_before_all_that_it_feeds() -> None:
    fills = step("fills", Read("orders", lag=1), writes=("fills",))
    orders = step("orders", Read("fills"), Read("target_portfolios", lag=1), writes=("orders",))
    outcomes = step("outcomes", Read("fills"), writes=("decision_outcomes",))
    names = [one.name for one in graph(outcomes, orders, fills, TARGETS, SCORES).steps]
    assert names == ["scores", "targets", "fills", "orders", "outcomes"]


def test_a_cycle_within_a_session_is_refused_and_shown() -> None:
    one = step("one", Read("universes"), writes=("regimes",))
    two = step("two", Read("regimes"), writes=("universes",))
    with pytest.raises(GraphError, match=r"one -> two -> one|two -> one -> two"):
        graph(one, two)


def test_a_read_of_ones_own_table_of_the_same_session_is_refused() -> None:
    with pytest.raises(GraphError, match=r"memory reads its own regimes"):
        graph(step("memory", Read("regimes"), writes=("regimes",)))


def test_two_writers_of_a_table_are_refused_by_name() -> None:
    with pytest.raises(GraphError, match=r"instrument_scores has two writers, scores and rival"):
        graph(SCORES, step("rival", writes=("instrument_scores",)))


def test_a_missing_config_is_refused() -> None:
    with pytest.raises(GraphError, match=r"scores needs a PlainConfig, found NoneType"):
        graph_of([SCORES], {})


def test_a_config_of_another_step_is_refused() -> None:
    with pytest.raises(GraphError, match=r"scores needs a PlainConfig, found OtherConfig"):
        graph_of([SCORES], {"scores": OtherConfig()})


def test_tables_that_the_schema_does_not_have_are_refused() -> None:
    with pytest.raises(UndeclaredTableError, match=r"reads dreams"):
        graph(step("dreamer", Read("dreams")))
    with pytest.raises(UndeclaredTableError, match=r"writes dreams"):
        graph(step("dreamer", writes=("dreams",)))


def test_the_day_of_the_product_sorts_as_its_readers_expect() -> None:
    steps = engine_steps(SimulatedBroker())
    names = [one.name for one in graph_of(steps, default_configs(steps)).steps]
    for before, after in (
        ("fills", "target_portfolios"),
        ("instrument_scores", "target_portfolios"),
        ("universes", "target_portfolios"),
        ("target_portfolios", "orders"),
        ("orders", "decision_outcomes"),
    ):
        assert names.index(before) < names.index(after)
    derived = derivation_steps()
    assert [one.name for one in graph_of(derived, default_configs(derived)).steps] == [
        "returns_daily",
        "factors_daily",
        "volatility_daily",
        "correlation_panels",
        "instrument_factors_daily",
    ]
