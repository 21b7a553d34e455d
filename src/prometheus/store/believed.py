"""Which version of a row was believed at a moment: the latest of a delivery that was on record by then.

1. Before a delivery commits its rows, its batch stands in ``markets.metadata.pending``, see `store.pending`.
   It leaves that in the transaction that puts its decision on record. So a batch whose rows anybody can
   see is either pending or decided.
2. A batch is unknown at a moment while it is pending, or if its decision says that it became known later.
   Mostly no batch is, and a read as of a moment then filters nothing.
3. Rows first, batches second: a read holds one view of the rows before it asks what is unknown. Else a
   delivery that comes in between would show its rows, and be missed among the unknown.

What a crash left pending is known to no moment; when it became known is said by the decision that heals it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from prometheus.store.copying import Connection

_UNKNOWN = """
    SELECT right(decision_id::text, 12), coalesce((input_refs ->> 'known_at')::timestamptz, timestamp)
    FROM engine_decisions
    WHERE engine_name = 'INGEST' AND (%(market)s::text IS NULL OR context_id = %(market)s)
      AND coalesce((input_refs ->> 'known_at')::timestamptz, timestamp) > %(moment)s
      AND coalesce((proposed_action ->> 'last_changed')::date >= %(first)s::date, true)
      AND coalesce((proposed_action ->> 'first_changed')::date <= %(last)s::date, true)
    UNION ALL
    SELECT batch, NULL FROM markets, jsonb_object_keys(metadata -> 'pending') batch
    WHERE %(market)s::text IS NULL OR market_id = %(market)s"""


@contextmanager
def one_view(historical: Connection) -> Iterator[None]:
    """Hold one view of the rows: those that are committed from now on are not seen inside.

    Parameters
    ----------
    historical : Connection
        Not in a transaction.
    """
    with historical.transaction():
        historical.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1")
        yield


def batches_unknown(
    runtime: Connection,
    moment: datetime,
    *,
    market_id: str | None = None,
    first: date | None = None,
    last: date | None = None,
) -> Mapping[str, datetime | None]:
    """Return the deliveries that were not known yet at a moment, among those whose rows can be seen.

    Parameters
    ----------
    runtime : Connection
    moment : datetime
    market_id : str, optional
        Of the deliveries; all contexts by default.
    first, last : datetime.date, optional
        The trade dates that are asked about: deliveries of prices that wrote none of these are left out.

    Returns
    -------
    mapping of str to datetime or None
        By short id, when each became known; None of one that is pending.
    """
    found = runtime.execute(_UNKNOWN, {"market": market_id, "moment": moment, "first": first, "last": last})
    return dict(found.fetchall())


def moment_of(text: str) -> datetime:
    """Return a moment as rows say it; UTC where no zone is said."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def believed_of(metadata: Mapping[str, Any], moment: datetime, unknown: Collection[str]) -> int | None:
    """Return the place of the version that was believed at a moment; None if there was none yet.

    Parameters
    ----------
    metadata : mapping
        Of a row: its ``batch``, and ``revisions`` if it was corrected.
    moment : datetime
    unknown : collection of str
        See `batches_unknown`; a version without any batch is known.

    Returns
    -------
    int or None
        Among the revisions, oldest first; their number for the present version.
    """
    versions: Sequence[Mapping[str, Any]] = [*metadata.get("revisions", ()), {"batch": metadata.get("batch")}]
    held = (i for i, one in enumerate(versions) if "until" not in one or moment_of(one["until"]) > moment)
    for place in range(next(held), -1, -1):
        if versions[place].get("batch") not in unknown:
            return place
    return None
