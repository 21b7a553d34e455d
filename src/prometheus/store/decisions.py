"""Configs and decisions of what is written one batch at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from prometheus.flow.storage import Decision
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.ids import uuid_text
from prometheus.store.copying import Connection


def is_recorded(connection: Connection, decision_id: bytes) -> bool:
    """Return whether a decision is on record."""
    found = connection.execute(
        "SELECT 1 FROM engine_decisions WHERE decision_id = %s", [uuid_text(decision_id)]
    )
    return found.fetchone() is not None


def is_current(connection: Connection, decision_id: bytes, *, context_id: str) -> bool | None:
    """Return whether no delivery to a context came since a decision; None if it is not on record."""
    found = connection.execute(
        "SELECT NOT EXISTS (SELECT FROM engine_decisions i WHERE i.engine_name = 'INGEST'"
        " AND i.context_id = %s AND i.timestamp > d.timestamp)"
        " FROM engine_decisions d WHERE decision_id = %s",
        [context_id, uuid_text(decision_id)],
    ).fetchone()
    return None if found is None else bool(found[0])


def known_span(connection: Connection, market_id: str) -> tuple[datetime, datetime] | None:
    """Return when the first and the latest delivery to a market became known; None before the first one."""
    found = connection.execute(
        "SELECT min((input_refs ->> 'known_at')::timestamptz), max((input_refs ->> 'known_at')::timestamptz)"
        " FROM engine_decisions WHERE engine_name = 'INGEST' AND context_id = %s",
        [market_id],
    ).fetchone()
    assert found is not None
    return None if found[0] is None else (found[0], found[1])


def is_derived(
    connection: Connection, market_id: str, config_ids: Sequence[str], *, but_latest: int = 0
) -> bool:
    """Return whether every derivation of a market has a decision since its latest delivery.

    Parameters
    ----------
    connection : Connection
        To the runtime database.
    market_id : str
        One without deliveries has nothing to derive.
    config_ids : sequence of str
        Of the derivations.
    but_latest : int
        How many of the latest deliveries not to count.
    """
    delivered = connection.execute(
        "SELECT timestamp FROM engine_decisions WHERE engine_name = 'INGEST' AND context_id = %s"
        " ORDER BY timestamp DESC OFFSET %s LIMIT 1",
        [market_id, but_latest],
    ).fetchone()
    if delivered is None:
        return True
    found = connection.execute(
        "SELECT count(DISTINCT config_id) FROM engine_decisions WHERE engine_name = 'DERIVE'"
        " AND context_id = %s AND config_id = ANY(%s) AND timestamp >= %s",
        [market_id, list(config_ids), delivered[0]],
    ).fetchone()
    assert found is not None
    return bool(found[0] == len(set(config_ids)))


def is_latest(connection: Connection, market_id: str, engine_name: str, *, before: str) -> bool:
    """Return whether a market has decisions of an engine, and none of another since."""
    found = connection.execute(
        "SELECT max(timestamp) FILTER (WHERE engine_name = %s) > coalesce(max(timestamp)"
        " FILTER (WHERE engine_name = %s), '-infinity') FROM engine_decisions WHERE context_id = %s",
        [engine_name, before, market_id],
    ).fetchone()
    return found is not None and bool(found[0])


def record_decision(
    connection: Connection, decision: Decision, config: EngineConfig, *, created_by: str
) -> bool:
    """Write a decision and the settings it was made with; return False when it is on record already.

    Parameters
    ----------
    connection : Connection
        To the runtime database; the transaction is the caller's.
    decision : Decision
        What was decided.
    config : EngineConfig
        The settings, whose ``config_id`` the decision names.
    created_by : str
        Who is named as the writer of settings that are new.
    """
    record_config(connection, config, created_by=created_by)
    return write_decision(connection, decision)


def record_config(connection: Connection, config: EngineConfig, *, created_by: str) -> None:
    """Write settings; those that are on record stay as they are."""
    connection.execute(
        "INSERT INTO engine_configs (config_id, engine_name, version, config_body, created_by)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [
            config.config_id,
            config.engine_name,
            config.version,
            json.dumps(config.canonical_body(), sort_keys=True),
            created_by,
        ],
    )


def write_decision(connection: Connection, decision: Decision) -> bool:
    """Write a decision whose settings are on record; return False when it is on record already."""
    written = connection.execute(
        "INSERT INTO engine_decisions (decision_id, engine_name, config_id, context_id, as_of_date,"
        " input_refs, raw_input_summary, proposed_action) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [
            uuid_text(decision.decision_id),
            decision.engine_name,
            decision.config_id,
            decision.context_id,
            str(decision.as_of_date),
            json.dumps(decision.input_refs, sort_keys=True),
            json.dumps(decision.raw_input_summary, sort_keys=True),
            json.dumps(decision.proposed_action, sort_keys=True),
        ],
    )
    return written.rowcount > 0
