"""Batches of series, events, documents and news whose INGEST decision a crash lost, and which are on record.

A delivery commits its rows in the historical database, then its decision in the runtime one. A crash between
them leaves rows without a decision, which no moment knows:

1. The first row of a batch carries the whole decision as ``metadata.decision``.
2. Whoever delivers next, whatever they deliver, first records the decisions that the table carries and the
   runtime database hasn't. So at most the latest batch of a table lacks its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from prometheus.flow.storage import Decision
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.ids import short_id, uuid_text
from prometheus.store.copying import Connection

if TYPE_CHECKING:
    import polars as pl

CREATED_BY = "ingest"
_CONFIG = "config_id, engine_name, version, config_body, created_by"
_DECISION = (
    "decision_id, engine_name, config_id, context_id, as_of_date, input_refs, raw_input_summary,"
    " proposed_action"
)


def carried(decision: Decision, config: EngineConfig) -> dict[str, Any]:
    """Return a decision as a row of its batch carries it."""
    return {
        "decision_id": uuid_text(decision.decision_id),
        "engine_name": decision.engine_name,
        "config_id": decision.config_id,
        "context_id": decision.context_id,
        "as_of_date": str(decision.as_of_date),
        "input_refs": decision.input_refs,
        "raw_input_summary": decision.raw_input_summary,
        "proposed_action": decision.proposed_action,
        "config": {
            "config_id": config.config_id,
            "engine_name": config.engine_name,
            "version": config.version,
            "config_body": config.canonical_body(),
            "created_by": CREATED_BY,
        },
    }


def with_decision(rows: pl.DataFrame, decision: Decision, config: EngineConfig) -> pl.DataFrame:
    """Return rows of a batch, the first of which carries the decision in its ``metadata`` (JSON as text)."""
    import polars as pl

    if rows.is_empty():
        return rows
    first = json.dumps(
        json.loads(rows["metadata"][0]) | {"decision": carried(decision, config)}, sort_keys=True
    )
    is_first = pl.int_range(pl.len()) == 0
    return rows.with_columns(
        pl.when(is_first).then(pl.lit(first)).otherwise(pl.col("metadata")).alias("metadata")
    )


def record_lost(runtime: Connection, historical: Connection, table: str) -> tuple[str, ...]:
    """Record the decisions that a crash lost; return their ids.

    Parameters
    ----------
    runtime, historical : Connection
        What is recorded is committed; the transaction of ``historical`` is the caller's, and so is the lock
        that keeps other deliveries to the table out.
    table : str
        Of the historical database.
    """
    named = sql.SQL("SELECT metadata #>> '{{decision,decision_id}}' FROM {} WHERE metadata ? 'decision'")
    named_ids = [UUID(row[0]) for row in historical.execute(named.format(sql.Identifier(table)))]
    found = runtime.execute(
        "SELECT decision_id FROM engine_decisions WHERE decision_id = ANY(%s)", [named_ids]
    )
    lost = sorted(set(named_ids) - {row[0] for row in found})
    if not lost:
        return ()
    whole = sql.SQL(
        "SELECT metadata -> 'decision' FROM {} WHERE metadata #>> '{{decision,decision_id}}' = ANY(%s)"
    ).format(sql.Identifier(table))
    for (decision,) in historical.execute(whole, [[str(one) for one in lost]]).fetchall():
        _insert(runtime, "engine_configs", _CONFIG, decision["config"])
        _insert(runtime, "engine_decisions", _DECISION, decision)
    runtime.commit()
    return tuple(str(one) for one in lost)


def recorded_batches(runtime: Connection) -> Mapping[str, datetime]:
    """Return when the deliveries on record became known, by the short ids of their decisions.

    Parameters
    ----------
    runtime : Connection
    """
    found = runtime.execute(
        "SELECT decision_id, coalesce((input_refs ->> 'known_at')::timestamptz, timestamp)"
        " FROM engine_decisions WHERE engine_name = 'INGEST'"
    )
    return {short_id(decision.bytes): at.astimezone(UTC) for decision, at in found}


def _insert(runtime: Connection, table: str, columns: str, row: Mapping[str, Any]) -> None:
    statement = f"INSERT INTO {table} ({columns}) SELECT {columns}"
    statement += f" FROM jsonb_populate_record(NULL::{table}, %s) ON CONFLICT DO NOTHING"
    runtime.execute(statement.encode(), [Jsonb(row)])
