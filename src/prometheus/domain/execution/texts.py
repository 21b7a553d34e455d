"""Texts of ids and JSON as the database gives them back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from prometheus.kernel.arrays import ByteArray

_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
# Where the 32 hex digits stand in the 36 characters of a UUID.
_DIGITS = np.array([i for i in range(36) if i not in (8, 13, 18, 23)])


def uuid_strings(ids: ByteArray) -> list[str]:
    """Return ids of shape (n_ids, 16) as UUIDs with hyphens.

    Examples
    --------
    >>> uuid_strings(np.arange(16, dtype=np.uint8).reshape(1, 16))
    ['00010203-0405-0607-0809-0a0b0c0d0e0f']
    """
    n = len(ids)
    text = np.full((n, 36), ord("-"), dtype=np.uint8)
    digits = np.empty((n, 32), dtype=np.uint8)
    digits[:, 0::2] = _HEX[ids >> 4]
    digits[:, 1::2] = _HEX[ids & 15]
    text[:, _DIGITS] = digits
    joined = text.tobytes().decode("ascii")
    return [joined[i : i + 36] for i in range(0, 36 * n, 36)]


def json_text(body: Mapping[str, Any]) -> str:
    """Return a flat JSON object with its keys in the order of ``jsonb``: shorter first, then bytewise.

    Examples
    --------
    >>> json_text({"reason": "no bar", "mode": "X"})
    '{"mode": "X", "reason": "no bar"}'
    """
    keys = sorted(body, key=lambda key: (len(key.encode()), key.encode()))
    return json.dumps({key: body[key] for key in keys}, ensure_ascii=False)


def with_members(text: str, **members: str) -> str:
    """Return a JSON object with members added."""
    return json_text({**json.loads(text), **members})
