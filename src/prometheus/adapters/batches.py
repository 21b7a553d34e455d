"""The ids of batches: an INGEST decision's id follows from what was delivered, whatever file it came in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prometheus.kernel.config import EngineConfig
from prometheus.kernel.ids import decision_id, digest
from prometheus.store.copying import Connection
from prometheus.store.decisions import is_recorded


@dataclass(frozen=True, slots=True)
class BatchIds:
    """The ids that a delivery may have.

    Attributes
    ----------
    before : bytes or None
        The latest decision on record on this content; a delivery that changes nothing is that one.
    decision_id, fingerprint : bytes
        Of a new one. The same content counts again when it undoes what was corrected in between: then it
        became known twice.
    """

    before: bytes | None
    decision_id: bytes
    fingerprint: bytes


def batch_ids_of(
    runtime: Connection, config: EngineConfig, context_id: str, as_of_date: np.datetime64, content: bytes
) -> BatchIds:
    """Return the ids of a delivery.

    Parameters
    ----------
    runtime : Connection
    config : EngineConfig
        Of the INGEST engine.
    context_id : str
        What the delivery is about: a market, or a kind of text or series.
    as_of_date : datetime64[D]
        The last date that it holds.
    content : bytes
        Digest of what it says, whatever file, order or header it came with.
    """
    before: bytes | None = None
    n_before = 0
    while True:
        fingerprint = digest(content, str(n_before)) if n_before else content
        raw_id = decision_id(
            engine_name=config.engine_name,
            config_id=config.config_id,
            context_id=context_id,
            as_of_date=as_of_date,
            fingerprint=fingerprint,
        )
        if not is_recorded(runtime, raw_id):
            return BatchIds(before, raw_id, fingerprint)
        before = raw_id
        n_before += 1
