"""Which of the delivered documents say something new.

A document has a key (an accession, or an issuer with form and period), a moment at which it became known, and
a content. The documents of a key are a history: one says something new if it differs from what was believed
at its moment, that is from the latest before it. The same report a day later is a repeat; one with another
content is a restatement; the first content once more after that is new again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Literal

Verdict = Literal["new", "unchanged", "repeated", "contradicting"]


@dataclass(frozen=True, slots=True)
class Version:
    """What a document is about, when it became known, and a digest of what it says."""

    key: Hashable
    accepted_at: datetime
    content: str


def verdicts(delivered: Sequence[Version], stored: Iterable[Version]) -> list[Verdict]:
    """Return for each delivered document what it is, in their order.

    Parameters
    ----------
    delivered : sequence of Version
    stored : iterable of Version
        What is on record under the same keys.

    Returns
    -------
    list of str
        ``new``; ``unchanged``, as on record; ``repeated``, as another one of this delivery;
        ``contradicting``, where several say different new things at one moment.

    Examples
    --------
    >>> from datetime import UTC
    >>> day = lambda n: datetime(2015, 4, n, tzinfo=UTC)
    >>> history = [Version("X", day(28), "a"), Version("X", day(29), "a"), Version("X", day(30), "b")]
    >>> verdicts(history, [])
    ['new', 'repeated', 'new']
    >>> verdicts(history, history[:1])
    ['unchanged', 'unchanged', 'new']
    """
    found: list[Verdict] = ["new"] * len(delivered)
    by_key: dict[Hashable, list[tuple[datetime, int, Version]]] = {}
    for place, version in enumerate(delivered):
        by_key.setdefault(version.key, []).append((version.accepted_at, place, version))
    for version in stored:
        if version.key in by_key:
            by_key[version.key].append((version.accepted_at, -1, version))
    for history in by_key.values():
        history.sort(key=lambda one: (one[0], one[1]))
        believed: str | None = None
        is_stored = False
        for _, moment in groupby(history, key=lambda one: one[0]):
            now = list(moment)
            on_record = [version.content for _, place, version in now if place < 0]
            said_already = dict.fromkeys(on_record, True)
            if believed is not None:
                said_already.setdefault(believed, is_stored)
            fresh: dict[str, int] = {}
            for _, place, version in now:
                if place < 0:
                    continue
                if version.content in said_already:
                    found[place] = "unchanged" if said_already[version.content] else "repeated"
                elif version.content in fresh:
                    found[place] = "repeated"
                else:
                    fresh[version.content] = place
            changed = [content for content in on_record if content != believed]
            if changed:
                believed, is_stored = changed[-1], True
            if len(fresh) == 1 and not changed:
                believed, is_stored = next(iter(fresh)), False
            elif fresh:
                for _, place, version in now:
                    if place >= 0 and version.content in fresh:
                        found[place] = "contradicting"
    return found
