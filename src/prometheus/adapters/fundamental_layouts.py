"""What the columns of a vendor's fundamentals mean, in the words of `domain.text.facts`: one place a vendor.

A vendor with a layout of its own gets a `Layout` here. Values, units and signs are taken as they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus.domain.text.facts import FLOWS, LEVELS, NAMES


@dataclass(frozen=True, slots=True)
class Layout:
    """A vendor's layout.

    Attributes
    ----------
    name : str
    symbol, period_end : str
        Columns that every row must have.
    facts : mapping of str to str
        Our name of each of its columns.
    needed : tuple of str
        Columns by which the layout is seen.
    zero_is_missing : frozenset of str
        Facts (our names) that the vendor writes as zero where the filing has none.
    has_dates : bool
        Whether it says when a report became known.
    """

    name: str
    symbol: str
    period_end: str
    facts: Mapping[str, str]
    needed: tuple[str, ...]
    zero_is_missing: frozenset[str] = field(default_factory=frozenset)
    has_dates: bool = True


# pystock-crawler takes 10-K and 10-Q from EDGAR's XBRL. Flows of the income statement are those of the year
# (10-K) or the quarter (10-Q). Of the cash flow statement, a 10-Q of the second or third quarter has the
# year to date for most filers and the quarter for others: that period's length is not said (see `months_of`).
PYSTOCK = Layout(
    name="pystock",
    symbol="symbol",
    period_end="end_date",
    facts={
        "revenues": "revenue",
        "op_income": "op_income",
        "net_income": "net_income",
        "eps_basic": "eps_basic",
        "eps_diluted": "eps_diluted",
        "dividend": "dividend_per_share",
        "assets": "assets",
        "cur_assets": "cur_assets",
        "cur_liab": "cur_liab",
        "cash": "cash",
        "equity": "equity",
        "cash_flow_op": "cash_flow_op",
        "cash_flow_inv": "cash_flow_inv",
        "cash_flow_fin": "cash_flow_fin",
    },
    needed=("symbol", "end_date", "doc_type", "revenues", "net_income"),
)
PYSTOCK_HEADER = (
    "symbol", "end_date", "amend", "period_focus", "fiscal_year", "doc_type", "revenues", "op_income",
    "net_income", "eps_basic", "eps_diluted", "dividend", "assets", "cur_assets", "cur_liab", "cash",
    "equity", "cash_flow_op", "cash_flow_inv", "cash_flow_fin",
)  # fmt: skip
"""The columns of its reports.csv, some of which come without their header."""

# "New York Stock Exchange", a panel on Kaggle: annual values of 10-Ks; its ratios, in whole percents, are
# left out. Its "Liabilities" is a line of the cash flow statement. It writes 0 where a filing has no such
# line: a bank without current assets has none to speak of, so those zeros are no facts.
KAGGLE_NYSE = Layout(
    name="kaggle_nyse",
    symbol="Ticker Symbol",
    period_end="Period Ending",
    facts={
        "Total Revenue": "revenue",
        "Cost of Revenue": "cost_of_revenue",
        "Sales, General and Admin.": "sga",
        "Research and Development": "research_and_development",
        "Depreciation": "depreciation",
        "Operating Income": "op_income",
        "Earnings Before Interest and Tax": "ebit",
        "Interest Expense": "interest_expense",
        "Earnings Before Tax": "pretax_income",
        "Income Tax": "income_tax",
        "Net Income": "net_income",
        "Net Cash Flow-Operating": "cash_flow_op",
        "Net Cash Flows-Investing": "cash_flow_inv",
        "Net Cash Flows-Financing": "cash_flow_fin",
        "Capital Expenditures": "capital_expenditure",
        "Sale and Purchase of Stock": "stock_net_issued",
        "Earnings Per Share": "eps_basic",
        "Total Assets": "assets",
        "Total Current Assets": "cur_assets",
        "Cash and Cash Equivalents": "cash",
        "Net Receivables": "receivables",
        "Inventory": "inventory",
        "Total Liabilities": "liabilities",
        "Total Current Liabilities": "cur_liab",
        "Short-Term Debt / Current Portion of Long-Term Debt": "short_term_debt",
        "Long-Term Debt": "long_term_debt",
        "Total Equity": "equity",
        "Retained Earnings": "retained_earnings",
        "Estimated Shares Outstanding": "shares_outstanding",
    },
    needed=("Ticker Symbol", "Period Ending", "Total Revenue", "Total Assets"),
    zero_is_missing=frozenset(
        {"revenue", "cost_of_revenue", "interest_expense", "cur_assets", "cur_liab", "receivables", "sga",
         "research_and_development", "depreciation", "op_income", "retained_earnings", "shares_outstanding"}
    ),
    has_dates=False,
)  # fmt: skip

# The layout to write one's own files in: our names are the columns.
GENERIC = Layout(
    name="generic",
    symbol="symbol",
    period_end="period_end",
    facts={name: name for name in (*FLOWS, *LEVELS)},
    needed=("symbol", "period_end"),
)
GENERIC_COLUMNS = frozenset(
    {"symbol", "cik", "period_end", "months", "filing_type", "filing_date", "accepted_at", "accession",
     "currency"}
) | NAMES  # fmt: skip
LAYOUTS = (PYSTOCK, KAGGLE_NYSE, GENERIC)
UNTIMED_FLOWS = frozenset({"cash_flow_op", "cash_flow_inv", "cash_flow_fin"})
"""What pystock gives for the quarter or for the year to date."""


def layout_of(columns: frozenset[str]) -> Layout | None:
    """Return the layout that a table's columns show, None for a table of something else."""
    for layout in LAYOUTS:
        if set(layout.needed) <= columns and columns & set(layout.facts):
            return layout
    return None


def months_of(layout: Layout, name: str, form: str, quarter: str) -> int | None:
    """Return the length of a fact's period in a vendor's report.

    Parameters
    ----------
    layout : Layout
    name : str
        Of the fact.
    form : str
        10-K or 10-Q, amended or not.
    quarter : str
        Q1 to Q3, or FY, as pystock's period_focus says.

    Examples
    --------
    >>> months_of(PYSTOCK, "revenue", "10-Q", "Q2"), months_of(PYSTOCK, "cash_flow_op", "10-Q", "Q2")
    (3, None)
    >>> months_of(KAGGLE_NYSE, "revenue", "10-K", "FY"), months_of(KAGGLE_NYSE, "assets", "10-K", "FY")
    (12, 0)
    """
    if name in LEVELS:
        return 0
    if form.startswith("10-K"):
        return 12
    if layout is PYSTOCK and name in UNTIMED_FLOWS and quarter != "Q1":
        return None
    return 3
