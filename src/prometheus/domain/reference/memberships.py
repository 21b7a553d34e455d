"""Index memberships from statements of several sources, whatever the order in which they came.

A statement is one of three:

- a span, ``{"index", "first", "last"}``: a member from ``first`` to ``last``, both included, null while it
  is one; with ``is_censored`` its source begins with ``first`` and knows no earlier days, with ``in_list``
  it is from a list of the members of one day;
- a sighting, ``{"index", "on"}``: a member on that day;
- an absence, ``{"index", "absent"}``: not a member on that day, in a list of all members;
- a limit, ``{"index", "known_until"}``: until that day some source tells the whole history of the index.

Each has ``as_of``, the day that its source describes, and ``source``; ``superseded`` where that source
corrected itself, and then it counts no more. Spans of later-dated sources hold
against earlier ones that overlap them; what they know nothing of, the days before a censored beginning, is
taken from those, as are the days before a list's span that a history tells of. A sighting counts where no
span of a source that knows better says otherwise: up to the limit for the days between the first and the
last sighting alone, after it until something else is said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

DAY = timedelta(days=1)
FOREVER = "9999-12-31"


def settled_memberships(statements: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the memberships that follow from all statements, by index and first day.

    Parameters
    ----------
    statements : iterable of mapping

    Returns
    -------
    list of dict
        ``index``, ``first`` and ``last`` as ISO dates; ``last`` is None while it is a member.

    Examples
    --------
    >>> told = {"index": "SP500", "as_of": "2025-07-09", "source": "spans"}
    >>> settled_memberships([
    ...     {**told, "first": "2013-12-23", "last": "2022-06-08"},
    ...     {**told, "first": "2022-06-09", "last": None},
    ... ])
    [{'index': 'SP500', 'first': '2013-12-23', 'last': None}]
    """
    by_index: dict[str, list[Mapping[str, Any]]] = {}
    for statement in (s for s in statements if not s.get("superseded")):
        by_index.setdefault(statement["index"], []).append(statement)
    return [
        {"index": index, "first": span["first"], "last": span["last"]}
        for index in sorted(by_index)
        for span in _of_one_index(by_index[index])
    ]


def with_statement(
    stated: Iterable[Mapping[str, Any]], new: Mapping[str, Any], delivered: Collection[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return statements with a new one; what its source said otherwise of the same day before is superseded.

    Parameters
    ----------
    stated : iterable of mapping
        What is on record.
    new : mapping
    delivered : collection of mapping
        What the same delivery says too: it stands beside the new one.

    Examples
    --------
    >>> told = {"index": "SP500", "as_of": "2025-07-09", "source": "spans", "first": "2013-12-23"}
    >>> found = with_statement([{**told, "last": None}], {**told, "last": "2022-06-08"}, [])
    >>> [one.get("superseded", False) for one in found]
    [True, False]
    """
    out = [dict(one) for one in stated if {**one, "superseded": True} != {**new, "superseded": True}]
    for one in out:
        is_same_source = all(one[name] == new[name] for name in ("index", "as_of", "source"))
        if is_same_source and "first" in one and "first" in new and one not in delivered:
            knows_less = new.get("is_censored") and not one.get("is_censored")
            if _overlap(one, new) and not knows_less:
                one["superseded"] = True
    return merged_statements([*out, new])


def merged_statements(statements: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return statements once each, in an order that doesn't depend on that of their delivery."""
    out: list[dict[str, Any]] = []
    for statement in statements:
        if statement not in out:
            out.append(dict(statement))
    return sorted(
        out,
        key=lambda s: (
            s["as_of"], s["source"], s.get("first", s.get("on", "")), not s.get("superseded"),
            s.get("last") or FOREVER,
        ),
    )  # fmt: skip


def _of_one_index(statements: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    accepted: list[dict[str, Any]] = []
    for source in _newest_first([s for s in statements if "first" in s]):
        for span in _joined(source):
            meets = [known for known in accepted if _overlap(known, span)]
            if not meets:
                accepted.append(dict(span))
                continue
            oldest = min(meets, key=lambda known: known["first"])
            if denies_nothing_before(oldest, span) and span["first"] < oldest["first"]:
                oldest["first"] = span["first"]
                oldest["is_censored"] = span.get("is_censored", False)
                oldest["in_list"] = False
    limit = max((s["known_until"] for s in statements if "known_until" in s), default="")
    told_until = max((s["as_of"] for s in accepted), default="")
    seen = sorted(s["on"] for s in statements if "on" in s and s["on"] > told_until)
    within = [day for day in seen if day <= limit]
    if within and not any(_holds(known, day) for known in accepted for day in within):
        accepted.append({"first": within[0], "last": within[-1], "as_of": within[-1]})
    for day in seen:
        if day > limit and not any(_holds(known, day) for known in accepted):
            accepted.append({"first": day, "last": None, "as_of": day})
    for absence in sorted((s for s in statements if "absent" in s), key=lambda s: str(s["absent"])):
        for known in accepted:
            gone = absence["absent"]
            if known["last"] is None and known["as_of"] < gone and known["first"] < gone:
                known["last"] = str(date.fromisoformat(gone) - DAY)
    return sorted(accepted, key=lambda known: known["first"])


def denies_nothing_before(newer: Mapping[str, Any], older: Mapping[str, Any]) -> bool:
    """Return whether the beginning of a newer span leaves room for the days of an older one before it.

    A list of members says when each was added last; only a history of the index says what was before.
    """
    return bool(newer.get("is_censored") or (newer.get("in_list") and not older.get("in_list")))


def _newest_first(spans: list[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return the spans of each source and day together, the latest day first."""
    sources: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for span in spans:
        sources.setdefault((span["as_of"], str(span["source"])), []).append(span)
    return [sources[key] for key in sorted(sources, reverse=True)]


def _joined(spans: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the spans of one source, those made one that overlap or follow each other without a day between.

    A change of symbol is no change of membership.
    """
    joined: list[dict[str, Any]] = []
    for span in sorted(spans, key=lambda s: (s["first"], s["last"] or FOREVER)):
        before = joined[-1] if joined else None
        if before is not None and span["first"] <= _day_after(before["last"]):
            before["last"] = max(before["last"] or FOREVER, span["last"] or FOREVER)
            before["last"] = None if before["last"] == FOREVER else before["last"]
        else:
            joined.append(dict(span))
    return joined


def _day_after(last: str | None) -> str:
    return FOREVER if last is None else str(date.fromisoformat(last) + DAY)


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(one["first"] <= (other["last"] or FOREVER) and other["first"] <= (one["last"] or FOREVER))


def _holds(span: Mapping[str, Any], day: str) -> bool:
    return bool(span["first"] <= day <= (span["last"] or FOREVER))
