"""What the decisions on prices say, beside the prices: rows of a batch never get fewer."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus.store.violations import Check, Connection, Violation

_SAID = """
    select decision_id::text, right(decision_id::text, 12),
           coalesce((proposed_action ->> 'n_new')::bigint, 0)
           + coalesce((proposed_action ->> 'n_corrected')::bigint, 0)
    from engine_decisions
    where engine_name = 'INGEST' and proposed_action ->> 'table' = 'prices_daily'
    order by decision_id"""

# A version is a row, or what a correction kept of it.
_VERSIONS = """
    select batch, count(*) from (
        select metadata ->> 'batch' as batch from prices_daily
        union all
        select r ->> 'batch' from prices_daily, jsonb_array_elements(metadata -> 'revisions') r
        where metadata ? 'revisions'
    ) v group by batch"""


def price_batches_are_whole(runtime: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that prices_daily holds every version that an INGEST decision says it wrote."""
    said = runtime.execute(_SAID).fetchall()
    if not said:
        return
    found = dict(historical.execute(_VERSIONS).fetchall())
    for decision, batch, n_said in said:
        n_found = found.get(batch, 0)
        if n_found < n_said:
            yield Violation(
                "engine_decisions",
                decision,
                "proposed_action",
                "price_batches_are_whole",
                f"wrote {n_said} rows of prices_daily; of batch {batch} there are {n_found}",
            )


PRICE_CHECKS: tuple[Check, ...] = (price_batches_are_whole,)
