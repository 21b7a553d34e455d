"""When a batch holds too much that is wrong to be taken at all."""

from __future__ import annotations

import polars as pl

from prometheus.domain.market.config import QualityConfig
from prometheus.domain.market.quality.flags import SOFT_RULES


def n_suspect(flags: pl.DataFrame) -> int:
    """Return how many rows have a flag that says that their values are probably wrong."""
    suspect = [rule.name for rule in SOFT_RULES if rule.severity == "suspect"]
    rows = flags.filter(pl.col("rule").is_in(suspect))
    return rows.select("instrument_id", "trade_date").n_unique()


def batch_refusal(n_rows: int, n_rejected: int, n_flagged: int, config: QualityConfig) -> str | None:
    """Return why a batch is refused whole; None when it is not.

    Parameters
    ----------
    n_rows : int
        All rows that were read.
    n_rejected : int
        Those set aside for what they hold. Rows of instruments that nobody asked for don't belong here.
    n_flagged : int
        Those kept whose values are probably wrong (`n_suspect`).
    config : QualityConfig

    Examples
    --------
    >>> batch_refusal(1000, 300, 0, QualityConfig())
    '300 of 1,000 rows (30.0%) broke a hard rule; at most 25.0% may (max_rejected_share).'
    >>> batch_refusal(1000, 3, 250, QualityConfig()) is None
    True
    """
    if n_rows < config.min_rows:
        return None
    limits = (
        (n_rejected, config.max_rejected_share, "broke a hard rule", "max_rejected_share"),
        (n_flagged, config.max_flagged_share, "look wrong by a soft rule", "max_flagged_share"),
    )
    for n_bad, limit, what, key in limits:
        if n_bad > limit * n_rows:
            return (
                f"{n_bad:,} of {n_rows:,} rows ({n_bad / n_rows:.1%}) {what}; "
                f"at most {limit:.1%} may ({key})."
            )
    return None
