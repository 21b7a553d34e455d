"""What stands in the runtime database behind a fill, an order or a decision: one small query a question.

Rows come back as mappings from column to value, in the schema's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from prometheus.kernel.errors import UsageError

Connection = psycopg.Connection[Any]
Row = Mapping[str, Any]
Kind = Literal["fill", "order", "decision"]

KEYS: Mapping[Kind, tuple[str, str]] = {
    "fill": ("fills", "fill_id"),
    "order": ("orders", "order_id"),
    "decision": ("engine_decisions", "decision_id"),
}
SHORTEST_PREFIX = 8
SHORT_ID = 12
N_SUGGESTED = 5


def found_id(connection: Connection, kind: Kind, text: str) -> UUID:
    """Return the id that a text means.

    A whole id, a prefix of at least 8 hex digits, or, of an INGEST decision, the short id (the last 12
    digits) that price rows carry as their batch.

    Raises
    ------
    UsageError
        If it is no id, or means none or several.
    """
    table, key = KEYS[kind]
    digits = text.strip().lower().replace("-", "")
    if not SHORTEST_PREFIX <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        raise UsageError(
            f"{text!r} is no id of a {kind}: expected a UUID, or at least its first "
            f"{SHORTEST_PREFIX} hex digits.",
            remedy=_where_ids_are(kind),
        )
    low, high = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    names = {"table": sql.Identifier(table), "key": sql.Identifier(key)}
    query = sql.SQL("SELECT {key} FROM {table} WHERE {key} BETWEEN %s AND %s ORDER BY 1 LIMIT %s").format(
        **names
    )
    found = [row[0] for row in connection.execute(query, [low, high, N_SUGGESTED + 1])]
    if not found and kind == "decision" and len(digits) == SHORT_ID:
        found = [row["decision_id"] for row in batch_decisions(connection, [digits])]
    if len(found) == 1:
        return UUID(str(found[0]))
    if not found:
        raise UsageError(f"No {kind} has the id {text}.", remedy=_where_ids_are(kind))
    shown = ", ".join(str(one) for one in found[:N_SUGGESTED])
    raise UsageError(
        f"{text} is the beginning of several {kind}s: {shown}{', ...' if len(found) > N_SUGGESTED else ''}.",
        remedy="The first 8 digits of an id are its date; give more digits.",
    )


def _where_ids_are(kind: Kind) -> str:
    table, key = KEYS[kind]
    return f'Ids stand in {table}.{key}: `prometheus db psql runtime -c "TABLE {table} LIMIT 5"` shows some.'


def fill(connection: Connection, fill_id: UUID) -> Row | None:
    """Return a fill."""
    return _one(connection, "SELECT * FROM fills WHERE fill_id = %s", fill_id)


def order(connection: Connection, order_id: UUID) -> Row | None:
    """Return an order."""
    return _one(connection, "SELECT * FROM orders WHERE order_id = %s", order_id)


def fills_of_order(connection: Connection, order_id: UUID) -> list[Row]:
    """Return the fills of an order, oldest first."""
    return _all(connection, "SELECT * FROM fills WHERE order_id = %s ORDER BY timestamp, fill_id", order_id)


def instrument(connection: Connection, instrument_id: str) -> Row | None:
    """Return an instrument with its issuer's name and sector."""
    return _one(
        connection,
        "SELECT i.*, s.name AS issuer_name, s.sector, s.country FROM instruments i "
        "LEFT JOIN issuers s USING (issuer_id) WHERE i.instrument_id = %s",
        instrument_id,
    )


def decision(connection: Connection, decision_id: UUID) -> Row | None:
    """Return a decision with the body of its config."""
    return _one(
        connection,
        "SELECT d.*, c.version, c.config_body, c.created_by FROM engine_decisions d "
        "JOIN engine_configs c USING (config_id) WHERE d.decision_id = %s",
        decision_id,
    )


def models(connection: Connection, model_ids: Sequence[str]) -> list[Row]:
    """Return models."""
    query = "SELECT * FROM models WHERE model_id = ANY(%s) ORDER BY model_id"
    return _all(connection, query, list(model_ids)) if model_ids else []


def settling_decision(connection: Connection, context_id: str, date: str) -> UUID | None:
    """Return the decision that took the fills of a session into the positions."""
    found = _one(
        connection,
        "SELECT decision_id FROM engine_decisions WHERE engine_name = 'EXECUTION' AND context_id = %s "
        "AND as_of_date = %s AND input_refs ->> 'step' = 'fills' ORDER BY timestamp DESC, decision_id DESC",
        context_id,
        date,
    )
    return None if found is None else found["decision_id"]


def outcomes(connection: Connection, decision_id: UUID) -> list[Row]:
    """Return what became of a decision, the shortest horizon first."""
    query = "SELECT * FROM decision_outcomes WHERE decision_id = %s ORDER BY horizon_days"
    return _all(connection, query, decision_id)


def target_of(connection: Connection, decision_row: Row) -> Row | None:
    """Return the target portfolio of a PORTFOLIO decision."""
    strategy_id, portfolio_id = _parts(decision_row)
    return _one(
        connection,
        "SELECT * FROM target_portfolios WHERE strategy_id = %s AND portfolio_id = %s AND as_of_date = %s "
        "AND metadata ->> 'decision_id' = %s",
        strategy_id,
        portfolio_id,
        decision_row["as_of_date"],
        str(decision_row["decision_id"]),
    )


