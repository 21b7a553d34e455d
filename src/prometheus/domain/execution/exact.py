"""Exact numbers: what crosses the border from float to decimal, and how decimals are divided."""

from __future__ import annotations

from decimal import (
    ROUND_HALF_EVEN,
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from fractions import Fraction

MONEY = Context(
    prec=100, rounding=ROUND_HALF_EVEN, traps=[Clamped, DivisionByZero, Inexact, InvalidOperation, Overflow]
)
"""The context of all sums and products of money: what can't be kept whole is an error, never rounded."""

_ROUNDING = Context(prec=100, rounding=ROUND_HALF_EVEN)
_TWELFTH_PLACE = Decimal("1e-12")
ZERO = Decimal(0)


def exact(value: float) -> Decimal:
    """Return a float as the decimal of its shortest text, so that 100.1 stays 100.1.

    Examples
    --------
    >>> exact(100.1), exact(1e16)
    (Decimal('100.1'), Decimal('10000000000000000'))
    """
    found = Decimal(repr(value))
    return plain(found) if value >= 1e16 else found


def exacts(values: list[float]) -> list[Decimal]:
    """Return `exact` of each value; none may be NaN."""
    if values and max(values) >= 1e16:
        return [exact(value) for value in values]
    return list(map(Decimal, repr(values)[1:-1].split(", "))) if values else []


def plain(value: Decimal) -> Decimal:
    """Return the same number without a positive exponent, as ``numeric`` columns hold it.

    Examples
    --------
    >>> plain(Decimal("1E+3"))
    Decimal('1000')
    """
    return Decimal(format(value, "f"))


def quotient(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Return a quotient rounded half to even at 12 decimal places: the only rounding of this room.

    Examples
    --------
    >>> quotient(Decimal(2), Decimal(3))
    Decimal('0.666666666667')
    """
    return _ROUNDING.quantize(_ROUNDING.divide(dividend, divisor), _TWELFTH_PLACE)


def whole_shares(quantity: Decimal) -> Decimal:
    """Return the whole part, rounded toward zero.

    Examples
    --------
    >>> whole_shares(Decimal("7.9")), whole_shares(Decimal("1E+1"))
    (Decimal('7'), Decimal('10'))
    """
    return Decimal(int(quantity))


def split_ratio(ratio: float) -> Fraction:
    """Return a vendor's split ratio, new over old shares, as the fraction it stands for.

    Vendors write one for three as 0.3333333333333333. A fraction of small numbers within a relative
    1e-9 is taken, the decimal as written otherwise.

    Examples
    --------
    >>> split_ratio(7.0), split_ratio(1 / 3), split_ratio(1.0217)
    (Fraction(7, 1), Fraction(1, 3), Fraction(10217, 10000))
    """
    near = Fraction(ratio).limit_denominator(10_000)
    if near > 0 and abs(near - Fraction(ratio)) <= Fraction(ratio) / 1_000_000_000:
        return near
    return Fraction(repr(ratio))
