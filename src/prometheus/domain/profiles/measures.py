"""All measures of a profile, each with what it reads and its formula: one line a measure.

A measure is said at the latest balance sheet. If one of its flows can't be made for the year to that day,
it is said at the latest day before, within `MOST_DAYS_BACK`, at which all can; its period says so. A
measure that can't be said at any of these is absent, with the reason at the latest day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from prometheus.domain.profiles.accounts import Input, account, level, year
from prometheus.domain.profiles.accruals import sloan_accruals
from prometheus.domain.profiles.altman import altman_z, altman_z2
from prometheus.domain.profiles.books import Absent, Books, Found, filings_of
from prometheus.domain.profiles.piotroski import Strength, piotroski_f
from prometheus.domain.profiles.ratios import growth, interest_coverage, net_over_average, share

MOST_DAYS_BACK = 380
"""A fiscal year and its odd week: the last 10-K is as far back as one looks."""
NOT_FOR_FINANCIALS = "not made for banks and insurers"
MAYBE_FINANCIAL = f"{NOT_FOR_FINANCIALS}; whether the issuer is one was not known"


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure: its name, what it reads, and its formula over that, in this order."""

    name: str
    inputs: tuple[Input, ...]
    formula: Callable[..., float | Strength | str]
    is_for_financials: bool = True


def _same(value: float) -> float:
    return value


def _current_ratio(cur_assets: float, cur_liab: float) -> float | str:
    return share(cur_assets, cur_liab)


def _sloan(*read: float) -> float | str:
    pairs = [(read[k], read[k + 1]) for k in range(0, 12, 2)]
    return sloan_accruals(pairs[0], pairs[1], pairs[2], pairs[3], pairs[4], read[12], pairs[5])


def _altman_z(
    cur_assets: float, cur_liab: float, retained: float, ebit: float, market: float, revenue: float,
    assets: float, liabilities: float,
) -> float | str:  # fmt: skip
    return altman_z(cur_assets - cur_liab, retained, ebit, market, revenue, assets, liabilities)


def _altman_z2(
    cur_assets: float, cur_liab: float, retained: float, ebit: float, equity: float, assets: float,
    liabilities: float,
) -> float | str:  # fmt: skip
    return altman_z2(cur_assets - cur_liab, retained, ebit, equity, assets, liabilities)


def _piotroski(*read: float) -> Strength | str:
    return piotroski_f(
        net_income=(read[0], read[1]),
        cash_flow_op=read[2],
        assets=(read[3], read[4], read[5]),
        long_term_debt=(read[6], read[7]),
        cur_assets=(read[8], read[9]),
        cur_liab=(read[10], read[11]),
        equity_offering=read[12],
        gross_profit=(read[13], read[14]),
        revenue=(read[15], read[16]),
    )


def _both(name: str) -> tuple[Input, Input]:
    return level(name), level(name, 1)


