"""Configs and decisions of what is written one batch at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

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


def is_current(
    connection: Connection, decision_id: bytes, *, deliveries: Mapping[str, str] | None
) -> bool | None:
    """Return whether a decision on record says at least what one of these deliveries would.

    Parameters
    ----------
    connection : Connection
    decision_id : bytes
    deliveries : mapping of str to str or None
        See `latest_deliveries`; None of a decision that says nothing about them.

    Returns
    -------
    bool or None
        None if the decision is not on record.
    """
    found = connection.execute(
        "SELECT input_refs -> 'deliveries' FROM engine_decisions WHERE decision_id = %s",
        [uuid_text(decision_id)],
    ).fetchone()
    if found is None:
        return None
    return deliveries is None or _covers(found[0], deliveries)


def known_span(connection: Connection, market_id: str) -> tuple[datetime, datetime] | None:
    """Return when the first and the latest delivery to a market became known; None before the first one."""
    found = connection.execute(
        "SELECT min((input_refs ->> 'known_at')::timestamptz), max((input_refs ->> 'known_at')::timestamptz)"
        " FROM engine_decisions WHERE engine_name = 'INGEST' AND context_id = %s",
        [market_id],
    ).fetchone()
    assert found is not None
    return None if found[0] is None else (found[0], found[1])


def latest_deliveries(
    connection: Connection,
    market_id: str,
    *,
    but_within: tuple[np.datetime64, np.datetime64] | None = None,
    but_latest: int = 0,
) -> Mapping[str, str]:
    """Return when the latest deliveries that derived tables rest on were recorded, by context.

    Parameters
    ----------
    connection : Connection
        To the runtime database.
    market_id : str
        Its prices count, and the files of its instruments that gave any another asset class or issuer.
    but_within : (datetime64, datetime64), optional
        Leaves out the prices whose changes all lie between these dates.
    but_latest : int
        How many of the latest deliveries of prices not to count.
    """
    first, last = (None, None) if but_within is None else map(str, but_within)
    found = connection.execute(
        "SELECT context_id, timestamp FROM ("
        "  (SELECT context_id, timestamp FROM engine_decisions"
        "   WHERE engine_name = 'INGEST' AND context_id = %(market)s"
        "   AND (%(first)s::date IS NULL OR NOT coalesce("
        "     (proposed_action ->> 'first_changed')::date >= %(first)s::date"
        "     AND (proposed_action ->> 'last_changed')::date <= %(last)s::date, false))"
        "   ORDER BY timestamp DESC OFFSET %(but)s LIMIT 1)"
        "  UNION ALL"
        "  (SELECT context_id, timestamp FROM engine_decisions"
        "   WHERE engine_name = 'INGEST' AND context_id = %(market)s || '/instruments'"
        "   AND coalesce((proposed_action ->> 'n_reclassified')::int, 0) > 0"
        "   ORDER BY timestamp DESC LIMIT 1)) d",
        {"market": market_id, "first": first, "last": last, "but": but_latest},
    )
    return {context: at.astimezone(UTC).isoformat() for context, at in found}


def is_change_latest(
    connection: Connection,
    market_id: str,
    first: np.datetime64,
    last: np.datetime64,
    n_instruments: int | None = None,
) -> bool:
    """Return whether the latest delivery of prices changed these dates and so many instruments at most."""
    found = connection.execute(
        "SELECT (proposed_action ->> 'first_changed')::date >= %s"
        " AND (proposed_action ->> 'last_changed')::date <= %s"
        " AND (%s::int IS NULL OR (proposed_action ->> 'n_instruments_changed')::int <= %s)"
        " FROM engine_decisions WHERE engine_name = 'INGEST' AND context_id = %s"
        " ORDER BY timestamp DESC LIMIT 1",
        [str(first), str(last), n_instruments, n_instruments, market_id],
    ).fetchone()
    return found is not None and bool(found[0])


def is_derived(
    connection: Connection, market_id: str, config_ids: Sequence[str], *, deliveries: Mapping[str, str]
) -> bool:
    """Return whether every derivation of a market took all of these deliveries in.

    Parameters
    ----------
    connection : Connection
        To the runtime database.
    market_id : str
    config_ids : sequence of str
        Of the derivations.
    deliveries : mapping of str to str
        See `latest_deliveries`; where there are none there is nothing to derive.

    Notes
    -----
    A decision says in ``input_refs.deliveries`` which were the latest before it read anything, and says
    nothing if it left some of what they changed to others. Its own time would not do: a delivery may have
    come while it read.
    """
    if not deliveries:
        return True
    found = connection.execute(
        "SELECT DISTINCT config_id, input_refs -> 'deliveries' FROM engine_decisions"
        " WHERE engine_name = 'DERIVE' AND context_id = %s AND config_id = ANY(%s)",
        [market_id, list(config_ids)],
    )
    fresh = {config_id for config_id, said in found if _covers(said, deliveries)}
    return fresh == set(config_ids)


def _covers(said: Mapping[str, str] | None, deliveries: Mapping[str, str]) -> bool:
    """Return whether of each context the delivery that is said is as late as this one."""
    if said is None:
        return False
    return all(
        context in said and datetime.fromisoformat(said[context]) >= datetime.fromisoformat(at)
        for context, at in deliveries.items()
    )


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
