"""Which version of a row was believed at a moment: the latest of a delivery that was on record by then.

A batch without a decision is of a delivery that crashed between its two commits. When it became known is
said by the decision that heals it; until then no moment knows its rows, so that a read as of a moment says
the same before and after the healing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from prometheus.kernel.ids import short_id
from prometheus.store.copying import Connection


def batches_known(runtime: Connection, moment: datetime, *, market_id: str | None = None) -> frozenset[str]:
    """Return the short ids of the deliveries that were known at a moment.

    Parameters
    ----------
    runtime : Connection
    moment : datetime
    market_id : str, optional
        Of the deliveries; all contexts by default.
    """
    found = runtime.execute(
        "SELECT decision_id FROM engine_decisions WHERE engine_name = 'INGEST'"
        " AND (%s::text IS NULL OR context_id = %s)"
        " AND coalesce((input_refs ->> 'known_at')::timestamptz, timestamp) <= %s",
        [market_id, market_id, moment],
    )
    return frozenset(short_id(row[0].bytes) for row in found)


def moment_of(text: str) -> datetime:
    """Return a moment as rows say it; UTC where no zone is said."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def believed_of(metadata: Mapping[str, Any], moment: datetime, known: Collection[str]) -> int | None:
    """Return the place of the version that was believed at a moment; None if there was none yet.

    Parameters
    ----------
    metadata : mapping
        Of a row: its ``batch``, and ``revisions`` if it was corrected.
    moment : datetime
    known : collection of str
        See `batches_known`; a version without any batch is known.

    Returns
    -------
    int or None
        Among the revisions, oldest first; their number for the present version.
    """
    versions: Sequence[Mapping[str, Any]] = [*metadata.get("revisions", ()), {"batch": metadata.get("batch")}]
    held = (i for i, one in enumerate(versions) if "until" not in one or moment_of(one["until"]) > moment)
    for place in range(next(held), -1, -1):
        batch = versions[place].get("batch")
        if not batch or batch in known:
            return place
    return None
