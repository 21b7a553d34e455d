"""Digests of what a decision read.

A panel has one digest a day, over the instruments that have a row that day: what the reference tables say of
them, whether they are delisted by then, and their values. An instrument that is new in the tables changes no
day on which it has no row. A delisting is told on the days that follow it, because there are no more rows
then: every window that holds the last rows and ends after the delisting sees it. The same holds for the
indices that an instrument is a member of on the day: a change is told on the days that follow it, and no day
before a change knows of it. A window's digest is over
the days it covers: a batch of a thousand dates costs one pass over its panels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from prometheus.flow.batch import Assets
from prometheus.kernel.arrays import BoolArray, DateArray, FloatArray, IntArray
from prometheus.kernel.ids import DIGEST_SIZE, digest, digest_of_framed, framed

TOLD_DAYS = np.timedelta64(14, "D")
"""How long a delisting is told; longer than any market has closed, so that some session falls into it."""


_DAYS_AT_ONCE = 256
"""Days whose values are laid out together; bounds the memory for it."""


def day_digests(
    columns: Mapping[str, FloatArray], assets: Assets, dates: DateArray, *, following: DateArray
) -> list[bytes]:
    """Return a digest for each day of panels of one table.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (n_days, n_assets)
        A row exists where any column is not NaN.
    assets : Assets
        The columns of the arrays.
    dates : ndarray of shape (n_days,), datetime64[D]
        The rows of the arrays.
    following : ndarray of shape (n_days,), datetime64[D]
        The session after each: a listing that ends by then was announced, and orders act on it.
    """
    names = sorted(columns)
    stack = [_canonical(columns[name]) for name in names]
    header = digest(*names)
    present = np.logical_or.reduce([~np.isnan(values) for values in stack])
    is_delisted = assets.delisted[None, :] <= following[:, None]
    is_new = is_delisted & (assets.delisted[None, :] > dates[:, None] - TOLD_DAYS)
    is_told = present | is_new
    members = {index: spans.at(dates, len(assets)) for index, spans in assets.members.items()}
    for index, spans in assets.members.items():
        is_told |= members[index] != spans.at(dates - TOLD_DAYS, len(assets))
    masks = [present, is_delisted & is_told]
    if members:
        masks += [is_told, *(is_member & is_told for is_member in members.values())]
    said = [np.packbits(mask, axis=1) for mask in masks]
    listed = [_listed(assets, i) for i in range(len(assets))]
    alike: dict[bytes, list[int]] = {}
    for t in range(len(dates)):
        alike.setdefault(b"".join([mask[t].tobytes() for mask in said]), []).append(t)
    out = [b""] * len(dates)
    for days in alike.values():
        t = days[0]
        of_day = {index: is_member[t] for index, is_member in members.items()}
        head = header + _reference(assets, listed, np.flatnonzero(is_told[t]), is_delisted[t], of_day)
        places = np.flatnonzero(present[t])
        for some in range(0, len(days), _DAYS_AT_ONCE):
            chosen = np.array(days[some : some + _DAYS_AT_ONCE])
            block = np.stack([values[chosen[:, None], places] for values in stack], axis=1)
            for day, values in zip(chosen.tolist(), block, strict=True):
                state = hashlib.blake2b(head, digest_size=DIGEST_SIZE)
                state.update(values)
                out[day] = state.digest()
    return out


def series_digests(columns: Mapping[str, FloatArray]) -> list[bytes]:
    """Return a digest for each day of series of shape (n_days, 1), which are about no instrument."""
    names = sorted(columns)
    header = digest(*names)
    values = np.concatenate([_canonical(columns[name]) for name in names], axis=1)
    return [hashlib.blake2b(header + day.tobytes(), digest_size=DIGEST_SIZE).digest() for day in values]


def _listed(assets: Assets, i: int, *more: str) -> bytes:
    """Return what the reference tables say of an instrument, framed; of one that is listed, and no member."""
    who = (assets.ids[i], assets.symbols[i], assets.issuers[i], assets.sectors[i])
    what = (assets.asset_classes[i], assets.currencies[i])
    return framed("\x1f".join((*who, *what, *(more or ("",)))))


def _reference(
    assets: Assets,
    listed: Sequence[bytes],
    places: IntArray,
    is_delisted: BoolArray,
    members: Mapping[str, BoolArray],
) -> bytes:
    """Return the digest of what the reference tables say of instruments on a day."""
    said = dict(zip(places.tolist(), map(listed.__getitem__, places.tolist()), strict=True))
    is_other = np.logical_or.reduce([is_delisted, *members.values()])
    for i in places[is_other[places]].tolist():
        indices = (index for index, is_member in members.items() if is_member[i])
        said[i] = _listed(assets, i, "delisted" if is_delisted[i] else "", *indices)
    return digest_of_framed(b"".join(said.values()))


def _canonical(values: FloatArray) -> FloatArray:
    """Return values, little endian, in which all NaNs are one and both zeros are one."""
    clean: FloatArray = values.astype("<f8", copy=False) + 0.0
    np.copyto(clean, np.nan, where=np.isnan(clean))
    return clean


def window_digest(days: Sequence[bytes], first: int, last: int) -> bytes:
    """Return the digest over the days from first to last, both included."""
    return hashlib.blake2b(b"".join(days[max(first, 0) : last + 1]), digest_size=DIGEST_SIZE).digest()
