"""What the soft rules say of real bars, beside labels that were set by hand.

``labelled_flags.csv`` says of every suspicion that the rules have of the five-year panel and of the Lean bars
(``prices/kaggle_sp500_5yr`` and ``prices/lean_usa_equity`` of the shared data) whether it is right, with its
evidence: a public corporate action, another vendor's bar, an earlier delivery of the same feed, the other day
whose prices the bar carries. Of repeated bars, of which there are many, it holds those that the earlier
delivery has too and sixty more drawn by a seed. ``missed`` are corporate actions that no rule found.
"""

import csv
import io
import zipfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from prometheus.domain.market.config import QualityConfig
from prometheus.domain.market.quality import SOFT_RULES, quality_flags
from tests.deliveries import shared
from tests.unit.market.quality_world import DEFECTS, KEY, PRICES, SESSIONS
from tests.unit.market.test_quality import documented

LABELS = Path(__file__).resolve().parents[2] / "fixtures" / "quality" / "labelled_flags.csv"
REUSED = {"fb": date(2012, 5, 18), "uso": date(2006, 4, 10)}
"""Tickers in the Lean files that another instrument had before."""
REAL = {  # results, guidance, approvals, takeovers: known from the news of the day
    ("AMD", date(2016, 4, 22)), ("BBY", date(2014, 1, 16)), ("BIIB", date(2015, 7, 24)),
    ("CHK", date(2016, 2, 8)), ("CTL", date(2013, 2, 14)), ("EFX", date(2017, 9, 15)),
    ("EVHC", date(2017, 11, 1)), ("EXPE", date(2013, 7, 26)), ("FB", date(2013, 7, 25)),
    ("FL", date(2017, 8, 18)), ("INCY", date(2013, 8, 21)), ("MCK", date(2016, 10, 28)),
    ("NVDA", date(2016, 11, 11)), ("NWL", date(2017, 11, 2)), ("PWR", date(2015, 10, 16)),
    ("SIG", date(2017, 11, 21)), ("STZ", date(2013, 2, 14)), ("VRTX", date(2013, 4, 19)),
    ("VRTX", date(2014, 6, 24)), ("WMB", date(2016, 2, 8)),
}  # fmt: skip
N_SESSIONS = 1255
LABELLED_WHOLE = ("outlier", "high_low_spike", "level_shift", "swapped_bars")
SUSPECT = [rule.name for rule in SOFT_RULES if rule.severity == "suspect"]


def labels(data):
    with LABELS.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["data"] == data]
    return {
        (row["instrument_id"], date.fromisoformat(row["trade_date"]), row["rule"]): row["label"]
        for row in rows
    }


def sound(bars: pl.DataFrame) -> pl.DataFrame:
    """Return the bars that keep the hard rules on the order of prices."""
    return bars.filter(
        ~(pl.col("high") < pl.max_horizontal("open", "low", "close")).fill_null(False),
        ~(pl.col("low") > pl.min_horizontal("open", "high", "close")).fill_null(False),
    ).sort(KEY)


@pytest.fixture(scope="module")
def panel() -> pl.DataFrame:
    bars = pl.read_parquet(shared("prices/kaggle_sp500_5yr/all_stocks_5yr.parquet"))
    day = pl.col("date").cast(pl.String).str.slice(0, 10).str.to_date()
    return sound(
        bars.select(
            pl.col("Name").alias("instrument_id"),
            day.alias("trade_date"),
            *PRICES,
            pl.col("volume").cast(pl.Float64),
        )
    )


@pytest.fixture(scope="module")
def panel_flags(panel) -> pl.DataFrame:
    return quality_flags(panel, sessions=SESSIONS, config=QualityConfig())


