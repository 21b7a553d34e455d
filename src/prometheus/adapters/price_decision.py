"""The INGEST decision of a delivery of prices: what came, what was decided of it, and by which rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from prometheus.adapters.price_intake import Taken
from prometheus.adapters.price_parts import Stored
from prometheus.adapters.price_rejects import PriceRejects
from prometheus.domain.market.config import IngestPricesConfig
from prometheus.domain.market.delivery import FileReference, PriceDelivery
from prometheus.flow.storage import Decision
from prometheus.kernel.ids import short_id
from prometheus.store.copying import Connection
from prometheus.store.price_versions import deliveries_of
from prometheus.store.prices import Replaced


def price_decision(
    raw_id: bytes,
    config: IngestPricesConfig,
    *,
    market_id: str,
    delivery: PriceDelivery,
    taken: Taken,
    stored: Stored,
    rejects: PriceRejects,
    fingerprint: bytes,
    known_at: datetime,
    n_created: int,
    others: Mapping[str, Replaced],
) -> Decision:
    """Return the decision to record."""
    counts = stored.counts
    return Decision(
        decision_id=raw_id,
        engine_name=config.engine_name,
        config_id=config.config_id,
        context_id=market_id,
        as_of_date=np.datetime64(taken.last, "D"),
        input_refs={
            "fingerprint": fingerprint.hex(),
            "known_at": known_at.isoformat(),
            "source": delivery.source,
            "read_as": list(delivery.choice),
            "tells_splits": taken.tells_splits,
            "files": _files(delivery.files),
        },
        raw_input_summary={
            "n_rows": taken.n_rows,
            "n_repeated": taken.n_repeated,
            "n_rejected": rejects.n_rows,
            "rejected_by_rule": dict(rejects.by_rule),
            "n_flagged": stored.n_flagged,
            "flagged_by_rule": dict(stored.flags_by_rule),
            "n_instruments": len(taken.instrument_ids),
            "first_date": str(taken.first),
            "last_date": str(taken.last),
        },
        proposed_action={
            "table": "prices_daily",
            "batch": short_id(raw_id),
            "n_new": counts.n_new,
            "n_corrected": counts.n_corrected,
            "n_unchanged": counts.n_unchanged,
            "n_corrected_by_source": {source: found.n_rows for source, found in others.items()},
            "n_instruments_created": n_created,
            "n_instruments_changed": len(stored.changed),
            "first_changed": str(stored.first_changed or taken.first),
            "last_changed": str(stored.last_changed or taken.last),
        },
    )


def replaced_of_others(
    runtime: Connection, replaced: Mapping[str, Replaced], source: str
) -> Mapping[str, Replaced]:
    """Return what was replaced of other sources, by their names; of unknown ones nothing is said.

    Parameters
    ----------
    runtime : Connection
    replaced : mapping of str to Replaced
        By batch.
    source : str
        Of the delivery that replaced them.
    """
    found: dict[str, Replaced] = {}
    deliveries = deliveries_of(runtime, list(replaced)) if replaced else {}
    for batch, delivered in sorted(deliveries.items()):
        other, some = delivered.source, replaced[batch]
        if other is not None and other != source:
            found[other] = found[other] + some if other in found else some
    return dict(sorted(found.items()))


def _files(files: Sequence[FileReference]) -> list[dict[str, Any]]:
    return [{"name": file.name, "sha256": file.sha256, "n_rows": file.n_rows} for file in files]
