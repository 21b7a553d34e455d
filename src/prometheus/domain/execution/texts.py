"""Texts of ids and JSON as the database gives them back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from prometheus.kernel.arrays import ByteArray, IntArray

_BLANK = "00000000-0000-0000-0000-000000000000"
# Where the 32 hex digits stand in the 36 characters of a UUID.
_DIGITS = np.array([place for place, character in enumerate(_BLANK) if character == "0"])


def with_ids(template: str, *ids: ByteArray) -> list[str]:
    """Return an ASCII template once a row, with each ``%s`` replaced by a UUID of that row.

    Parameters
    ----------
    template : str
    *ids : ndarray of shape (n_rows, 16), uint8
        The ids for each ``%s`` in turn.

    Examples
    --------
    >>> with_ids('["%s"]', np.arange(16, dtype=np.uint8).reshape(1, 16))
    ['["00010203-0405-0607-0809-0a0b0c0d0e0f"]']
    """
    line, places = _blank_line(template)
    n, width = len(ids[0]), len(line)
    text = np.empty((n, width), dtype=np.uint8)
    text[:] = line
    for own, digits in zip(ids, places, strict=True):
        text[:, digits] = np.frombuffer(own.tobytes().hex().encode(), dtype=np.uint8).reshape(n, 32)
    joined = text.tobytes().decode("ascii")
    return [joined[i : i + width] for i in range(0, width * n, width)]


@lru_cache(maxsize=16)
def _blank_line(template: str) -> tuple[ByteArray, list[IntArray]]:
    """Return the bytes of a template with blank ids, and where the digits of each id stand."""
    before = [len(part) for part in template.split("%s")[:-1]]
    starts = np.cumsum(before) + len(_BLANK) * np.arange(len(before))
    line = np.frombuffer(template.replace("%s", _BLANK).encode("ascii"), dtype=np.uint8)
    return line, [start + _DIGITS for start in starts]


def uuid_strings(ids: ByteArray) -> list[str]:
    """Return ids of shape (n_ids, 16) as UUIDs with hyphens.

    Examples
    --------
    >>> uuid_strings(np.arange(16, dtype=np.uint8).reshape(1, 16))
    ['00010203-0405-0607-0809-0a0b0c0d0e0f']
    """
    return with_ids("%s", ids)


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