@pytest.fixture(scope="module")
def lean() -> pl.DataFrame:
    names = ["time", *PRICES, "volume"]
    frames = []
    for path in sorted(shared("prices/lean_usa_equity/daily").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            text = archive.read(archive.namelist()[0])
        bars = pl.read_csv(io.BytesIO(text), has_header=False, new_columns=names)
        day = pl.col("time").str.slice(0, 8).str.to_date("%Y%m%d")
        frames.append(
            bars.select(
                pl.lit(path.stem).alias("instrument_id"),
                day.alias("trade_date"),
                *(pl.col(name) / 10_000 for name in PRICES),
                pl.col("volume").cast(pl.Float64),
            ).filter(pl.col("trade_date") >= REUSED.get(path.stem, date.min))
        )
    return sound(pl.concat(frames))


def keys(flags: pl.DataFrame, *rules: str) -> set:
    return set(flags.filter(pl.col("rule").is_in(rules)).select(*KEY, "rule").iter_rows())


def test_every_suspicion_of_the_panel_but_repeated_bars_is_labelled(panel_flags) -> None:
    labelled = {key for key, label in labels("sp500").items() if label != "missed"}
    assert keys(panel_flags, *LABELLED_WHOLE) == {key for key in labelled if key[2] != "repeated_bar"}
    assert {key for key in labelled if key[2] == "repeated_bar"} <= keys(panel_flags, "repeated_bar")


def test_what_the_panel_shows_is_what_the_page_says(panel_flags) -> None:
    found = Counter(panel_flags["rule"].to_list())
    judged = Counter((key[2], label) for key, label in labels("sp500").items())
    for rule, said in documented("On the five-year panel").items():
        assert said["flags"] == found[rule], rule
        counts = {label: judged[rule, label] for label in ("right", "wrong", "unknown")}
        if rule in (*LABELLED_WHOLE, "repeated_bar"):
            assert {label: said[label] for label in counts} == counts, rule


def test_of_defects_planted_in_the_panel_at_least_as_many_are_found_as_the_page_says(panel) -> None:
    """Names with all sessions of the panel; what is flagged without the planting is left out."""
    whole = panel.drop_nulls().group_by("instrument_id").len().filter(pl.col("len") >= N_SESSIONS)
    names = whole["instrument_id"].implode()
    bars = panel.drop_nulls().filter(pl.col("instrument_id").is_in(names))
    bars = bars.group_by("instrument_id", maintain_order=True).tail(N_SESSIONS)
    config = QualityConfig()
    found_before = quality_flags(bars, sessions=SESSIONS, config=config)
    for rule, said in documented("Defects planted in the panel").items():
        spoilt, planted = DEFECTS[rule](bars, seed=77, **({} if rule == "twin_series" else {"n": 400}))
        flags = quality_flags(spoilt, sessions=SESSIONS, config=config)
        own = flags.filter(pl.col("rule") == rule).join(found_before, on=[*KEY, "rule"], how="anti")
        n_right = own.join(planted, on=KEY).height
        assert planted.height == said["planted"], (rule, planted.height)
        assert n_right / planted.height >= said["recall"], (rule, n_right / planted.height)
        assert n_right / own.height >= said["precision"], (rule, n_right / own.height)


def test_most_known_spin_offs_and_special_dividends_of_the_panel_are_found(panel_flags) -> None:
    known = {
        key
        for key, label in labels("sp500").items()
        if key[2] == "level_shift" and label in ("right", "missed")
    }
    assert len(keys(panel_flags, "level_shift") & known) >= 0.65 * len(known)


def test_real_crashes_of_the_panel_are_no_errors(panel, panel_flags) -> None:
    change = (pl.col("close") / pl.col("close").shift(1).over("instrument_id")).log()
    fell = panel.filter((change < -0.18) | (change > 0.18))
    assert set(fell.select(KEY).iter_rows()) >= REAL
    suspected = set(panel_flags.filter(pl.col("rule").is_in(SUSPECT)).select(KEY).iter_rows())
    assert not REAL & suspected


def test_the_flash_crash_of_august_2015_is_no_error(panel, panel_flags) -> None:
    day = panel_flags.filter(pl.col("trade_date") == date(2015, 8, 24), pl.col("rule").is_in(SUSPECT))
    assert day.is_empty()


@pytest.mark.parametrize("day", [date(2015, 8, 24), date(2016, 6, 24), date(2016, 11, 9), date(2018, 2, 5)])
def test_the_evening_of_a_wild_day_has_no_suspicion(panel, day) -> None:
    """The crash of August 2015, the British vote, the American one, and the end of the calm of 2017."""
    assert not of_one_day(panel, day)


def test_the_evening_of_a_day_with_wrong_bars_suspects_them_alone(panel, panel_flags) -> None:
    day = date(2017, 9, 14)
    found = of_one_day(panel, day)
    wrong = panel_flags.filter(pl.col("trade_date") == day, pl.col("rule") == "repeated_bar")
    assert len(found) >= 8
    assert {name for name, _ in found} <= set(wrong["instrument_id"])


def of_one_day(panel: pl.DataFrame, day: date) -> set:
    """Return the suspicions of a delivery of one day, with a year of stored rows in front."""
    before = panel.filter(pl.col("trade_date") < day, pl.col("trade_date") >= day - timedelta(days=370))
    today = panel.filter(pl.col("trade_date") == day)
    flags = quality_flags(today, sessions=SESSIONS, config=QualityConfig(), before=before)
    return set(flags.filter(pl.col("rule").is_in(SUSPECT)).select("instrument_id", "rule").iter_rows())


def test_real_crashes_are_no_errors_without_volumes_either(panel) -> None:
    flags = quality_flags(panel.drop("volume"), sessions=SESSIONS, config=QualityConfig())
    assert not REAL & set(flags.filter(pl.col("rule").is_in(SUSPECT)).select(KEY).iter_rows())


def test_every_bar_that_repeats_another_days_differs_from_the_earlier_delivery(panel, panel_flags) -> None:
    frames = []
    for path in sorted(shared("prices/kaggle_sp500_5yr/vintage_2017-08-15").glob("*.csv")):
        earlier = pl.read_csv(path, infer_schema_length=0)
        frames.append(
            earlier.select(
                pl.col("Name").alias("instrument_id"),
                pl.col("Date").str.to_date().alias("trade_date"),
                pl.col("Open").cast(pl.Float64, strict=False).alias("earlier_open"),
                pl.col("Close").cast(pl.Float64, strict=False).alias("earlier_close"),
            )
        )
    repeated = panel_flags.filter(pl.col("rule") == "repeated_bar").join(panel, on=KEY)
    both = repeated.join(pl.concat(frames), on=KEY)
    differs = ((pl.col("open") / pl.col("earlier_open") - 1).abs() > 5e-4) | (
        (pl.col("close") / pl.col("earlier_close") - 1).abs() > 5e-4
    )
    assert both.height >= 10
    assert both.filter(differs).height == both.height


def test_splits_in_the_lean_files_are_level_shifts_and_bad_ticks_are_spikes(lean) -> None:
    flags = quality_flags(lean, sessions=SESSIONS, config=QualityConfig())
    judged = labels("lean")
    assert keys(flags, *SUSPECT) == set(judged)
    found = Counter((key[2], label) for key, label in judged.items())
    for rule, said in documented("On the Lean files").items():
        assert {label: said[label] for label in ("right", "wrong", "unknown")} == {
            label: found[rule, label] for label in ("right", "wrong", "unknown")
        }


def test_apples_fall_by_half_in_september_2000_is_no_split(lean) -> None:
    flags = quality_flags(lean, sessions=SESSIONS, config=QualityConfig())
    fall = flags.filter(pl.col("instrument_id") == "aapl", pl.col("trade_date") == date(2000, 9, 29))
    assert fall.is_empty()
