"""Facts with a date: the latest holds, whatever the order, and none is lost."""

from __future__ import annotations

import copy
import itertools
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prometheus.domain.reference.histories import current_symbol, with_sighting, with_spans
from prometheus.domain.reference.observations import Origin, SymbolSpan
from prometheus.domain.reference.rules import row_faults
from prometheus.domain.reference.statements import stated_value

SAID = [
    ("2016-12-31", "Technology"),
    ("2018-01-08", "Information Technology"),
    ("2026-08-08", "Communication"),
]


def origin(day: str, *, source: str = "lists", is_dated: bool = True) -> Origin:
    return Origin("lists.csv", 2, source, date.fromisoformat(day), is_dated)


def told(order: Any) -> tuple[str | None, dict[str, Any]]:
    metadata: dict[str, Any] = {}
    holds: str | None = None
    for day, value in order:
        holds, _ = stated_value(metadata, "sector", value, origin(day), current=holds)
    return holds, metadata


def test_the_latest_holds_in_every_order() -> None:
    expected = told(SAID)
    assert expected[0] == "Communication"
    for order in itertools.permutations(SAID):
        assert told(order) == expected


@given(st.lists(st.sampled_from(SAID), min_size=1, max_size=8))
def test_saying_it_again_changes_nothing(order: list[tuple[str, str]]) -> None:
    holds, metadata = told(order)
    before = copy.deepcopy(metadata)
    for day, value in order:
        assert stated_value(metadata, "sector", value, origin(day), current=holds) == (holds, None)
    assert metadata == before


def test_what_differs_is_said_once_with_both_statements() -> None:
    _, metadata = told(SAID[:1])
    _, differs = stated_value(metadata, "sector", SAID[1][1], origin(SAID[1][0]), current=SAID[0][1])
    assert differs is not None
    assert (differs["later"]["as_of"], differs["earlier"]["as_of"]) == ("2018-01-08", "2016-12-31")


def test_a_value_without_a_statement_gives_way_and_is_kept() -> None:
    metadata: dict[str, Any] = {}
    holds, differs = stated_value(metadata, "sector", "Energy", origin("2016-12-31"), current="Oil")
    assert (holds, differs) == ("Energy", None)
    assert metadata["stated"]["sector"][0] == {"value": "Oil", "as_of": None, "source": None}


def test_an_undated_statement_is_of_its_delivery_and_the_last_word() -> None:
    metadata: dict[str, Any] = {}
    holds: str | None = None
    for value in ("Energy", "Oil", "Energy"):
        said = origin("2026-11-22", source="mine", is_dated=False)
        holds, _ = stated_value(metadata, "sector", value, said, current=holds)
        assert holds == value
    assert stated_value(metadata, "sector", "Old", origin("2018-01-08"), current=holds)[0] == "Energy"


def test_sightings_in_any_order_end_with_the_symbol_that_was_seen_last() -> None:
    days = [("FB", date(2016, 12, 31)), ("FB", date(2018, 1, 8)), ("META", date(2026, 8, 8))]
    for order in itertools.permutations(days):
        history: list[dict[str, Any]] = []
        for symbol, day in order:
            history = with_sighting(history, symbol, day)
        assert current_symbol(history, "FB") == "META"
        facebook = next(one for one in history if one["symbol"] == "FB")
        assert (facebook["seen"], facebook["seen_until"]) == ("2016-12-31", "2018-01-08")


def test_days_of_a_symbol_replace_what_had_none_and_keep_its_sightings() -> None:
    history = with_sighting([], "GOOGL", date(2018, 1, 8))
    spans = [
        SymbolSpan("GOOG", date(2004, 8, 19), date(2014, 4, 2)),
        SymbolSpan("GOOGL", date(2014, 4, 3), None),
    ]
    found = with_spans(history, spans)
    assert [(one["symbol"], one["first"], one["last"]) for one in found] == [
        ("GOOG", "2004-08-19", "2014-04-02"),
        ("GOOGL", "2014-04-03", None),
    ]
    assert found[1]["seen"] == "2018-01-08"
    assert with_spans(found, spans) == found
    assert current_symbol(found, "GOOG") == "GOOGL"


@pytest.mark.parametrize(
    ("row", "rules"),
    [
        ({"symbol": "A", "cik": "0001326801"}, []),
        ({"symbol": "A", "cik": "X1"}, ["not_a_cik"]),
        ({"symbol": "A", "added": "sometime"}, ["unparsable_date"]),
        ({"symbol": "A", "first": "2014-04-03", "last": "2014-04-02"}, ["last_before_first"]),
        ({"symbol": "A", "first": "2014-04-03", "last": "2014-04-03"}, []),
    ],
)
def test_rules_of_identifiers_and_days(row: dict[str, str], rules: list[str]) -> None:
    assert [fault.rule for fault in row_faults(row)] == rules
