"""A delivery is known from when its rows can be seen: a read as of a moment says the same ever after."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np

from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.flow.progress import Silent
from prometheus.kernel.sessions import sessions_of
from prometheus.store.assets import read_assets
from prometheus.store.connections import Databases, connect
from prometheus.store.postgres import PostgresStorage
from prometheus.store.revisions import present_time

MARKET = "US_EQ"
CALENDAR = sessions_of({"calendar": "XNYS"})
DATES = np.array([date(2018, 2, 5), date(2018, 2, 6)], dtype="datetime64[D]")


def closes(databases: Databases, moment: datetime) -> list[list[float]]:
    with connect(databases.runtime_url) as connection:
        assets = read_assets(connection, market_id=MARKET)
    known_at = np.datetime64(moment.replace(tzinfo=None), "us")
    with PostgresStorage(databases, CALENDAR, market_id=MARKET) as storage:
        found = storage.panels("prices_daily", ("close",), assets=assets, dates=DATES, known_at=known_at)
    return [[-1.0 if np.isnan(one) else float(one) for one in row] for row in found["close"]]


class Reader(Silent):
    """Reads when rows have been written and are not committed yet."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._is_writing = False
        self.seen: list[tuple[datetime, list[list[float]]]] = []

    def start(self, what: str, total: int) -> None:
        self._is_writing = what == "rows written"

    def finish(self) -> None:
        if not self._is_writing:
            return
        with connect(self._databases.historical_url) as connection:
            moment = present_time(connection)
        self.seen.append((moment, closes(self._databases, moment)))


def take(databases: Databases, path: Path, text: str, reader: Silent | None = None) -> None:
    path.write_text(text)
    delivery = price_delivery([path], source="tests")
    ingest_prices(databases, delivery, market_id=MARKET, create=True, progress=reader)


def test_a_read_while_a_delivery_is_written_finds_the_same_when_it_is_done(
    databases: Databases, tmp_path: Path
) -> None:
    path = tmp_path / "prices.csv"
    take(databases, path, "date,symbol,close\n2018-02-05,A,10\n")
    reader = Reader(databases)
    take(databases, path, "date,symbol,close\n2018-02-05,A,10.1\n2018-02-06,A,10.5\n", reader)
    ((moment, seen),) = reader.seen
    assert seen == [[10.0], [-1.0]]
    assert closes(databases, moment) == seen
    with connect(databases.historical_url) as connection:
        assert closes(databases, present_time(connection)) == [[10.1], [10.5]]


def test_a_correction_of_a_correction_orders_what_was_believed(databases: Databases, tmp_path: Path) -> None:
    path, readers = tmp_path / "prices.csv", [Reader(databases) for _ in range(3)]
    take(databases, path, "date,symbol,close\n2018-02-05,A,10\n2018-02-06,A,9\n")
    for reader, close in zip(readers, (10.1, 10.2, 10.3), strict=True):
        take(databases, path, f"date,symbol,close\n2018-02-05,A,{close}\n", reader)
    believed = [closes(databases, moment) for reader in readers for moment, _ in reader.seen]
    assert believed == [[[10.0], [9.0]], [[10.1], [9.0]], [[10.2], [9.0]]]
