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

from benchmarks.clock import timed
from benchmarks.figure import Figure, Report, seconds
from benchmarks.place import MARKET, Place
from benchmarks.stored import stored_panel
from prometheus.bootstrap import sessions_of_market
from prometheus.store.assets import read_assets
from prometheus.store.connections import connect
from prometheus.store.copying import Connection
from prometheus.store.panels import read_panels
from prometheus.store.server_account import programs_folder

MOST = 1.5
REPEATS = 9
OURS = "ours"
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
    with connect(databases.historical_url, autocommit=True) as connection:

        def ours() -> object:
            return read_panels(connection, "prices_daily", ["close"], assets=assets, dates=dates)

        calls: dict[str, Callable[[], object]] = {OURS: ours}
        for layout in ("text", "binary"):
            calls[f"psycopg, {layout}"] = _drained(connection, layout)
            psql = _psql(databases.historical_url, layout)
            if psql is not None:
                calls[f"psql, {layout}"] = psql
        place.checkpoint()
        best = dict.fromkeys(calls, float("inf"))
        for _ in range(repeats):  # in turns, so that a disturbance meets all of them
            for name, call in calls.items():
                best[name] = min(best[name], timed(call)[0])
    took = best.pop(OURS)
    limits = best
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
            + f". Best of {repeats} each, in turns; psql's times hold its start.",
        ),
    )


def _drained(connection: Connection, layout: str) -> Callable[[], None]:
    statement = f"{COLUMNS} TO STDOUT (FORMAT {layout})".encode()

    def drained() -> None:
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for _ in copy:
                pass

    return drained


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
