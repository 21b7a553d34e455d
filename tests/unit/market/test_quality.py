"""What the soft rules find of defects that were planted, and what they say of bars without any."""

import polars as pl
import pytest

from prometheus.domain.market.config import QualityConfig
from prometheus.domain.market.quality import SOFT_RULES, batch_refusal, n_suspect, quality_flags
from tests.unit.market.quality_world import DEFECTS, KEY, SESSIONS, clean_bars

CONFIG = QualityConfig()


@pytest.fixture(scope="module")
def bars() -> pl.DataFrame:
    return clean_bars()


def flags_of(bars: pl.DataFrame, **context) -> pl.DataFrame:
    return quality_flags(bars, sessions=SESSIONS, config=CONFIG, **context)


def test_every_rule_has_a_name_a_severity_and_a_remedy() -> None:
    assert len({rule.name for rule in SOFT_RULES}) == len(SOFT_RULES)
    assert all(rule.remedy and rule.severity in ("suspect", "notice") for rule in SOFT_RULES)


def test_bars_without_a_defect_are_not_flagged_although_the_market_crashes(bars) -> None:
    assert flags_of(bars).height <= 2e-5 * bars.height


def test_an_empty_delivery_has_no_flags(bars) -> None:
    assert flags_of(bars.clear()).schema == {
        "instrument_id": pl.String,
        "trade_date": pl.Date,
        "rule": pl.String,
    }


def test_every_rule_has_a_planted_defect() -> None:
    assert set(DEFECTS) == {rule.name for rule in SOFT_RULES}


def test_a_batch_with_too_much_wrong_is_refused_with_the_reason() -> None:
    assert batch_refusal(1000, 250, 250, CONFIG) is None
    assert "251 of 1,000 rows (25.1%)" in (batch_refusal(1000, 251, 0, CONFIG) or "")
    assert "max_flagged_share" in (batch_refusal(1000, 0, 251, CONFIG) or "")


def test_a_small_batch_is_never_refused_for_a_share() -> None:
    assert batch_refusal(99, 98, 1, CONFIG) is None


def test_rows_with_two_suspicions_count_once_and_notices_not_at_all(bars) -> None:
    key = bars[:2].select(KEY)
    flags = pl.concat(
        key.with_columns(pl.lit(rule).alias("rule")) for rule in ("outlier", "level_shift", "gap_before")
    )
    assert n_suspect(flags) == 2
    assert n_suspect(flags.filter(pl.col("rule") == "gap_before")) == 0