def risk_report(connection: Connection, portfolio_id: str, date: Any) -> Row | None:
    """Return the latest risk report of a portfolio about a date."""
    return _one(
        connection,
        "SELECT * FROM current_portfolio_risk_reports WHERE portfolio_id = %s AND as_of_date = %s",
        portfolio_id,
        date,
    )


def positions(
    connection: Connection, portfolio_id: str, mode: str, instrument_id: str, dates: Any
) -> list[Row]:
    """Return the snapshots of one instrument in a portfolio on dates."""
    return _all(
        connection,
        "SELECT * FROM positions_snapshots WHERE portfolio_id = %s AND mode = %s AND instrument_id = %s "
        "AND as_of_date = ANY(%s) ORDER BY as_of_date",
        portfolio_id,
        mode,
        instrument_id,
        list(dates),
    )


def score_of(connection: Connection, decision_row: Row, instrument_id: str) -> Row | None:
    """Return an instrument's score in an ASSESSMENT decision, with its rank among all of that decision."""
    strategy_id, _ = _parts(decision_row)
    return _one(
        connection,
        "SELECT * FROM (SELECT *, rank() OVER (ORDER BY score DESC) AS rank, count(*) OVER () AS n_scored "
        "FROM instrument_scores WHERE strategy_id = %s AND as_of_date = %s "
        "AND metadata ->> 'decision_id' = %s) s WHERE instrument_id = %s",
        strategy_id,
        decision_row["as_of_date"],
        str(decision_row["decision_id"]),
        instrument_id,
    )


def best_scores(connection: Connection, decision_row: Row, limit: int) -> list[Row]:
    """Return the highest scores of an ASSESSMENT decision."""
    strategy_id, _ = _parts(decision_row)
    return _all(
        connection,
        "SELECT *, rank() OVER (ORDER BY score DESC) AS rank, count(*) OVER () AS n_scored "
        "FROM instrument_scores WHERE strategy_id = %s AND as_of_date = %s "
        "AND metadata ->> 'decision_id' = %s ORDER BY score DESC, instrument_id LIMIT %s",
        strategy_id,
        decision_row["as_of_date"],
        str(decision_row["decision_id"]),
        limit,
    )


def tiers_of(connection: Connection, decision_row: Row) -> list[Row]:
    """Return the rows of a UNIVERSE decision."""
    strategy_id, _ = _parts(decision_row)
    return _all(
        connection,
        "SELECT * FROM universes WHERE strategy_id = %s AND as_of_date = %s "
        "AND metadata ->> 'decision_id' = %s ORDER BY tier",
        strategy_id,
        decision_row["as_of_date"],
        str(decision_row["decision_id"]),
    )


def orders_of(connection: Connection, decision_id: UUID) -> list[Row]:
    """Return the orders of a decision."""
    query = "SELECT * FROM orders WHERE decision_id = %s ORDER BY side DESC, instrument_id"
    return _all(connection, query, decision_id)


def actions_of(connection: Connection, decision_id: UUID) -> list[Row]:
    """Return the executed actions of a decision."""
    query = "SELECT * FROM executed_actions WHERE decision_id = %s ORDER BY side DESC, instrument_id"
    return _all(connection, query, decision_id)


def batch_decisions(connection: Connection, batches: Sequence[str]) -> list[Row]:
    """Return the INGEST decisions with these short ids."""
    return _all(
        connection,
        "SELECT * FROM engine_decisions WHERE engine_name = 'INGEST' "
        "AND right(replace(decision_id::text, '-', ''), 12) = ANY(%s) ORDER BY timestamp",
        list(batches),
    )


def derivations(connection: Connection, market_id: str, tables: Sequence[str], date: Any) -> list[Row]:
    """Return, for each derived table, the latest decision that covers a date."""
    return _all(
        connection,
        "SELECT DISTINCT ON (input_refs ->> 'step') d.*, c.config_body FROM engine_decisions d "
        "JOIN engine_configs c USING (config_id) WHERE d.engine_name = 'DERIVE' AND d.context_id = %s "
        "AND d.input_refs ->> 'step' = ANY(%s) AND (d.raw_input_summary ->> 'first')::date <= %s "
        "AND (d.raw_input_summary ->> 'last')::date >= %s "
        "ORDER BY input_refs ->> 'step', d.timestamp DESC, d.decision_id DESC",
        market_id,
        list(tables),
        date,
        date,
    )


def market_of(connection: Connection, context_id: str) -> str | None:
    """Return the market that a decision's context is about, None where it names none."""
    found = _one(
        connection,
        "SELECT m.market_id FROM markets m WHERE m.market_id = %s OR m.market_id = %s OR m.market_id = "
        "(SELECT p.metadata #>> '{specification,run,market}' FROM portfolios p WHERE p.portfolio_id = %s)",
        context_id,
        context_id.rpartition("/")[2],
        context_id.rpartition("/")[2],
    )
    return None if found is None else found["market_id"]


def _parts(decision_row: Row) -> tuple[str, str]:
    """Return the strategy of a context, and its market or portfolio."""
    strategy_id, _, other = str(decision_row["context_id"]).partition("/")
    return strategy_id, other


def _all(connection: Connection, query: str, *values: Any) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return list(cursor.execute(query.encode(), values).fetchall())


def _one(connection: Connection, query: str, *values: Any) -> Row | None:
    found = _all(connection, query, *values)
    return found[0] if found else None
