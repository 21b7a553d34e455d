"""Prices in: a file of 619,040 bars to rows on record, beside a plain COPY of them, and the file again.

Ours begins with the path of the file and ends when the INGEST decision is committed: reading, parsing, the
hard rules, registering 505 instruments, the soft rules, adjusted closes, the digest of the content, and the
COPY. The plain COPY takes the very rows that came out of it into the same table, empty, with its keys and
checks. The second delivery is read and checked anew; that nothing has changed is found in the database.
"""

from __future__ import annotations

from benchmarks import plain_copy
from benchmarks.clock import timed
from benchmarks.figure import Figure, Report, seconds
from benchmarks.place import MARKET, Place
from prometheus.adapters.ingest_report import IngestReport
from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery
from prometheus.store.connections import Databases

LEAST = 0.6
LEAST_AGAIN = 3.0
TABLES = ("prices_daily",)


def ingest(place: Place, repeats: int) -> Report:
    """Measure the ingestion of the panel, and of the same panel once more."""
    ours: list[float] = []
    again: list[float] = []
    limits: dict[str, list[float]] = {layout: [] for layout in plain_copy.FORMATS}
    for _ in range(repeats):
        with place.empty_databases() as databases:
            took, report = _taken(place, databases)
            ours.append(took)
            place.checkpoint()
            took, second = _taken(place, databases)
            again.append(took)
            assert second.n_unchanged == report.n_new, "the second delivery changed something"
            rows = {
                layout: plain_copy.copied_out(databases.historical_url, TABLES, layout=layout)
                for layout in plain_copy.FORMATS
            }
        for layout, raw in rows.items():
            with place.clone("empty_historical") as url:
                limits[layout].append(plain_copy.seconds_in(url, raw, layout=layout))
                found = plain_copy.n_rows(url, TABLES)["prices_daily"]
                assert found == report.n_new, f"plain COPY stored {found} rows, ingestion {report.n_new}"
    took, limit = min(ours), min(limits["text"])
    ratio, faster = limit / took, took / min(again)
    return Report(
        "ingest",
        "Prices in",
        (
            Figure(
                f"{report.n_new:,} rows from a file to the table",
                f"{seconds(took)}, {report.n_new / took:,.0f} rows/s",
                f"{seconds(limit)} plain COPY",
                ratio,
                f"at least {LEAST:g} of its speed",
                ratio >= LEAST,
            ),
            Figure(
                "the same file again, unchanged",
                seconds(min(again)),
                f"{seconds(took)} the first time",
                faster,
                f"at least {LEAST_AGAIN:g} times faster",
                faster >= LEAST_AGAIN,
            ),
        ),
        (
            (
                f"{report.n_rejected:,} of {report.n_rows:,} rows were rejected by the hard rules, "
                f"{report.n_flagged:,} flagged by the soft ones. A COPY in "
                f"binary format takes {seconds(min(limits['binary']))}. Best of {repeats}."
            ),
        ),
    )


def _taken(place: Place, databases: Databases) -> tuple[float, IngestReport]:
    return timed(
        lambda: ingest_prices(
            databases,
            price_delivery([place.panel.path], source="benchmark"),
            market_id=MARKET,
            create=True,
        )
    )
