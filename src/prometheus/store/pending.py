"""Deliveries of prices between their two commits: the decision waits beside the market.

1. With the instruments, before the rows: the decision goes to ``markets.metadata.pending``, under its batch.
2. The rows are committed, in the historical database.
3. The decision goes on record and leaves the market, in one transaction of the runtime database.

What a crash leaves there is ended by the next delivery to the market, whatever it brings, before it writes
anything: a batch whose rows are there gets its decision, one whose rows never came is dropped. Where nobody
said when the delivery became known, it is at that moment: until then no read had seen the rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from prometheus.flow.storage import Decision
from prometheus.kernel.ids import short_id, uuid_bytes, uuid_text
from prometheus.store.copying import Connection
from prometheus.store.decisions import write_decision


def mark_pending(runtime: Connection, decision: Decision, *, witness: str, is_time_said: bool) -> None:
    """Let a decision wait beside its market, in the transaction of the caller.

    Parameters
    ----------
    runtime : Connection
    decision : Decision
        Its settings are on record, its ``context_id`` is the market.
    witness : str
        An instrument of which the batch writes a row: whether its rows are there is seen by that.
    is_time_said : bool
        Whether the decision's ``known_at`` was said by who delivered, and is not just the present time.
    """
    waiting = {
        "decision_id": uuid_text(decision.decision_id),
        "engine_name": decision.engine_name,
        "config_id": decision.config_id,
        "as_of_date": str(decision.as_of_date),
        "input_refs": decision.input_refs,
        "raw_input_summary": decision.raw_input_summary,
        "proposed_action": decision.proposed_action,
        "witness": witness,
        "is_time_said": is_time_said,
    }
    runtime.execute(
        "UPDATE markets SET metadata = jsonb_set(metadata, '{pending}',"
        " coalesce(metadata -> 'pending', '{}') || jsonb_build_object(%s::text, %s::jsonb))"
        " WHERE market_id = %s",
        [short_id(decision.decision_id), json.dumps(waiting, sort_keys=True), decision.context_id],
    )


def unmark_pending(runtime: Connection, market_id: str, batch: str) -> None:
    """Take a batch out of those that wait beside a market, in the transaction of the caller."""
    runtime.execute(
        "UPDATE markets SET metadata = CASE WHEN (metadata -> 'pending') - %(batch)s::text = '{}'"
        " THEN metadata - 'pending'"
        " ELSE jsonb_set(metadata, '{pending}', (metadata -> 'pending') - %(batch)s::text) END"
        " WHERE market_id = %(market)s AND (metadata -> 'pending') ? %(batch)s",
        {"batch": batch, "market": market_id},
    )


def pending_batches(runtime: Connection, market_id: str) -> list[str]:
    """Return the batches that wait beside a market, ascending."""
    found = runtime.execute(
        "SELECT batch FROM markets, jsonb_object_keys(metadata -> 'pending') batch WHERE market_id = %s"
        " ORDER BY 1",
        [market_id],
    )
    return [row[0] for row in found]


def end_pending(runtime: Connection, historical: Connection, market_id: str, moment: datetime) -> list[bytes]:
    """End what a crash left pending of a market, in the transaction of the caller.

    Parameters
    ----------
    runtime : Connection
    historical : Connection
        Holds the market's lock, so that no delivery is between its two commits.
    market_id : str
    moment : datetime
        The present time, by the server's clock.

    Returns
    -------
    list of bytes
        The ids of the decisions that are on record now.
    """
    found = runtime.execute("SELECT metadata -> 'pending' FROM markets WHERE market_id = %s", [market_id])
    recorded = []
    for batch, waiting in sorted(((found.fetchone() or [None])[0] or {}).items()):
        if _has_rows(historical, batch, waiting["witness"]):
            decision = _decision_of(waiting, market_id, moment)
            write_decision(runtime, decision)
            recorded.append(decision.decision_id)
        unmark_pending(runtime, market_id, batch)
    return recorded


def _has_rows(historical: Connection, batch: str, witness: str) -> bool:
    found = historical.execute(
        "SELECT FROM prices_daily WHERE instrument_id = %s AND metadata ->> 'batch' = %s LIMIT 1",
        [witness, batch],
    )
    return found.fetchone() is not None


def _decision_of(waiting: Mapping[str, Any], market_id: str, moment: datetime) -> Decision:
    decision = Decision(
        uuid_bytes(waiting["decision_id"]),
        waiting["engine_name"],
        waiting["config_id"],
        market_id,
        np.datetime64(waiting["as_of_date"], "D"),
        waiting["input_refs"],
        waiting["raw_input_summary"],
        waiting["proposed_action"],
    )
    if waiting["is_time_said"]:
        return decision
    refs = decision.input_refs
    said = {"known_at": moment.isoformat(), "written_at": refs["known_at"]}
    return replace(decision, input_refs={**refs, **said})