FUNDAMENTALS = tuple(
    Measure(name, (year(name),), _same)
    for name in ("revenue", "gross_profit", "op_income", "ebit", "net_income", "cash_flow_op")
) + tuple(
    Measure(name, (level(name),), _same)
    for name in ("assets", "liabilities", "equity", "debt", "cash", "shares_outstanding")
)
RATIOS = (
    # Leverage and coverage.
    Measure("debt_to_assets", (level("debt"), level("assets")), share),
    Measure("debt_to_equity", (level("debt"), level("equity")), share),
    Measure("liabilities_to_assets", (level("liabilities"), level("assets")), share),
    Measure("equity_to_assets", (level("equity"), level("assets")), share),
    Measure("interest_coverage", (year("ebit"), year("interest_expense")), interest_coverage),
    Measure("current_ratio", (level("cur_assets"), level("cur_liab")), _current_ratio),
    # Profitability.
    Measure("gross_margin", (year("gross_profit"), year("revenue")), share),
    Measure("operating_margin", (year("op_income"), year("revenue")), share),
    Measure("net_margin", (year("net_income"), year("revenue")), share),
    Measure("gross_profitability", (year("gross_profit"), level("assets")), share),
    Measure("roa", (year("net_income"), level("assets")), share),
    Measure("roe", (year("net_income"), level("equity")), share),
    Measure("asset_turnover", (year("revenue"), level("assets")), share),
    # Growth over a year.
    Measure("revenue_growth", (year("revenue"), year("revenue", 1)), growth),
    Measure("net_income_growth", (year("net_income"), year("net_income", 1)), growth),
    Measure("asset_growth", _both("assets"), growth),
    # Quality of earnings.
    Measure(
        "accruals_sloan",
        (*_both("cur_assets"), *_both("cash"), *_both("cur_liab"), *_both("short_term_debt"),
         *_both("taxes_payable"), *_both("assets"), year("depreciation")),
        _sloan,
    ),
    Measure(
        "accruals_cash_flow", (year("net_income"), year("cash_flow_op"), *_both("assets")), net_over_average
    ),
)  # fmt: skip
SCORES = (
    Measure(
        "altman_z",
        (level("cur_assets"), level("cur_liab"), level("retained_earnings"), year("ebit"),
         level("market_value"), year("revenue"), level("assets"), level("liabilities")),
        _altman_z,
        is_for_financials=False,
    ),
    Measure(
        "altman_z2",
        (level("cur_assets"), level("cur_liab"), level("retained_earnings"), year("ebit"), level("equity"),
         level("assets"), level("liabilities")),
        _altman_z2,
        is_for_financials=False,
    ),
    Measure(
        "piotroski_f",
        (year("net_income"), year("net_income", 1), year("cash_flow_op"), *_both("assets"),
         level("assets", 2), *_both("long_term_debt"), *_both("cur_assets"), *_both("cur_liab"),
         year("equity_offering"), year("gross_profit"), year("gross_profit", 1), year("revenue"),
         year("revenue", 1)),
        _piotroski,
    ),
)  # fmt: skip
MEASURES = (*FUNDAMENTALS, *RATIOS, *SCORES)


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure's value, its period and the filings it was known from.

    ``is_year`` says whether a flow is in it; the period then is the year to ``end``.
    """

    value: float
    end: date
    is_year: bool
    filings: tuple[int, ...]
    notes: tuple[str, ...] = ()
    signs: Mapping[str, int] | None = None

    def as_json(self, places: Mapping[int, int]) -> dict[str, Any]:
        """Return it as it stands in ``profiles.structured``.

        ``filing`` is the latest filing behind it, by its place in the profile's list of them.
        """
        out: dict[str, Any] = {
            "value": self.value,
            "period": f"P1Y/{self.end}" if self.is_year else str(self.end),
            "filing": places[self.filings[-1]] if self.filings else None,
        }
        if len(self.filings) > 1:
            out["filings"] = [places[number] for number in self.filings]
        if self.notes:
            out["notes"] = list(self.notes)
        if self.signs is not None:
            out["signs"] = dict(self.signs)
        return out


def measured(
    books: Books, *, is_financial: bool | None, market_value: Found | Absent
) -> tuple[dict[str, Measured], dict[str, str]]:
    """Return the measures of an issuer, and why the others are absent.

    Parameters
    ----------
    books : Books
        Its accounts as they are known.
    is_financial : bool or None
        Whether it is a bank, an insurer or the like; where that isn't known, measures that aren't made for
        those say so in their notes.
    market_value : Found or Absent
        Of its shares, at the date of the profile.
    """
    ends = books.ends()
    if not ends:
        return {}, {measure.name: "no balance sheet is known" for measure in MEASURES}
    ends = [end for end in ends if (ends[0] - end).days <= MOST_DAYS_BACK]
    found: dict[str, Measured] = {}
    absent: dict[str, str] = {}
    for measure in MEASURES:
        if is_financial and not measure.is_for_financials:
            absent[measure.name] = NOT_FOR_FINANCIALS
            continue
        reason: str | None = None
        has_flow = any(one.kind == "year" for one in measure.inputs)
        for end in ends if has_flow else ends[:1]:
            one = _at(measure, books, end, market_value)
            if isinstance(one, Measured):
                if is_financial is None and not measure.is_for_financials:
                    one = replace(one, notes=(*one.notes, MAYBE_FINANCIAL))
                found[measure.name] = one
                break
            reason = reason or one.reason
        else:
            absent[measure.name] = reason or "nothing is known"
    return found, absent


def _at(measure: Measure, books: Books, end: date, market_value: Found | Absent) -> Measured | Absent:
    read = [
        market_value
        if wanted.name == "market_value"
        else books.count(wanted.name, end)
        if wanted.name == "shares_outstanding"
        else account(books, wanted, end)
        for wanted in measure.inputs
    ]
    numbers = [one for one in read if isinstance(one, Found)]
    if len(numbers) < len(read):
        reasons = dict.fromkeys(one.reason for one in read if isinstance(one, Absent))
        return Absent("; ".join(reasons))
    value = measure.formula(*(one.value for one in numbers))
    if isinstance(value, str):
        return Absent(value)
    notes = tuple(dict.fromkeys(one.note for one in numbers if one.note))
    is_year = any(one.is_year for one in numbers)
    filings = filings_of(numbers)
    if isinstance(value, Strength):
        return Measured(float(value.score), end, is_year, filings, notes, value.signs)
    return Measured(value, end, is_year, filings, notes)
