"""The source door for news: a delivery of files becomes articles, links and an INGEST decision.

1. Read the reference data of the markets: who had which ticker and which name when.
2. Read the files row by row, a piece at a time: rows become articles or are set aside, articles are
   linked, and a piece is staged in the historical database.
3. Derive the decision's id from the content: the same delivery has the same id; when it comes again and finds
   other links, because reference data changed, it is a decision of its own.
4. Write the articles and links that are not stored, in one transaction of the historical database.
5. Record the decision in the runtime database, with the links that articles stored before gained and lost. A
   crash between 4 and 5 is healed by the next delivery, of whatever news: an article of the batch carries the
   decision, see `store/unrecorded.py`. Where there is none, a link of a stored article that no decision tells
   of counts as found when it is delivered again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path

import numpy as np

from prometheus.adapters.batches import BatchIds, batch_ids_of
from prometheus.adapters.ingest_report import stem_of
from prometheus.adapters.news_listings import news_listings, withdrawn_links
from prometheus.adapters.news_rejects import NewsRejects
from prometheus.adapters.news_report import NewsReport
from prometheus.adapters.news_staging import Tally, staged_files
from prometheus.domain.reference.markets import known_market
from prometheus.domain.text.config import IngestNewsConfig
from prometheus.domain.text.linking import Linker
from prometheus.domain.text.news import Fault, Reading
from prometheus.flow.progress import Progress, Silent
from prometheus.flow.storage import Decision
from prometheus.kernel.ids import short_id, uuid_text
from prometheus.store.connections import Databases, connect, driver_errors
from prometheus.store.copying import Connection
from prometheus.store.decisions import record_decision
from prometheus.store.news import market_ids
from prometheus.store.news_changes import LinkChange, link_changes
from prometheus.store.news_stage import (
    NewsCounts,
    link_staged,
    open_stage,
    settle_stage,
    staged_counts,
    staged_digest,
    staged_span,
    write_staged,
)
from prometheus.store.reference import market_row
from prometheus.store.revisions import refuse_future
from prometheus.store.unrecorded import record_lost

CONTEXT_ID = "NEWS"


def ingest_news(
    databases: Databases,
    paths: Sequence[Path],
    *,
    zone: tzinfo | None,
    source: str | None = None,
    language: str = "en",
    market_id: str | None = None,
    known_at: datetime | None = None,
    is_known_when_published: bool = False,
    rejects_folder: Path | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> NewsReport:
    """Take a delivery of news in.

    Parameters
    ----------
    databases : Databases
    paths : sequence of Path
        CSV and JSONL files, folders, archives.
    zone : tzinfo or None
        Of times that don't say theirs.
    source : str, optional
        Who delivers; by default the file's own column, or ``files``.
    language : str
        Of rows that don't say theirs, BCP 47.
    market_id : str, optional
        Link to this market's instruments only; to all by default.
    known_at : datetime, optional
        When the delivery became known; the server's present time by default.
    is_known_when_published : bool
        Whether each article was known when it was published: a history that somebody else has kept.
    rejects_folder : Path, optional
        Where broken rows are set aside; nowhere by default.
    dry_run : bool
        Whether to do everything and keep nothing.
    progress : Progress, optional
        Told how many megabytes were read.

    Raises
    ------
    InputFileError
        If no file can be read.
    RejectedBatchError
        If no row is an article.
    ConfigError
        If the market is not known.
    RuleBrokenError
        If the database refused a row.
    """
    config = IngestNewsConfig()
    folder = None if dry_run else rejects_folder
    with (
        NewsRejects() as rejects,
        driver_errors(),
        connect(databases.runtime_url) as runtime,
        connect(databases.historical_url) as historical,
    ):
        refuse_future(runtime, known_at)
        now = open_stage(historical)
        healed = () if dry_run else record_lost(runtime, historical, "news_articles")
        moment = None if is_known_when_published else known_at or now
        reading = Reading(zone=zone, language=language, source=source, known_at=moment)
        tally = Tally()
        linker = _linker(runtime, market_id)
        staged = staged_files(historical, paths, reading, linker, rejects, tally, progress or Silent())
        content = staged_digest(historical)
        n_changed = _set_changed_aside(historical, rejects)
        span = staged_span(historical)
        if span is None:
            kept = rejects.kept_in(folder, stem_of(file["sha256"] for file in staged.files))
            raise rejects.refusal(tally.n_rows, kept)
        last_date = np.datetime64(span[1].date(), "D")
        ids = batch_ids_of(runtime, config, CONTEXT_ID, last_date, content)
        unfound = link_staged(historical, link_changes(runtime, CONTEXT_ID))
        counts = staged_counts(historical, withdrawn=withdrawn_links(linker, unfound))
        raw_id = ids.decision_id if counts.has_changed or ids.before is None else ids.before
        report = NewsReport(
            decision_id=uuid_text(raw_id),
            batch=short_id(raw_id),
            files=staged.files,
            n_rows=tally.n_rows,
            n_blank=tally.n_blank,
            n_repeated=tally.n_articles - n_changed - counts.n_new - counts.n_unchanged,
            n_rejected=rejects.n_rows,
            n_new=counts.n_new,
            n_unchanged=counts.n_unchanged,
            n_links_new=counts.n_links_new,
            n_links_withdrawn=len(counts.withdrawn),
            link_changes=tuple(one.as_json() | {"is_added": one.is_added} for one in _changes(counts)),
            n_links=counts.n_links,
            n_linked=counts.n_linked,
            n_instruments=linker.n_instruments,
            links_by_how=counts.by_how,
            rejected_by_rule=rejects.by_rule,
            examples=rejects.examples,
            rejects_file=None,
            unread_files=staged.unread,
            first=span[0],
            last=span[1],
            is_recorded=False,
            is_dry_run=dry_run,
            healed=healed,
        )
        if counts.has_changed and not dry_run:
            decision = _decision(config, ids, counts, reading, market_id, report, changed_at=known_at or now)
            write_staged(historical, decision, config, known_at=moment)
            historical.commit()
            was_recorded = record_decision(runtime, decision, config, created_by="ingest")
            report = replace(report, is_recorded=was_recorded)
        historical.rollback()
        report = replace(report, rejects_file=rejects.kept_in(folder, report.batch))
        if dry_run:
            runtime.rollback()
    return report


def _changes(counts: NewsCounts) -> tuple[LinkChange, ...]:
    return (*counts.withdrawn, *counts.added)


def _linker(runtime: Connection, market_id: str | None) -> Linker:
    if market_id is not None and market_row(runtime, market_id) is None:
        known_market(market_id)
    wanted = market_ids(runtime) if market_id is None else [market_id]
    return Linker(row for each in wanted for row in news_listings(runtime, each))


def _set_changed_aside(historical: Connection, rejects: NewsRejects) -> int:
    changed = settle_stage(historical)
    for row in changed.iter_rows(named=True):
        fault = Fault("headline", f"{row['time']} {row['headline']}", "changed_article")
        rejects.add(row["file"], row["row"], fault, row)
    return changed.height


def _decision(
    config: IngestNewsConfig,
    ids: BatchIds,
    counts: NewsCounts,
    reading: Reading,
    market_id: str | None,
    report: NewsReport,
    *,
    changed_at: datetime,
) -> Decision:
    changes = {
        "links_added": [one.as_json() for one in counts.added],
        "links_withdrawn": [one.as_json() for one in counts.withdrawn],
        "links_changed_at": changed_at.isoformat(),
    }
    return Decision(
        decision_id=ids.decision_id,
        engine_name=config.engine_name,
        config_id=config.config_id,
        context_id=CONTEXT_ID,
        as_of_date=np.datetime64(report.last.date(), "D"),
        input_refs={
            "fingerprint": ids.fingerprint.hex(),
            "known_at": (reading.known_at or report.last).isoformat(),
            "known_when": "published" if reading.known_at is None else "delivered",
            "source": reading.source,
            "zone": None if reading.zone is None else str(reading.zone),
            "market_id": market_id,
            "files": list(report.files),
        },
        raw_input_summary={
            "n_rows": report.n_rows,
            "n_blank": report.n_blank,
            "n_repeated": report.n_repeated,
            "n_rejected": report.n_rejected,
            "rejected_by_rule": dict(report.rejected_by_rule),
            "first": report.first.isoformat(),
            "last": report.last.isoformat(),
        },
        proposed_action={
            "table": "news_articles",
            "batch": report.batch,
            "n_new": counts.n_new,
            "n_unchanged": counts.n_unchanged,
            "n_links_new": counts.n_links_new,
            "n_links": counts.n_links,
            "links_by_how": dict(counts.by_how),
            **(changes if _changes(counts) else {}),
        },
    )
