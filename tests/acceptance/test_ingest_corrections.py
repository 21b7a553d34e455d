"""Corrections keep every version, a crash is healed by running again, and derived rows follow."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from prometheus.adapters.price_door import ingest_prices
from prometheus.domain.market.delivery import Delivery
from prometheus.flow.storage import About, Written
from prometheus.kernel.errors import RejectedBatchError
from prometheus.store.connections import connect
from prometheus.store.decisions import known_span
from prometheus.store.derived import upsert_derived

MONDAY, TUESDAY, WEDNESDAY = date(2018, 2, 5), date(2018, 2, 6), date(2018, 2, 7)
pytestmark = pytest.mark.parametrize("server", ["embedded", "15"], indirect=True)


def delivery(*rows, source="vendor"):
    names = ("symbol", "trade_date", "open", "close", "split", "dividend")
    schema = {"symbol": pl.String, "trade_date": pl.Date} | dict.fromkeys(names[2:], pl.Float64)
    frame = pl.DataFrame([(*row, None, None, None, None)[:6] for row in rows], schema=schema, orient="row")
    return Delivery(
        source,
        frame.with_columns(pl.lit("memory").alias("file"), pl.int_range(1, pl.len() + 1).alias("row")),
        (),
    )


def with_adjusted(*rows, given):
    plain = delivery(*rows)
    return Delivery(plain.source, plain.rows.with_columns(pl.lit(given).alias("adjusted_close")), ())


def take(databases, given, day=8, **options):
    moment = datetime(2018, 2, day, tzinfo=UTC)
    return ingest_prices(databases, given, market_id="US_EQ", create=True, known_at=moment, **options)


def rows_of(databases):
    with connect(databases.historical_url) as connection:
        return connection.execute(
            "SELECT symbol, trade_date, open, close, adjusted_close, metadata FROM ("
            "SELECT right(instrument_id, 1) AS symbol, * FROM prices_daily) p ORDER BY 1, 2"
        ).fetchall()


def decisions_of(databases):
    with connect(databases.runtime_url) as connection:
        return connection.execute("SELECT * FROM engine_decisions ORDER BY decision_id").fetchall()


def test_a_corrected_row_keeps_every_version_with_the_moment_until_which_it_was_believed(databases):
    first = take(databases, delivery(("A", MONDAY, 10.0, 11.0), ("A", TUESDAY, 0.1 + 0.2, 12.0)), 8)
    second = take(databases, delivery(("A", MONDAY, 10.0, 11.5), ("A", TUESDAY, 0.1 + 0.2, 12.0)), 9)
    third = take(databases, delivery(("A", MONDAY, None, 11.6, None, 0.25)), 10)
    assert (second.n_new, second.n_corrected, second.n_unchanged) == (0, 1, 1)
    assert (third.n_new, third.n_corrected) == (0, 1)
    monday, tuesday = rows_of(databases)
    assert monday[2:5] == (None, 11.6, 11.6)
    revisions = monday[5].pop("revisions")
    assert monday[5] == {"batch": third.batch, "dividend": 0.25}
    assert [(r["close"], r["batch"], r["replaced_by"], r["until"]) for r in revisions] == [
        (11.0, first.batch, second.batch, "2018-02-09T00:00:00.000000Z"),
        (11.5, second.batch, third.batch, "2018-02-10T00:00:00.000000Z"),
    ]
    assert tuesday[2:] == (0.1 + 0.2, 12.0, 12.0, {"batch": first.batch})
    assert len(decisions_of(databases)) == 3


def test_going_back_to_a_former_value_is_a_correction_too(databases):
    a, b = delivery(("A", MONDAY, 10.0, 11.0)), delivery(("A", MONDAY, 10.0, 12.0))
    first = take(databases, a, 8)
    take(databases, b, 9)
    back = take(databases, a, 10)
    assert back.n_corrected == 1
    assert back.is_recorded
    assert back.decision_id != first.decision_id
    with connect(databases.runtime_url) as connection:
        span = known_span(connection, "US_EQ")
    assert span == (datetime(2018, 2, 8, tzinfo=UTC), datetime(2018, 2, 10, tzinfo=UTC))
    ((_, _, _, close, _, metadata),) = rows_of(databases)
    assert (close, [r["close"] for r in metadata["revisions"]]) == (11.0, [11.0, 12.0])
    again = take(databases, a, 11)
    assert not again.has_changed
    assert again.decision_id == back.decision_id
    assert len(decisions_of(databases)) == 3


def test_rows_whose_decision_was_lost_in_a_crash_get_it_by_running_again(databases):
    given = delivery(("A", MONDAY, 10.0, 11.0), ("B", MONDAY, 20.0, 21.0))
    whole = take(databases, given)
    undisturbed, rows = decisions_of(databases), rows_of(databases)
    with connect(databases.runtime_url) as connection:  # what a crash between both transactions leaves
        connection.execute("ALTER TABLE engine_decisions DISABLE TRIGGER USER")
        connection.execute("DELETE FROM engine_decisions")
        connection.execute("ALTER TABLE engine_decisions ENABLE TRIGGER USER")
    healed = take(databases, given)
    assert healed.is_recorded
    assert healed.decision_id == whole.decision_id
    assert rows_of(databases) == rows
    (found,), (expected,) = decisions_of(databases), undisturbed
    assert found[0] == expected[0]
    assert (found[6], found[8]["n_new"]) == (expected[6], expected[8]["n_new"])
    assert not take(databases, given).is_recorded


def test_adjusted_closes_go_on_from_one_delivery_to_the_next(databases):
    take(databases, delivery(("A", MONDAY, None, 100.0)), 8)
    take(databases, delivery(("A", TUESDAY, None, 51.0, 2.0)), 9)
    take(databases, delivery(("A", WEDNESDAY, None, 50.0, None, 1.5)), 10)
    adjusted = [row[4] for row in rows_of(databases)]
    assert np.divide(adjusted[1:], adjusted[:-1]) == pytest.approx([1.02, 51.5 / 51.0], rel=1e-12)
    metadata = [row[5] for row in rows_of(databases)]
    assert [(m.get("split"), m.get("dividend")) for m in metadata] == [(None, None), (2.0, None), (None, 1.5)]
    again = take(
        databases, delivery(("A", WEDNESDAY, None, 50.0, None, 1.5), ("A", TUESDAY, None, 51.0, 2.0)), 11
    )
    assert not again.has_changed


def test_adjusted_closes_of_ours_follow_a_past_that_comes_after_them(databases):
    later = ("A", WEDNESDAY, None, 51.0)
    take(databases, delivery(later), 8)
    early = (("A", MONDAY, None, 100.0), ("A", TUESDAY, None, 50.0, 2.0))
    came = take(databases, delivery(*early), 9)
    assert (came.n_new, came.n_corrected) == (2, 1)
    rows = rows_of(databases)
    assert [row[4] for row in rows] == [100.0, 100.0, 102.0]
    assert [r["adjusted_close"] for r in rows[2][5]["revisions"]] == [51.0]
    assert not take(databases, delivery(*early, later), 10).has_changed
    mended = take(databases, delivery(("A", TUESDAY, None, 50.0, 4.0)), 11)
    assert (mended.n_new, mended.n_corrected) == (0, 2)
    assert [row[4] for row in rows_of(databases)] == [100.0, 200.0, 204.0]


def test_rows_without_an_adjusted_close_meet_the_one_that_a_vendor_gives_after_them(databases):
    take(databases, with_adjusted(("A", WEDNESDAY, None, 50.0), given=25.0), 8)
    take(databases, delivery(("A", MONDAY, None, 100.0), ("A", TUESDAY, None, 50.0, 2.0)), 9)
    assert [row[4] for row in rows_of(databases)] == [25.0, 25.0, 25.0]


def test_adjusted_closes_that_meet_no_vendor_on_either_side_are_set_aside(databases):
    take(databases, with_adjusted(("A", MONDAY, None, 50.0), given=50.0), 8)
    take(databases, with_adjusted(("A", WEDNESDAY, None, 50.0), given=25.0), 9)
    with pytest.raises(RejectedBatchError, match="adjustment_not_met"):
        take(databases, delivery(("A", TUESDAY, None, 50.0)), 10)
    assert len(rows_of(databases)) == 2
    report = take(databases, delivery(("A", TUESDAY, None, 50.0), ("B", TUESDAY, None, 20.0)), 10)
    assert (report.n_new, report.n_rejected, report.rejected_by_rule) == (1, 1, {"adjustment_not_met": 1})


def test_a_correction_from_before_what_it_corrects_is_set_aside(databases):
    take(databases, delivery(("A", MONDAY, None, 10.0)), 9)
    with pytest.raises(RejectedBatchError, match=r"older_than_stored.*2018-02-08T00:00Z"):
        take(databases, delivery(("A", MONDAY, None, 11.0)), 8)
    assert [row[3] for row in rows_of(databases)] == [10.0]
    assert take(databases, delivery(("A", TUESDAY, None, 11.0)), 8).n_new == 1


def test_two_instruments_of_one_delivery_do_not_mix(databases):
    take(databases, delivery(("A", MONDAY, 1.0, 1.5), ("B", TUESDAY, 2.0, 2.5)), 8)
    mixed = take(
        databases, delivery(("A", TUESDAY, 3.0, 3.5), ("B", MONDAY, 4.0, 4.5), ("A", MONDAY, 1.0, 1.5)), 9
    )
    assert (mixed.n_new, mixed.n_corrected, mixed.n_unchanged) == (2, 0, 1)
    assert [(row[0], row[3]) for row in rows_of(databases)] == [
        ("A", 1.5),
        ("A", 3.5),
        ("B", 4.5),
        ("B", 2.5),
    ]


def test_derived_rows_are_written_only_where_they_differ(databases):
    def frame(*values, day=5):
        return pl.DataFrame(
            {
                "instrument_id": [f"US_EQ:{i}" for i in range(len(values))],
                "trade_date": [date(2018, 2, day)] * len(values),
                "ret_1d": values,
                "ret_5d": [None] * len(values),
            },
            schema_overrides={"ret_5d": pl.Float64},
        )

    with connect(databases.historical_url) as connection:

        def upsert(*values, day=5, names=3):
            at = np.datetime64(f"2018-02-{day:02}")
            about = About(at, at, "instrument_id", [f"US_EQ:{i}" for i in range(names)])
            return upsert_derived(connection, "returns_daily", frame(*values, day=day), about)

        assert upsert(0.1, 0.1 + 0.2) == Written(n_new=2)
        assert upsert(0.1, 0.1 + 0.2) == Written(n_same=2)
        assert upsert(0.1, 0.5, 0.7) == Written(n_new=1, n_changed=1, n_same=1)
        assert upsert(0.9, day=6) == Written(n_new=1)
        assert upsert(names=0) == Written()
        assert upsert(0.1, names=1) == Written(n_same=1)  # of the others nothing is said
        assert upsert(0.1, 0.5) == Written(n_same=2, n_removed=1)
        found = connection.execute(
            "SELECT ret_1d FROM returns_daily ORDER BY trade_date, instrument_id"
        ).fetchall()
    assert found == [(0.1,), (0.5,), (0.9,)]
