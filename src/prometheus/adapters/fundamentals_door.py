"""Reported facts into filings: see `document_door` for how."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from prometheus.adapters.document_door import ingest_documents
from prometheus.adapters.document_issuers import market_of
from prometheus.adapters.documents import DocumentsReport
from prometheus.adapters.fundamental_files import fundamental_delivery
from prometheus.domain.text.filings import IngestFundamentalsConfig
from prometheus.flow.progress import Progress
from prometheus.store.connections import Databases


def ingest_fundamentals(
    databases: Databases,
    paths: Sequence[Path],
    *,
    market_id: str,
    source: str,
    create: bool = False,
    lag_days: int | None = None,
    known_at: datetime | None = None,
    rejects_folder: Path | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> DocumentsReport:
    """Take reported facts in; parameters are those of `ingest_documents` and `fundamental_delivery`."""
    market = market_of(databases, market_id)
    delivery = fundamental_delivery(
        paths, zone=market.timezone, currency=market.currency, lag_days=lag_days, progress=progress
    )
    return ingest_documents(
        databases,
        delivery,
        table="filings",
        config=IngestFundamentalsConfig(),
        market_id=market_id,
        source=source,
        create=create,
        known_at=known_at,
        rejects_folder=rejects_folder,
        dry_run=dry_run,
    )
