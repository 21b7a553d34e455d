"""What a run is about, and where it reads and writes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prometheus.flow.batch import Assets, Context
from prometheus.flow.storage import Storage
from prometheus.kernel.sessions import Sessions


@dataclass(frozen=True, slots=True)
class World:
    """What a run is about and where it reads and writes.

    Attributes
    ----------
    known_at : datetime64 or None
        The moment as of which the tables are read; None for all that is known now.
    """

    context: Context
    sessions: Sessions
    assets: Assets
    storage: Storage
    known_at: np.datetime64 | None = None
