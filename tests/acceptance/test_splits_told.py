"""Which closes are known to be as traded: those of deliveries that tell splits, as of any moment."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
from psycopg.types.json import Jsonb

from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.bootstrap import derive_changes, derived_tables
from prometheus.domain.market.factors_step import LEFT_OUT
from prometheus.kernel.sessions import sessions_of
from prometheus.store.assets import read_assets
from prometheus.store.connections import Databases, connect
from prometheus.store.postgres import PostgresStorage
from prometheus.store.splits_told import SPLITS_TOLD
from tests import world

MARKET = "US_EQ"
CALENDAR = sessions_of({"calendar": "XNYS"})
MONDAY, TUESDAY, WEDNESDAY = date(2018, 2, 5), date(2018, 2, 6), date(2018, 2, 7)
DATES = np.array([MONDAY, TUESDAY, WEDNESDAY], dtype="datetime64[D]")


def take(databases: Databases, path: Path, text: str, *, day: int) -> None:
    path.write_text(text)
    known_at = datetime(2018, 2, day, 23, tzinfo=UTC)
    delivery = price_delivery([path], source="tests")
    ingest_prices(databases, delivery, market_id=MARKET, create=True, known_at=known_at)


def told(databases: Databases, *, day: int | None = None) -> dict[str, list[bool]]:
    """Return for each instrument on which of the sessions its bar was told."""
    with connect(databases.runtime_url) as connection:
        assets = read_assets(connection, market_id=MARKET)
    known_at = None if day is None else np.datetime64(f"2018-02-{day:02}T23:30:00", "us")
    with PostgresStorage(databases, CALENDAR, market_id=MARKET) as storage:
        columns = ("close", SPLITS_TOLD)
        found = storage.panels("prices_daily", columns, assets=assets, dates=DATES, known_at=known_at)
    assert np.isnan(found[SPLITS_TOLD][np.isnan(found["close"])]).all()
    panel = (found[SPLITS_TOLD] == 1.0).T.tolist()
    return {name.removeprefix("US_EQ:"): row for name, row in zip(assets.ids, panel, strict=True)}


def test_bars_are_told_by_the_delivery_of_the_version_that_was_believed(
    databases: Databases, tmp_path: Path
) -> None:
    path = tmp_path / "prices.csv"
    take(databases, path, "date,symbol,close,split\n2018-02-05,A,10,\n2018-02-06,A,10.5,\n", day=6)
    assert told(databases) == {"A": [True, True, False]}
    take(databases, path, "date,symbol,close\n2018-02-06,A,10.6\n2018-02-07,A,10.7\n2018-02-07,B,5\n", day=7)
    assert told(databases) == {"A": [True, False, False], "B": [False, False, False]}
    assert told(databases, day=6) == {"A": [True, True, False], "B": [False] * 3}
    assert told(databases, day=5) == {"A": [False] * 3, "B": [False] * 3}
    take(databases, path, "date,symbol,close,split\n2018-02-06,A,10.5,\n2018-02-07,B,5.1,\n", day=8)
    assert told(databases) == {"A": [True, True, False], "B": [False, False, True]}
    assert told(databases, day=7) == {"A": [True, False, False], "B": [False] * 3}
    assert told(databases, day=6) == {"A": [True, True, False], "B": [False] * 3}


def test_a_panel_without_a_word_for_splits_has_quality_and_no_value_and_the_decision_says_why(
    databases: Databases, home: Path
) -> None:
    home.mkdir(parents=True, exist_ok=True)
    path = home / "panel.csv"
    bars = world.bars().drop("split", "dividend").filter(pl.col("symbol") != world.SPLITS)
    bars.write_csv(path)
    delivery = price_delivery([path], source="tests")
    ingest_prices(databases, delivery, market_id=MARKET, create=True, known_at=world.KNOWN_AT)
    settings, at = world.settings_at(databases, home), world.dates_of_world()[400]
    derived_tables(settings, MARKET)
    with connect(databases.runtime_url) as connection:
        for place, (issuer,) in enumerate(connection.execute("SELECT issuer_id FROM issuers").fetchall()):
            facts = {"equity": 2.0 + place, "shares_outstanding": 1.0, "roe": 0.1 * place}
            connection.execute(
                "INSERT INTO profiles (issuer_id, as_of_date, structured) VALUES (%s, %s, %s)",
                [issuer, str(at), Jsonb({name: {"value": value} for name, value in facts.items()})],
            )
    derive_changes(settings, MARKET, first=at, last=at, table="profiles")
    with connect(databases.historical_url) as connection:
        factors = connection.execute(
            "SELECT factor_id, count(*) FROM factors_daily WHERE trade_date > %s GROUP BY 1 ORDER BY 1",
            [str(at)],
        ).fetchall()
    assert ("US_EQ:QUALITY", 19) in factors
    assert "US_EQ:VALUE" not in dict(factors)
    with connect(databases.runtime_url) as connection:
        (left_out,) = connection.execute(
            "SELECT raw_input_summary -> 'left_out' FROM engine_decisions"
            " WHERE raw_input_summary ? 'left_out'"
        ).fetchone() or (None,)
    assert left_out == {LEFT_OUT: {"n_sessions": 19, "most_names": 11 - 1}}
