"""A place to measure in: a server of its own in a temporary home, gone afterwards.

Every measurement gets clones of prepared databases, so that none works on what another left behind. Before
the clock starts, the server writes a checkpoint: nobody pays for the pages of his predecessor.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.panel import Panel, panel
from prometheus.adapters.ingest_report import IngestReport
from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.bootstrap import derive_market
from prometheus.domain.market.config import QualityConfig
from prometheus.store.connections import Databases, connect
from prometheus.store.migrations import initialise
from prometheus.store.server import EmbeddedServer, start_server, stop_server
from prometheus.store.settings import Settings

MARKET = "US_EQ"
NAMES = ("runtime", "historical")


class Place:
    """A running server with databases to clone. Made by `open_place`."""

    def __init__(self, folder: Path, server: EmbeddedServer) -> None:
        self.folder = folder
        self.server = server
        self.panel: Panel = panel(folder)
        self._numbers = itertools.count(1)
        self._filled: dict[Path, tuple[Databases, IngestReport]] = {}
        for name in NAMES:
            self.execute(f"CREATE DATABASE empty_{name} TEMPLATE template0")
            initialise(server.url(f"empty_{name}"), name)  # type: ignore[arg-type]

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements outside of transactions."""
        with connect(self.server.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def checkpoint(self) -> None:
        """Write everything out, so that the next measurement begins clean."""
        self.execute("CHECKPOINT")

    @contextmanager
    def clone(self, template: str) -> Iterator[str]:
        """Give the URL of a copy of a database, dropped afterwards."""
        name = f"clone_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}", "CHECKPOINT")
        try:
            yield self.server.url(name)
        finally:
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @contextmanager
    def empty_databases(self) -> Iterator[Databases]:
        """Give a pair of empty databases."""
        with self.clone("empty_runtime") as runtime, self.clone("empty_historical") as historical:
            yield Databases(runtime, historical)

    def filled(self, path: Path | None = None) -> tuple[Databases, IngestReport]:
        """Return databases with the prices of a file, taken in and derived once; the panel's by default.

        They are vacuumed and analysed, which autovacuum would do within its minute.
        """
        path = path or self.panel.path
        if path not in self._filled:
            number = next(self._numbers)
            names = {name: f"filled_{name}_{number}" for name in NAMES}
            for name in NAMES:
                self.execute(f"CREATE DATABASE {names[name]} TEMPLATE empty_{name}")
            databases = Databases(*(self.server.url(names[name]) for name in NAMES))
            report = ingest_prices(
                databases,
                price_delivery([path], source="benchmark"),
                market_id=MARKET,
                create=True,
                quality=QualityConfig(max_flagged_share=1.0),  # twins are flagged, every row of them
            )
            derive_market(self.settings(databases), MARKET)
            for name in NAMES:
                self.execute("VACUUM ANALYZE", database=names[name])
            self._filled[path] = databases, report
        return self._filled[path]

    @contextmanager
    def for_a_run(self, path: Path | None = None) -> Iterator[Settings]:
        """Give settings that lead to the prices of a file and to a runtime database of one's own."""
        databases, _ = self.filled(path)
        with self.clone(name_in(databases.runtime_url)) as runtime:
            yield self.settings(Databases(runtime, databases.historical_url))

    def settings(self, databases: Databases) -> Settings:
        """Return settings that name databases."""
        return Settings(
            self.folder, f"file://{self.folder}/artifacts", databases.runtime_url, databases.historical_url
        )


@contextmanager
def open_place() -> Iterator[Place]:
    """Give a place; its server is stopped and its folder removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="prometheus-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        try:
            yield Place(folder, start_server(folder / "home"))
        finally:
            stop_server(folder / "home")


def name_in(url: str) -> str:
    """Return the name of the database in a URL."""
    return url.split("?")[0].rsplit("/", 1)[1]
