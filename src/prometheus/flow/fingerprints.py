"""Digests of what a decision read.

A panel has one digest a day, over the ids and values of the instruments that have a row that day, so an
instrument that is new in the tables changes no day on which it has no row. A window's digest is over the
days it covers: a batch of a thousand dates costs one pass over its panels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from prometheus.kernel.arrays import FloatArray
from prometheus.kernel.ids import DIGEST_SIZE, digest


def day_digests(columns: Mapping[str, FloatArray], ids: Sequence[str]) -> list[bytes]:
    """Return a digest for each day of panels of one table.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (n_days, n_assets)
        A row exists where any column is not NaN.
    ids : sequence of str
        The assets' ids in the order of the columns.
    """
    names = sorted(columns)
    stack = [columns[name] for name in names]
    header = digest(*names)
    present = np.logical_or.reduce([~np.isnan(values) for values in stack])
    by_mask: dict[bytes, tuple[bytes, np.ndarray]] = {}  # type: ignore[type-arg]
    out: list[bytes] = []
    for t in range(len(stack[0])):
        mask = present[t]
        key = np.packbits(mask).tobytes()
        found = by_mask.get(key)
        if found is None:
            places = np.flatnonzero(mask)
            found = by_mask[key] = (digest(*[ids[i] for i in places.tolist()]), places)
        state = hashlib.blake2b(header + found[0], digest_size=DIGEST_SIZE)
        if len(found[1]) == len(ids):
            for values in stack:
                state.update(_canonical(values[t]))
        else:
            for values in stack:
                state.update(_canonical(values[t, found[1]]))
        out.append(state.digest())
    return out


def _canonical(values: FloatArray) -> bytes:
    """Return bytes in which all NaNs are one and both zeros are one."""
    clean = values + 0.0
    clean[np.isnan(clean)] = np.nan
    return clean.astype("<f8", copy=False).tobytes()


def window_digest(days: Sequence[bytes], first: int, last: int) -> bytes:
    """Return the digest over the days from first to last, both included."""
    return hashlib.blake2b(b"".join(days[max(first, 0) : last + 1]), digest_size=DIGEST_SIZE).digest()
