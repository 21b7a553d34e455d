"""Scores: alpha families made comparable day by day, weighted, and turned into expected returns.

1. Each family's raw values are winsorised and standardised within the day; what was pulled in keeps its
   order (`prometheus.domain.selection.pulled_in`).
2. The score is their sum, weighted by each family's share.
3. The skill of past scores is estimated from the returns that followed them.
4. Expected return = skill * volatility over the horizon * the day's standardised score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from prometheus.domain.selection.config import ScoresConfig
from prometheus.domain.selection.information_coefficient import (
    SkillEstimate,
    information_coefficients,
    skill_estimate,
)
from prometheus.domain.selection.pulled_in import with_tie_breaks
from prometheus.kernel.arrays import BoolArray, FloatArray, IntArray
from prometheus.maths.cross_section import standardised, winsorised

LABELS = ("STRONG_SELL", "SELL", "HOLD", "BUY", "STRONG_BUY")
SESSIONS_PER_YEAR = 252.0


@dataclass(frozen=True, slots=True)
class Combination:
    """Families combined, for every day of the history.

    Attributes
    ----------
    contributions : ndarray of shape (n_families, n_days, n_assets)
        NaN where the family has no value.
    scores : ndarray of shape (n_days, n_assets)
        Sum of the contributions; NaN where no family has a value.
    coverage : ndarray of shape (n_days, n_assets)
        Share of the weights whose families have a value.
    """

    contributions: FloatArray
    scores: FloatArray
    coverage: FloatArray


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of the dates of a batch; arrays of shape (n_dates, n_assets), NaN where not scored."""

    contributions: FloatArray
    scores: FloatArray
    expected_returns: FloatArray
    confidence: FloatArray
    labels: IntArray
    skill: SkillEstimate


def combined(signals: Mapping[str, FloatArray], mask: BoolArray, config: ScoresConfig) -> Combination:
    """Return the weighted sum of the families' standardised signals.

    Parameters
    ----------
    signals : mapping of str to ndarray of shape (n_days, n_assets)
        Raw values of each family that has a weight.
    mask : ndarray of bool of shape (n_days, n_assets)
        The names of each day's cross-section.
    config : ScoresConfig

    Returns
    -------
    Combination

    Notes
    -----
    score = sum_k w_k / sum |w| * standardised_k. A family without a value for a name adds nothing to its
    score and lowers its coverage. Nothing but the day itself is used.
    """
    contributions = np.empty((len(config.shares), *mask.shape))
    scores = np.zeros(mask.shape)
    coverage = np.zeros(mask.shape)
    is_scored = np.zeros(mask.shape, dtype=np.bool_)
    for k, (name, share) in enumerate(config.shares.items()):
        raw = signals[name]
        if config.winsorise > 0.0:
            tails = winsorised(raw, mask, quantile=config.winsorise)
            values = with_tie_breaks(standardised(tails, mask, method=config.standardise), raw, tails)
        else:
            values = standardised(raw, mask, method=config.standardise)
        # Adding 0.0 makes one zero of the two, so that no text says "-0.0".
        np.add(share * values, 0.0, out=contributions[k])
        has_value = ~np.isnan(values)
        np.add(scores, contributions[k], out=scores, where=has_value)
        np.add(coverage, abs(share), out=coverage, where=has_value)
        is_scored |= has_value
    scores[~is_scored] = np.nan
    return Combination(contributions, scores, np.minimum(coverage, 1.0))


def scores_of(
    signals: Mapping[str, FloatArray],
    prices: FloatArray,
    mask: BoolArray,
    volatility: FloatArray,
    places: IntArray,
    config: ScoresConfig,
) -> Scores:
    """Return the scores of some dates, judged by the history before them.

    Parameters
    ----------
    signals : mapping of str to ndarray of shape (n_days, n_assets)
    prices : ndarray of shape (n_days, n_assets)
        Every day from ``horizon_days + ic_sessions - 1`` sessions before the first date to the last date.
    mask : ndarray of bool of shape (n_days, n_assets)
        The names of each day's cross-section: those with a price.
    volatility : ndarray of shape (n_dates, n_assets)
        Decimal per year, on the dates themselves.
    places : ndarray of shape (n_dates,), int64
        The dates' rows among the days.
    config : ScoresConfig

    Returns
    -------
    Scores

    Notes
    -----
    expected_return = ic * sigma * z ("alpha is volatility times IC times score", Grinold 1994), with the
    shrunk coefficient of `skill_estimate`, sigma the name's own volatility over the horizon (the day's
    median where it has none; without any, 0 is expected), z the day's z-score of the score.
    confidence = coverage * evidence.
    """
    whole = combined(signals, mask, config)
    coefficients = information_coefficients(
        whole.scores, prices, ~np.isnan(whole.scores), horizon=config.horizon_days
    )
    skill = skill_estimate(
        coefficients,
        places,
        horizon=config.horizon_days,
        sessions=config.ic_sessions,
        prior=config.ic_prior,
    )
    scores = whole.scores[places]
    is_scored = ~np.isnan(scores)
    sigma = _filled_by_median(volatility, mask[places]) * np.sqrt(config.horizon_days / SESSIONS_PER_YEAR)
    zscores = standardised(scores, is_scored, method="zscore")
    return Scores(
        contributions=whole.contributions[:, places],
        scores=scores,
        expected_returns=skill.ic[:, None] * sigma * zscores + 0.0,
        confidence=whole.coverage[places] * skill.evidence[:, None],
        labels=_labels(scores, is_scored, config.label_cutoffs),
        skill=skill,
    )


def _labels(scores: FloatArray, is_scored: BoolArray, cutoffs: tuple[float, ...]) -> IntArray:
    """Return places in `LABELS`: from the lowest share of the day's ranks to the highest."""
    share = (standardised(scores, is_scored, method="rank") + 1.0) / 2.0
    low, below, above, high = cutoffs
    places = (share >= low).astype(np.int64)
    for at_least in (below, above, high):
        places += share >= at_least
    return places


def _filled_by_median(volatility: FloatArray, mask: BoolArray) -> FloatArray:
    filled = np.where(mask, volatility, np.nan)
    for i in np.flatnonzero((mask & np.isnan(filled)).any(axis=1)).tolist():
        known = filled[i][~np.isnan(filled[i])]
        filled[i, mask[i] & np.isnan(filled[i])] = np.median(known) if known.size else 0.0
    return filled
