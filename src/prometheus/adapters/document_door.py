"""The source door for filings, calls and reported facts: documents become rows and an INGEST decision.

1. Keep other deliveries of such documents and of reference files out.
2. Find each document's issuer: by its CIK where an issuer has it, else by its symbol at the date of the
   document; with ``create``, symbols that are not known become instruments with issuers of their own.
3. Check the documents by the hard rules; broken ones go to a rejects file.
4. Compare with what is on record: a document that says what was believed already is no new one. A delivery
   of which nothing is left is refused, and leaves no instrument behind.
5. Keep the instruments, then copy the new documents in one transaction of the historical database. Their
   texts were put among the artifacts before; those are named by their content, so a crash leaves nothing that
   is in the way.
6. Record the decision in the runtime database. A crash between 5 and 6 is healed by the next delivery, of
   whatever documents: a row of the batch carries the decision, see `store/unrecorded.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from prometheus.adapters.batches import batch_ids_of
from prometheus.adapters.document_issuers import issuers_of, registered_issuers
from prometheus.adapters.documents import Document, Documents, DocumentsReport, kept_rejects, violations_of
from prometheus.adapters.ingest_report import examples_of, refusal_of, stem_of
from prometheus.domain.reference.markets import known_market
from prometheus.domain.text.versions import Version, verdicts
from prometheus.flow.storage import Decision
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.errors import PrometheusError
from prometheus.kernel.ids import digest, short_id, uuid_text
from prometheus.kernel.violations import VIOLATIONS, n_by_rule
from prometheus.store.connections import Databases, connect, driver_errors
from prometheus.store.copying import Connection
from prometheus.store.decisions import record_decision
from prometheus.store.filings import (
    documents_on_record,
    lock_documents,
    present_moment,
    write_documents,
)
from prometheus.store.reference import market_row, register_markets, share_reference
from prometheus.store.revisions import refuse_future
from prometheus.store.unrecorded import record_lost

CONTRADICTS = "Two reports on one period say different things at the same moment; leave the true one in."


def ingest_documents(
    databases: Databases,
    delivery: Documents,
    *,
    table: str,
    config: EngineConfig,
    market_id: str,
    source: str,
    create: bool = False,
    known_at: datetime | None = None,
    rejects_folder: Path | None = None,
    dry_run: bool = False,
) -> DocumentsReport:
    """Take a delivery of documents in.

    Parameters
    ----------
    databases : Databases
    delivery : Documents
    table : {"filings", "earnings_calls"}
    config : EngineConfig
        Of the kind of delivery.
    market_id : str
        The market whose symbols the documents name.
    source : str
        Who the documents come from.
    create : bool
        Whether symbols that are not known become instruments with issuers.
    known_at : datetime, optional
        When the delivery became known; the server's present time by default. What was accepted later
        is refused.
    rejects_folder : Path, optional
        Where broken documents are set aside; nowhere by default.
    dry_run : bool
        Whether to do everything and keep nothing.

    Raises
    ------
    UnknownInstrumentError
        If no document is of a known issuer.
    RejectedBatchError
        If every document broke a rule.
    ConfigError
        If the market is not known.
    """
    context_id = f"{market_id}:{table}"
    with (
        driver_errors(),
        connect(databases.runtime_url) as runtime,
        connect(databases.historical_url) as historical,
    ):
        refuse_future(runtime, known_at)
        lock_documents(historical, table, context_id)
        healed = () if dry_run else record_lost(runtime, historical, table)
        share_reference(runtime, market_id)
        if market_row(runtime, market_id) is None:
            register_markets(runtime, [known_market(market_id)])
        moment = known_at or present_moment(runtime)
        in_time, late = _known_by(delivery.documents, moment)
        created = registered_issuers(runtime, market_id, in_time) if create else ()
        issuers, strangers = issuers_of(runtime, market_id, in_time)
        documents = [d for d, issuer in zip(in_time, issuers, strict=True) if issuer is not None]
        owners = [issuer for issuer in issuers if issuer is not None]
        violations = pl.concat([VIOLATIONS, delivery.violations, late, strangers])
        folder = None if dry_run else rejects_folder
        if not documents:
            raise _refusal(delivery, violations, folder)
        content = digest(
            *sorted(f"{o} {d.accepted_at} {d.content}" for d, o in zip(documents, owners, strict=True))
        )
        last_date = max(document.about for document in documents)
        ids = batch_ids_of(
            runtime, config, context_id, np.datetime64(last_date, "D"), digest(source, content)
        )
        found = _verdicts(historical, documents, owners, table, source)
        wrong = [d for d, verdict in zip(documents, found, strict=True) if verdict == "contradicting"]
        violations = pl.concat([violations, _contradicting(wrong)])
        if len(wrong) == len(documents):
            raise _refusal(delivery, violations, folder)
        n_new, n_unchanged, n_repeated = map(found.count, ("new", "unchanged", "repeated"))
        raw_id = ids.decision_id if n_new or ids.before is None else ids.before
        n_rejected = violations.select("file", "row").n_unique()
        was_recorded = False
        if n_new and not dry_run:
            decision = Decision(
                decision_id=raw_id,
                engine_name=config.engine_name,
                config_id=config.config_id,
                context_id=context_id,
                as_of_date=np.datetime64(last_date, "D"),
                input_refs={
                    "fingerprint": ids.fingerprint.hex(),
                    "known_at": moment.isoformat(),
                    "source": source,
                    "files": [
                        {"name": f.name, "sha256": f.sha256, "n_rows": f.n_rows} for f in delivery.files
                    ],
                },
                raw_input_summary={
                    "n_rows": delivery.n_rows,
                    "n_repeated": n_repeated,
                    "n_rejected": n_rejected,
                    "rejected_by_rule": dict(n_by_rule(violations)),
                    "n_issuers": len(set(owners)),
                    "last_date": str(last_date),
                },
                proposed_action={
                    "table": table,
                    "batch": short_id(raw_id),
                    "n_new": n_new,
                    "n_unchanged": n_unchanged,
                    "n_instruments_created": len(created),
                },
            )
            rows = [
                document.row_values(owner, source, short_id(raw_id))
                for document, owner, verdict in zip(documents, owners, found, strict=True)
                if verdict == "new"
            ]
            frame = pl.DataFrame(rows, infer_schema_length=None)
            write_documents(historical, table, frame, decision, config)
            runtime.commit()  # issuers first: documents must never point at one that is not there
            historical.commit()
            was_recorded = record_decision(runtime, decision, config, created_by="ingest")
        rejects = kept_rejects(violations, folder, name=short_id(raw_id), rows=delivery.rows)
        if dry_run:
            runtime.rollback()
    return DocumentsReport(
        market_id=market_id,
        table=table,
        source=source,
        decision_id=uuid_text(raw_id),
        batch=short_id(raw_id),
        n_rows=delivery.n_rows,
        n_new=n_new,
        n_unchanged=n_unchanged,
        n_repeated=n_repeated,
        n_rejected=n_rejected,
        rejected_by_rule=n_by_rule(violations),
        examples=examples_of(violations),
        rejects_file=rejects[0] if rejects else None,
        more_rejects=rejects[1:],
        created=created,
        first_date=min(document.about for document in documents),
        last_date=last_date,
        is_recorded=was_recorded,
        is_dry_run=dry_run,
        healed=healed,
    )


def _refusal(delivery: Documents, violations: pl.DataFrame, folder: Path | None) -> PrometheusError:
    name = stem_of(file.sha256 for file in delivery.files)
    rejects = kept_rejects(violations, folder, name=name, rows=delivery.rows)
    return refusal_of(violations, rejects[0] if rejects else None)


def _known_by(documents: Sequence[Document], moment: datetime) -> tuple[list[Document], pl.DataFrame]:
    """Return the documents that can have been known by then, and what is wrong with the others."""
    kept = [one for one in documents if one.accepted_at <= moment]
    late = [one for one in documents if one.accepted_at > moment]
    remedy = "It became known after this delivery did; mend its date, or --known-at."
    return kept, violations_of(late, field="accepted_at", rule="not_yet", remedy=remedy)


def _verdicts(
    historical: Connection, documents: Sequence[Document], owners: Sequence[str], table: str, source: str
) -> list[str]:
    """Return what each document is beside those on record."""
    stored = [
        Version((one.issuer_id, source, one.named), one.accepted_at, one.content)
        for one in documents_on_record(historical, table, sorted(set(owners)), source)
    ]
    return list(verdicts([d.version(o, source) for d, o in zip(documents, owners, strict=True)], stored))


def _contradicting(wrong: Sequence[Document]) -> pl.DataFrame:
    return violations_of(wrong, field="about", rule="contradicting_reports", remedy=CONTRADICTS)
