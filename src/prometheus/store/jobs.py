"""A write job in one transaction: what is on record already is left out.

1. Lock the contexts of the job's decisions for the length of the transaction, so that two processes that
   make the same decisions wait for each other.
2. Ask which decisions are on record; drop their rows.
3. Copy the rest: decisions first, then rows in the order of the parts.
4. Updates of forward-only rows are merged into rows of this very job, and sent as UPDATE otherwise.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl
import psycopg
from psycopg import sql

from prometheus.flow.rows import Rows
from prometheus.flow.storage import Decision, Part, WriteJob
from prometheus.kernel.arrays import DateArray
from prometheus.kernel.errors import RuleBrokenError
from prometheus.schema.tables import TABLES
from prometheus.store.copying import copy_frame
from prometheus.store.frames import frame_of

_FOREIGN_KEY_ORDER = list(TABLES)
"""The table specs come in an order in which a row's references are there before it."""
LOCK_SPACE = 0x50524F4D
"""First key of the advisory locks, so that they meet no other program's."""


def write_job(connection: psycopg.Connection[Any], job: WriteJob, *, dates: DateArray) -> Mapping[str, int]:
    """Write a job inside the connection's transaction; return the rows written, by table."""
    parts = [make() for make in job.parts]
    decisions = [d for part in parts for d in part.decisions.values()]
    written: Counter[str] = Counter()
    if not decisions:
        return written
    _lock(connection, {d.context_id for d in decisions})
    recorded = _recorded(connection, [d.decision_id for d in decisions])
    new = [d for d in decisions if d.decision_id not in recorded]
    if not new:
        return written
    written["engine_decisions"] = copy_frame(connection, "engine_decisions", _decision_frame(new))
    rows: dict[str, tuple[Rows, pl.DataFrame]] = {}
    updates: list[Rows] = []
    for part in parts:
        days = [day for day, d in part.decisions.items() if d.decision_id not in recorded]
        for given in part.rows:
            kept = _of_days(given, days, part)
            if len(kept):
                rows[kept.table] = (kept, frame_of(kept, dates))
        updates += [_of_days(given, days, part) for given in part.updates]
    frames = {table: frame for table, (_, frame) in rows.items()}
    for update in updates:
        if len(update):
            frames = {**frames, **_merged(connection, update, frames)}
    for table in sorted(frames, key=_FOREIGN_KEY_ORDER.index):
        frame = frames[table]
        if table == "decision_outcomes":
            frame = _not_standing(connection, frame)
        written[table] += copy_frame(connection, table, frame)
    return written


def _of_days(rows: Rows, days: list[int], part: Part) -> Rows:
    if len(days) == len(part.decisions):
        return rows
    return rows.taken(np.isin(rows.day, days))


def _lock(connection: psycopg.Connection[Any], contexts: set[str]) -> None:
    for context in sorted(contexts):
        connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, context])


def _recorded(connection: psycopg.Connection[Any], ids: list[bytes]) -> set[bytes]:
    found = connection.execute(
        "SELECT decision_id FROM engine_decisions WHERE decision_id = ANY(%s)", [[UUID(bytes=i) for i in ids]]
    )
    return {row[0].bytes for row in found}


def _decision_frame(decisions: list[Decision]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "decision_id": [d.decision_id.hex() for d in decisions],
            "engine_name": [d.engine_name for d in decisions],
            "config_id": [d.config_id for d in decisions],
            "context_id": [d.context_id for d in decisions],
            "as_of_date": [str(d.as_of_date) for d in decisions],
            "input_refs": [json.dumps(d.input_refs) for d in decisions],
            "raw_input_summary": [json.dumps(d.raw_input_summary, sort_keys=True) for d in decisions],
            "proposed_action": [json.dumps(d.proposed_action, sort_keys=True) for d in decisions],
        }
    )


def _not_standing(connection: psycopg.Connection[Any], outcomes: pl.DataFrame) -> pl.DataFrame:
    """Return the outcomes that no earlier decision has measured: a decision has one outcome a horizon."""
    found = connection.execute(
        "SELECT replace(decision_id::text, '-', ''), horizon_days FROM decision_outcomes "
        "WHERE decision_id = ANY(%s::uuid[])",
        [outcomes["decision_id"].unique().to_list()],
    ).fetchall()
    if not found:
        return outcomes
    standing = pl.DataFrame(
        found, schema={"decision_id": pl.String, "horizon_days": outcomes["horizon_days"].dtype}, orient="row"
    )
    return outcomes.join(standing, on=["decision_id", "horizon_days"], how="anti")


def _merged(
    connection: psycopg.Connection[Any], update: Rows, frames: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """Return the frame of new rows with the update in it; rows that stand already are updated in place."""
    key = TABLES[update.table].key[0]
    changed = [name for name in update.columns if name != key]
    # Of two updates of one row, the later one says where it stands.
    new = frame_of(update, np.zeros(0, dtype="datetime64[D]")).unique(key, keep="last", maintain_order=True)
    fresh = frames.get(update.table)
    out = {}
    if fresh is not None:
        out[update.table] = fresh.update(new, on=key, how="left")
        new = new.join(fresh.select(key), on=key, how="anti")
    if len(new):
        _update(connection, update.table, key, changed, new)
    return out


def _update(
    connection: psycopg.Connection[Any], table: str, key: str, changed: list[str], new: pl.DataFrame
) -> None:
    staging = sql.Identifier(f"new_{table}")
    target = sql.Identifier(table)
    names = sql.SQL(", ").join(sql.Identifier(n) for n in (key, *changed))
    connection.execute(
        sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
            staging, names, target
        )
    )
    copy_frame(connection, f"new_{table}", new, columns=[key, *changed])
    updated = connection.execute(
        sql.SQL("UPDATE {} t SET {} FROM {} n WHERE t.{} = n.{}").format(
            target,
            sql.SQL(", ").join(sql.SQL("{0} = n.{0}").format(sql.Identifier(n)) for n in changed),
            staging,
            sql.Identifier(key),
            sql.Identifier(key),
        )
    )
    if updated.rowcount != len(new):
        raise RuleBrokenError(
            f"{len(new) - updated.rowcount} of {len(new)} rows of {table} to be updated are not there.",
            remedy="Nothing of this transaction was stored; `prometheus db check` looks for what is missing.",
        )
