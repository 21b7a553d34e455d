"""Settings of the execution engines."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from prometheus.kernel.config import EngineConfig

NotNegative = Annotated[Decimal, Field(ge=0)]


class FillsConfig(EngineConfig):
    """How orders become fills and positions.

    Attributes
    ----------
    initial_cash : Decimal
        Cash of the portfolio before its first session, in its base currency, above 0.
    price : {"open", "close"}
        The price of the session after the decision at which orders trade. ``close`` (market on close) is
        for data that has no opens.
    slippage_bps : Decimal
        Basis points by which a buy pays more and a sell receives less than that price.
    commission_bps : Decimal
        Basis points of the notional, slippage included.
    commission_per_share, commission_minimum : Decimal
        Added for each share; least commission of an order that trades at all.
    participation : Decimal, optional
        Largest share of the session's volume that an order may take, in (0, 1]; None sets no limit. With a
        limit, an order in a name whose bar has no volume is rejected: on close-only data set none.
    allow_negative_cash : bool
        Whether buys may be paid with cash that isn't there. If not, a buy is cut to what cash can pay, in
        whole shares, after all sells of the session.
    stale_sessions : int
        A held name without a bar is valued at its last close of this many sessions, today's included;
        none there is a `MissingPriceError`.
    delisting_loss : Decimal
        Share of the last close that is lost when a position is closed out after its last bar, in [0, 1].
        Shumway (1997), The delisting bias in CRSP data, finds 0.30 for delistings for bad performance; the
        default suits mergers, which pay about the last close.
    """

    engine_name: ClassVar[str] = "EXECUTION"
    version: ClassVar[str] = "2"

    initial_cash: Annotated[Decimal, Field(gt=0)] = Decimal(1_000_000)
    price: Literal["open", "close"] = "open"
    slippage_bps: Annotated[Decimal, Field(ge=0, lt=10_000)] = Decimal(5)
    commission_bps: NotNegative = Decimal(5)
    commission_per_share: NotNegative = Decimal(0)
    commission_minimum: NotNegative = Decimal(0)
    participation: Annotated[Decimal, Field(gt=0, le=1)] | None = None
    allow_negative_cash: bool = False
    stale_sessions: Annotated[int, Field(ge=2, le=252)] = 21
    delisting_loss: Annotated[Decimal, Field(ge=0, le=1)] = Decimal(0)


class OrdersConfig(EngineConfig):
    """How targets become orders.

    Attributes
    ----------
    min_trade_value : Decimal
        A change of a position that is worth less at the close isn't traded; 0 trades every share. A
        position that has no target is always sold whole.
    """

    engine_name: ClassVar[str] = "EXECUTION"

    min_trade_value: NotNegative = Decimal(0)
