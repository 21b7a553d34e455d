"""What became of links after their articles came: added or withdrawn by later deliveries, and when.

``news_links`` keeps every link that was ever made and has no column for a time, and articles aren't changed.
The links that an article came with stand in its ``metadata.links`` and are as old as it is. When a delivery
finds others for an article that was stored before, because reference data say something else by now, its
INGEST decision says which: ``links_added`` and ``links_withdrawn``, known since ``links_changed_at``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prometheus.store.copying import Connection


@dataclass(frozen=True, slots=True)
class LinkChange:
    """That a link was added to a stored article, or withdrawn.

    Attributes
    ----------
    article_id : int
    issuer_id, instrument_id : str or None
    is_added : bool
        Otherwise it was withdrawn.
    evidence : mapping
        How an added link was found, see ``metadata.links``.
    """

    article_id: int
    issuer_id: str | None
    instrument_id: str | None
    is_added: bool
    evidence: Mapping[str, Any]

    @property
    def link(self) -> tuple[int, str | None, str | None]:
        """The link."""
        return self.article_id, self.issuer_id, self.instrument_id

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in a decision."""
        return {"article_id": self.article_id} | {
            name: value
            for name, value in {
                "issuer_id": self.issuer_id,
                "instrument_id": self.instrument_id,
                **self.evidence,
            }.items()
            if value is not None
        }


def link_changes(runtime: Connection, context_id: str, known_at: datetime | None = None) -> list[LinkChange]:
    """Return the latest change of each link that was changed after its article came.

    Parameters
    ----------
    runtime : Connection
        To the runtime database.
    context_id : str
        Of the decisions on news.
    known_at : datetime, optional
        Only what was known by then; all by default.
    """
    found = runtime.execute(
        "SELECT coalesce(proposed_action -> 'links_withdrawn', '[]'),"
        " coalesce(proposed_action -> 'links_added', '[]'), proposed_action ->> 'links_changed_at'"
        " FROM engine_decisions WHERE engine_name = 'INGEST' AND context_id = %s"
        " AND proposed_action ? 'links_changed_at'"
        " AND (%s::timestamptz IS NULL OR (proposed_action ->> 'links_changed_at')::timestamptz <= %s)"
        " ORDER BY (proposed_action ->> 'links_changed_at')::timestamptz, timestamp",
        [context_id, known_at, known_at],
    )
    latest: dict[tuple[int, str | None, str | None], LinkChange] = {}
    for withdrawn, added, moment in found:
        for is_added, changed in ((False, withdrawn), (True, added)):
            for one in changed:
                change = LinkChange(
                    one["article_id"],
                    one.get("issuer_id"),
                    one.get("instrument_id"),
                    is_added,
                    {k: v for k, v in one.items() if k != "article_id"} | {"known_at": moment},
                )
                latest[change.link] = change
    return list(latest.values())


def changes_as_rows(changes: Sequence[LinkChange]) -> tuple[str, list[object]]:
    """Return a query that gives changes as rows, by the names of their columns."""
    query = (
        "SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::boolean[], %s::jsonb[])"
        " AS c (article_id, issuer_id, instrument_id, is_added, evidence)"
    )
    return query, [
        [one.article_id for one in changes],
        [one.issuer_id for one in changes],
        [one.instrument_id for one in changes],
        [one.is_added for one in changes],
        [json.dumps(dict(one.evidence)) for one in changes],
    ]
