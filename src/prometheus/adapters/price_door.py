"""The source door for prices: a delivery from anywhere becomes rows of prices_daily and an INGEST decision.

1. Read it chunk by chunk. Rows that break a rule by themselves are set aside; the others wait.
2. Take the rows in parts that hold whole instruments: name the instruments (with ``create``, unknown
   symbols become new ones), check rows against each other, take the digest of what each instrument's say.
3. Derive the decision's id from the content: the same delivery has the same id, unless it undoes a
   correction of itself.
4. Lock the market; only then does the delivery get its time, so that those that come at once are ordered.
   What it corrects was believed until then. End what a crash has left of deliveries before.
5. Write what is new or corrected, part by part in one transaction of the historical database. A batch that
   holds too much wrong is given up whole.
6. Let the decision wait beside the market, commit the rows, put the decision on record: see `store.pending`.
   Where nobody said when it became known, it is when its rows could be seen: once they are committed.
   Whatever a crash leaves of that is ended by the next delivery to the market.

Memory holds a few million rows, however many there are: see `adapters/price_spool.py`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from prometheus.adapters.batches import BatchIds, batch_ids_of
from prometheus.adapters.ingest_report import IngestReport, stem_of
from prometheus.adapters.price_decision import price_decision, replaced_of_others
from prometheus.adapters.price_intake import IS_SILENT, Taken, take
from prometheus.adapters.price_naming import SymbolResolver, market_facts
from prometheus.adapters.price_order import OLDER, order_violations
from prometheus.adapters.price_parts import Part, Stored, stored_of, write_part
from prometheus.adapters.price_rejects import PriceRejects
from prometheus.adapters.price_spool import ROWS_IN_MEMORY, PriceSpool, kin_of
from prometheus.domain.market.config import IngestPricesConfig, QualityConfig
from prometheus.domain.market.delivery import PriceDelivery
from prometheus.domain.market.quality import batch_refusal
from prometheus.domain.reference.symbols import Naming
from prometheus.flow.progress import Progress, Silent
from prometheus.kernel.errors import RejectedBatchError
from prometheus.kernel.ids import short_id, uuid_text
from prometheus.kernel.sessions import Sessions, sessions_of
from prometheus.kernel.violations import found_violations
from prometheus.store.believed import batches_unknown
from prometheus.store.connections import Databases, connect, driver_errors
from prometheus.store.copying import Connection
from prometheus.store.decisions import record_config, record_decision
from prometheus.store.pending import end_pending, mark_pending, pending_batches, unmark_pending
from prometheus.store.prices import PriceCounts, lock_market, rows_of_batch
from prometheus.store.revisions import present_time, refuse_future

NOT_WRONG = ("unknown_instrument", OLDER)
"""The rules of rows that nobody asked for, and of those that are superseded already."""


def ingest_prices(
    databases: Databases,
    delivery: PriceDelivery,
    *,
    market_id: str,
    create: bool = False,
    naming: Naming | None = None,
    known_at: datetime | None = None,
    rejects_folder: Path | None = None,
    dry_run: bool = False,
    quality: QualityConfig | None = None,
    rows_in_memory: int = ROWS_IN_MEMORY,
    spool_folder: Path | None = None,
    progress: Progress | None = None,
) -> IngestReport:
    """Take a delivery of daily prices in.

    Parameters
    ----------
    databases : Databases
    delivery : PriceDelivery
        From files, or from anything that makes such frames.
    market_id : str
        The market of its instruments.
    create : bool
        Whether symbols that are not known become instruments.
    naming : {"then", "last"}, optional
        Whether the vendor names an instrument by the symbol of the bar's date, or by the one it had last; as
        the delivery says by default, else the first.
    known_at : datetime, optional
        When the delivery became known; the server's present time by default.
    rejects_folder : Path, optional
        Where broken rows are set aside; nowhere by default.
    dry_run : bool
        Whether to do everything and keep nothing.
    quality : QualityConfig, optional
        Settings of the soft rules, and how much may be wrong.
    rows_in_memory : int
        A larger delivery waits in temporary files.
    spool_folder : Path, optional
        Where these lie; the system's folder by default.
    progress : Progress, optional
        Told of rows.

    Raises
    ------
    UnknownInstrumentError
        If no row is of a known instrument.
    RejectedBatchError
        If every row broke a rule, or too much is wrong.
    ConfigError
        If the market is not known.
    RuleBrokenError
        If the database refused a row.
    """
    hook = progress or Silent()
    quality = quality or QualityConfig()
    config = IngestPricesConfig(quality=quality)
    folder = None if dry_run else rejects_folder
    with (
        driver_errors(),
        connect(databases.runtime_url) as runtime,
        connect(databases.historical_url) as historical,
        PriceRejects() as rejects,
    ):
        refuse_future(runtime, known_at)
        facts = market_facts(runtime, market_id)
        sessions = sessions_of(facts.calendar_spec)
        began = time.perf_counter()  # the calendar takes a second to build, once a process
        names = SymbolResolver(runtime, market_id, facts, create=create, naming=naming)
        with PriceSpool(kin_of(facts.named), rows_in_memory=rows_in_memory, folder=spool_folder) as spool:
            taken = take(
                delivery,
                spool=spool,
                names=names,
                rejects=rejects,
                sessions=sessions,
                known_at=known_at or present_time(runtime),
                progress=hook,
            )
            if not taken.parts:
                raise rejects.refusal(rejects.keep(folder, name=_stem(delivery)))
            _require_enough(delivery, taken, rejects, folder, quality)
            lock_market(historical, market_id)
            healed = () if dry_run else _healed(databases, runtime, historical, market_id)
            moment = known_at or present_time(historical)
            ids = batch_ids_of(runtime, config, market_id, np.datetime64(taken.last, "D"), taken.content)
            late = {
                batch: at for batch, at in batches_unknown(runtime, moment, market_id=market_id).items() if at
            }
            stored = _stored(historical, taken, ids, moment, late, sessions, quality, rejects, hook)
        if rejects.n_rows and stored.counts == PriceCounts():
            raise rejects.refusal(rejects.keep(folder, name=_stem(delivery)))
        _require_enough(delivery, taken, rejects, folder, quality, n_suspect=stored.n_suspect)
        others = replaced_of_others(runtime, stored.replaced, delivery.source)
        raw_id, is_lost = ids.decision_id, False
        if not (stored.counts.has_changed or dry_run):
            raw_id, stored, moment = _found_again(historical, taken, ids, stored, moment)
            is_lost = stored.counts.has_changed
        if dry_run:
            runtime.rollback()
            historical.rollback()
        is_recorded = False
        kept = rejects.keep(folder, name=short_id(raw_id))
        if stored.counts.has_changed and not dry_run:
            decision = price_decision(
                raw_id,
                config,
                market_id=market_id,
                delivery=delivery,
                taken=taken,
                stored=stored,
                rejects=rejects,
                fingerprint=ids.fingerprint,
                known_at=moment,
                n_created=len(names.created),
                others=others,
            )
            if not is_lost:
                record_config(runtime, config, created_by="ingest")
                mark_pending(runtime, decision, witness=stored.changed[0], is_time_said=known_at is not None)
            runtime.commit()  # instruments too: prices must never point at one that is not there
            historical.commit()
            if known_at is None and not is_lost:  # nobody has seen the rows before they were committed
                refs = {**decision.input_refs, "known_at": present_time(historical).isoformat()}
                decision = replace(decision, input_refs=refs)
            is_recorded = record_decision(runtime, decision, config, created_by="ingest")
            unmark_pending(runtime, market_id, short_id(raw_id))
            runtime.commit()  # before the lock is given back
    return IngestReport(
        market_id=market_id,
        source=delivery.source,
        decision_id=uuid_text(raw_id),
        batch=short_id(raw_id),
        n_rows=taken.n_rows,
        n_new=stored.counts.n_new,
        n_corrected=stored.counts.n_corrected,
        n_unchanged=stored.counts.n_unchanged,
        n_repeated=taken.n_repeated,
        n_rejected=rejects.n_rows,
        n_flagged=stored.n_flagged,
        rejected_by_rule=rejects.by_rule,
        flagged_by_rule=stored.flags_by_rule,
        examples=rejects.examples,
        rejects_file=kept,
        created=tuple(names.created),
        changed=stored.changed,
        first_date=taken.first,
        last_date=taken.last,
        first_changed=stored.first_changed,
        last_changed=stored.last_changed,
        choice=tuple(delivery.choice),
        seconds=time.perf_counter() - began,
        is_recorded=is_recorded or raw_id in healed,
        is_dry_run=dry_run,
        n_corrected_by_source={source: found.n_rows for source, found in others.items()},
        corrected_example=min((found.first for found in others.values()), default=None),
        healed=tuple(short_id(found) for found in healed),
    )


def _apart(rows: pl.DataFrame, instruments: frozenset[str]) -> pl.DataFrame:
    """Return the violations of instruments whose closes and those stored are on another split basis."""
    return found_violations(
        rows,
        rows["instrument_id"].is_in(list(instruments)),
        field="close",
        rule="another_split_basis",
        remedy="The closes stored on these days and around them are a split's ratio apart from these: one "
        "vendor adjusts for splits, the other doesn't. Deliver the whole history of the instrument at once, "
        "or closes on the basis of those stored.",
    )


def _stored(
    historical: Connection,
    taken: Taken,
    ids: BatchIds,
    moment: datetime,
    late: Mapping[str, datetime],
    sessions: Sessions,
    quality: QualityConfig,
    rejects: PriceRejects,
    progress: Progress,
) -> Stored:
    """Write the parts of a delivery, in the transaction of the caller."""
    written = []
    progress.start("rows written", taken.n_kept)
    for waiting, digests in taken.parts:
        rows = waiting()
        silent = rows.filter(IS_SILENT).select("instrument_id", "trade_date")
        part = Part(rows.drop("file", "row", "symbol", IS_SILENT), digests)
        written.append(
            write_part(
                historical,
                part,
                batch=short_id(ids.decision_id),
                known_at=moment,
                late=late,
                sessions=sessions,
                quality=quality,
                silent=silent,
            )
        )
        rejects.add(rows, _unmet(rows, written[-1].unmet))
        rejects.add(rows, order_violations(rows, written[-1].older, moment=moment))
        rejects.add(rows, _apart(rows, written[-1].apart))
        progress.advance(part.prices.height)
    progress.finish()
    return stored_of(written)


def _unmet(rows: pl.DataFrame, instruments: frozenset[str]) -> pl.DataFrame:
    """Return the violations of instruments whose adjusted closes don't meet those stored after them."""
    return found_violations(
        rows,
        rows["instrument_id"].is_in(list(instruments)),
        field="close",
        rule="adjustment_not_met",
        remedy="Later prices are stored, with another adjustment than these end with. Deliver the whole "
        "history of the instrument at once, or give its adjusted closes.",
    )


