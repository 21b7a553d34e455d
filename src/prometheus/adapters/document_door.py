"""The source door for filings, calls and reported facts: documents become rows and an INGEST decision.

1. Find each document's issuer: by its symbol at the date of the document, else by its CIK; with ``create``,
   symbols that are not known become instruments with issuers of their own.
2. Check the documents by the hard rules; broken ones go to a rejects file.
3. Compare with what is on record: a document that says what was believed already is no new one.
4. Copy the new ones in one transaction of the historical database. Their texts were put among the artifacts
   before; those are named by their content, so a crash leaves nothing that is in the way.
5. Record the decision in the runtime database. A crash between 4 and 5 is healed by running again: the rows
   carry the batch, so the decision that is missing is seen and written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl

from prometheus.adapters.batches import batch_ids_of
from prometheus.adapters.ingest_report import examples_of, refusal_of, set_aside, stem_of
from prometheus.domain.reference.markets import known_market
from prometheus.domain.reference.specs import Instrument, Issuer, instrument_id_of
from prometheus.domain.reference.symbols import resolved
from prometheus.domain.text.versions import Version, verdicts
from prometheus.flow.storage import Decision
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.ids import digest, short_id, uuid_text
from prometheus.kernel.violations import VIOLATIONS, n_by_rule
from prometheus.store.artifacts import SCHEME, Artifacts
from prometheus.store.connections import Databases, connect, driver_errors
from prometheus.store.copying import Connection
from prometheus.store.decisions import record_decision
from prometheus.store.filings import (
    documents_on_record,
    issuers_by_cik,
    issuers_of_instruments,
    lock_documents,
    market_zone,
    n_of_batch,
    present_moment,
    write_documents,
)
from prometheus.store.reference import (
    market_row,
    register_instruments,
    register_issuers,
    register_markets,
    symbol_spans,
)

CONTRADICTS = "Two reports on one period say different things at the same moment; leave the true one in."


class Document(Protocol):
    """A document as delivered: a filing, a call."""

    @property
    def file(self) -> str:
        """Where it stands."""
        ...

    @property
    def row(self) -> int:
        """Where it stands there."""
        ...

    @property
    def symbol(self) -> str | None:
        """Whose it is."""
        ...

    @property
    def cik(self) -> str | None:
        """Whose it is, by the number that the SEC gives."""
        ...

    @property
    def about(self) -> date:
        """Its date."""
        ...

    @property
    def accepted_at(self) -> datetime:
        """When it became known."""
        ...

    @property
    def content(self) -> str:
        """Digest of what it says."""
        ...

    def version(self, issuer_id: str, source: str) -> Version:
        """Return its place in a history."""
        ...

    def row_values(self, issuer_id: str, source: str, batch: str) -> dict[str, Any]:
        """Return its row."""
        ...


@dataclass(frozen=True, slots=True)
class FileReference:
    """One file of a delivery: its name, its digest and the documents it held."""

    name: str
    sha256: str
    n_rows: int


@dataclass(frozen=True, slots=True)
class Documents:
    """A delivery of documents.

    Attributes
    ----------
    documents : sequence of Document
        Those that could be read.
    violations : polars.DataFrame
        What is wrong with the others.
    files : tuple of FileReference
    n_rows : int
        All that came, the broken ones included.
    """

    documents: Sequence[Document]
    violations: pl.DataFrame
    files: tuple[FileReference, ...]
    n_rows: int


@dataclass(frozen=True, slots=True)
class DocumentsReport:
    """What became of a delivery of documents.

    Attributes
    ----------
    decision_id, batch : str
        The INGEST decision, and the short form of it that the rows carry.
    n_rows, n_new, n_unchanged, n_repeated, n_rejected : int
        All that came, and what became of them.
    rejected_by_rule : mapping of str to int
    examples : tuple of str
        The first ones that were rejected.
    rejects_file : Path or None
        Where all of them are.
    created : tuple of str
        Instruments that were registered on the way.
    first_date, last_date : datetime.date
    is_recorded : bool
        Whether a decision was written now.
    """

    market_id: str
    table: str
    source: str
    decision_id: str
    batch: str
    n_rows: int
    n_new: int
    n_unchanged: int
    n_repeated: int
    n_rejected: int
    rejected_by_rule: Mapping[str, int]
    examples: tuple[str, ...]
    rejects_file: Path | None
    created: tuple[str, ...]
    first_date: date
    last_date: date
    is_recorded: bool
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """What documents of a market's issuers need to be read: where its days end, and its money."""

    timezone: str
    currency: str


