"""Cells of macro and factor files: dates by their order, units as documented, times of knowledge."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from prometheus.domain.market.factor_deliveries import (
    REMEDIES,
    Releases,
    checked,
    dates_of,
)
from prometheus.domain.market.series_names import macro_id, unit_of

MOMENT = datetime(2020, 1, 1, 12, tzinfo=UTC)


def cells(*rows, is_percent=False):
    """Return cells of (factor_id, date, text)."""
    texts = pl.Series([str(row[1]) for row in rows], dtype=pl.String)
    dates, is_ambiguous = dates_of(texts)
    return pl.DataFrame(
        {
            "file": ["given.csv"] * len(rows),
            "row": list(range(2, len(rows) + 2)),
            "factor_id": [row[0] for row in rows],
            "date_text": texts,
            "trade_date": dates,
            "is_ambiguous": is_ambiguous,
            "text": [row[2] for row in rows],
            "unit": ["decimal"] * len(rows),
            "is_percent": [is_percent] * len(rows),
            "vintage": pl.Series([None] * len(rows), dtype=pl.Date),
        },
        schema_overrides={"row": pl.Int64, "factor_id": pl.String, "text": pl.String},
    )


def taken(*rows, releases=None, is_percent=False, moment=MOMENT):
    return checked(cells(*rows, is_percent=is_percent), moment=moment, releases=releases or Releases())


@pytest.mark.parametrize("is_newest_first", [True, False])
def test_two_shapes_in_one_column_are_settled_by_the_order_of_its_rows(is_newest_first):
    days = pl.date_range(date(2021, 11, 1), date(2022, 3, 31), "1d", eager=True).to_list()
    # As a spreadsheet leaves them: what it took for a date of the wrong kind got another shape.
    texts = [f"{d:%m-%d-%Y}" if d.day <= 12 else f"{d:%m/%d/%Y}" for d in days]
    if is_newest_first:
        days, texts = days[::-1], texts[::-1]
    dates, is_ambiguous = dates_of(pl.Series(texts))
    assert dates.to_list() == days
    assert not is_ambiguous.any()


def test_the_same_holds_where_the_day_stands_first():
    days = pl.date_range(date(2021, 11, 1), date(2022, 3, 31), "1d", eager=True).to_list()
    texts = [f"{d:%d.%m.%Y}" if d.day <= 12 else f"{d:%Y-%m-%d}" for d in days]
    assert dates_of(pl.Series(texts))[0].to_list() == days


def test_one_row_out_of_order_does_not_make_others_unreadable():
    days = pl.date_range(date(2022, 1, 1), date(2022, 3, 31), "1d", eager=True).to_list()
    texts = [f"{d:%m-%d-%Y}" if d.day <= 12 else f"{d:%m/%d/%Y}" for d in days]
    texts.insert(20, "11/30/2021")
    days.insert(20, date(2021, 11, 30))
    dates, _ = dates_of(pl.Series(texts))
    assert dates.to_list() == days


@pytest.mark.parametrize(
    "texts",
    [
        ["01/02/2020", "02/02/2020", "03/02/2020"],  # three days, or one in each of three months
        ["05/06/2020"],
        ["12/13/2022", "06-05-2022", "06-05-2022", "12/13/2022"],
    ],
)
def test_what_may_be_two_dates_is_neither(texts):
    dates, is_ambiguous = dates_of(pl.Series(texts))
    assert is_ambiguous.any()
    assert dates.filter(is_ambiguous).null_count() == is_ambiguous.sum()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2.76", 0.0276), ("  -0.67", -0.0067), ("8", 0.08), ("0.012", 0.00012), ("-.5", -0.005),
        ("1e-3", 1e-05), ("0.07", 0.0007), ("12.", 0.12),
    ],
)  # fmt: skip
def test_a_percent_becomes_the_nearest_decimal(text, value):
    # 2.76 / 100 need not be the double that is nearest to 0.0276; the shifted text is.
    assert taken(("X", "2018-01-02", text), is_percent=True).rows["value"].to_list() == [value]


def test_cells_without_a_value_make_no_row_and_break_no_rule():
    found = taken(
        *(("X", f"2018-01-0{n}", text) for n, text in enumerate((".", "", "ND", None, "1"), start=1))
    )
    assert (found.rows.height, found.n_missing, found.n_rejected) == (1, 4, 0)


def test_every_rule_is_named_with_its_cell_and_a_remedy():
    found = taken(
        ("X", "2018-01-01", "1"),
        ("X", "2018-01-01", "1.0"),
        ("X", "2018-01-02", "1,5"),
        ("X", "2018-01-03", "inf"),
        ("X", "soon", "1"),
        ("X", "2020-01-02", "1"),
        ("", "2018-01-04", "1"),
        ("a/b", "2018-01-04", "1"),
        ("X", "2018-01-05", "1"),
        ("X", "2018-01-05", "2"),
    )
    assert found.rows.select("factor_id", "trade_date", "value").rows() == [("X", date(2018, 1, 1), 1.0)]
    assert (found.n_repeated, found.n_rejected) == (1, 8)
    assert found.violations.select("row", "rule").rows() == [
        (4, "unparsable_value"),
        (5, "unparsable_value"),
        (6, "unparsable_date"),
        (7, "not_yet"),
        (8, "factor_missing"),
        (9, "impossible_id"),
        (10, "contradicting_duplicate"),
        (11, "contradicting_duplicate"),
    ]
    assert set(found.violations["remedy"]) <= set(REMEDIES.values())


def test_a_lag_counts_from_the_date_to_the_end_of_a_day_and_never_past_the_delivery():
    found = taken(("X", "2019-01-31", "1"), ("X", "2019-12-31", "1"), releases=Releases(lag_days=14)).rows
    assert found.select("known_at", "known_basis").rows() == [
        (datetime(2019, 2, 14, 23, 59, 59, tzinfo=UTC), "release_lag"),
        (MOMENT, "delivered"),
    ]


def test_a_calendar_goes_by_series_before_it_goes_by_date():
    day, own, shared = date(2019, 1, 1), datetime(2019, 2, 1, tzinfo=UTC), datetime(2019, 3, 1, tzinfo=UTC)
    calendar = {
        ("X", day): own,
        (None, day): shared,
        ("Y", date(2019, 1, 2)): datetime(2021, 1, 1, tzinfo=UTC),
    }
    found = taken(
        ("X", day, "1"), ("Y", day, "1"), ("Z", "2019-01-03", "1"), ("Y", "2019-01-02", "1"),
        releases=Releases(calendar=calendar),
    )  # fmt: skip
    assert found.rows.select("factor_id", "known_at", "known_basis").rows() == [
        ("X", own, "release_calendar"),
        ("Y", shared, "release_calendar"),
        ("Z", MOMENT, "delivered"),
    ]
    assert found.violations["rule"].to_list() == ["before_release"]


def test_the_order_of_cells_changes_nothing():
    rows = [("X", f"2018-01-{n:02}", str(n / 8)) for n in range(1, 29)] + [("Y", "2018-01-05", "3")]
    assert taken(*rows).rows.equals(taken(*rows[::-1]).rows)


@pytest.mark.parametrize(
    ("name", "factor_id", "unit"),
    [
        ("DGS10", "MACRO:DGS10", "decimal"),
        ("DGS3MO", "MACRO:DGS3MO", "decimal"),
        ("T10Y2Y", "MACRO:T10Y2Y", "decimal"),
        ("UNRATE", "MACRO:UNRATE", "decimal"),
        ("20 Yr", "MACRO:UST_20Y", "decimal"),
        ("1 Mo", "MACRO:UST_1M", "decimal"),
        ("VIXCLS", "MACRO:VIXCLS", "index, annualised percent"),
        ("PAYEMS", "MACRO:PAYEMS", "as delivered"),
    ],
)
def test_series_have_their_documented_unit(name, factor_id, unit):
    assert macro_id(name) == factor_id
    assert unit_of(factor_id) == unit
