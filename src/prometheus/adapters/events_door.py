"""The source door for macro events: texts and calendars become rows of macro_events and an INGEST decision.

1. Read the files; what breaks a rule goes to a rejects file.
2. Texts go to the artifacts, by content: a crash leaves nothing that is in the way.
3. Lock the events; compare each with its latest version on record. A text of the FOMC was known when it was
   released, which is a fact of its publication. Anything else was known when its delivery was; only of a
   history that somebody kept as it appeared, the first version of a past event was known when it happened.
4. Copy the new ones in one transaction of the historical database.
5. Record the decision in the runtime database. A crash between 4 and 5 is healed by the next delivery, of
   whatever events: a row of the batch carries the decision, see `store/unrecorded.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl

from prometheus.adapters.batches import batch_ids_of
from prometheus.adapters.event_files import EventsDelivery, violations_of
from prometheus.adapters.ingest_report import examples_of, refusal_of, set_aside, stem_of
from prometheus.domain.text.events import Event, EventFault, IngestEventsConfig
from prometheus.domain.text.fomc_releases import DOCUMENTS
from prometheus.flow.storage import Decision
from prometheus.kernel.errors import InputError, RejectedBatchError
from prometheus.kernel.ids import digest, short_id, uuid_text
from prometheus.kernel.violations import n_by_rule
from prometheus.store.artifacts import Artifacts
from prometheus.store.connections import Databases, connect, driver_errors
from prometheus.store.copying import Connection
from prometheus.store.decisions import record_decision
from prometheus.store.events import (
    events_on_record,
    lock_events,
    meeting_dates,
    write_events,
)
from prometheus.store.revisions import present_time, refuse_future
from prometheus.store.unrecorded import record_lost

CONFIG = IngestEventsConfig()
CONTEXT = "EVENTS"


@dataclass(frozen=True, slots=True)
class EventsReport:
    """What became of a delivery of events.

    Attributes
    ----------
    decision_id, batch : str
        The INGEST decision, and the short form of it that the rows carry.
    n_rows, n_new, n_changed, n_unchanged, n_repeated, n_rejected : int
        All that came, and what became of them; changed are later versions of events on record.
    rejected_by_rule : mapping of str to int
    examples : tuple of str
        The first ones that were rejected.
    rejects_file : Path or None
        Where all of them are.
    faults : tuple of str
        What is wrong with files that could not be read.
    event_types : mapping of str to int
        Events of each type that were kept.
    first, last : datetime
        Their times.
    is_recorded : bool
        Whether a decision was written now.
    healed : tuple of str
        Decisions of earlier deliveries that a crash had lost and that were recorded now.
    """

    source: str
    decision_id: str
    batch: str
    n_rows: int
    n_new: int
    n_changed: int
    n_unchanged: int
    n_repeated: int
    n_rejected: int
    rejected_by_rule: dict[str, int]
    examples: tuple[str, ...]
    rejects_file: Path | None
    faults: tuple[str, ...]
    event_types: dict[str, int]
    first: datetime
    last: datetime
    is_recorded: bool
    is_dry_run: bool = False
    healed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Events of a delivery beside what is on record; ``known`` are the moments of those to be written."""

    new: list[Event]
    changed: list[Event]
    known: dict[str, tuple[datetime, str]]
    n_unchanged: int
    faults: list[EventFault]


def known_meetings(databases: Databases) -> tuple[list[date], datetime]:
    """Return the meetings that texts on record are about, and the present time of the server."""
    with driver_errors(), connect(databases.historical_url) as historical:
        return meeting_dates(historical, DOCUMENTS), present_time(historical)