def market_of(databases: Databases, market_id: str) -> MarketFacts:
    """Return the time zone and the currency of a market; `ConfigError` for one that is not known."""
    with driver_errors(), connect(databases.runtime_url) as runtime:
        zone, found = market_zone(runtime, market_id), market_row(runtime, market_id)
    if zone is None or found is None:
        market = known_market(market_id)
        return MarketFacts(market.timezone, market.currency)
    return MarketFacts(zone, str(found[1].get("currency", "USD")))


def text_keeper(artifacts: Artifacts, *, dry_run: bool) -> Callable[[bytes], str]:
    """Return what puts a text among the artifacts and gives its URI; a dry run only names it."""
    if not dry_run:
        return artifacts.put
    return lambda content: SCHEME + hashlib.sha256(content).hexdigest()


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
        created = _create(runtime, market_id, in_time) if create else ()
        issuers, strangers = _issuers(runtime, market_id, in_time)
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


def violations_of(documents: Sequence[Document], *, field: str, rule: str, remedy: str) -> pl.DataFrame:
    """Return one violation for each of these documents."""
    rows = [
        (d.file, d.row, d.symbol, str(d.about), field, str(getattr(d, field)), rule, remedy)
        for d in documents
    ]
    return pl.DataFrame(rows, schema=VIOLATIONS.schema, orient="row")


def _issuers(
    runtime: Connection, market_id: str, documents: Sequence[Document]
) -> tuple[list[str | None], pl.DataFrame]:
    """Return the issuer of each document, and what is wrong with those that have none."""
    # Firms report before their listing and after their delisting: only the symbol's own span counts.
    spans = symbol_spans(runtime, market_id).with_columns(
        pl.lit(None, dtype=pl.Date).alias("listed"), pl.lit(None, dtype=pl.Date).alias("delisted")
    )
    frame = pl.DataFrame(
        {
            "file": [str(place) for place in range(len(documents))],
            "row": pl.Series(range(len(documents)), dtype=pl.Int64),
            "symbol": pl.Series([d.symbol for d in documents], dtype=pl.String),
            "trade_date": pl.Series([d.about for d in documents], dtype=pl.Date),
        }
    )
    found, broken = resolved(frame.filter(pl.col("symbol").is_not_null()), spans)
    of_instrument = issuers_of_instruments(runtime, market_id)
    by_cik = issuers_by_cik(runtime, market_id)
    by_place = dict(zip(found["row"].to_list(), found["instrument_id"].to_list(), strict=True))
    issuers: list[str | None] = []
    strangers = []
    for place, document in enumerate(documents):
        issuer = of_instrument.get(by_place.get(place, ""))
        if issuer is None and document.cik:
            issuer = by_cik.get(document.cik.lstrip("0"))
        issuers.append(issuer)
        if issuer is None:
            strangers.append(place)
    reasons = {row["row"]: row for row in broken.iter_rows(named=True)}
    rows = []
    for place in strangers:
        document = documents[place]
        why = reasons.get(place)
        rule = why["rule"] if why else "unknown_instrument"
        remedy = (
            why["remedy"] if why else "Register it with `prometheus ingest instruments`, or add --create."
        )
        who = document.symbol or (f"CIK {document.cik}" if document.cik else None)
        rows.append((document.file, document.row, who, str(document.about), "symbol", who, rule, remedy))
    return issuers, pl.DataFrame(rows, schema=VIOLATIONS.schema, orient="row")


def _create(runtime: Connection, market_id: str, documents: Sequence[Document]) -> tuple[str, ...]:
    """Register the symbols that no instrument of the market ever had."""
    known = set(symbol_spans(runtime, market_id)["symbol"].to_list())
    symbols = sorted({d.symbol for d in documents if d.symbol is not None} - known)
    found = market_row(runtime, market_id)
    assert found is not None
    metadata = found[1]
    asset_class = str(metadata.get("asset_class", "EQUITY"))
    ids = {symbol: instrument_id_of(market_id, symbol) for symbol in symbols}
    register_issuers(runtime, [Issuer(ids[symbol], symbol) for symbol in symbols])
    register_instruments(
        runtime,
        [
            Instrument(
                ids[symbol],
                market_id,
                symbol,
                asset_class=asset_class,
                currency=str(metadata.get("currency", "USD")),
                issuer_id=ids[symbol],
            )
            for symbol in symbols
        ],
    )
    return tuple(ids.values())


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
