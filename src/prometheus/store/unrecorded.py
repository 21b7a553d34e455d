"""Batches of series, events and documents whose INGEST decision a crash lost, and which are on record.

The first row of a batch carries the whole decision as ``metadata.decision``. A delivery commits its rows,
then its decision; what a crash between both left out is thus found in the table and recorded by whoever
delivers next, whatever they deliver. Until then no moment knows the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from prometheus.kernel.ids import short_id
from prometheus.store.copying import Connection


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
