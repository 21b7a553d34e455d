"""The year to a day is made from what was reported, or it is said what is missing."""

import numpy as np
import pandas as pd
import pytest

from prometheus.domain.profiles.books import Absent, Found
from tests.unit.profiles.reports import books_of, day, fact, report

ENDS = ("2014-03-31", "2014-06-30", "2014-09-30", "2014-12-31", "2015-03-31", "2015-06-30")


def quarters(values, ends=ENDS):
    return [report(end, 3, revenue=value, assets=1.0) for end, value in zip(ends, values, strict=False)]


def test_twelve_months_that_were_reported_are_the_year():
    books = books_of(report("2014-12-31", 12, revenue=100.0))
    assert books.year("revenue", day("2014-12-31")) == Found(100.0, day("2014-12-31"), (1,), is_year=True)


def test_four_quarters_are_a_year_and_name_their_four_filings():
    books = books_of(*quarters([10.0, 20.0, 30.0, 40.0, 11.0]))
    assert books.year("revenue", day("2015-03-31")) == Found(
        101.0, day("2015-03-31"), (2, 3, 4, 5), is_year=True
    )


def test_the_fourth_quarter_is_the_fiscal_year_less_its_first_nine_months():
    first_nine_months = [fact("revenue", 60.0, "2014-09-30", 9)]
    books = books_of(
        *quarters([10.0, 20.0, 30.0]),
        first_nine_months,
        report("2014-12-31", 12, revenue=100.0),
        report("2015-03-31", 3, revenue=11.0),
    )
    # The year to March 2015 can only be made with a fourth quarter of 100 - 60.
    assert books.year("revenue", day("2015-03-31")).value == pytest.approx(20.0 + 30.0 + 40.0 + 11.0)


def test_the_fourth_quarter_is_also_the_fiscal_year_less_its_three_quarters():
    books = books_of(
        *quarters([10.0, 20.0, 30.0]),
        report("2014-12-31", 12, revenue=100.0),
        report("2015-03-31", 3, revenue=11.0),
        report("2015-06-30", 3, revenue=22.0),
    )
    assert books.year("revenue", day("2015-06-30")).value == pytest.approx(30.0 + 40.0 + 11.0 + 22.0)


def test_a_10_q_with_comparatives_rolls_the_fiscal_year_on():
    """Apple's 10-Q for the nine months to 1 July 2023, and its 10-K for the year to 24 September 2022."""
    annual = report("2022-09-24", 12, revenue=394_328e6, net_income=99_803e6)
    nine_months = [
        fact("revenue", 293_787e6, "2023-07-01", 9),
        fact("revenue", 304_182e6, "2022-06-25", 9),
        fact("net_income", 74_039e6, "2023-07-01", 9),
        fact("net_income", 79_082e6, "2022-06-25", 9),
    ]
    books = books_of(annual, nine_months)
    revenue = books.year("revenue", day("2023-07-01"))
    assert revenue == Found(383_933e6, day("2023-07-01"), (1, 2), is_year=True)
    assert books.year("net_income", day("2023-07-01")).value == 94_760e6


def test_what_is_missing_is_said():
    books = books_of(*quarters([10.0, 20.0]), report("2014-12-31", 3, revenue=40.0))
    absent = books.year("revenue", day("2014-12-31"))
    assert isinstance(absent, Absent)
    assert absent.reason == "no revenue of the year to 2014-12-31: no quarter to 2014-10-01"
    assert books.year("op_income", day("2014-12-31")) == Absent("no op_income is reported")


def test_a_flow_whose_length_is_not_said_is_never_used():
    unsaid = {**fact("cash_flow_op", 50.0, "2014-06-30"), "months": None}
    books = books_of(quarters([10.0])[0], [unsaid])
    assert isinstance(books.year("cash_flow_op", day("2014-06-30")), Absent)


def test_a_restatement_replaces_what_was_known_of_its_period_only():
    books = books_of(
        report("2014-12-31", 12, revenue=100.0, assets=7.0),
        report("2015-12-31", 12, revenue=120.0, assets=8.0),
        report("2014-12-31", 12, revenue=90.0),
    )
    assert books.year("revenue", day("2014-12-31")) == Found(90.0, day("2014-12-31"), (3,), is_year=True)
    assert books.year("revenue", day("2015-12-31")).value == 120.0
    assert books.level("assets", day("2014-12-31")).value == 7.0


def test_fiscal_years_of_52_and_53_weeks_meet():
    books = books_of(report("2014-09-27", 12, revenue=100.0), report("2015-09-26", 12, revenue=120.0))
    assert books.year("revenue", day("2014-09-26")).value == 100.0
    assert isinstance(books.year("revenue", day("2014-11-30")), Absent)


def test_amounts_of_another_currency_are_left_out():
    books = books_of(report("2014-12-31", 12, assets=5.0, revenue=1.0))
    books.learn(2, [fact("revenue", 150.0, "2015-12-31", 12, unit="JPY")])
    assert isinstance(books.year("revenue", day("2015-12-31")), Absent)


@pytest.mark.parametrize("seed", range(30))
def test_a_year_that_can_be_made_is_the_rolling_sum_of_its_quarters(seed):
    """Against pandas, for issuers that report quarters, years to date and fiscal years, some of them lost."""
    draw = np.random.default_rng(seed)
    ends = pd.date_range("2011-03-31", periods=16, freq="QE")
    values = pd.Series(draw.normal(100.0, 40.0, len(ends)), index=ends)
    years = values.rolling(4).sum()
    to_date = values.groupby(ends.year).cumsum()
    facts = []
    for end in ends:
        months = 3 * ((end.month - 1) // 3 + 1)
        said = [(3, values[end])] if months < 12 else []
        said.append((months, to_date[end]))
        at = str(end.date())
        facts += [fact("revenue", value, at, length) for length, value in said if draw.random() < 0.8]
    books = books_of(facts)
    n_made = 0
    for end in ends[3:]:
        made = books.year("revenue", end.date())
        if isinstance(made, Found):
            n_made += 1
            assert made.value == pytest.approx(years[end], rel=1e-12)
    assert n_made > 0


def test_an_issuer_that_reports_everything_has_a_year_at_each_quarter():
    ends = pd.date_range("2012-03-31", periods=8, freq="QE")
    facts = [fact("revenue", 1.0, str(end.date()), 3) for end in ends if end.month < 12]
    facts += [fact("revenue", 4.0, str(end.date()), 12) for end in ends if end.month == 12]
    books = books_of(facts)
    assert [books.year("revenue", end.date()).value for end in ends[3:]] == [4.0] * 5
