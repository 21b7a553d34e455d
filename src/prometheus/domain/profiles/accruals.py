"""Accruals: the part of earnings that is not cash.

Source: Sloan, R. G. (1996), "Do Stock Prices Fully Reflect Information in Accruals and Cash Flows about
Future Earnings?", The Accounting Review 71(3), 289-315.
"""

from __future__ import annotations

from prometheus.domain.profiles.ratios import share


def sloan_accruals(
    current_assets: tuple[float, float],
    cash: tuple[float, float],
    current_liabilities: tuple[float, float],
    short_term_debt: tuple[float, float],
    taxes_payable: tuple[float, float],
    depreciation: float,
    assets: tuple[float, float],
) -> float | str:
    """Return accruals by the balance sheet over average total assets.

    Parameters
    ----------
    current_assets, cash, current_liabilities, short_term_debt, taxes_payable, assets : (float, float)
        Levels at the year's end and a year before.
    depreciation : float
        Of the year.

    Notes
    -----
    ((change of current assets - change of cash) - (change of current liabilities - change of short-term debt
    - change of taxes payable) - depreciation) / average assets.

    Examples
    --------
    >>> sloan_accruals((120, 100), (20, 10), (60, 50), (12, 10), (4, 3), 5.0, (210, 190))
    -0.01
    """

    def change(pair: tuple[float, float]) -> float:
        return pair[0] - pair[1]

    working = change(current_assets) - change(cash)
    owed = change(current_liabilities) - change(short_term_debt) - change(taxes_payable)
    return share(working - owed - depreciation, sum(assets) / 2.0)
