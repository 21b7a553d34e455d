"""The source door for reference files: who is who, as rows of issuers and instruments.

1. Read the files; rows that break a rule go to a rejects file.
2. Write what they say into the register of the market, in the order of the days that they describe. Facts
   have a date: what an older file says never replaces what a later one says, and nothing is lost.
3. Write what changed, and the INGEST decision, in one transaction of the runtime database.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from prometheus.adapters.batches import BatchIds, batch_ids_of
from prometheus.adapters.ingest_report import examples_of, refusal_of, set_aside, stem_of
from prometheus.adapters.reference_files.read import Choices, ReferenceDelivery, reference_delivery
from prometheus.adapters.reference_files.report import InstrumentsReport
from prometheus.adapters.reference_files.shapes import Preset
from prometheus.domain.reference.config import IngestInstrumentsConfig
from prometheus.domain.reference.knowledge import remember
from prometheus.domain.reference.markets import known_market
from prometheus.domain.reference.observations import IndexSpan, Life, Observation
from prometheus.domain.reference.recorded import Recorder
from prometheus.domain.reference.register import Entity, Register, register_of
from prometheus.flow.storage import Decision
from prometheus.kernel.ids import digest, short_id, uuid_text
from prometheus.kernel.sessions import sessions_of
from prometheus.kernel.violations import VIOLATIONS, n_by_rule
from prometheus.store.connections import Databases, connect, driver_errors
from prometheus.store.copying import Connection
from prometheus.store.decisions import record_decision
from prometheus.store.reference import (
    forget,
    hold_reference,
    market_row,
    named_elsewhere,
    reference_rows,
    register_instruments,
    register_issuers,
    register_markets,
    release_symbols,
)
from prometheus.store.revisions import refuse_future


def ingest_instruments(
    databases: Databases,
    paths: Sequence[Path],
    *,
    market_id: str,
    preset: Preset | None = None,
    source: str | None = None,
    as_of: date | None = None,
    index: str | None = None,
    known_at: datetime | None = None,
    rejects_folder: Path | None = None,
    dry_run: bool = False,
) -> InstrumentsReport:
    """Register the instruments that files name; rows that break a rule are set aside.

    Parameters
    ----------
    databases : Databases
    paths : sequence of Path
        Files, folders or archives.
    market_id : str
        Where they trade.
    preset : str, optional
        What the files are; each is looked at by default.
    source : str, optional
        Who they come from; their names by default.
    as_of : datetime.date, optional
        The day that they describe; see `Choices`.
    index : str, optional
        The index that they are about; the one in their names by default.
    known_at : datetime, optional
        When they became known; the server's present time by default.
    rejects_folder : Path, optional
        Where broken rows are set aside; nowhere by default.
    dry_run : bool
        Whether to do everything and keep nothing.

    Raises
    ------
    InputFileError
        For the first file that can't be read; nothing is registered then.
    RejectedBatchError
        If every row broke a rule.
    ConfigError
        If the market is not known.
    """
    with driver_errors(), connect(databases.runtime_url) as runtime:
        refuse_future(runtime, known_at)
        held_at = hold_reference(runtime, market_id)
        moment = known_at or held_at
        choices = Choices(preset, source, as_of, index, moment.astimezone(UTC).date())
        read = reference_delivery(paths, choices)
        n_markets, calendar, metadata = _market(runtime, market_id)
        recorder = Recorder(
            register_of(market_id, metadata, *reference_rows(runtime, market_id)),
            _next_session(calendar),
            _in_use(databases, runtime),
        )
        if not read.is_empty:
            recorder.lives(read.lives)
            for rows in read.tables:
                recorder.observations(rows)
            recorder.index_spans(read.spans)
            recorder.settle()
        violations = pl.concat([read.violations, _violations(recorder)])
        rejects = set_aside(
            violations,
            None if dry_run else rejects_folder,
            name=stem_of(file.sha256 for file in read.files),
        )
        if read.is_empty:
            raise refusal_of(violations, rejects)
        config = IngestInstrumentsConfig()
        last = np.datetime64(max(file.as_of for file in read.files), "D")
        ids = batch_ids_of(runtime, config, f"{market_id}/instruments", last, _content(read))
        batch, is_present = short_id(ids.decision_id), known_at is None
        n_reclassified = _n_reclassified(recorder.register)
        written, n_new = _written(runtime, recorder, batch, n_markets, moment, is_present=is_present)
        is_recorded = False
        if any(written.values()):
            decision = _decision(
                ids, config, market_id, last, read, moment, written, recorder, violations, n_reclassified
            )
            is_recorded = record_decision(runtime, decision, config, created_by="ingest")
        if dry_run:
            runtime.rollback()
    return InstrumentsReport(
        market_id=market_id,
        files=tuple(read.files),
        written=written,
        n_new=n_new,
        n_reclassified=n_reclassified,
        n_rows=read.n_rows,
        n_rejected=violations.select("file", "row").n_unique(),
        rejected_by_rule=n_by_rule(violations),
        examples=examples_of(violations),
        rejects_file=rejects,
        differences=tuple(recorder.differences),
        decision_id=uuid_text(ids.decision_id) if is_recorded and not dry_run else None,
        is_dry_run=dry_run,
    )


def _market(runtime: Connection, market_id: str) -> tuple[int, Any, Any]:
    found = market_row(runtime, market_id)
    if found is not None:
        return 0, found[0], found[1]
    market = known_market(market_id)
    return register_markets(runtime, [market]), market.calendar_spec, market.metadata


def _next_session(calendar_spec: Any) -> Callable[[date], date]:
    def following(day: date) -> date:
        dates = sessions_of(calendar_spec).dates
        place = int(np.searchsorted(dates, np.datetime64(day, "D"), side="right"))
        found: date = dates[min(place, len(dates) - 1)].astype("datetime64[D]").item()
        return found

    return following


def _in_use(
    databases: Databases, runtime: Connection
) -> Callable[[Sequence[tuple[str, str]]], frozenset[str]]:
    """Return what tells which instruments other tables of either database name, or whose issuers."""

    def named(pairs: Sequence[tuple[str, str]]) -> frozenset[str]:
        instruments, issuers = zip(*pairs, strict=True)
        with connect(databases.historical_url) as historical:
            found = [
                named_elsewhere(runtime, "runtime", instruments, issuers),
                named_elsewhere(historical, "historical", instruments, issuers),
            ]
        used = set().union(*(each for each, _ in found))
        used_issuers = set().union(*(each for _, each in found))
        return frozenset(i for i, issuer in pairs if i in used or issuer in used_issuers)

    return named


def _written(
    runtime: Connection, recorder: Recorder, batch: str, n_markets: int, moment: datetime, *, is_present: bool
) -> tuple[dict[str, int], dict[str, int]]:
    issuers, instruments = recorder.register.changed()
    for entity in (*issuers, *instruments):
        remember(entity, until=moment, batch=batch, is_present=is_present)
        entity.metadata["batch"] = batch
    gone = recorder.register.removed
    forget(runtime, gone["instruments"], [])
    release_symbols(runtime, [e.values["instrument_id"] for e in instruments if _gives_way(e)])
    written = {
        "markets": n_markets,
        "issuers": register_issuers(runtime, issuers) + len(gone["issuers"]),
        "instruments": register_instruments(runtime, instruments) + len(gone["instruments"]),
    }
    forget(runtime, [], gone["issuers"])
    n_new = {
        "issuers": sum(entity.before is None for entity in issuers),
        "instruments": sum(entity.before is None for entity in instruments),
    }
    return written, n_new


def _n_reclassified(register: Register) -> int:
    """Return of how many instruments anything changed that derived tables rest on.

    That is the asset class and the issuer, and from when until when an issuer had shares of several classes.
    """
    n_shares = Counter(entity.values["issuer_id"] for entity in register.instruments.values())
    count = len(register.removed["instruments"])
    for entity in register.changed()[1]:
        now, before = entity.values, entity.before
        has_several = now["issuer_id"] is not None and n_shares[now["issuer_id"]] > 1
        if before is None:
            count += has_several
        elif any(now[name] != before[name] for name in ("asset_class", "issuer_id")):
            count += 1
        elif has_several:
            count += any(
                now["metadata"].get(name) != before["metadata"].get(name) for name in ("listed", "delisted")
            )
    return count


def _gives_way(entity: Entity) -> bool:
    """Return whether an instrument leaves a symbol, which another one may get in the same statement."""
    return entity.before is not None and any(
        entity.before[name] != entity.values[name] for name in ("symbol", "exchange", "status")
    )


def _violations(recorder: Recorder) -> pl.DataFrame:
    rows = [
        (origin.file, origin.row, symbol, None, fault.field, fault.found, fault.rule, fault.remedy)
        for origin, symbol, fault in recorder.faults
    ]
    return pl.DataFrame(rows, schema=VIOLATIONS.schema, orient="row")


def _content(read: ReferenceDelivery) -> bytes:
    """Return the digest of what files say, whatever their names and the order of their rows.

    The day of an undated file is that of its delivery, which it does not say.
    """
    said: list[str] = []
    rows = [row for table in read.tables for row in table]
    everything: list[Life | Observation | IndexSpan] = [*read.lives, *rows, *read.spans]
    for one in everything:
        body = dataclasses.asdict(one)
        origin = body.pop("origin")
        day = origin["as_of"] if origin["is_dated"] else None
        said.append(json.dumps([origin["source"], day, body], default=str, sort_keys=True))
    return digest(*sorted(said))


def _decision(
    ids: BatchIds,
    config: IngestInstrumentsConfig,
    market_id: str,
    last: np.datetime64,
    read: ReferenceDelivery,
    known_at: datetime,
    written: dict[str, int],
    recorder: Recorder,
    violations: pl.DataFrame,
    n_reclassified: int,
) -> Decision:
    return Decision(
        decision_id=ids.decision_id,
        engine_name=config.engine_name,
        config_id=config.config_id,
        context_id=f"{market_id}/instruments",
        as_of_date=last,
        input_refs={
            "fingerprint": ids.fingerprint.hex(),
            "known_at": known_at.isoformat(),
            "source": ", ".join(sorted({file.source for file in read.files})),
            "files": [
                {
                    "name": file.name,
                    "sha256": file.sha256,
                    "n_rows": file.n_rows,
                    "kind": file.kind,
                    "source": file.source,
                    "as_of": str(file.as_of),
                    "index": file.index,
                }
                for file in read.files
            ],
        },
        raw_input_summary={
            "n_rows": read.n_rows,
            "n_rejected": violations.select("file", "row").n_unique(),
            "rejected_by_rule": dict(n_by_rule(violations)),
            "n_differences": len(recorder.differences),
        },
        proposed_action={
            "tables": list(written),
            "batch": short_id(ids.decision_id),
            "written": dict(written),
            "n_reclassified": n_reclassified,
        },
    )
