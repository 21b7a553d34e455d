"""What is wrong with a row that names an instrument."""

import doctest

import pytest

from prometheus.domain.reference import rules
from prometheus.domain.reference.rules import iso_date, row_faults


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"symbol": "A"}, []),
        ({"symbol": "A", "listed": "2013-02-08T00:00", "delisted": "2013-02-11", "asset_class": "etf"}, []),
        ({}, [("symbol", "missing_symbol")]),
        ({"symbol": "A", "listed": "08.02.2013"}, [("listed", "unparsable_date")]),
        (
            {"symbol": "A", "listed": "2013-02-08", "delisted": "2013-02-08"},
            [("delisted", "delisted_before_listed")],
        ),
        ({"symbol": "A", "asset_class": "OPTION"}, [("asset_class", "unknown_asset_class")]),
        ({"symbol": "A", "currency": "usd"}, [("currency", "not_a_currency")]),
        ({"symbol": "A", "country": "USA"}, [("country", "not_a_country")]),
        ({"symbol": "A", "exchange": "NYSE2"}, [("exchange", "not_an_exchange")]),
    ],
)
def test_a_row_says_each_field_that_breaks_a_rule_and_what_to_do(row, found):
    faults = row_faults(row)
    assert [(fault.field, fault.rule) for fault in faults] == found
    assert all(fault.remedy for fault in faults)


@pytest.mark.parametrize("text", ["", "2013-2-8", "2013-13-01", "2013-02-29", "0000-01-01", "2013-02-081"])
def test_what_is_no_day_of_the_calendar_is_no_date(text):
    assert iso_date(text) is None


def test_examples_in_the_docstrings_are_real():
    assert doctest.testmod(rules).failed == 0
