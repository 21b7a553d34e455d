"""Altman's Z, Piotroski's F and Sloan's accruals, against published numbers and by hand."""

import numpy as np
import pandas as pd
import pytest

from prometheus.domain.profiles.accruals import sloan_accruals
from prometheus.domain.profiles.altman import altman_z, altman_z2
from prometheus.domain.profiles.piotroski import piotroski_f
from prometheus.domain.profiles.ratios import growth, interest_coverage, share

STRONG = {
    "net_income": (12.0, 8.0),
    "cash_flow_op": 15.0,
    "assets": (110.0, 100.0, 90.0),
    "long_term_debt": (18.0, 20.0),
    "cur_assets": (45.0, 40.0),
    "cur_liab": (28.0, 26.0),
    "equity_offering": 0.0,
    "gross_profit": (50.0, 42.0),
    "revenue": (120.0, 105.0),
}


@pytest.mark.parametrize(
    ("ratios", "published"),
    [
        # Saunders, A. and Cornett, M., Financial Institutions Management, "Discriminant models".
        ((0.2, 0.0, -0.2, 0.1, 2.0), 1.64),
        # An exercise with its solution, wizedu.com/questions/366502.
        ((0.34, 0.15, 0.0, 0.80, 1.6), 2.70),
    ],
)
def test_altman_z_is_that_of_published_examples(ratios, published):
    working_capital, retained, ebit, market_over_debt, turnover = ratios
    found = altman_z(working_capital, retained, ebit, market_over_debt * 0.5, turnover, 1.0, 0.5)
    assert round(found, 2) == published


def test_altman_z2_leaves_sales_out_and_takes_book_equity():
    x1, x2, x3, x4 = 0.25, 0.40, 0.12, 1.5
    found = altman_z2(25.0, 40.0, 12.0, 60.0, 100.0, 40.0)
    assert found == pytest.approx(6.56 * x1 + 3.26 * x2 + 6.72 * x3 + 1.05 * x4, rel=1e-15)


def test_altman_is_not_said_without_liabilities():
    assert altman_z(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0) == "assets or liabilities are not positive"


def test_a_firm_that_improves_in_everything_has_nine_points():
    found = piotroski_f(**STRONG)
    assert found.score == 9
    assert set(found.signs.values()) == {1}


@pytest.mark.parametrize(
    ("change", "sign"),
    [
        ({"net_income": (-1.0, -2.0)}, "roa"),
        ({"cash_flow_op": -1.0}, "cash_flow_op"),
        ({"net_income": (8.0, 8.0)}, "change_of_roa"),  # 8 / 100 against 8 / 90
        ({"cash_flow_op": 11.0}, "accruals"),
        ({"long_term_debt": (23.0, 20.0)}, "change_of_leverage"),  # 23 / 105 against 20 / 95
        ({"cur_liab": (30.0, 26.0)}, "change_of_liquidity"),  # 1.50 against 1.54
        ({"equity_offering": 0.1}, "equity_offering"),
        ({"gross_profit": (48.0, 42.0)}, "change_of_margin"),  # 0.4 against 0.4: no rise
        ({"revenue": (115.0, 105.0)}, "change_of_turnover"),  # 115 / 100 against 105 / 90
    ],
)
def test_each_sign_falls_with_its_own_cause(change, sign):
    assert piotroski_f(**{**STRONG, **change}).signs[sign] == 0


def test_piotroski_scales_by_the_assets_at_the_beginning_of_the_year():
    # Over assets at the end the return would rise (8.9 / 80 > 9 / 90), over those at the beginning it falls.
    found = piotroski_f(**{**STRONG, "net_income": (8.9, 9.0), "assets": (80.0, 100.0, 90.0)})
    assert found.signs["change_of_roa"] == 0


def test_sloan_accruals_are_those_of_a_frame():
    frame = pd.DataFrame(
        {
            "act": [500.0, 560.0], "che": [90.0, 120.0], "lct": [300.0, 330.0], "dlc": [50.0, 45.0],
            "txp": [10.0, 14.0], "dp": [40.0, 44.0], "at": [1500.0, 1600.0],
        }
    )  # fmt: skip
    change = frame.diff()
    working = (change.act - change.che) - (change.lct - change.dlc - change.txp) - frame.dp
    expected = (working / frame["at"].rolling(2).mean()).iloc[1]
    found = sloan_accruals((560, 500), (120, 90), (330, 300), (45, 50), (14, 10), 44.0, (1600, 1500))
    assert found == pytest.approx(expected, rel=1e-15)


def test_a_ratio_without_meaning_is_a_reason():
    assert isinstance(share(1.0, -2.0), str)
    assert isinstance(interest_coverage(1.0, 0.0), str)
    assert isinstance(growth(1.0, -1.0), str)
    assert np.isclose(growth(1.2, 1.0), 0.2)
