"""What the soft rules find of defects that were planted, and what they say of bars without any."""

import re
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from prometheus.domain.market.config import QualityConfig
from prometheus.domain.market.quality import SOFT_RULES, batch_refusal, n_suspect, quality_flags
from tests.unit.market.quality_world import DEFECTS, KEY, SESSIONS, clean_bars

CONFIG = QualityConfig()
PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "quality-rules.md"
SEEDS = (7, 8, 9)


def documented(heading: str) -> dict[str, dict[str, float]]:
    """Return the table under a heading of the page: rule to column to number."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line.strip()[1:-1].split("|") for line in section.splitlines() if line.startswith("|")]
    columns, rows = [name.strip() for name in lines[0]], lines[2:]
    found = {}
    for row in rows:
        cells = dict(zip(columns, (cell.strip().strip("`") for cell in row), strict=True))
        rule = cells.pop("rule")
        found[rule] = {name: float(text) for name, text in cells.items() if text}
    return found


@pytest.fixture(scope="module")
def bars() -> pl.DataFrame:
    return clean_bars()


def flags_of(bars: pl.DataFrame, **context) -> pl.DataFrame:
    return quality_flags(bars, sessions=SESSIONS, config=CONFIG, **context)


def test_every_rule_has_a_name_a_severity_and_a_remedy() -> None:
    assert len({rule.name for rule in SOFT_RULES}) == len(SOFT_RULES)
    assert all(rule.remedy and rule.severity in ("suspect", "notice") for rule in SOFT_RULES)


def test_every_rule_is_on_the_page_with_its_severity() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for rule in SOFT_RULES:
        assert re.search(rf"\| `{rule.name}` \| {rule.severity} \|", text), rule.name
    for name in QualityConfig.model_fields:
        assert f"`{name}`" in text, name


def test_every_hard_rule_of_prices_is_on_the_page() -> None:
    source = PAGE.parents[2] / "src" / "prometheus" / "domain"
    paths = (*(source / "market").glob("*.py"), source / "reference" / "symbols.py")
    names = {name for path in paths for name in re.findall(r'(?:rule=|Rule\()"([a-z_]+)"', path.read_text())}
    assert {"high_not_highest", "before_listing"} <= names
    assert {name for name in names if f"`{name}`" not in PAGE.read_text(encoding="utf-8")} == set()


def test_of_planted_defects_at_least_as_many_are_found_as_the_page_says() -> None:
    said = documented("Planted defects")
    assert set(said) == set(DEFECTS)
    n_planted, n_found, n_right = Counter(), Counter(), Counter()
    for seed in SEEDS:
        clean = clean_bars(seed)
        for rule, defect in DEFECTS.items():
            spoilt, keys = defect(clean, seed=31 * seed + 1)
            flags = flags_of(spoilt).filter(pl.col("rule") == rule)
            n_planted[rule] += keys.height
            n_found[rule] += flags.height
            n_right[rule] += flags.join(keys, on=KEY).height
    for rule, figures in said.items():
        assert n_planted[rule] == figures["planted"], (rule, n_planted[rule])
        assert n_right[rule] / n_planted[rule] >= figures["recall"], (rule, n_right[rule] / n_planted[rule])
        assert n_right[rule] / n_found[rule] >= figures["precision"], (rule, n_right[rule] / n_found[rule])


def test_rows_that_are_stored_already_are_context_and_never_flagged(bars) -> None:
    spoilt, keys = DEFECTS["outlier"](bars)
    first = spoilt["trade_date"].unique().sort()[200]
    before = spoilt.filter(pl.col("trade_date") < first)
    delivered = spoilt.filter(pl.col("trade_date") >= first)
    flags = flags_of(delivered, before=before)
    assert flags["trade_date"].min() >= first
    late = keys.filter(pl.col("trade_date") >= first)
    assert late.height >= 10
    assert flags.filter(pl.col("rule") == "outlier").join(late, on=KEY).height >= 0.8 * late.height


def test_one_day_with_its_history_is_judged_by_it(bars) -> None:
    day = bars["trade_date"].unique().sort()[200]
    before, today = bars.filter(pl.col("trade_date") < day), bars.filter(pl.col("trade_date") == day)
    assert flags_of(today, before=before).is_empty()
    wrong = today.with_columns(
        pl.when(pl.col("instrument_id") == "N003").then(pl.col(name) * 1.9).otherwise(pl.col(name))
        for name in ("open", "high", "low", "close")
    )
    assert flags_of(wrong, before=before).rows() == [("N003", day, "outlier")]


def test_the_order_of_instruments_and_other_columns_change_nothing(bars) -> None:
    spoilt, _ = DEFECTS["repeated_bar"](bars)
    again = spoilt.with_columns(pl.lit("x").alias("note")).select(reversed([*spoilt.columns, "note"]))
    assert flags_of(again).equals(flags_of(spoilt))


def test_bars_without_volume_or_with_closes_alone_are_judged_by_what_there_is(bars) -> None:
    spoilt, keys = DEFECTS["outlier"](bars)
    for given in (spoilt.drop("volume"), spoilt.select(*KEY, "close")):
        flags = flags_of(given)
        assert flags.filter(pl.col("rule") == "outlier").join(keys, on=KEY).height >= 0.8 * keys.height
        assert not flags["rule"].is_in(["missing_fields", "zero_volume"]).any()


def test_a_fall_by_half_without_volumes_is_not_taken_for_a_split(bars) -> None:
    row = 60 * 520 + 250
    place = pl.int_range(pl.len())
    fallen = bars.with_columns(
        pl.when((place >= row) & (place < 61 * 520)).then(pl.col(name) * 0.47).otherwise(pl.col(name))
        for name in ("open", "high", "low", "close")
    )
    assert flags_of(fallen.drop("volume")).filter(pl.col("rule") == "level_shift").is_empty()


def test_an_index_without_volumes_among_shares_is_not_flagged_for_it(bars) -> None:
    index = pl.col("instrument_id") == "N000"
    bars = bars.with_columns(pl.when(index).then(0.0).otherwise(pl.col("volume")).alias("volume"))
    assert flags_of(bars).filter(index, pl.col("rule") == "zero_volume").is_empty()
    bars = bars.with_columns(pl.when(index).then(None).otherwise(pl.col("volume")).alias("volume"))
    assert flags_of(bars).filter(index, pl.col("rule") == "missing_fields").is_empty()


def test_a_given_split_is_no_level_shift(bars) -> None:
    row, length = 30 * 520 + 200, 520
    place = pl.int_range(pl.len())
    after = (place >= row) & (place < 31 * length)
    halved = bars.with_columns(
        pl.when(after).then(pl.col(name) / 2).otherwise(pl.col(name))
        for name in ("open", "high", "low", "close")
    ).with_columns(pl.when(after).then(2 * pl.col("volume")).otherwise(pl.col("volume")).alias("volume"))
    day = bars["trade_date"][row]
    assert ("N030", day, "level_shift") in flags_of(halved).rows()
    given = halved.with_columns(pl.when(place == row).then(2.0).alias("split"))
    assert flags_of(given).filter(pl.col("instrument_id") == "N030").is_empty()


def test_bars_without_a_defect_are_not_flagged_although_the_market_crashes(bars) -> None:
    assert flags_of(bars).height <= 5e-5 * bars.height


def test_an_empty_delivery_has_no_flags(bars) -> None:
    assert flags_of(bars.clear()).schema == {
        "instrument_id": pl.String,
        "trade_date": pl.Date,
        "rule": pl.String,
    }


@pytest.mark.parametrize("n_rows", [1, 2, 3, 600])
def test_a_few_rows_are_judged_without_a_warning(bars, n_rows) -> None:
    few = bars[:n_rows]
    assert flags_of(few).is_empty()
    assert flags_of(few[-1:], before=few[:-1]).is_empty()
    assert flags_of(few.with_columns(pl.lit(None).alias(n) for n in ("split", "dividend"))).is_empty()
    assert flags_of(few.with_columns(pl.col("instrument_id").cast(pl.Categorical))).is_empty()


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


def test_yesterdays_bars_delivered_again_as_todays_are_flagged_and_not_the_stored_ones(bars) -> None:
    days = bars["trade_date"].unique().sort()
    before = bars.filter(pl.col("trade_date") < days[200])
    yesterday = bars.filter(pl.col("trade_date") == days[199])
    today = bars.filter(pl.col("trade_date") == days[200]).select(KEY)
    copied = today.join(yesterday.drop("trade_date"), on="instrument_id", maintain_order="left")
    flags = flags_of(copied, before=before)
    assert flags.filter(pl.col("rule") == "repeated_bar").height >= 0.95 * copied.height
    whole = flags_of(pl.concat([before, copied]).sort(KEY))
    wrong = whole.filter(pl.col("rule") == "repeated_bar")
    assert wrong["trade_date"].to_list().count(days[200]) >= 0.95 * copied.height
    assert days[199] not in wrong["trade_date"].to_list()
