"""Piotroski's F: nine signs of a firm's financial strength, each 0 or 1.

Source: Piotroski, J. D. (2000), "Value Investing: The Use of Historical Financial Statement Information to
Separate Winners from Losers", Journal of Accounting Research 38 (supplement), 1-41, section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass

Triple = tuple[float, float, float]
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Strength:
    """The score, 0 to 9, and its nine signs."""

    score: int
    signs: dict[str, int]


def piotroski_f(
    *,
    net_income: Pair,
    cash_flow_op: float,
    assets: Triple,
    long_term_debt: Pair,
    cur_assets: Pair,
    cur_liab: Pair,
    equity_offering: float,
    gross_profit: Pair,
    revenue: Pair,
) -> Strength | str:
    """Return the score of a year.

    Parameters
    ----------
    net_income, long_term_debt, cur_assets, cur_liab, gross_profit, revenue : (float, float)
        Of this year and the year before, levels at the years' ends.
    cash_flow_op : float
        Of this year.
    assets : (float, float, float)
        At this year's end, and one and two years before: returns and turnover are over the assets at the
        beginning of their year, leverage is over the average of both ends.
    equity_offering : float
        Positive if shares were sold in the year.

    Returns
    -------
    Strength, or a reason where a denominator is not positive.
    """
    if min(assets) <= 0.0 or min(cur_liab) <= 0.0 or min(revenue) <= 0.0:
        return "assets, cur_liab or revenue is not positive"
    roa, roa_before = net_income[0] / assets[1], net_income[1] / assets[2]
    cfo = cash_flow_op / assets[1]
    debt = long_term_debt[0] / ((assets[0] + assets[1]) / 2.0)
    debt_before = long_term_debt[1] / ((assets[1] + assets[2]) / 2.0)
    signs = {
        "roa": roa > 0.0,
        "cash_flow_op": cfo > 0.0,
        "change_of_roa": roa > roa_before,
        "accruals": cfo > roa,
        "change_of_leverage": debt < debt_before,
        "change_of_liquidity": cur_assets[0] / cur_liab[0] > cur_assets[1] / cur_liab[1],
        "equity_offering": equity_offering <= 0.0,
        "change_of_margin": gross_profit[0] / revenue[0] > gross_profit[1] / revenue[1],
        "change_of_turnover": revenue[0] / assets[1] > revenue[1] / assets[2],
    }
    points = {name: int(sign) for name, sign in signs.items()}
    return Strength(sum(points.values()), points)
