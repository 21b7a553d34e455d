"""Settings of the engines of this room."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from prometheus.kernel.config import EngineConfig


class QualityConfig(EngineConfig):
    """The soft rules of daily prices, and the shares of bad rows above which a batch is refused whole.

    Every length is in bars or sessions, every ``*_scales`` in robust standard deviations (1.4826 times the
    median absolute deviation), every share and every price move a decimal.

    Attributes
    ----------
    max_usual_share : float
        A field that is missing, or a volume that is zero, in a larger share of an instrument's rows is the
        vendor's way, not a defect.
    min_stale_closes : int
        Closes in a row without a change that are a stale run, where the instrument's closes change.
    stale_odds : float
        Chance, by the instrument's own share of unchanged closes, below which a run counts as stale.
    min_stale_bars : int
        Repetitions in a row of one bar, all four prices, that are a stale run.
    repeat_odds : float
        Equal bars expected by chance, by the steps of the price and the nearness of the volumes, above which
        two equal bars are no finding.
    own_scales, section_scales : float
        A move beyond both, of the instrument's own history and of the day's cross-section, is judged.
    min_move : float
        No smaller move is judged.
    max_reversal_sessions : int
        A move that is undone within so many bars was none.
    reversal_share : float
        Share of a move that may be left of it when it counts as undone.
    min_quietness : float
        Size of a move in own scales over its turnover in usual turnovers, from which no news explains it.
    gap_share : float
        How far the part of a move that came overnight may lie from all of it.
    max_news_volume : float
        Volume in usual volumes from which a reversed move is taken as news.
    max_spike_volume : float
        The same for a spike of the high or low, for which a part of the day's trades is enough.
    spike_ranges : float
        Shadow of a bar, in usual ranges between high and low, from which its high or low is judged.
    max_section_share : float
        Share of a day's bars with such shadows above which the market moved.
    max_false_swaps : float
        Share of the pairs that are named as swapped which may be so by chance.
    twin_sessions : int
        Bars equal to another instrument's, one after the other, that are no chance.
    min_rows : int
        Batches of fewer rows are never refused for a share.
    max_rejected_share, max_flagged_share : float
        Shares of rows above which a batch is refused.
    """

    engine_name: ClassVar[str] = "INGEST"

    max_usual_share: float = Field(default=0.5, ge=0, le=1)
    min_stale_closes: int = Field(default=5, ge=2)
    stale_odds: float = Field(default=1e-6, gt=0, lt=1)
    min_stale_bars: int = Field(default=2, ge=1)
    repeat_odds: float = Field(default=1e-4, gt=0)
    own_scales: float = Field(default=8.0, gt=0)
    section_scales: float = Field(default=6.0, ge=0)
    min_move: float = Field(default=0.05, gt=0)
    max_reversal_sessions: int = Field(default=5, ge=1, le=20)
    reversal_share: float = Field(default=0.3, gt=0, lt=1)
    min_quietness: float = Field(default=7.0, gt=0)
    gap_share: float = Field(default=0.25, gt=0)
    max_news_volume: float = Field(default=3.0, gt=0)
    max_spike_volume: float = Field(default=2.0, gt=0)
    spike_ranges: float = Field(default=4.0, gt=0)
    max_section_share: float = Field(default=0.05, gt=0, le=1)
    max_false_swaps: float = Field(default=0.05, gt=0, lt=1)
    twin_sessions: int = Field(default=21, ge=2)
    min_rows: int = Field(default=100, ge=1)
    max_rejected_share: float = Field(default=0.25, gt=0, le=1)
    max_flagged_share: float = Field(default=0.25, gt=0, le=1)


class IngestPricesConfig(EngineConfig):
    """Taking daily prices in. The hard rules are not to be set; raise the version when they change.

    Attributes
    ----------
    quality : QualityConfig
        Of the soft rules and the limits.
    """

    engine_name: ClassVar[str] = "INGEST"
    version: ClassVar[str] = "3"

    quality: QualityConfig = Field(default_factory=QualityConfig)


class ReturnsConfig(EngineConfig):
    """Total returns over 1, 5 and 21 sessions: the columns of returns_daily."""

    engine_name: ClassVar[str] = "DERIVE"


class VolatilityConfig(EngineConfig):
    """Realised volatility over 21 and 63 sessions, 252 a year: the columns of volatility_daily.

    Two thirds of a window's returns must be present: 14 of 21, 42 of 63.
    """

    engine_name: ClassVar[str] = "DERIVE"
    version: ClassVar[str] = "2"


class FactorsConfig(EngineConfig):
    """Factor returns of a market: factors_daily.

    Attributes
    ----------
    min_names : int
        A day on which fewer names can be sorted, or return anything, has no row.
    tail : float
        Share of the sorted names in each leg.
    book, shares, quality : str
        Where profiles hold book equity, the number of shares and the measure of quality; keys joined by dots.
    """

    engine_name: ClassVar[str] = "DERIVE"
    version: ClassVar[str] = "3"

    min_names: int = Field(default=10, ge=2)
    tail: float = Field(default=0.3, gt=0, le=0.5)
    book: str = "equity"
    shares: str = "shares_outstanding"
    quality: str = "roe"


class ExposuresConfig(EngineConfig):
    """Exposures of instruments to the market's factors: instrument_factors_daily.

    Attributes
    ----------
    factors : tuple of str
        Regressed on together.
    window, min_observations : int
        Sessions of a regression, and how many of them must have the return and every factor.
    every : str
        The sessions that get rows: all, or the last ones of weeks or months.
    """

    engine_name: ClassVar[str] = "DERIVE"

    factors: tuple[str, ...] = Field(default=("MKT", "MOM", "STREV", "LOWVOL"), min_length=1)
    window: int = Field(default=252, ge=20)
    min_observations: int = Field(default=126, ge=10)
    every: Literal["daily", "weekly", "monthly"] = "weekly"


class CorrelationsConfig(EngineConfig):
    """Correlation matrices at the end of each month: correlation_panels.

    Attributes
    ----------
    window, min_observations : int
        Sessions of a matrix, and how many of them must have returns.
    min_names : int
        A month with fewer names has no matrix.
    """

    engine_name: ClassVar[str] = "DERIVE"

    window: int = Field(default=252, ge=2)
    min_observations: int = Field(default=189, ge=2)
    min_names: int = Field(default=2, ge=2)
