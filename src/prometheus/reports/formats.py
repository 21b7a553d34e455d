"""Numbers as people read them. Missing is a dash, minus is a minus sign."""

from __future__ import annotations

import math
import re
from datetime import date
from html import escape

DASH = "–"
MINUS = "\N{MINUS SIGN}"
_ISO_DATE = re.compile(r"(?<![\w-])\d{4}-\d{2}-\d{2}(?![\w-])")


def percent(value: float, digits: int = 1, *, is_signed: bool = False) -> str:
    """Return a decimal as a percentage.

    Parameters
    ----------
    value : float
        0.123 is 12.3%.
    digits : int, default 1
    is_signed : bool, default False
        Whether a gain carries a plus.

    Examples
    --------
    >>> percent(0.1234), percent(0.05, is_signed=True), percent(float("nan"))
    ('12.3%', '+5.0%', '–')
    """
    return number(value * 100.0, digits, is_signed=is_signed, unit="%")


def number(value: float, digits: int = 2, *, is_signed: bool = False, unit: str = "") -> str:
    """Return a number with thousands separated; nothing is shown as minus zero.

    Parameters
    ----------
    value : float
    digits : int, default 2
    is_signed : bool, default False
        Whether a positive number carries a plus.
    unit : str
        Put behind.

    Examples
    --------
    >>> number(1234.5), number(-0.001), number(float("inf"))
    ('1,234.50', '0.00', '–')
    """
    if not math.isfinite(value):
        return DASH
    rounded = round(value, digits)
    if rounded == 0.0:
        return f"{0.0:.{digits}f}{unit}"
    sign = MINUS if rounded < 0.0 else "+" if is_signed else ""
    return f"{sign}{abs(rounded):,.{digits}f}{unit}"


def money(value: float, currency: str = "", *, is_signed: bool = False) -> str:
    """Return an amount in whole units of its currency.

    Parameters
    ----------
    value : float
    currency : str
        Put behind, if given.
    is_signed : bool, default False

    Examples
    --------
    >>> money(1234567.8, "USD")
    '1,234,568 USD'
    """
    text = number(value, 0, is_signed=is_signed)
    return f"{text} {currency}" if currency and text != DASH else text


def day(value: date | None) -> str:
    """Return an ISO date, or a dash.

    Parameters
    ----------
    value : datetime.date or None

    Examples
    --------
    >>> day(date(2024, 1, 2)), day(None)
    ('2024-01-02', '–')
    """
    return DASH if value is None else value.isoformat()


def as_html(text: str) -> str:
    """Return a text escaped for a page, its ISO dates marked so that no line breaks inside them.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> as_html("<on 2024-01-02>")
    '&lt;on <span class="date">2024-01-02</span>&gt;'
    """
    return _ISO_DATE.sub(lambda found: f'<span class="date">{found.group()}</span>', escape(text))


def called(instrument_id: str, name: str) -> str:
    """Return an instrument's id and, where it says more, what people call it.

    Parameters
    ----------
    instrument_id, name : str

    Examples
    --------
    >>> called("US_INDEX:SPX", "S&P 500, price index"), called("US_EQ:IBM", "IBM")
    ('US_INDEX:SPX · S&P 500, price index', 'US_EQ:IBM')
    """
    return f"{instrument_id} · {name}" if name and name not in instrument_id else instrument_id
