"""Filings with their texts into filings: see `document_door` for how."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from prometheus.adapters.document_door import ingest_documents
from prometheus.adapters.document_issuers import market_of
from prometheus.adapters.documents import DocumentsReport, text_keeper
from prometheus.adapters.filing_files import filing_delivery
from prometheus.domain.text.filings import IngestFilingsConfig
from prometheus.flow.progress import Progress
from prometheus.store.artifacts import Artifacts
from prometheus.store.connections import Databases


def ingest_filings(
    databases: Databases,
    artifacts: Artifacts,
    paths: Sequence[Path],
    *,
    market_id: str,
    source: str,
    create: bool = False,
    known_at: datetime | None = None,
    rejects_folder: Path | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> DocumentsReport:
    """Take filings in; parameters are those of `ingest_documents` and `filing_delivery`."""
    delivery = filing_delivery(
        paths,
        zone=market_of(databases, market_id).timezone,
        keep=text_keeper(artifacts, dry_run=dry_run),
        progress=progress,
    )
    return ingest_documents(
        databases,
        delivery,
        table="filings",
        config=IngestFilingsConfig(),
        market_id=market_id,
        source=source,
        create=create,
        known_at=known_at,
        rejects_folder=rejects_folder,
        dry_run=dry_run,
    )
