"""The inputs of measures: a reported fact, or what follows from others by an accounting identity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Literal, NamedTuple

from prometheus.domain.profiles.books import Absent, Books, Found, before, filings_of

Kind = Literal["year", "level"]
SPLIT_TOLERANCE = 0.03
"""How far from a split's ratio a count may have come by what else moves it in a year: grants and buybacks."""


class Input(NamedTuple):
    """What a measure reads: a fact or a derived one, as a flow of the year or a level, so many years back."""

    name: str
    kind: Kind
    years_back: int = 0


def year(name: str, years_back: int = 0) -> Input:
    """Return the input that is a flow over the year."""
    return Input(name, "year", years_back)


def level(name: str, years_back: int = 0) -> Input:
    """Return the input that is a level at the year's end."""
    return Input(name, "level", years_back)


def account(books: Books, wanted: Input, end: date) -> Found | Absent:
    """Return the number that an input stands for, at a day."""
    day = before(end, months=12 * wanted.years_back)
    derived = DERIVED.get(wanted.name)
    if derived is not None:
        return derived(books, day)
    return books.year(wanted.name, day) if wanted.kind == "year" else books.level(wanted.name, day)


def _liabilities(books: Books, end: date) -> Found | Absent:
    reported = books.level("liabilities", end)
    if isinstance(reported, Found):
        return reported
    assets, equity = books.level("assets", end), books.level("equity", end)
    # What belongs to minority shareholders counts among the liabilities then.
    return _sum("liabilities", [(1.0, assets), (-1.0, equity)], "assets - equity")


def _debt(books: Books, end: date) -> Found | Absent:
    short, long = books.level("short_term_debt", end), books.level("long_term_debt", end)
    return _sum("debt", [(1.0, short), (1.0, long)], "short_term_debt + long_term_debt")


def _gross_profit(books: Books, end: date) -> Found | Absent:
    reported = books.year("gross_profit", end)
    if isinstance(reported, Found):
        return reported
    revenue, cost = books.year("revenue", end), books.year("cost_of_revenue", end)
    return _sum("gross_profit", [(1.0, revenue), (-1.0, cost)], "revenue - cost_of_revenue")


def _ebit(books: Books, end: date) -> Found | Absent:
    reported = books.year("ebit", end)
    if isinstance(reported, Found):
        return reported
    pretax, interest = books.year("pretax_income", end), books.year("interest_expense", end)
    summed = _sum("ebit", [(1.0, pretax), (1.0, interest)], "pretax_income + interest_expense")
    if isinstance(summed, Found):
        return summed
    operating = books.year("op_income", end)
    if isinstance(operating, Found):
        return replace(operating, note="ebit = op_income")
    return Absent(f"{summed.reason}; {operating.reason}")


def _equity_offering(books: Books, end: date) -> Found | Absent:
    for name in ("stock_issued", "stock_net_issued"):
        reported = books.year(name, end)
        if isinstance(reported, Found):
            return replace(reported, note=f"equity_offering = {name}")
    now, then = (
        books.count("shares_outstanding", end),
        books.count("shares_outstanding", before(end, months=12)),
    )
    if isinstance(now, Found) and isinstance(then, Found) and _may_be_split(now.value, then.value):
        return Absent(
            f"no equity_offering: {then.value:,.0f} shares became {now.value:,.0f}, which may be a split"
        )
    return _sum("equity_offering", [(1.0, now), (-1.0, then)], "growth of shares_outstanding")


def _may_be_split(now: float, then: float) -> bool:
    """Return whether a growing count is near a multiple that splits have: 3:2, 2:1, 3:1 and so on."""
    if then <= 0.0:
        return False
    ratio = now / then
    return any(abs(ratio / split - 1.0) <= SPLIT_TOLERANCE for split in (1.5, max(2.0, float(round(ratio)))))


def _sum(name: str, terms: list[tuple[float, Found | Absent]], note: str) -> Found | Absent:
    found = [(sign, term) for sign, term in terms if isinstance(term, Found)]
    if len(found) < len(terms):
        reasons = dict.fromkeys(term.reason for _, term in terms if isinstance(term, Absent))
        return Absent(f"no {name}: {', '.join(reasons)}")
    numbers = [term for _, term in found]
    total = sum(sign * term.value for sign, term in found)
    is_year = any(term.is_year for term in numbers)
    return Found(total, max(t.end for t in numbers), filings_of(numbers), is_year, f"{name} = {note}")


DERIVED: Mapping[str, Callable[[Books, date], Found | Absent]] = {
    "liabilities": _liabilities,
    "debt": _debt,
    "gross_profit": _gross_profit,
    "ebit": _ebit,
    "equity_offering": _equity_offering,
}
"""What is derived where it was not reported."""