def ingest_events(
    databases: Databases,
    delivery: EventsDelivery,
    *,
    artifacts: Artifacts,
    known_at: datetime,
    is_known_when_published: bool = False,
    rejects_folder: Path | None = None,
    dry_run: bool = False,
) -> EventsReport:
    """Take a delivery of macro events in.

    Parameters
    ----------
    databases : Databases
    delivery : EventsDelivery
    artifacts : Artifacts
        Where texts go.
    known_at : datetime
        When the delivery became known.
    is_known_when_published : bool
        Whether each past event was known when it happened: a history that somebody else has kept. Later
        versions of events on record are known with their delivery all the same.
    rejects_folder : Path, optional
        Where broken events are set aside; nowhere by default.
    dry_run : bool
        Whether to do everything and keep nothing.

    Raises
    ------
    RejectedBatchError
        If every event broke a rule, or there is none.
    """
    folder = None if dry_run else rejects_folder
    with (
        driver_errors(),
        connect(databases.runtime_url) as runtime,
        connect(databases.historical_url) as historical,
    ):
        refuse_future(runtime, known_at)
        distinct, n_repeated, faults = _distinct(delivery.events, known_at)
        lock_events(historical)
        healed = () if dry_run else record_lost(runtime, historical, "macro_events")
        found = _sorted(historical, distinct, known_at, is_known_when_published)
        kept = [event for event in distinct if event.key not in {f.about for f in found.faults}]
        violations = pl.concat([delivery.violations, violations_of(faults + found.faults)])
        if not kept:
            raise _refusal(delivery, violations, folder)
        types = sorted({event.event_type for event in kept})
        last = max(event.timestamp for event in kept)
        content = digest(delivery.source, *sorted(f"{event.key} {event.content}" for event in kept))
        about = np.datetime64(last.date(), "D")
        ids = batch_ids_of(runtime, CONFIG, CONTEXT, about, content)
        n_new, n_changed = len(found.new), len(found.changed)
        has_changed = bool(n_new + n_changed)
        raw_id = ids.decision_id if has_changed or ids.before is None else ids.before
        by_type = {name: sum(event.event_type == name for event in kept) for name in types}
        is_recorded = False
        if has_changed and not dry_run:
            decision = Decision(
                decision_id=raw_id,
                engine_name=CONFIG.engine_name,
                config_id=CONFIG.config_id,
                context_id=CONTEXT,
                as_of_date=about,
                input_refs={
                    "fingerprint": ids.fingerprint.hex(),
                    "known_at": known_at.isoformat(),
                    "known_when": "published" if is_known_when_published else "delivered",
                    "source": delivery.source,
                    "files": [
                        {"name": f.name, "sha256": f.sha256, "n_rows": f.n_rows} for f in delivery.files
                    ],
                    "unreadable_files": [fault.name for fault in delivery.faults],
                },
                raw_input_summary={
                    "n_rows": delivery.n_rows,
                    "n_repeated": n_repeated,
                    "n_rejected": violations.height,
                    "rejected_by_rule": dict(n_by_rule(violations)),
                    "event_types": by_type,
                    "last_date": str(last.date()),
                },
                proposed_action={
                    "table": "macro_events",
                    "batch": short_id(raw_id),
                    "n_new": n_new,
                    "n_changed": n_changed,
                    "n_unchanged": found.n_unchanged,
                },
            )
            rows = _rows(found, artifacts, batch=short_id(raw_id), source=delivery.source)
            write_events(historical, rows, decision, CONFIG)
            historical.commit()
            is_recorded = record_decision(runtime, decision, CONFIG, created_by="ingest")
        rejects = set_aside(violations, folder, name=short_id(raw_id), rows=delivery.rows)
    return EventsReport(
        source=delivery.source,
        decision_id=uuid_text(raw_id),
        batch=short_id(raw_id),
        n_rows=delivery.n_rows,
        n_new=n_new,
        n_changed=n_changed,
        n_unchanged=found.n_unchanged,
        n_repeated=n_repeated,
        n_rejected=violations.height,
        rejected_by_rule=dict(n_by_rule(violations)),
        examples=examples_of(violations),
        rejects_file=rejects,
        faults=tuple(str(fault.error) for fault in delivery.faults),
        event_types=by_type,
        first=min(event.timestamp for event in kept),
        last=last,
        is_recorded=is_recorded,
        is_dry_run=dry_run,
        healed=healed,
    )


def _distinct(events: Sequence[Event], known_at: datetime) -> tuple[list[Event], int, list[EventFault]]:
    """Return each event once, how often one came again, and those that can't be taken."""
    by_key: dict[str, list[Event]] = {}
    faults = []
    for event in events:
        if event.text is not None and event.timestamp > known_at:
            said = event.timestamp.isoformat()
            faults.append(EventFault(event.file, event.row, event.key, "timestamp", said, "not_yet"))
        else:
            by_key.setdefault(event.key, []).append(event)
    kept = []
    for same in by_key.values():
        if len({event.content for event in same}) == 1:
            kept.append(same[0])
            continue
        faults += [
            EventFault(one.file, one.row, one.key, "event", one.description, "contradicting_events")
            for one in same
        ]
    n_repeated = len(events) - len(kept) - len(faults)
    return sorted(kept, key=lambda event: (event.timestamp, event.key)), n_repeated, faults


def _sorted(
    historical: Connection, events: Sequence[Event], moment: datetime, is_known_when_published: bool
) -> _Sorted:
    """Compare events with their latest versions on record."""
    types = sorted({event.event_type for event in events})
    on_record = events_on_record(historical, [event.key for event in events], types)
    found = _Sorted([], [], {}, 0, [])
    n_unchanged = 0
    for event in events:
        stored = on_record.get(event.key)
        if stored is None:
            found.known[event.key] = _known(event, moment, is_known_when_published)
            found.new.append(event)
        elif stored[0] == event.content:
            n_unchanged += 1
        elif moment <= stored[1]:
            said = stored[1].isoformat()
            found.faults.append(
                EventFault(event.file, event.row, event.key, "known_at", said, "before_former")
            )
        else:
            found.known[event.key] = (moment, "delivered")
            found.changed.append(event)
    return _Sorted(found.new, found.changed, found.known, n_unchanged, found.faults)


def _known(event: Event, moment: datetime, is_known_when_published: bool) -> tuple[datetime, str]:
    """Return when the first version of an event became known, and how that is known."""
    if event.text is not None:
        return event.timestamp, "release"
    if is_known_when_published and event.timestamp <= moment:
        return event.timestamp, "published"
    return moment, "delivered"


def _rows(found: _Sorted, artifacts: Artifacts, *, batch: str, source: str) -> pl.DataFrame:
    rows = []
    for event in (*found.new, *found.changed):
        known_at, basis = found.known[event.key]
        metadata = {
            **event.facts,
            "key": event.key,
            "content": event.content,
            "known_at": known_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "known_basis": basis,
            "batch": batch,
            "source": source,
        }
        reference = None if event.text is None else artifacts.put(event.text.encode())
        rows.append(
            (
                event.event_type,
                event.timestamp.isoformat(),
                event.country,
                event.description,
                reference,
                json.dumps(metadata, sort_keys=True),
            )
        )
    names = ("event_type", "timestamp", "country", "description", "text_ref", "metadata")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _refusal(delivery: EventsDelivery, violations: pl.DataFrame, folder: Path | None) -> InputError:
    if violations.is_empty():
        names = ", ".join(file.name for file in delivery.files)
        return RejectedBatchError(f"{names}: there is no event.", remedy="Ask for the file again.")
    name = stem_of(file.sha256 for file in delivery.files)
    rejects = set_aside(violations, folder, name=name, rows=delivery.rows)
    return refusal_of(violations, rejects)
