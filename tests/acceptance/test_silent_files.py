"""A file that says nothing of splits and dividends takes none back, whatever files come beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.store.connections import Databases, connect

FULL = (
    "date,symbol,close,split,dividend\n"
    "2018-02-05,A,10,,\n2018-02-06,A,5.1,2,\n2018-02-07,A,5.2,,0.5\n"
    "2018-02-05,B,20,,\n2018-02-06,B,20.5,,1\n2018-02-07,B,20.4,,\n"
)
SILENT = "date,symbol,close\n2018-02-05,A,10\n2018-02-06,A,5.11\n2018-02-07,A,5.2\n"
TELLING = "date,symbol,close,split,dividend\n2018-02-06,B,20.5,,\n2018-02-07,B,20.4,,1\n"


def take(databases: Databases, paths: list[Path], *, day: int) -> None:
    moment = datetime(2018, 3, day, tzinfo=UTC)
    delivery = price_delivery(paths, source="tests")
    ingest_prices(databases, delivery, market_id="US_EQ", create=True, known_at=moment)


def stored(databases: Databases) -> list[tuple[object, ...]]:
    with connect(databases.historical_url) as connection:
        return connection.execute(
            "SELECT right(instrument_id, 1), extract(day FROM trade_date)::int, close,"
            " (metadata ->> 'split')::float8, (metadata ->> 'dividend')::float8 FROM prices_daily"
            " ORDER BY 1, 2"
        ).fetchall()


@pytest.mark.parametrize("order", [("silent", "telling"), ("telling", "silent")])
def test_a_file_with_splits_beside_a_silent_one_speaks_for_its_own_rows(
    databases: Databases, tmp_path: Path, order: tuple[str, str]
) -> None:
    texts = {"full": FULL, "silent": SILENT, "telling": TELLING}
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
    take(databases, [tmp_path / "full.csv"], day=1)
    take(databases, [tmp_path / f"{name}.csv" for name in order], day=2)
    assert stored(databases) == [
        ("A", 5, 10.0, None, None),
        ("A", 6, 5.11, 2.0, None),
        ("A", 7, 5.2, None, 0.5),
        ("B", 5, 20.0, None, None),
        ("B", 6, 20.5, None, None),
        ("B", 7, 20.4, None, 1.0),
    ]


def test_rows_of_one_instrument_are_silent_by_their_file(databases: Databases, tmp_path: Path) -> None:
    (tmp_path / "full.csv").write_text(FULL)
    take(databases, [tmp_path / "full.csv"], day=1)
    lines = FULL.splitlines()
    (tmp_path / "one.csv").write_text("date,symbol,close\n2018-02-06,A,5.1\n")
    (tmp_path / "two.csv").write_text(f"{lines[0]}\n2018-02-07,A,5.2,,\n")
    take(databases, [tmp_path / "one.csv", tmp_path / "two.csv"], day=2)
    assert stored(databases)[1:3] == [("A", 6, 5.1, 2.0, None), ("A", 7, 5.2, None, None)]
