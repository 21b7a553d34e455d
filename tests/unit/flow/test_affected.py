"""Which rows a change can reach follows from what the steps read."""

from __future__ import annotations

from prometheus.domain.market.factors import REACH
from prometheus.flow.affected import Change, affected
from prometheus.flow.graph import graph_of
from prometheus.pipeline import default_configs, derivation_steps

STEPS = derivation_steps()
GRAPH = graph_of(STEPS, default_configs(STEPS))
ONE = frozenset({"US_EQ:ALFA"})


def test_a_bar_reaches_as_far_as_the_windows_that_hold_it_on_every_way() -> None:
    found = affected(GRAPH, [Change(1000, 1000, ONE)], end=9999)
    assert {name: (span.first, span.last) for name, span in found.items()} == {
        "returns_daily": (1000, 1021),
        "volatility_daily": (1000, 1021 + 62),
        "factors_daily": (1000, 1000 + REACH - 1),
        "correlation_panels": (1000, 1021 + 251),
        "instrument_factors_daily": (1000, 1000 + REACH - 1 + 251),
    }


def test_steps_of_one_instrument_each_pass_the_instruments_on_and_others_touch_all() -> None:
    found = affected(GRAPH, [Change(1000, 1000, ONE)], end=9999)
    assert {name for name, span in found.items() if span.instruments == ONE} == {
        "returns_daily",
        "volatility_daily",
    }
    assert {span.instruments for name, span in found.items() if "factors" in name} == {None}


def test_nothing_is_affected_after_the_last_session_with_data() -> None:
    found = affected(GRAPH, [Change(1000, 1000)], end=1000)
    assert {(span.first, span.last) for span in found.values()} == {(1000, 1000)}
    assert len(found) == len(STEPS)


def test_profiles_reach_from_the_session_after_to_the_end_and_leave_returns_alone() -> None:
    found = affected(GRAPH, [Change(1000, 1000, table="profiles")], end=1500)
    assert {name: (span.first, span.last) for name, span in found.items()} == {
        "factors_daily": (1001, 1500),
        "instrument_factors_daily": (1001, 1500),
    }


def test_changes_of_one_table_count_together() -> None:
    other = frozenset({"US_EQ:BRAV"})
    found = affected(GRAPH, [Change(1000, 1002, ONE), Change(990, 995, other)], end=1100)
    span = found["returns_daily"]
    assert (span.first, span.last, span.instruments) == (990, 1023, ONE | other)


def test_a_change_of_what_no_step_reads_affects_nothing() -> None:
    assert affected(GRAPH, [Change(1000, 1000, table="filings")], end=1100) == {}
