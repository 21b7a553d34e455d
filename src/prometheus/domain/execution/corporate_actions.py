"""What splits and dividends do to a position on their ex-date."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from prometheus.domain.execution.exact import ZERO, quotient
from prometheus.domain.execution.positions import FLAT, Position


def after_split(position: Position, ratio: Fraction, last_close: Decimal | None) -> tuple[Position, Decimal]:
    """Return the position in new shares and the cash paid in lieu of a fraction of one.

    Parameters
    ----------
    position : Position
        Held over the ex-date.
    ratio : Fraction
        New shares for one old.
    last_close : Decimal, optional
        In old shares, less a dividend of the same day; needed only where a fraction is left.

    Returns
    -------
    position : Position
        Whole shares, rounded toward zero; the cost of the position is spread over them.
    cash : Decimal
        The fraction at ``last_close / ratio``, rounded at 12 decimal places. Value before and after is the
        same.

    Notes
    -----
    Issuers pay fractions out of a sale on the market around the ex-date; the last close is the price that
    is known. Without one the fraction stays in the position.

    Examples
    --------
    >>> after_split((Decimal(5), Decimal(30)), Fraction(3, 2), Decimal(33))
    ((Decimal('7'), Decimal('20.000000000000')), Decimal('11.000000000000'))
    """
    new, old = Decimal(ratio.numerator), Decimal(ratio.denominator)
    held, paid = position
    cost = quotient(paid * old, new)
    scaled = held * new
    rest = scaled % old  # has the sign of the position
    if not rest:
        return (scaled // old, cost), ZERO
    if last_close is None:
        return (quotient(scaled, old), cost), ZERO
    cash = quotient(rest * last_close, new)
    whole = scaled // old
    return ((whole, cost) if whole else FLAT), cash


def dividend_cash(position: Position, dividend: Decimal) -> Decimal:
    """Return what a dividend pays on its ex-date; a short position pays it.

    Parameters
    ----------
    position : Position
        Held at the close before the ex-date, in the shares of that close: a split of the same day comes
        after.
    dividend : Decimal
        Cash for each of these shares.

    Notes
    -----
    Booked on the ex-date, when the price falls by it; daily tables hold no payment date. Source of the shares
    that it is for: CRSP, *Data Descriptions Guide*, holding period total return.
    """
    held, _ = position
    return held * dividend
