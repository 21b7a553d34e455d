"""Prices in: a file of 619,040 bars to rows on record, beside a plain COPY of those rows.

Ours begins with the path of the file and ends when the INGEST decision is committed: reading, parsing, the
hard rules, registering 505 instruments, adjusted closes, the digest of the content, and the COPY. The plain
COPY takes the very rows that came out of it into the same table, empty, with its keys and checks.
"""

from __future__ import annotations

from benchmarks import plain_copy
from benchmarks.clock import timed
from benchmarks.figure import Figure, Report, seconds
from benchmarks.place import MARKET, Place
from prometheus.adapters.price_door import ingest_prices
from prometheus.adapters.price_files import price_delivery

LEAST = 0.6
TABLES = ("prices_daily",)


def ingest(place: Place, repeats: int) -> Report:
    """Measure the ingestion of the panel."""
    ours: list[float] = []
    limits: dict[str, list[float]] = {layout: [] for layout in plain_copy.FORMATS}
    for _ in range(repeats):
        with place.empty_databases() as databases:
            took, report = timed(
                lambda databases=databases: ingest_prices(  # type: ignore[misc]
                    databases,
                    price_delivery([place.panel.path], source="benchmark"),
                    market_id=MARKET,
                    create=True,
                )
            )
            ours.append(took)
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
    ratio = limit / took
    rows_a_second = report.n_new / took
    return Report(
        "ingest",
        "Prices in",
        (
            Figure(
                f"{report.n_new:,} rows from a file to the table",
                f"{seconds(took)}, {rows_a_second:,.0f} rows/s",
                f"{seconds(limit)} plain COPY",
                ratio,
                f"at least {LEAST:g} of its speed",
                ratio >= LEAST,
            ),
        ),
        (
            (
                f"{report.n_rejected:,} of {report.n_rows:,} rows were rejected by the rules. A COPY in "
                f"binary format takes {seconds(min(limits['binary']))}. Best of {repeats}."
            ),
        ),
    )