def _healed(
    databases: Databases, runtime: Connection, historical: Connection, market_id: str
) -> tuple[bytes, ...]:
    """End what a crash left pending, whatever becomes of the present delivery; return what was recorded."""
    if not pending_batches(runtime, market_id):
        return ()
    with connect(databases.runtime_url) as apart:
        return tuple(end_pending(apart, historical, market_id, present_time(historical)))


def _found_again(
    historical: Connection, taken: Taken, ids: BatchIds, stored: Stored, moment: datetime
) -> tuple[bytes, Stored, datetime]:
    """Return the decision that an unchanged delivery belongs to, and what it wrote if that is not on record.

    Such rows are left where the runtime database was restored from an older copy. A delivery that came before
    can have written nothing but corrections since. Corrections say when they became known. New rows
    don't, nor does the database keep it: a lost batch of these alone is known from now on, the careful side.
    """
    found = rows_of_batch(
        historical,
        taken.instrument_ids,
        first=taken.first,
        last=taken.last,
        batch=short_id(ids.decision_id),
        only_corrections=ids.before is not None,
    )
    if not found.counts.has_changed:
        return ids.before or ids.decision_id, stored, moment
    n_unchanged = taken.n_kept - found.counts.n_new - found.counts.n_corrected
    again = replace(
        stored,
        counts=replace(found.counts, n_unchanged=n_unchanged),
        changed=found.instrument_ids,
        first_changed=found.first,
        last_changed=found.last,
    )
    return ids.decision_id, again, found.corrected_at or moment


def _require_enough(
    delivery: PriceDelivery,
    taken: Taken,
    rejects: PriceRejects,
    folder: Path | None,
    quality: QualityConfig,
    *,
    n_suspect: int = 0,
) -> None:
    """Refuse a batch that holds too much wrong; rows of which nothing is wrong by itself don't count."""
    n_wrong = rejects.n_rows - sum(rejects.by_rule.get(rule, 0) for rule in NOT_WRONG)
    reason = batch_refusal(taken.n_rows, n_wrong, n_suspect, quality)
    if reason is None:
        return
    kept = rejects.keep(folder, name=_stem(delivery))
    rules = ", ".join(f"{rule} {n:,}" for rule, n in rejects.by_rule.items())
    raise RejectedBatchError(
        f"The delivery is refused whole: {reason}"
        + (f" Rejected: {rules}, e.g. {rejects.examples[0]}" if rules else "")
        + (f" All are in {kept}." if kept else ""),
        remedy="Look into the file, and whether its columns were understood; leave the wrong part out, or "
        "raise the limit in a file for --quality.",
    )


def _stem(delivery: PriceDelivery) -> str:
    return stem_of(file.sha256 for file in delivery.files)
