"""The market and momentum factors beside those that Kenneth French publishes.

Needs ``prices/kaggle_sp500_5yr`` and ``factors`` of the folder that PROMETHEUS_SHARED_DATA names (by default
``shared/data`` beside the repository). The figures are in docs/adr/0022.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from prometheus.domain.market.config import FactorsConfig
from prometheus.domain.market.factors import REACH
from prometheus.domain.market.factors_step import AS_OF, FACTOR_RETURNS, PRICE_COLUMNS, SPLITS_TOLD
from prometheus.flow.rows import Coded
from tests.unit.market.panels import assets_of, batch_of

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("PROMETHEUS_SHARED_DATA") or ROOT.parent / "shared" / "data")
PANEL = SHARED / "prices" / "kaggle_sp500_5yr" / "all_stocks_5yr.parquet"
FIVE = SHARED / "factors" / "F-F_Research_Data_5_Factors_2x3_daily_CRSP201610.CSV"
MOMENTUM = SHARED / "factors" / "F-F_Momentum_Factor_daily_CRSP201610.CSV"

pytestmark = pytest.mark.skipif(
    not all(path.exists() for path in (PANEL, FIVE, MOMENTUM)),
    reason=f"the panel and the published factors are not in {SHARED}",
)


@pytest.fixture(scope="module")
def derived() -> pd.DataFrame:
    """Return our factors of the panel: dates by names."""
    bars = pd.read_parquet(PANEL)
    bars["date"] = bars["date"].astype(str).str[:10]
    close = bars.pivot(index="date", columns="Name", values="close")
    # Sessions before the panel begins have no bars: the first dates need windows too.
    values = np.concatenate([np.full((REACH, close.shape[1]), np.nan), close.to_numpy()])
    own = close.index.to_numpy().astype("datetime64[D]")
    dates = np.concatenate([own[0] - np.arange(REACH, 0, -1), own])
    nothing = np.full_like(values, np.nan)
    config = FactorsConfig()
    facts = (config.book, config.shares, config.quality, AS_OF)
    batch = batch_of(
        {
            **{("prices_daily", name): nothing for name in (*PRICE_COLUMNS, SPLITS_TOLD)},
            ("prices_daily", "close"): values,
            ("prices_daily", "adjusted_close"): values,
            **{("profiles", name): nothing for name in facts},
        },
        range(REACH, len(dates)),
        dates=dates,
        assets=assets_of(list(close.columns)),
        reads={"prices_daily": (REACH, 0), "profiles": (1, 1)},
    )
    (rows,) = FACTOR_RETURNS.compute(batch, config).rows
    factors = rows.columns["factor_id"]
    assert isinstance(factors, Coded)
    frame = pd.DataFrame({"date": dates[rows.day], "factor": factors.texts(), "value": rows.floats("value")})
    return frame.pivot(index="date", columns="factor", values="value")


def published(path: Path) -> pd.DataFrame:
    """Return the daily rows of one of French's files, as decimals; -99.99 is missing."""
    lines = [line.split(",") for line in path.read_text().splitlines() if line[:8].strip().isdigit()]
    rows = [[float(cell) / 100.0 for cell in line[1:]] for line in lines]
    index = pd.to_datetime([line[0].strip() for line in lines])
    return pd.DataFrame(rows, index=index).where(lambda frame: frame > -0.99)


def correlation(ours: pd.Series, theirs: pd.Series) -> float:
    both = pd.DataFrame({"ours": ours, "theirs": theirs}).sort_index().dropna()
    assert len(both) > 600
    return float(both.corr().iloc[0, 1])


def test_the_market_moves_with_that_of_fama_and_french(derived: pd.DataFrame) -> None:
    five = published(FIVE)
    assert correlation(derived["US_EQ:MKT"], five[0] + five[5]) > 0.98  # Mkt-RF + RF


def test_momentum_moves_with_that_of_french(derived: pd.DataFrame) -> None:
    assert correlation(derived["US_EQ:MOM"], published(MOMENTUM)[0]) > 0.9
