"""The words in which reported facts are stored, whatever a vendor calls them.

A fact is what a filing says: a value, its unit and its period. Values, units and signs stay as reported; only
the name is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

FLOWS: Mapping[str, str] = MappingProxyType(
    {
        "revenue": "Net sales and other revenues",
        "cost_of_revenue": "Cost of what was sold",
        "gross_profit": "Revenue less its cost",
        "sga": "Selling, general and administrative expenses",
        "research_and_development": "Research and development",
        "depreciation": "Depreciation and amortisation",
        "op_income": "Operating income",
        "ebit": "Earnings before interest and tax, where the filing or vendor says them",
        "interest_expense": "Interest on debt, positive as an expense",
        "pretax_income": "Income before tax",
        "income_tax": "Income tax, positive as an expense",
        "net_income": "Net income attributable to the shareholders",
        "cash_flow_op": "Net cash from operations",
        "cash_flow_inv": "Net cash from investing",
        "cash_flow_fin": "Net cash from financing",
        "capital_expenditure": "Paid for property, plant and equipment; the sign is the source's",
        "stock_issued": "Received for own shares sold",
        "stock_net_issued": "Received for own shares sold, less paid for those bought back",
        "eps_basic": "Earnings a share",
        "eps_diluted": "Earnings a share, diluted",
        "dividend_per_share": "Dividends declared a share",
    }
)
"""What adds up over a period."""

LEVELS: Mapping[str, str] = MappingProxyType(
    {
        "assets": "Total assets",
        "cur_assets": "Current assets",
        "cash": "Cash and cash equivalents",
        "receivables": "Receivables, current",
        "inventory": "Inventories",
        "liabilities": "Total liabilities",
        "cur_liab": "Current liabilities",
        "short_term_debt": "Short-term debt and the current part of long-term debt",
        "taxes_payable": "Income taxes payable",
        "long_term_debt": "Long-term debt without its current part",
        "equity": "Equity of the shareholders",
        "retained_earnings": "Retained earnings or accumulated deficit",
        "shares_outstanding": "Shares outstanding",
    }
)
"""What stands at a moment."""

NAMES = frozenset(FLOWS) | frozenset(LEVELS)
PER_SHARE = frozenset({"eps_basic", "eps_diluted", "dividend_per_share"})
SHARES = frozenset({"shares_outstanding"})
DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True)
class Fact:
    """A reported value.

    Attributes
    ----------
    name : str
        One of `FLOWS` or `LEVELS`.
    value : float
        In whole units, with the source's sign.
    unit : str
        ISO 4217 code, the same with ``/shares``, or ``shares``.
    end : datetime.date
        Last day of the period, or the day of a level.
    months : int or None
        Length of a flow's period; 0 for a level; None where the source doesn't say it.
    """

    name: str
    value: float
    unit: str
    end: date
    months: int | None

    def as_json(self) -> dict[str, Any]:
        """Return the fact as it stands in ``filings.metadata.facts``."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "end": self.end.isoformat(),
            "months": self.months,
        }


def unit_of(name: str, currency: str) -> str:
    """Return the unit of a fact in a source whose amounts are in one currency.

    Examples
    --------
    >>> unit_of("eps_basic", "USD"), unit_of("assets", "USD"), unit_of("shares_outstanding", "USD")
    ('USD/shares', 'USD', 'shares')
    """
    if name in SHARES:
        return "shares"
    return f"{currency}/shares" if name in PER_SHARE else currency


def months_between(start: date, end: date) -> int | None:
    """Return the length of a period in months, None where it is no whole number of quarters.

    Years of 52 or 53 weeks and quarters of 12 to 14 weeks count as what they stand for.

    Examples
    --------
    >>> months_between(date(2022, 9, 25), date(2023, 7, 1))
    9
    >>> months_between(date(2023, 1, 1), date(2023, 1, 31)) is None
    True
    """
    months = ((end - start).days + 1) / DAYS_A_MONTH
    quarters = round(months / 3)
    return 3 * quarters if quarters in (1, 2, 3, 4) and abs(months - 3 * quarters) <= 0.6 else None
