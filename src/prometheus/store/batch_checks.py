"""What INGEST and PROFILE decisions say they wrote, beside what is there: batches that belong, and are whole.

Prices have checks of their own, see ``price_checks``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

from prometheus.store.violations import Check, Connection, Violation

# Derived factors are called after their market, and are no batch's.
_OF_VENDORS: LiteralString = (
    "not exists (select from unnest(%(markets)s::text[]) m where starts_with(factor_id, m || ':'))"
)
_TABLES: dict[str, tuple[LiteralString, LiteralString]] = {
    "factors_daily": ("factor_id || ' ' || trade_date", _OF_VENDORS),
    "news_articles": ("article_id::text", "true"),
    "filings": ("filing_id::text", "true"),
    "earnings_calls": ("call_id::text", "true"),
    "macro_events": ("event_id::text", "true"),
}
"""Tables of deliveries: how a key is shown, and which rows came in one."""

# Rows first, then what corrections kept of them: a batch wrote versions.
_BATCHES: LiteralString = """
    select coalesce(metadata ->> 'batch', ''), min({key}), count(*) from {table} where {kept} group by 1
    order by 1"""
_KEPT: LiteralString = """
    select r ->> 'batch', count(*) from {table}, jsonb_array_elements(metadata -> 'revisions') r
    where metadata ? 'revisions' and jsonb_typeof(metadata -> 'revisions') = 'array' group by 1"""

_SAID: LiteralString = """
    select decision_id::text, right(decision_id::text, 12),
           coalesce((proposed_action ->> 'n_new')::bigint, 0)
           + coalesce((proposed_action ->> 'n_corrected')::bigint, 0)
           + coalesce((proposed_action ->> 'n_changed')::bigint, 0)
    from engine_decisions
    where engine_name = 'INGEST' and proposed_action ->> 'table' = %(table)s
    order by decision_id"""

_PROFILES: LiteralString = """
    select p.structured ->> 'decision_id', min(p.issuer_id || ' ' || p.as_of_date), count(*),
           min(d.engine_name)
    from profiles p left join engine_decisions d
         on d.decision_id = (case when p.structured ->> 'decision_id' ~ '^[0-9a-f-]{36}$'
                                  then p.structured ->> 'decision_id' end)::uuid
    group by 1 order by 2"""
_REGISTERED: LiteralString = """
    select d.decision_id::text, split_part(d.context_id, '/', 1) market_id,
           coalesce((d.proposed_action #>> '{written,instruments}')::bigint, 0) n_said,
           (select count(*) from instruments i where i.market_id = split_part(d.context_id, '/', 1)) n_found
    from engine_decisions d
    where d.engine_name = 'INGEST' and d.proposed_action #> '{written,instruments}' is not null
    order by d.decision_id"""


def batches_belong_to_an_ingest(runtime: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that every row that came in a delivery carries the end of the id of an INGEST decision."""
    known = {
        row[0]
        for row in runtime.execute(
            "select right(decision_id::text, 12) from engine_decisions where engine_name = 'INGEST'"
        )
    }
    for table in _TABLES:
        for batch, (first, n_rows) in _batches(runtime, historical, table).items():
            if batch not in known:
                yield Violation(
                    table,
                    first,
                    "metadata",
                    "batches_belong_to_an_ingest",
                    f"no INGEST decision ends with {batch!r}, the batch of this row and {n_rows - 1} others",
                )


def batches_are_whole(runtime: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that the tables hold as many versions of a batch as its INGEST decision says it wrote."""
    for table in _TABLES:
        said = runtime.execute(_SAID, {"table": table}).fetchall()
        if not said:
            continue
        found = {batch: n for batch, (_, n) in _batches(runtime, historical, table).items()}
        for batch, n_kept in historical.execute(_KEPT.format(table=table).encode()):
            found[batch] = found.get(batch, 0) + n_kept
        for decision, batch, n_said in said:
            if found.get(batch, 0) != n_said:
                yield Violation(
                    "engine_decisions",
                    decision,
                    "proposed_action",
                    "batches_are_whole",
                    f"wrote {n_said} rows of {table}; of batch {batch} there are {found.get(batch, 0)}",
                )


def profiles_belong_to_a_decision(runtime: Connection, _: Connection) -> Iterator[Violation]:
    """Check that the decision that a profile names is on record, and one of the PROFILE engine."""
    for decision, first, n_rows, engine in runtime.execute(_PROFILES):
        if engine != "PROFILE":
            yield Violation(
                "profiles",
                first,
                "structured",
                "profiles_belong_to_a_decision",
                f"no PROFILE decision {decision}, which this row and {n_rows - 1} others name",
            )


def profiles_are_as_many_as_decided(runtime: Connection, _: Connection) -> Iterator[Violation]:
    """Check that there are as many profiles of each PROFILE decision as it says it wrote."""
    found = {row[0]: row[2] for row in runtime.execute(_PROFILES)}
    said = runtime.execute(
        "select decision_id::text, (proposed_action ->> 'profiles')::bigint from engine_decisions"
        " where engine_name = 'PROFILE' and proposed_action ? 'profiles' order by 1"
    )
    for decision, n_said in said.fetchall():
        if found.get(decision, 0) != n_said:
            yield Violation(
                "engine_decisions",
                decision,
                "proposed_action",
                "profiles_are_as_many_as_decided",
                f"wrote {n_said} profiles; {found.get(decision, 0)} name it",
            )


def instruments_are_as_many_as_registered(runtime: Connection, _: Connection) -> Iterator[Violation]:
    """Check that a market has at least as many instruments as any one delivery wrote of it."""
    for decision, market, n_said, n_found in runtime.execute(_REGISTERED):
        if n_found < n_said:
            yield Violation(
                "engine_decisions",
                decision,
                "proposed_action",
                "instruments_are_as_many_as_registered",
                f"wrote {n_said} instruments of {market}; there are {n_found}",
            )


def _batches(runtime: Connection, historical: Connection, table: str) -> dict[str, tuple[str, int]]:
    """Return the batches of a table: the first key of each, and how many rows carry it."""
    key, kept = _TABLES[table]
    query = _BATCHES.format(key=key, table=table, kept=kept)
    markets = [row[0] for row in runtime.execute("select market_id from markets")]
    found = historical.execute(query.encode(), {"markets": markets})
    return {batch: (first, n) for batch, first, n in found}


BATCH_CHECKS: tuple[Check, ...] = (
    batches_belong_to_an_ingest,
    batches_are_whole,
    profiles_belong_to_a_decision,
    profiles_are_as_many_as_decided,
    instruments_are_as_many_as_registered,
)
