"""A delivery that crashed between its two commits: known to no moment before it is put on record."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.kernel.errors import PrometheusError, RejectedBatchError
from prometheus.kernel.sessions import sessions_of
from prometheus.store.assets import read_assets
from prometheus.store.believed import batches_unknown, one_view
from prometheus.store.connections import connect
from prometheus.store.orphans import price_batches_belong_to_an_ingest
from prometheus.store.postgres import PostgresStorage
from prometheus.store.price_checks import price_batches_are_whole
from prometheus.store.price_versions import read_bar
from tests.crashes import early_power_cut, power_cut
from tests.deliveries import seeded_bars
from tests.steps.worlds import as_owner

MARKET = "US_EQ"
COLUMNS = ("open", "close", "adjusted_close", "volume", "split", "dividend")
BARS = seeded_bars(3, 40)
LAST_DATE = BARS["date"].max()


@pytest.fixture
def deliver(databases, tmp_path):
    def call(bars, **options):
        path = tmp_path / "bars.csv"
        bars.write_csv(path)
        delivery = price_delivery([path], source="tests")
        return ingest_prices(databases, delivery, market_id=MARKET, create=True, **options)

    return call


def _read(databases, moment):
    sessions = sessions_of({"calendar": "XNYS"})
    first, last = (np.datetime64(BARS["date"].min()), np.datetime64(LAST_DATE))
    dates = sessions.dates[sessions.between(first, last)]
    with connect(databases.runtime_url) as runtime:
        assets = read_assets(runtime, market_id=MARKET)
    at = None if moment is None else np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")
    with PostgresStorage(databases, sessions, market_id=MARKET) as storage:
        return storage.panels("prices_daily", COLUMNS, assets=assets, dates=dates, known_at=at)


def _bytes(databases, moment):
    return {name: values.tobytes() for name, values in _read(databases, moment).items()}


def _bar(databases, day):
    with connect(databases.runtime_url) as runtime, connect(databases.historical_url) as historical:
        return read_bar(runtime, historical, "US_EQ:N1", day)


def _changed(bars, by=1):
    return bars.with_columns(
        pl.when(pl.col("date") == LAST_DATE).then(pl.col("volume") + by).otherwise("volume")
    )


def _crash(databases, deliver, bars, **options):
    with power_cut(databases), pytest.raises(PrometheusError, match="the power is gone"):
        deliver(bars, **options)


def _decisions(databases):
    """Return the actions and the times of knowledge of what is on record, oldest first."""
    with connect(databases.runtime_url) as connection:
        return connection.execute(
            "SELECT proposed_action, input_refs FROM engine_decisions WHERE engine_name = 'INGEST'"
            " ORDER BY timestamp"
        ).fetchall()


def _metadata(databases):
    with connect(databases.runtime_url) as connection:
        found = connection.execute("SELECT metadata FROM markets WHERE market_id = %s", [MARKET]).fetchone()
    return found[0]


def _violations(databases):
    with connect(databases.runtime_url) as runtime, connect(databases.historical_url) as historical:
        return [
            *price_batches_belong_to_an_ingest(runtime, historical),
            *price_batches_are_whole(runtime, historical),
        ]


def test_rows_of_a_crashed_delivery_are_not_known_before_and_after_it_is_healed(databases, deliver):
    early = BARS.filter(pl.col("date") < date(2014, 2, 3))
    deliver(early)
    between = datetime.now(UTC)
    _crash(databases, deliver, BARS)
    crashed = _bytes(databases, between)
    present = _bytes(databases, None)
    assert _bytes(databases, datetime.now(UTC) + timedelta(days=1)) == crashed != present
    assert _bar(databases, LAST_DATE).believed_at(between) is None

    healed = deliver(BARS)
    assert healed.is_recorded
    assert not healed.has_changed
    assert _bytes(databases, between) == crashed
    assert _bytes(databases, None) == present
    close = _read(databases, between)["close"]
    assert np.isfinite(close).sum() == early.height
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert _bytes(databases, later) == present


def test_a_correction_that_crashed_becomes_known_when_it_is_healed(databases, deliver):
    deliver(BARS)
    between = datetime.now(UTC)
    before = _bytes(databases, None)
    _crash(databases, deliver, _changed(BARS))
    assert _bytes(databases, between) == before
    after = datetime.now(UTC)
    assert _bytes(databases, after) == before  # nobody can say yet that the correction was known
    assert _bar(databases, LAST_DATE).believed_at(after).until is not None

    deliver(_changed(BARS))
    assert _bytes(databases, between) == _bytes(databases, after) == before
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert _bytes(databases, later) == _bytes(databases, None) != before
    assert _bar(databases, LAST_DATE).believed_at(later).until is None


def test_another_delivery_puts_the_crashed_one_on_record_before_it_corrects_it(databases, deliver):
    _crash(databases, deliver, BARS)
    assert len(_metadata(databases)["pending"]) == 1
    assert "the next delivery to its market puts it on record" in _violations(databases)[0].detail
    assert len(deliver(_changed(BARS)).healed) == 1
    again = deliver(BARS)
    assert again.is_recorded
    n_corrected = BARS.filter(pl.col("date") == LAST_DATE).height
    counts = [(said["n_new"], said["n_corrected"]) for said, _ in _decisions(databases)]
    assert counts == [(BARS.height, 0), (0, n_corrected), (0, n_corrected)]
    assert again.n_unchanged == BARS.height - n_corrected
    assert _violations(databases) == []
    assert not deliver(BARS).is_recorded
    assert "pending" not in _metadata(databases)


def test_the_time_that_was_said_of_a_crashed_delivery_is_kept_and_another_is_that_of_its_healing(
    databases, deliver
):
    said = datetime(2014, 6, 2, 22, tzinfo=UTC)
    _crash(databases, deliver, BARS, known_at=said)
    deliver(_changed(BARS), known_at=datetime(2014, 6, 3, tzinfo=UTC))
    _crash(databases, deliver, _changed(BARS, by=2))
    before = datetime.now(UTC)
    deliver(BARS.head(1))
    (_, first), _, (_, third) = _decisions(databases)
    assert datetime.fromisoformat(first["known_at"]) == said
    assert datetime.fromisoformat(third["written_at"]) < before < datetime.fromisoformat(third["known_at"])
    assert _violations(databases) == []


def test_a_delivery_that_crashed_before_its_rows_leaves_nothing(databases, deliver):
    deliver(BARS.head(1))
    facts = _metadata(databases)
    with early_power_cut(databases), pytest.raises(PrometheusError, match="the power is gone"):
        deliver(BARS)
    assert _metadata(databases).keys() == {*facts, "pending"}
    present = _bytes(databases, None)
    assert _bytes(databases, datetime.now(UTC)) == present
    assert deliver(BARS.head(1)).n_unchanged == 1
    assert _metadata(databases) == facts
    assert len(_decisions(databases)) == 1
    assert deliver(BARS).n_new == BARS.height - 1


def test_several_crashes_and_a_look_leave_what_waits(databases, deliver):
    _crash(databases, deliver, BARS)
    assert deliver(BARS, dry_run=True).n_unchanged == BARS.height
    _crash(databases, deliver, _changed(BARS))  # the one before waits on: its decision is refused too
    assert len(_metadata(databases)["pending"]) == 1
    deliver(_changed(BARS))
    assert _decisions(databases)[0][0]["n_corrected"] == 0
    assert _violations(databases) == []
    assert "pending" not in _metadata(databases)


def test_a_delivery_that_is_refused_puts_the_crashed_one_on_record_all_the_same(databases, deliver):
    _crash(databases, deliver, BARS, known_at=datetime(2014, 6, 3, tzinfo=UTC))
    with pytest.raises(RejectedBatchError, match="older_than_stored"):
        deliver(BARS.head(1).with_columns(pl.col("volume") + 1), known_at=datetime(2014, 6, 2, tzinfo=UTC))
    assert [said["n_new"] for said, _ in _decisions(databases)] == [BARS.height]
    assert _violations(databases) == []


def test_a_decision_that_waits_nowhere_is_found_again_by_the_same_delivery(databases, deliver):
    early = BARS.filter(pl.col("date") >= date(2014, 2, 3))
    deliver(early)
    deliver(BARS)  # later adjusted closes follow
    ((_, _), (said, _)) = _decisions(databases)
    as_owner(  # as where the runtime database is restored from an older copy
        databases,
        "runtime",
        "DELETE FROM engine_decisions WHERE engine_name = 'INGEST'"
        " AND timestamp = (SELECT max(timestamp) FROM engine_decisions WHERE engine_name = 'INGEST')",
    )
    assert len(_violations(databases)) == 1
    found = deliver(BARS)
    assert found.is_recorded
    assert found.n_corrected > 0
    assert _violations(databases) == []
    assert _decisions(databases)[1][0] == {**said, "n_instruments_created": 0}


def test_what_is_committed_during_a_read_is_not_seen_by_it(databases, deliver):
    deliver(BARS.head(1))
    moment = datetime.now(UTC)
    with connect(databases.historical_url, autocommit=True) as historical, one_view(historical):
        deliver(BARS)
        count = historical.execute("SELECT count(*) FROM prices_daily").fetchone()
        with connect(databases.runtime_url) as runtime:
            assert len(batches_unknown(runtime, moment, market_id=MARKET)) == 1
    assert count == (1,)


def test_only_deliveries_of_the_dates_that_are_read_count_as_unknown(databases, deliver):
    deliver(BARS.filter(pl.col("date") < LAST_DATE))
    moment = datetime.now(UTC)
    late = deliver(BARS)
    with connect(databases.runtime_url) as runtime:
        found = batches_unknown(runtime, moment, market_id=MARKET)
        assert list(found) == [late.batch]
        assert found[late.batch] > moment
        before = batches_unknown(
            runtime, moment, market_id=MARKET, first=date(2014, 1, 1), last=LAST_DATE - timedelta(1)
        )
        assert not before
        assert not batches_unknown(runtime, moment, market_id="EU_EQ")


def test_rows_without_a_batch_stay_known(databases, deliver):
    deliver(BARS)
    as_owner(databases, "historical", "UPDATE prices_daily SET metadata = metadata - 'batch'")
    assert _bytes(databases, datetime(2014, 1, 1, tzinfo=UTC)) == _bytes(databases, None)
