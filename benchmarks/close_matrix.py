"""A close matrix, names by sessions, out of the database, beside a bare COPY of the same columns.

The bare COPY is tried four ways, text and binary, through psycopg and through psql; all that it does is to
throw the bytes away. Ours is compared with the quickest.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.clock import best_of
from benchmarks.figure import Figure, Report, seconds
from benchmarks.place import MARKET, Place
from benchmarks.stored import stored_panel
from prometheus.bootstrap import sessions_of_market
from prometheus.store.assets import read_assets
from prometheus.store.connections import connect
from prometheus.store.panels import read_panels
from prometheus.store.server_account import programs_folder

MOST = 1.5
REPEATS = 7
COLUMNS = "COPY prices_daily (instrument_id, trade_date, close)"


def close_matrix(place: Place, repeats: int) -> Report:
    """Measure the reading of the close matrix."""
    databases, report = place.filled()
    repeats = max(repeats, REPEATS)
    sessions = sessions_of_market(databases, MARKET)
    dates = sessions.dates[
        sessions.between(np.datetime64(report.first_date, "D"), np.datetime64(report.last_date, "D"))
    ]
    with connect(databases.runtime_url) as runtime:
        assets = read_assets(runtime, market_id=MARKET)
    limits: dict[str, float] = {}
    with connect(databases.historical_url, autocommit=True) as connection:
        place.checkpoint()
        took = best_of(
            repeats,
            lambda: read_panels(connection, "prices_daily", ["close"], assets=assets, dates=dates),
        )
        for layout in ("text", "binary"):
            statement = f"{COLUMNS} TO STDOUT (FORMAT {layout})"

            def drained(statement: str = statement) -> None:
                with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
                    for _ in copy:
                        pass

            limits[f"psycopg, {layout}"] = best_of(repeats, drained)
            psql = _psql(databases.historical_url, layout)
            if psql is not None:
                limits[f"psql, {layout}"] = best_of(repeats, psql)
    close = stored_panel(databases, ("close",)).values["close"]
    name, limit = min(limits.items(), key=lambda item: item[1])
    ratio = took / limit
    return Report(
        "close_matrix",
        "Close matrix out",
        (
            Figure(
                f"{close.shape[1]:,} names x {close.shape[0]:,} days, {np.isfinite(close).sum():,} closes",
                seconds(took),
                f"{seconds(limit)} bare COPY out ({name})",
                ratio,
                f"at most {MOST:g} times",
                ratio <= MOST,
            ),
        ),
        (
            "Bare COPY out: "
            + "; ".join(f"{one} {seconds(value)}" for one, value in limits.items())
            + f". Best of {repeats} each; psql's times hold its start.",
        ),
    )


def _psql(url: str, layout: str) -> Callable[[], object] | None:
    own = programs_folder() / "psql"
    program = str(own) if own.exists() else shutil.which("psql")
    if program is None:
        return None
    command = [
        program,
        "-X",
        "-q",
        url,
        "-c",
        rf"\{COLUMNS.lower()} to '{Path('/dev/null')}' (format {layout})",
    ]
    return lambda: subprocess.run(command, check=True)
