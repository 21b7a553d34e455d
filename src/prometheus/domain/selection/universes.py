"""Universes: which instruments may be held on a date, and why the others may not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prometheus.domain.selection.config import UniversesConfig
from prometheus.flow.batch import Assets
from prometheus.kernel.arrays import BoolArray, DateArray, FloatArray, IntArray
from prometheus.kernel.errors import UnknownInstrumentError

RULES = (
    "asset_classes", "instruments", "not_a_member", "delisted", "max_staleness", "min_history", "min_close",
    "min_dollar_volume",
)  # fmt: skip
"""In the order in which they are asked; the first that a name breaks is its reason."""

DOLLAR_VOLUME_SESSIONS = 63
"""A quarter, as the volatilities."""


@dataclass(frozen=True, slots=True)
class Membership:
    """Who is in, and what kept the others out.

    Attributes
    ----------
    is_known : ndarray of bool of shape (n_dates, n_assets)
        Has a close within the window. Others are in no tier: nothing is known of them.
    rule : ndarray of shape (n_dates, n_assets), int64
        Place in `RULES` of the first rule that is broken, -1 where none is.
    found : ndarray of shape (n_dates, n_assets)
        What that rule found; NaN where there was nothing to find or the rule is not about a number.
    """

    is_known: BoolArray
    rule: IntArray
    found: FloatArray


def is_listed_by(names: tuple[str, ...], assets: Assets) -> BoolArray:
    """Return which assets an allow-list of symbols or ids names.

    Raises
    ------
    UnknownInstrumentError
        For a name that no instrument of the market has.
    """
    unknown = sorted(set(names) - set(assets.ids) - set(assets.symbols))
    if unknown:
        raise UnknownInstrumentError(
            f"instruments: no instrument of the market is called {', '.join(unknown[:5])}"
            f"{' and others' if len(unknown) > 5 else ''}.",
            remedy="Name symbols or ids that the table instruments has.",
        )
    wanted = set(names)
    pairs = zip(assets.ids, assets.symbols, strict=True)
    return np.fromiter((i in wanted or s in wanted for i, s in pairs), dtype=np.bool_, count=len(assets))


def members_of(index: str, dates: DateArray, assets: Assets) -> BoolArray:
    """Return who was a member of an index on each date, shape (n_dates, n_assets).

    Raises
    ------
    UnknownInstrumentError
        If no instrument of the market ever was one.
    """
    if index not in assets.members:
        known = ", ".join(assets.members) or "none"
        raise UnknownInstrumentError(
            f"index: no instrument of the market is known as a member of {index!r}; known indices: {known}.",
            remedy="`prometheus ingest instruments MEMBERSHIPS --index ...` adds memberships.",
        )
    return assets.members[index].at(dates, len(assets))


def membership(
    closes: FloatArray,
    places: IntArray,
    dates: DateArray,
    assets: Assets,
    dollar_volume: FloatArray | None,
    config: UniversesConfig,
) -> Membership:
    """Return who may be held on each date.

    Parameters
    ----------
    closes : ndarray of shape (n_days, n_assets)
        Every day from ``history_window`` - 1 sessions before the first date to the last date.
    places : ndarray of shape (n_dates,), int64
        The dates' rows among the days.
    dates : ndarray of shape (n_dates,), datetime64[D]
    assets : Assets
    dollar_volume : ndarray of shape (n_dates, n_assets), optional
        Needed when ``min_dollar_volume`` is above 0.
    config : UniversesConfig

    Returns
    -------
    Membership
    """
    # Counts are whole numbers: a difference of cumulated ones is exact wherever the counting began.
    has_close = ~np.isnan(closes)
    counted = np.zeros((len(closes) + 1, closes.shape[1]), dtype=np.int64)
    np.cumsum(has_close, axis=0, out=counted[1:])
    n_closes = counted[places + 1] - counted[places + 1 - config.history_window]
    latest = np.maximum.accumulate(
        np.where(has_close, np.arange(len(closes))[:, None], -len(closes)), axis=0
    )[places]
    staleness = places[:, None] - latest
    last_close = closes[np.maximum(latest, 0), np.arange(closes.shape[1])]
    is_known = n_closes > 0
    rule = np.full(is_known.shape, -1, dtype=np.int64)
    found = np.full(is_known.shape, np.nan)

    def ask(name: str, is_broken: BoolArray, value: FloatArray | IntArray | float = np.nan) -> None:
        hit = is_known & (rule < 0) & is_broken
        rule[hit] = RULES.index(name)
        found[hit] = np.broadcast_to(value, hit.shape)[hit]

    ask(
        "asset_classes", ~np.isin(np.array(assets.asset_classes, dtype=object), config.asset_classes)[None, :]
    )
    if config.instruments is not None:
        ask("instruments", ~is_listed_by(config.instruments, assets)[None, :])
    if config.index is not None:
        ask("not_a_member", ~members_of(config.index, dates, assets))
    ask("delisted", assets.delisted[None, :] <= dates[:, None])
    ask("max_staleness", staleness > config.max_staleness, staleness)
    ask("min_history", n_closes < config.min_history, n_closes)
    ask("min_close", last_close < config.min_close, last_close)
    if dollar_volume is not None:
        ask("min_dollar_volume", ~(dollar_volume >= config.min_dollar_volume), dollar_volume)
    return Membership(is_known, rule, found)
