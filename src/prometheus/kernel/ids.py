"""Ids that follow from content, so that the same thing always has the same id.

A decision id and a row id are UUIDs of version 8 (RFC 9562, "custom"): the first 32 bits are the date
the row is about, so that an index is filled in order; the remaining 90 bits come from BLAKE2b digests.

A row id is the decision's digest XOR the digest of the natural key. Two keys of one decision get two ids
because their digests differ, two decisions get two ids for one key for the same reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from uuid import UUID

import numpy as np

from prometheus.kernel.arrays import ByteArray, IntArray

DIGEST_SIZE = 16
_EPOCH = np.datetime64("1970-01-01", "D")
_OFFSET = 1 << 31


def digest(*parts: bytes | str) -> bytes:
    """Return the 16-byte BLAKE2b digest of parts, each framed by its length.

    Examples
    --------
    >>> digest("a", "b") == digest("ab")
    False
    """
    return digest_of_framed(framed(*parts))


def framed(*parts: bytes | str) -> bytes:
    """Return parts behind each other, each framed by its length.

    Examples
    --------
    >>> framed("a", "bc")
    b'1:a,2:bc,'
    """
    if len(parts) == 1 and isinstance(parts[0], bytes):
        return b"%d:%b," % (len(parts[0]), parts[0])
    raws = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join([b"%d:%b," % (len(raw), raw) for raw in raws])


def digest_of_framed(parts: bytes) -> bytes:
    """Return the `digest` of parts that are framed already."""
    return hashlib.blake2b(parts, digest_size=DIGEST_SIZE).digest()


def decision_id(
    *, engine_name: str, config_id: str, context_id: str, as_of_date: np.datetime64, fingerprint: bytes
) -> bytes:
    """Return the 16 bytes of a decision's UUID.

    Parameters
    ----------
    engine_name, config_id, context_id : str
        Who decided, by which settings, about what.
    as_of_date : numpy.datetime64
        The session that the decision is about.
    fingerprint : bytes
        Digest of everything that the decision read.
    """
    date, prefix = _date_parts(as_of_date)
    about = _about(engine_name, config_id, context_id)
    raw = digest_of_framed(about + date + framed(fingerprint))
    stamped = bytes((raw[6] & 0x0F | 0x80, raw[7], raw[8] & 0x3F | 0x80))
    return prefix + raw[4:6] + stamped + raw[9:]


@lru_cache(maxsize=64)
def _about(engine_name: str, config_id: str, context_id: str) -> bytes:
    return framed(engine_name, config_id, context_id)


@lru_cache(maxsize=1 << 16)
def _date_parts(date: np.datetime64) -> tuple[bytes, bytes]:
    """Return a date's framed text, and the first bytes of ids that are about it."""
    days = int((date.astype("datetime64[D]") - _EPOCH).astype(np.int64))
    return framed(str(date)), (days + _OFFSET).to_bytes(4, "big")


def key_digests(keys: Iterable[str], *, space: str) -> ByteArray:
    """Return the digests of natural keys, shape (n_keys, 16), uint8.

    ``space`` is the table's name, so that the same key in two tables gives two ids.
    """
    rows = [digest(space, key) for key in keys]
    return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), DIGEST_SIZE)


def row_ids(decisions: ByteArray, keys: ByteArray) -> ByteArray:
    """Return the ids of rows, shape (n_rows, 16), from their decisions' and keys' digests.

    Parameters
    ----------
    decisions : ndarray of shape (n_rows, 16) or (16,), uint8
        Ids of the decisions that the rows belong to.
    keys : ndarray of shape (n_rows, 16), uint8
        Digests of the natural keys, see `key_digests`.
    """
    ids = np.bitwise_xor(decisions, keys)
    ids[:, :4] = decisions[..., :4]
    ids[:, 6] = (ids[:, 6] & 0x0F) | 0x80
    ids[:, 8] = (ids[:, 8] & 0x3F) | 0x80
    return ids


def as_bytes_matrix(ids: Sequence[bytes]) -> ByteArray:
    """Return ids as a matrix of shape (n_ids, 16)."""
    return np.frombuffer(b"".join(ids), dtype=np.uint8).reshape(len(ids), DIGEST_SIZE)


def artifact_uri(content: bytes) -> str:
    """Return the URI under which a content is stored as an artifact: its SHA-256.

    Examples
    --------
    >>> artifact_uri(b"")[:15]
    'sha256:e3b0c442'
    """
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def uuid_text(raw: bytes) -> str:
    """Return the usual text of a UUID's 16 bytes."""
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def short_id(raw: bytes) -> str:
    """Return the last 12 hex digits of an id: they come from its digest, the first 8 are its date."""
    return raw[-6:].hex()


def uuid_bytes(text: str) -> bytes:
    """Return the 16 bytes of a UUID's text."""
    return UUID(text).bytes


def positions_of(values: Sequence[str], among: Sequence[str]) -> IntArray:
    """Return the place of each value in ``among``; -1 where it is not there."""
    place = {value: i for i, value in enumerate(among)}
    return np.fromiter((place.get(v, -1) for v in values), dtype=np.int64, count=len(values))
