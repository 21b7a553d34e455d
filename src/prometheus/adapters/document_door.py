"""The source door for filings, calls and reported facts: documents become rows and an INGEST decision.

1. Find each document's issuer: by its CIK where an issuer has it, else by its symbol at the date of the
   document; with ``create``, symbols that are not known become instruments with issuers of their own.
2. Check the documents by the hard rules; broken ones go to a rejects file.
3. Compare with what is on record: a document that says what was believed already is no new one.
4. Copy the new ones in one transaction of the historical database. Their texts were put among the artifacts
   before; those are named by their content, so a crash leaves nothing that is in the way.
5. Record the decision in the runtime database. A crash between 4 and 5 is healed by running again: the rows
   carry the batch, so the decision that is missing is seen and written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from prometheus.adapters.batches import batch_ids_of
from prometheus.adapters.document_issuers import issuers_of, registered_issuers
from prometheus.adapters.documents import Document, Documents, DocumentsReport, violations_of
from prometheus.adapters.ingest_report import examples_of, refusal_of, set_aside, stem_of
from prometheus.domain.reference.markets import known_market
from prometheus.domain.text.versions import Version, verdicts
from prometheus.flow.storage import Decision
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.ids import digest, short_id, uuid_text
from prometheus.kernel.violations import VIOLATIONS, n_by_rule
from prometheus.store.connections import Databases, connect, driver_errors
from prometheus.store.copying import Connection
from prometheus.store.decisions import record_decision
from prometheus.store.filings import (
    documents_on_record,
    lock_documents,
    n_of_batch,
    present_moment,
    write_documents,
)
from prometheus.store.reference import (
    market_row,
    register_markets,
)

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
    with driver_errors(), connect(databases.runtime_url) as runtime:
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
            rejects = set_aside(violations, folder, name=stem_of(file.sha256 for file in delivery.files))
            raise refusal_of(violations, rejects)
        content = digest(
            *sorted(f"{o} {d.accepted_at} {d.content}" for d, o in zip(documents, owners, strict=True))
        )
        last_date = max(document.about for document in documents)
        context_id = f"{market_id}:{table}"
        ids = batch_ids_of(
            runtime, config, context_id, np.datetime64(last_date, "D"), digest(source, content)
        )
        raw_id = ids.decision_id
        if not dry_run:  # issuers first: documents must never point at one that is not there
            runtime.commit()
        with connect(databases.historical_url) as historical:
            counts, contradicting = _written(
                historical, documents, owners, table, context_id, source, short_id(raw_id), dry_run
            )
        n_new = counts["new"]
        if ids.before is not None and not n_new:
            raw_id = ids.before
        violations = pl.concat([violations, contradicting])
        if contradicting.height == len(documents):
            rejects = set_aside(violations, folder, name=stem_of(file.sha256 for file in delivery.files))
            raise refusal_of(violations, rejects)
        rejects = set_aside(violations, folder, name=short_id(raw_id))
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
                    "n_repeated": counts["repeated"],
                    "n_rejected": n_rejected,
                    "rejected_by_rule": dict(n_by_rule(violations)),
                    "n_issuers": len(set(owners)),
                    "last_date": str(last_date),
                },
                proposed_action={
                    "table": table,
                    "batch": short_id(raw_id),
                    "n_new": n_new,
                    "n_unchanged": counts["unchanged"],
                    "n_instruments_created": len(created),
                },
            )
            was_recorded = record_decision(runtime, decision, config, created_by="ingest")
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
        n_unchanged=counts["unchanged"],
        n_repeated=counts["repeated"],
        n_rejected=n_rejected,
        rejected_by_rule=n_by_rule(violations),
        examples=examples_of(violations),
        rejects_file=rejects,
        created=created,
        first_date=min(document.about for document in documents),
        last_date=last_date,
        is_recorded=was_recorded,
        is_dry_run=dry_run,
    )


def _known_by(documents: Sequence[Document], moment: datetime) -> tuple[list[Document], pl.DataFrame]:
    """Return the documents that can have been known by then, and what is wrong with the others."""
    kept = [one for one in documents if one.accepted_at <= moment]
    late = [one for one in documents if one.accepted_at > moment]
    remedy = "It became known after this delivery did; mend its date, or --known-at."
    return kept, violations_of(late, field="accepted_at", rule="not_yet", remedy=remedy)


def _written(
    historical: Connection,
    documents: Sequence[Document],
    owners: Sequence[str],
    table: str,
    context_id: str,
    source: str,
    batch: str,
    dry_run: bool,
) -> tuple[dict[str, int], pl.DataFrame]:
    """Write what is new; return how many documents were what, and those that contradict each other."""
    lock_documents(historical, table, context_id)
    issuers = sorted(set(owners))
    stored = [
        Version((one.issuer_id, source, one.named), one.accepted_at, one.content)
        for one in documents_on_record(historical, table, issuers, source)
    ]
    found = verdicts([d.version(o, source) for d, o in zip(documents, owners, strict=True)], stored)
    rows = [
        d.row_values(owner, source, batch)
        for d, owner, verdict in zip(documents, owners, found, strict=True)
        if verdict == "new"
    ]
    if rows and not dry_run:
        write_documents(historical, table, pl.DataFrame(rows, infer_schema_length=None))
    counts = {name: found.count(name) for name in ("new", "unchanged", "repeated")}
    if not rows and not dry_run:  # a crash may have lost the decision of what is there
        n_rows = n_of_batch(historical, table, issuers, batch)
        counts["new"] += n_rows
        counts["unchanged"] -= n_rows
    wrong = [d for d, verdict in zip(documents, found, strict=True) if verdict == "contradicting"]
    return counts, violations_of(wrong, field="about", rule="contradicting_reports", remedy=CONTRADICTS)
