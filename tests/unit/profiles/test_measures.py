"""A measure's value, its period, the filing it came from, or the reason why it is absent."""

import pytest

from prometheus.domain.profiles.accounts import DERIVED
from prometheus.domain.profiles.books import Absent, Found
from prometheus.domain.profiles.measures import MEASURES, NOT_FOR_FINANCIALS, measured
from prometheus.domain.text.facts import FLOWS, LEVELS
from tests.unit.profiles.reports import books_of, day, fact, report

UNPRICED = Absent("no price")
# The Coca-Cola Company, annual reports for 2014 and 2015, in millions.
KO_2014 = report(
    "2014-12-31", 12, revenue=45998.0, op_income=9708.0, net_income=7098.0, cash_flow_op=10615.0,
    assets=92023.0, cur_assets=32986.0, cur_liab=32374.0, equity=30320.0, cash=8958.0,
)  # fmt: skip
KO_2015 = report(
    "2015-12-31", 12, revenue=44294.0, op_income=8728.0, net_income=7351.0, cash_flow_op=10528.0,
    assets=90093.0, cur_assets=33395.0, cur_liab=26930.0, equity=25554.0, cash=7309.0,
)  # fmt: skip


def measures_of(*reports, is_financial=False, market_value=UNPRICED):
    return measured(books_of(*reports), is_financial=is_financial, market_value=market_value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("net_margin", 7351 / 44294),
        ("operating_margin", 8728 / 44294),
        ("roa", 7351 / 90093),
        ("roe", 7351 / 25554),
        ("asset_turnover", 44294 / 90093),
        ("current_ratio", 33395 / 26930),
        ("liabilities_to_assets", (90093 - 25554) / 90093),
        ("equity_to_assets", 25554 / 90093),
        ("revenue_growth", 44294 / 45998 - 1),
        ("net_income_growth", 7351 / 7098 - 1),
        ("asset_growth", 90093 / 92023 - 1),
        ("accruals_cash_flow", (7351 - 10528) / ((90093 + 92023) / 2)),
    ],
)
def test_ratios_are_those_of_a_hand_computation(name, expected):
    found, _ = measures_of(KO_2014, KO_2015)
    assert found[name].value == pytest.approx(expected, rel=1e-15)
    assert found[name].end == day("2015-12-31")


def test_a_measure_names_its_period_and_its_filings():
    found, _ = measures_of(KO_2014, KO_2015)
    places = {1: 0, 2: 1}
    assert found["roa"].as_json(places) == {"value": 7351 / 90093, "period": "P1Y/2015-12-31", "filing": 1}
    assert found["current_ratio"].as_json(places)["period"] == "2015-12-31"
    assert found["revenue_growth"].as_json(places)["filings"] == [0, 1]
    assert found["liabilities_to_assets"].as_json(places)["notes"] == ["liabilities = assets - equity"]


def test_what_has_no_inputs_is_absent_with_the_reason():
    found, absent = measures_of(KO_2014, KO_2015)
    assert "gross_margin" not in found
    assert absent["gross_margin"] == "no gross_profit: no cost_of_revenue is reported"
    assert absent["piotroski_f"].startswith("no assets at 2013-12-31")
    assert "no price" in absent["altman_z"]
    assert set(found) | set(absent) == {measure.name for measure in MEASURES}
    assert not set(found) & set(absent)


def test_a_flow_is_said_for_the_last_fiscal_year_until_its_year_is_whole_again():
    quarter = report("2016-03-31", 3, revenue=10282.0, net_income=1483.0, assets=92000.0, equity=25000.0)
    found, absent = measures_of(KO_2014, KO_2015, quarter)
    assert found["roa"].as_json({2: 0})["period"] == "P1Y/2015-12-31"
    assert found["equity_to_assets"].as_json({3: 7}) == {
        "value": 25000.0 / 92000.0, "period": "2016-03-31", "filing": 7,
    }  # fmt: skip
    assert absent["current_ratio"] == "no cur_assets at 2016-03-31; no cur_liab at 2016-03-31"


def test_altman_takes_the_market_value_where_there_is_one_and_is_not_for_banks():
    whole = [
        fact("retained_earnings", 40.0, "2015-12-31"),
        *report(
            "2015-12-31", 12, revenue=120.0, assets=100.0, liabilities=40.0, equity=60.0, cur_assets=50.0,
            cur_liab=25.0, ebit=12.0,
        ),
    ]  # fmt: skip
    priced = Found(80.0, day("2016-03-01"), (7,), note="close * shares_outstanding")
    found, _ = measures_of(whole, market_value=priced)
    assert found["altman_z"].value == pytest.approx(
        1.2 * 0.25 + 1.4 * 0.4 + 3.3 * 0.12 + 0.6 * 2.0 + 0.999 * 1.2, rel=1e-15
    )
    assert found["altman_z2"].value == pytest.approx(
        6.56 * 0.25 + 3.26 * 0.4 + 6.72 * 0.12 + 1.05 * 1.5, rel=1e-15
    )
    _, absent = measures_of(whole, market_value=priced, is_financial=True)
    assert absent["altman_z"] == absent["altman_z2"] == NOT_FOR_FINANCIALS


def test_nothing_is_made_up_without_a_balance_sheet():
    found, absent = measures_of(report("2015-12-31", 12, revenue=1.0))
    assert found == {}
    assert set(absent.values()) == {"no balance sheet is known"}


def test_every_input_is_a_fact_of_the_vocabulary_or_derived_from_one():
    for measure in MEASURES:
        for name, kind, _ in measure.inputs:
            known = FLOWS if kind == "year" else LEVELS
            assert name in known or name in DERIVED or name == "market_value", (measure.name, name)


def offering(now, then=100.0, **flows):
    """Return what the counts of two years' ends say about shares that were sold."""
    counts = [fact("shares_outstanding", then, "2014-12-31"), fact("shares_outstanding", now, "2015-12-31")]
    return DERIVED["equity_offering"](
        books_of([*counts, *report("2015-12-31", 12, **flows)]), day("2015-12-31")
    )


@pytest.mark.parametrize("now", [690.0, 700.0, 150.0, 146.0, 154.0, 195.0, 205.0, 300.0, 2000.0])
def test_a_count_that_may_have_been_split_says_nothing_about_shares_that_were_sold(now):
    found = offering(now)
    assert found == Absent(f"no equity_offering: 100 shares became {now:,.0f}, which may be a split")


@pytest.mark.parametrize("now", [100.0, 101.0, 98.0, 50.0, 125.0, 145.0, 155.0, 190.0, 207.0, 250.0, 670.0])
def test_other_counts_say_how_many_shares_were_sold(now):
    assert offering(now).value == pytest.approx(now - 100.0)


def test_shares_that_are_reported_as_sold_are_believed_beside_a_split():
    assert offering(700.0, stock_issued=3.0).value == 3.0


def test_the_score_says_that_a_split_may_be_why_it_cannot_be_told():
    counts = [
        fact("shares_outstanding", shares, f"{year}-12-31") for year, shares in ((2014, 100.0), (2015, 690.0))
    ]
    flows = {"revenue": 9.0, "net_income": 1.0, "cash_flow_op": 1.0, "gross_profit": 4.0}
    levels = {"assets": 50.0, "long_term_debt": 5.0, "cur_assets": 9.0, "cur_liab": 4.0}
    years = [report(f"{year}-12-31", 12, **flows, **levels) for year in (2013, 2014, 2015)]
    found, absent = measures_of(*years, counts)
    assert "piotroski_f" not in found
    assert absent["piotroski_f"] == "no equity_offering: 100 shares became 690, which may be a split"
