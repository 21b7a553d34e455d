"""Symbols resolved at the bar's date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import polars as pl

from prometheus.domain.reference.claims import SPANS, Claim, settled_claims
from prometheus.domain.reference.symbols import Naming, left_to_others, resolved

RENAMED = [
    # Class A was GOOG until class C came; class C was GOOCV while when-issued.
    ("GOOG", "A", "2004-08-19", "2014-04-02"),
    ("GOOGL", "A", "2014-04-03", None),
    ("GOOCV", "C", "2014-03-27", "2014-04-02"),
    ("GOOG", "C", "2014-04-03", None),
    ("GOOAV", "W", "2014-03-27", "2014-04-02"),
]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _spans(rows: Sequence[tuple[str | None, ...]]) -> pl.DataFrame:
    """Return spans from symbol, instrument, first, last and, if given, listed, delisted, seen, former."""
    full = [(row[0], row[1], "USD", *map(_day, row[2:]), *[None] * (8 - len(row))) for row in rows]
    return pl.DataFrame(full, schema=SPANS, orient="row")


def _bars(*bars: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "file": ["bars.csv"] * len(bars),
            "row": pl.Series(range(2, len(bars) + 2), dtype=pl.UInt32),
            "symbol": [symbol for symbol, _ in bars],
            "trade_date": [date.fromisoformat(day) for _, day in bars],
        }
    )


def _ids(bars: pl.DataFrame, spans: pl.DataFrame, naming: Naming = "then") -> list[str]:
    found, violations = resolved(bars, spans, naming=naming)
    assert violations.is_empty()
    return found["instrument_id"].to_list()


def _rules(bars: pl.DataFrame, spans: pl.DataFrame) -> list[tuple[int, str]]:
    _, violations = resolved(bars, spans)
    return sorted(zip(violations["row"].to_list(), violations["rule"].to_list(), strict=True))


def test_a_rename_keeps_one_instrument_through_its_life() -> None:
    bars = _bars(
        ("GOOG", "2014-04-02"), ("GOOGL", "2014-04-03"), ("GOOCV", "2014-04-02"), ("GOOG", "2014-04-03")
    )
    assert _ids(bars, _spans(RENAMED)) == ["A", "A", "C", "C"]


def test_a_symbol_on_a_day_on_which_nobody_had_it_is_set_aside() -> None:
    bars = _bars(("GOOGL", "2014-04-02"), ("GOOAV", "2014-04-03"), ("GOOG", "2014-04-03"))
    assert _rules(bars, _spans(RENAMED)) == [(2, "symbol_not_valid_on_date"), (3, "symbol_not_valid_on_date")]


def test_a_vendor_may_write_a_whole_history_under_the_last_symbol() -> None:
    bars = _bars(
        ("GOOGL", "2013-02-08"), ("GOOGL", "2018-02-07"), ("GOOG", "2014-03-27"), ("GOOG", "2018-02-07")
    )
    assert _ids(bars, _spans(RENAMED), "last") == ["A", "A", "C", "C"]


def test_a_reused_symbol_is_two_instruments() -> None:
    spans = _spans([("FB", "OLD", "1999-09-29", "2003-03-28"), ("FB", "NEW", "2012-05-18", None)])
    assert _ids(_bars(("FB", "2003-03-28"), ("FB", "2012-05-18")), spans) == ["OLD", "NEW"]
    assert _rules(_bars(("FB", "2007-01-03")), spans) == [(2, "symbol_not_valid_on_date")]


def test_who_begins_is_known_from_who_ended() -> None:
    spans = _spans([("FB", "NEW", None, None), ("FB", "OLD", None, "2003-03-28")])
    assert _ids(_bars(("FB", "1999-01-04"), ("FB", "2003-03-28"), ("FB", "2003-03-31")), spans) == [
        "OLD", "OLD", "NEW",
    ]  # fmt: skip


def test_a_symbol_stays_until_another_is_seen_with_it() -> None:
    spans = _spans(
        [
            ("FOXA", "CENTURY", None, None, None, None, "2016-12-31"),
            ("FOXA", "FOX", None, None, None, None, "2019-03-19"),
        ]
    )
    bars = _bars(("FOXA", "2010-01-04"), ("FOXA", "2019-03-18"), ("FOXA", "2019-03-19"))
    assert _ids(bars, spans) == ["CENTURY", "CENTURY", "FOX"]


def test_two_that_claim_the_same_days_are_ambiguous_on_those_only() -> None:
    spans = _spans([("X", "A", "2010-01-01", "2012-12-31"), ("X", "B", "2012-01-01", None)])
    assert _rules(_bars(("X", "2011-06-01"), ("X", "2012-06-01"), ("X", "2013-06-03")), spans) == [
        (3, "ambiguous_symbol")
    ]


def test_two_of_which_nothing_is_known_are_ambiguous() -> None:
    assert _rules(_bars(("X", "2011-06-01")), _spans([("X", "A", None, None), ("X", "B", None, None)])) == [
        (2, "ambiguous_symbol")
    ]


def test_a_bar_outside_the_listing_says_so() -> None:
    spans = _spans([("X", "A", None, None, "2012-05-18", "2015-01-05")])
    bars = _bars(("X", "2012-05-17"), ("X", "2012-05-18"), ("X", "2015-01-02"), ("X", "2015-01-05"))
    assert _rules(bars, spans) == [(2, "before_listing"), (5, "after_delisting")]


def test_listings_alone_tell_a_reused_symbol_apart() -> None:
    spans = _spans([("X", "B", None, None, "2015-06-01"), ("X", "A", None, None, None, "2013-01-02")])
    bars = _bars(("X", "2012-06-01"), ("X", "2014-06-02"), ("X", "2015-06-01"))
    found, violations = resolved(bars, spans)
    assert found["instrument_id"].to_list() == ["A", "B"]
    assert violations["rule"].to_list() == ["before_listing"]


def test_unknown_symbols_and_other_currencies_are_set_aside() -> None:
    bars = _bars(("X", "2011-06-01"), ("Y", "2011-06-01"), ("X", "2011-06-02")).with_columns(
        pl.Series("currency", [None, "USD", "EUR"], dtype=pl.String)
    )
    found, violations = resolved(bars, _spans([("X", "A", None, None)]))
    assert found["currency"].to_list() == ["USD"]
    assert violations["rule"].to_list() == ["unknown_instrument", "currency_contradicted"]


def test_two_symbols_of_one_instrument_on_one_day_are_both_set_aside() -> None:
    spans = _spans([("FB", "A", None, None), ("META", "A", None, None)])
    bars = _bars(("FB", "2022-06-08"), ("META", "2022-06-08"), ("META", "2022-06-09"))
    assert _rules(bars, spans) == [(2, "two_symbols_of_one"), (3, "two_symbols_of_one")]


def test_a_vendor_that_names_by_last_symbols_is_noticed() -> None:
    """On that day GOOG was class A; where GOOGL stands there too, GOOG must be meant as class C."""
    bars = _bars(("GOOG", "2014-03-27"), ("GOOGL", "2014-03-27"), ("GOOG", "2014-03-26"))
    assert _rules(bars, _spans(RENAMED)) == [(2, "two_symbols_of_one"), (3, "symbol_not_valid_on_date")]


# Cencora was seen as ABC until 2018 and as COR in 2026; CoreSite was COR until 2021.
CENCORA = [
    ("ABC", "A", None, None, None, None, "2017-01-05"),
    ("COR", "A", None, None, None, None, "2026-08-08", "2018-01-08"),
]
CORESITE = ("COR", "C", None, None, None, None, "2015-03-31")


def test_a_symbol_that_came_later_is_not_open_to_the_past() -> None:
    bars = _bars(("COR", "2015-04-01"), ("COR", "2018-01-08"), ("COR", "2022-06-01"), ("COR", "2026-08-07"))
    assert _rules(bars, _spans(CENCORA)) == [(row, "symbol_not_valid_on_date") for row in (2, 3, 4, 5)]
    assert _ids(_bars(("ABC", "2009-01-02"), ("COR", "2026-08-08")), _spans(CENCORA)) == ["A", "A"]


def test_rows_of_the_former_owner_do_not_harm_those_of_the_later_one() -> None:
    bars = _bars(("ABC", "2015-04-01"), ("COR", "2015-04-01"))
    found, violations = resolved(bars, _spans(CENCORA))
    assert found["symbol"].to_list() == ["ABC"]
    assert violations["rule"].to_list() == ["symbol_not_valid_on_date"]


def test_the_former_owner_keeps_the_symbol_while_the_later_is_known_under_another() -> None:
    spans = _spans([*CENCORA, CORESITE])
    bars = _bars(("COR", "2012-01-03"), ("COR", "2018-01-08"), ("COR", "2026-08-10"))
    assert _ids(bars, spans) == ["C", "C", "A"]
    assert _rules(_bars(("COR", "2018-01-09"), ("COR", "2026-08-07")), spans) == [
        (2, "symbol_not_valid_on_date"),
        (3, "symbol_not_valid_on_date"),
    ]


def test_last_symbols_are_whose_they_were_at_the_end_of_the_rows() -> None:
    assert _ids(_bars(("COR", "2015-04-01"), ("COR", "2026-08-10")), _spans(CENCORA), "last") == ["A", "A"]
    _, violations = resolved(_bars(("COR", "2015-04-01")), _spans(CENCORA), naming="last")
    assert violations["rule"].to_list() == ["symbol_not_valid_on_date"]


def test_rows_are_left_to_others_only_where_all_lie_before_the_later_owner_changed() -> None:
    early = _bars(("COR", "2015-04-01"), ("COR", "2015-04-02"), ("ABC", "2015-04-01"), ("NEW", "2015-04-01"))
    assert left_to_others(early, _spans(CENCORA)).rows() == [
        ("COR", date(2015, 4, 1), date(2015, 4, 2)),
    ]
    for day in ("2018-01-09", "2026-08-10"):
        assert left_to_others(_bars(("COR", "2015-04-01"), ("COR", day)), _spans(CENCORA)).is_empty()
    assert left_to_others(early, _spans([*CENCORA, CORESITE])).is_empty()


def test_rows_keep_their_order_and_all_their_columns() -> None:
    bars = _bars(("GOOG", "2014-04-03"), ("GOOCV", "2014-03-27")).with_columns(close=pl.Series([2.0, 1.0]))
    found, _ = resolved(bars, _spans(RENAMED))
    assert found.columns == [*bars.columns, "currency", "instrument_id"]
    assert found["close"].to_list() == [2.0, 1.0]


def test_no_rows_and_no_instruments_come_to_nothing() -> None:
    found, violations = resolved(_bars().cast({"symbol": pl.String, "trade_date": pl.Date}), _spans([]))
    assert found.is_empty()
    assert violations.is_empty()


def test_settled_claims_leave_no_day_to_two_whose_beginnings_are_known() -> None:
    first = date(2001, 1, 1)
    claims = [Claim(f"I{n}", seen=first + timedelta(days=400 * n)) for n in range(5)]
    settled = settled_claims(claims[::-1])
    assert [c.instrument_id for c in settled] == [c.instrument_id for c in claims]
    for earlier, later in pairwise(settled):
        assert earlier.last is not None
        assert later.start is not None
        assert earlier.last + timedelta(days=1) == later.start
