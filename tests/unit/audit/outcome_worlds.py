"""Hand-made batches: sessions, names, targets, universes and reports in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

import numpy as np

from prometheus.domain.audit.config import OutcomesConfig
from prometheus.domain.audit.steps import outcome_reads
from prometheus.flow.batch import Assets, Batch, Context, Panel
from prometheus.flow.rows import Coded, Rows
from prometheus.kernel.ids import decision_id, key_digests, uuid_text
from prometheus.kernel.sessions import Sessions

FIRST = 10_000
"""Place of the first session of the levels."""


@lru_cache(maxsize=1)
def sessions():
    dates = np.arange("1962-01-01", "2030-01-01", dtype="datetime64[D]")
    dates = dates[np.is_busday(dates)]
    midnight = dates.astype("datetime64[s]")
    return Sessions("weekdays", dates, midnight + np.timedelta64(14, "h"), midnight + np.timedelta64(21, "h"))


def assets_of(n_names: int) -> Assets:
    ids = ("CASH:USD", *(f"US_EQ:N{i:04d}" for i in range(n_names)))
    n = len(ids)
    return Assets(
        ids=ids,
        symbols=tuple(i.split(":")[1] for i in ids),
        digests=key_digests(ids, space="instrument"),
        issuers=("",) * n,
        sectors=("",) * n,
        asset_classes=("CASH", *["EQUITY"] * n_names),
        currencies=("USD",) * n,
        delisted=np.full(n, np.datetime64("NaT"), dtype="datetime64[D]"),
    )


def decision_of(day: int) -> bytes:
    return decision_id(
        engine_name="PORTFOLIO",
        config_id="C",
        context_id="S/P",
        as_of_date=sessions().dates[day],
        fingerprint=b"",
    )


def target_rows(targets: Mapping[int, Mapping[str, float]]) -> Rows:
    """Targets by day: weights by id."""
    days = sorted(targets)
    if not days:
        return Rows("target_portfolios", np.zeros(0, dtype=np.int64), {})
    positions = [
        json.dumps({name: {"weight": w, "quantity": 1} for name, w in targets[day].items()}) for day in days
    ]
    metadata = [json.dumps({"decision_id": uuid_text(decision_of(day))}) for day in days]
    return Rows(
        "target_portfolios",
        np.array(days, dtype=np.int64),
        {"strategy_id": "S", "portfolio_id": "P", "target_positions": positions, "metadata": metadata},
    )


def universe_rows(universes: Mapping[int, Sequence[str]]) -> Rows:
    days = sorted(universes)
    if not days:
        return Rows("universes", np.zeros(0, dtype=np.int64), {})
    core = [tuple(universes[day]) for day in days]
    values = [("US_EQ:OUT",), *dict.fromkeys(core)]
    place = {value: i for i, value in enumerate(values)}
    return Rows(
        "universes",
        np.repeat(np.array(days, dtype=np.int64), 2),
        {
            "tier": Coded(np.array([1, 0] * len(days)), ("CORE", "EXCLUDED")),
            "instrument_ids": Coded(np.array([c for v in core for c in (0, place[v])]), values),
        },
    )


def report_rows(values: Mapping[int, Decimal]) -> Rows:
    days = sorted(values)
    if not days:
        return Rows("portfolio_risk_reports", np.zeros(0, dtype=np.int64), {})
    return Rows(
        "portfolio_risk_reports",
        np.array(days, dtype=np.int64),
        {"portfolio_value": [values[day] for day in days]},
    )


def batch_of(
    days: Sequence[int],
    levels: np.ndarray,
    *,
    targets: Mapping[int, Mapping[str, float]],
    universes: Mapping[int, Sequence[str]],
    values: Mapping[int, Decimal],
    config: OutcomesConfig,
) -> Batch:
    """A batch over adjusted closes, whose first row is session `FIRST` and whose first column is cash."""
    at = np.array(days, dtype=np.int64)
    read = outcome_reads(config)[0]
    reach = config.horizons[-1]

    def seen(by_day):
        return {day: row for day, row in by_day.items() if at[0] - reach <= day <= at[-1]}

    return Batch(
        days=at,
        sessions=sessions(),
        assets=assets_of(levels.shape[1] - 1),
        context=Context(market_id="US_EQ", strategy_id="S", portfolio_id="P"),
        decisions=np.zeros((len(at), 16), dtype=np.uint8),
        panels={("prices_daily", "adjusted_close"): Panel(levels, ends=at - FIRST, sessions=read.sessions)},
        tables={
            "target_portfolios": target_rows(seen(targets)),
            "universes": universe_rows(seen(universes)),
            "portfolio_risk_reports": report_rows(seen(values)),
        },
    )
