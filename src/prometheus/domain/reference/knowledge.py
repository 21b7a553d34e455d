"""What was known of an instrument or issuer when: facts that decisions rest on keep their earlier values.

They stand in ``metadata.revisions``, oldest first: ``{"until", "batch"}`` with the value that each changed
fact had until that moment, null where nothing was known, and the batch that changed it. What a row has
without a revision was known when it was written, at ``created_at``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from prometheus.domain.reference.register import Entity

FACTS = ("sector", "memberships", "delisted")
"""What a run reads of the reference tables and what may change: on these decisions rest."""


def remember(entity: Entity, *, until: datetime, batch: str, is_present: bool) -> None:
    """Keep the earlier values of what changes in an entity; ``is_present`` says that it does now.

    What is delivered to be known before the last change is known from that change on: it was not part of
    what was believed until then.
    """
    if entity.before is None and is_present:
        return
    before = entity.before or {"metadata": {}}
    changed = {
        fact: _value(before, fact) for fact in FACTS if _value(before, fact) != _value(entity.values, fact)
    }
    if not changed:
        return
    revisions = list(before["metadata"].get("revisions", ()))
    moment = until.astimezone(UTC).isoformat()
    if revisions:
        moment = max(moment, str(revisions[-1]["until"]))
    entity.metadata["revisions"] = [*revisions, {"until": moment, "batch": batch, **changed}]


def _value(row: Mapping[str, Any], fact: str) -> Any:
    found = row[fact] if fact in row else row["metadata"].get(fact)
    return found or None
