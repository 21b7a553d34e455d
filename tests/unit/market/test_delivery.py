"""What is taken of a delivery of prices, and what is set aside."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl
import pytest

from prometheus.domain.market.columns import NUMBERS
from prometheus.domain.market.delivery import settled_rows, sound_rows
from prometheus.domain.market.rules import RULES
from prometheus.kernel.sessions import sessions_of
from prometheus.kernel.violations import n_by_rule

GOOD = {"symbol": "AAPL", "trade_date": "2018-02-07", "open": "10", "high": "12", "low": "9", "close": "11"}


def rows(*changes):
    given = [{**dict.fromkeys(NUMBERS), **GOOD, **change} for change in changes]
    frame = pl.DataFrame(given, schema=dict.fromkeys(("symbol", "trade_date", *NUMBERS), pl.String))
    return frame.with_columns(pl.lit("a.csv").alias("file"), pl.int_range(2, pl.len() + 2).alias("row"))


@dataclass(frozen=True)
class Checked:
    prices: pl.DataFrame
    violations: pl.DataFrame
    n_repeated: int
    n_rejected: int

    @property
    def n_by_rule(self):
        return n_by_rule(self.violations)


def judged(given, **known):
    sound = sound_rows(given, sessions=sessions_of({"calendar": "XNYS"}), **known)
    settled = settled_rows(sound.prices.with_columns(pl.col("symbol").alias("instrument_id")))
    n_kept = settled.prices.height + settled.n_repeated
    violations = pl.concat([sound.violations, settled.violations])
    return Checked(settled.prices, violations, settled.n_repeated, given.height - n_kept)


def checked(*changes, **known):
    return judged(rows(*changes), **known)


@pytest.mark.parametrize(
    ("change", "rule", "field"),
    [
        ({"trade_date": "07.02.2018"}, "unparsable_date", "trade_date"),
        ({"trade_date": "2018-02-30"}, "unparsable_date", "trade_date"),
        ({"trade_date": "2018-02-07T15:59"}, "unparsable_date", "trade_date"),
        ({"close": "11,5"}, "unparsable_number", "close"),
        ({"volume": "many"}, "unparsable_number", "volume"),
        ({"symbol": " "}, "missing_symbol", "symbol"),
        ({"trade_date": ""}, "missing_date", "trade_date"),
        ({"close": ""}, "missing_close", "close"),
        ({"close": "NaN"}, "not_finite", "close"),
        ({"high": "inf"}, "not_finite", "high"),
        ({"open": "0"}, "not_positive", "open"),
        ({"close": "-1", "low": None}, "not_positive", "close"),
        ({"adjusted_close": "0"}, "not_positive", "adjusted_close"),
        ({"volume": "-1"}, "negative_volume", "volume"),
        ({"dividend": "-0.1"}, "negative_action", "dividend"),
        ({"high": "10.5"}, "high_not_highest", "high"),
        ({"low": "10.5"}, "low_not_lowest", "low"),
        ({"trade_date": "2018-02-10"}, "not_a_session", "trade_date"),
        ({"trade_date": "2018-07-04"}, "not_a_session", "trade_date"),
    ],
)
def test_a_row_that_breaks_a_rule_is_set_aside_and_the_others_stay(change, rule, field) -> None:
    found = checked({}, change, {"symbol": "MSFT"})
    assert found.prices["symbol"].to_list() == ["AAPL", "MSFT"]
    assert found.n_rejected == 1
    violation = next(v for v in found.violations.iter_rows(named=True) if v["rule"] == rule)
    assert (violation["file"], violation["row"], violation["field"]) == ("a.csv", 3, field)
    assert violation["remedy"]
    assert found.n_by_rule[rule] == 1


def test_every_rule_has_a_name_of_its_own_and_a_remedy() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.remedy and rule.is_broken.__doc__ for rule in RULES)


def test_missing_open_high_low_and_volume_stay_missing() -> None:
    (row,) = checked({"open": "", "high": None, "low": ""}).prices.iter_rows(named=True)
    assert [row[name] for name in ("open", "high", "low", "volume")] == [None] * 4
    assert row["close"] == 11.0


def test_a_bar_without_open_is_still_checked_on_its_high_and_low() -> None:
    assert checked({"open": "", "high": "10"}, {}).n_by_rule == {"high_not_highest": 1}


def test_a_high_or_low_that_fails_by_rounding_alone_is_moved_to_the_price_it_fails_by() -> None:
    bar = {"open": "109.4", "high": "109.42667599999999", "low": "109.1", "close": "109.426676"}
    turned = {"open": "109.1", "high": "109.4", "low": "109.10000000000001", "close": "109.3"}
    closed = {"open": "", "high": "9.999999999999998", "low": "10.000000000000002", "close": "10"}
    given = (bar, {**turned, "symbol": "MSFT"}, {**closed, "symbol": "SAP"})
    found = checked(*given)
    assert found.n_rejected == 0
    assert found.prices.select("symbol", "open", "high", "low", "close").rows() == [
        ("AAPL", 109.4, 109.426676, 109.1, 109.426676),
        ("MSFT", 109.1, 109.4, 109.1, 109.3),
        ("SAP", None, 10.0, 10.0, 10.0),
    ]


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"high": "10.99999998"}, {"high_not_highest": 1}),
        ({"low": "10.00000002"}, {"low_not_lowest": 1}),
        ({"open": "inf"}, {"not_finite": 1, "high_not_highest": 1}),
        ({"open": "NaN"}, None),
        ({"close": "-1"}, None),
    ],
)
def test_a_breach_that_no_rounding_makes_stays_one(change, rules) -> None:
    found = checked(change, {"symbol": "MSFT"})
    assert found.prices["symbol"].to_list() == ["MSFT"]
    assert rules is None or found.n_by_rule == rules


def test_a_row_of_a_day_after_the_delivery_became_known_is_not_yet_true():
    changes = ({"trade_date": "2018-02-06"}, {}, {"trade_date": "2018-02-08"})
    found = checked(*changes, known_at=datetime(2018, 2, 7, 22, tzinfo=UTC))
    assert found.prices["trade_date"].to_list() == [date(2018, 2, 6), date(2018, 2, 7)]
    assert found.n_by_rule == {"not_yet": 1}


@pytest.mark.parametrize(
    ("known_at", "rules"),
    [
        ("2018-02-07T20:59:59+00:00", {"not_closed": 1}),
        ("2018-02-07T21:00:00+00:00", {}),
        ("2018-02-07T16:00:00-05:00", {}),
        ("2018-02-08T05:59:59+09:00", {"not_closed": 1}),
        ("2018-02-07T00:00:00+00:00", {"not_closed": 1}),
    ],
)
def test_the_bar_of_a_session_counts_from_its_close_on(known_at, rules):
    found = checked({"trade_date": "2018-02-06"}, {}, known_at=datetime.fromisoformat(known_at))
    assert found.n_by_rule == rules
    if rules:
        (remedy,) = found.violations["remedy"].to_list()
        assert "closes at 2018-02-07 21:00 UTC" in remedy


def test_a_session_that_closes_early_counts_from_then_on():
    change = {"trade_date": "2018-07-03"}
    assert checked(change, known_at=datetime(2018, 7, 3, 17, tzinfo=UTC)).n_by_rule == {}
    assert checked(change, known_at=datetime(2018, 7, 3, 16, 59, tzinfo=UTC)).n_by_rule == {"not_closed": 1}


def test_identical_repetitions_collapse_and_contradictions_are_all_set_aside() -> None:
    found = checked({}, {}, {"symbol": "MSFT"}, {"symbol": "MSFT", "close": "10.5"})
    assert found.prices["symbol"].to_list() == ["AAPL"]
    assert (found.n_repeated, found.n_rejected) == (1, 2)
    assert found.n_by_rule == {"contradicting_duplicate": 2}


AS_TRADED, ADJUSTED = (100.0, 98.0, 49.5, 50.0), (50.0, 49.0, 49.5, 50.0)


def with_a_split(symbol, closes, split=2.0):
    days = ("2018-02-05", "2018-02-06", "2018-02-07", "2018-02-08")
    none = dict.fromkeys(("open", "high", "low"))
    return [
        {**none, "symbol": symbol, "trade_date": day, "close": str(close), "split": str(ratio)}
        for day, close, ratio in zip(days, closes, (0.0, 0.0, split, 0.0), strict=True)
    ]


def test_closes_that_hold_their_splits_already_are_refused_by_name_and_those_as_traded_land():
    found = checked(*with_a_split("OLD", ADJUSTED), *with_a_split("RAW", AS_TRADED))
    assert found.prices["symbol"].to_list() == ["RAW"] * 4
    assert found.n_by_rule == {"closes_already_adjusted": 4}
    first = found.violations.row(0, named=True)
    assert (first["symbol"], first["trade_date"], first["found"]) == ("OLD", "2018-02-07", "2.0")
    assert "leave its splits out" in first["remedy"]


@pytest.mark.parametrize("split", [0.0, 1.0, 1.05])
def test_no_split_and_a_small_one_say_nothing_about_the_closes(split):
    assert checked(*with_a_split("OLD", ADJUSTED, split)).n_rejected == 0


def test_a_reverse_split_as_traded_lands_and_an_adjusted_one_does_not():
    raw = with_a_split("RAW", (5.0, 5.1, 50.0, 49.0), 0.1)
    old = with_a_split("OLD", (50.0, 51.0, 50.0, 49.0), 0.1)
    found = checked(*raw, *old, *raw)
    assert found.prices["symbol"].to_list() == ["RAW"] * 4
    assert (found.n_repeated, found.n_rejected) == (4, 4)


def test_a_split_on_the_first_row_has_no_former_close_to_be_judged_by():
    assert checked(*with_a_split("NEW", AS_TRADED)[2:]).n_rejected == 0


def test_a_midnight_behind_the_date_is_taken() -> None:
    texts = ("2018-02-07 00:00:00", "2018-02-07T00:00:00Z", "2018-02-07 00:00:00+00:00")
    found = checked(*({"trade_date": text, "symbol": f"S{i}"} for i, text in enumerate(texts)))
    assert found.prices["trade_date"].to_list() == [date(2018, 2, 7)] * 3


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo", "America/New_York"])
def test_a_moment_in_a_typed_file_is_taken_at_midnight_of_its_own_zone_alone(zone) -> None:
    texts = pl.Series(["2018-02-07 00:00", "2018-02-07 16:00"])
    moments = texts.str.to_datetime("%Y-%m-%d %H:%M").dt.replace_time_zone(zone)
    given = rows({}, {"symbol": "MSFT"}).with_columns(moments.alias("trade_date"))
    found = judged(given)
    assert found.prices["trade_date"].to_list() == [date(2018, 2, 7)]
    assert found.n_by_rule == {"unparsable_date": 1}
