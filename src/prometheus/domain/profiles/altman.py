"""Altman's Z: how near to bankruptcy a firm's ratios put it.

Sources: Altman, E. I. (1968), "Financial Ratios, Discriminant Analysis and the Prediction of Corporate
Bankruptcy", Journal of Finance 23(4), 589-609, estimated on manufacturers with a market value; and for the
form without sales and with book equity, which firms of any industry and without a market value share:
Altman, E. I., Hartzell, J. and Peck, M. (1995), "Emerging Markets Corporate Bonds: A Scoring System",
Salomon Brothers. Neither was made for banks and insurers.
"""

from __future__ import annotations

NO_ASSETS = "assets or liabilities are not positive"


def altman_z(
    working_capital: float,
    retained_earnings: float,
    ebit: float,
    market_value: float,
    revenue: float,
    assets: float,
    liabilities: float,
) -> float | str:
    """Return Z of 1968: below 1.81 in distress, above 2.99 safe.

    Examples
    --------
    A textbook's borrower (Saunders and Cornett, Financial Institutions Management): 0.2, 0, -0.2, 0.1 and 2.0
    give 1.64.

    >>> round(altman_z(0.2, 0.0, -0.2, 0.05, 2.0, 1.0, 0.5), 2)
    1.64
    """
    if assets <= 0.0 or liabilities <= 0.0:
        return NO_ASSETS
    return (
        1.2 * working_capital / assets
        + 1.4 * retained_earnings / assets
        + 3.3 * ebit / assets
        + 0.6 * market_value / liabilities
        + 0.999 * revenue / assets
    )


def altman_z2(
    working_capital: float,
    retained_earnings: float,
    ebit: float,
    equity: float,
    assets: float,
    liabilities: float,
) -> float | str:
    """Return Z'' of 1995, without the constant of its form for emerging markets.

    Below 1.10 is distress, above 2.60 is safe.

    Examples
    --------
    >>> round(altman_z2(0.2, 0.3, 0.1, 0.6, 1.0, 0.4), 3)
    4.537
    """
    if assets <= 0.0 or liabilities <= 0.0:
        return NO_ASSETS
    return (
        6.56 * working_capital / assets
        + 3.26 * retained_earnings / assets
        + 6.72 * ebit / assets
        + 1.05 * equity / liabilities
    )
