"""Index memberships that follow from the statements of several sources."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from prometheus.domain.reference.memberships import settled_memberships, with_statement

Json = dict[str, Any]


def span(
    first: str, last: str | None, as_of: str = "2025-07-09", source: str = "spans", **flags: bool
) -> Json:
    return {"index": "SP500", "first": first, "last": last, "as_of": as_of, "source": source, **flags}


def listed(first: str, as_of: str, source: str = "lists") -> Json:
    return span(first, None, as_of, source, in_list=True)


def seen(on: str) -> Json:
    return {"index": "SP500", "on": on, "as_of": on, "source": "lists", "in_list": True}


def absent(on: str) -> Json:
    return {"index": "SP500", "absent": on, "as_of": on, "source": "lists"}


LIMIT: Json = {"index": "SP500", "known_until": "2025-07-09"}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        # It left and came back: two spans of one source.
        (
            [span("1996-01-02", "2013-09-22"), span("2017-03-20", None)],
            [("1996-01-02", "2013-09-22"), ("2017-03-20", None)],
        ),
        # A later-dated history says otherwise: it holds.
        ([span("2001-01-02", None, "2018-01-08", "old"), span("2002-02-04", None)], [("2002-02-04", None)]),
        # ... but one that begins with the first day knows of none before it.
        (
            [span("1990-01-02", None, "2018-01-08", "old"), span("1996-01-02", None, is_censored=True)],
            [("1990-01-02", None)],
        ),
        # A list says when each was added last; a history knows what was before.
        ([span("1999-12-08", None), listed("2019-07-29", "2026-08-08")], [("1999-12-08", None)]),
        # Two lists: the later holds.
        ([listed("1999-12-08", "2018-01-08"), listed("2000-01-03", "2026-08-08")], [("2000-01-03", None)]),
        # Seen without a day of addition: from then on, until a list leaves it out.
        ([seen("2018-01-08")], [("2018-01-08", None)]),
        ([seen("2017-01-05"), seen("2018-01-08"), absent("2026-08-08")], [("2017-01-05", "2026-08-07")]),
        # A history that goes further doesn't know it: no day is known but those between the sightings.
        ([seen("2017-01-05"), seen("2018-01-08"), LIMIT], [("2017-01-05", "2018-01-08")]),
        # A history that knows it has the word.
        ([seen("2018-01-08"), span("1996-01-02", "2017-08-31"), LIMIT], [("1996-01-02", "2017-08-31")]),
        # An older history still had it; a list of today does not.
        ([span("2001-01-02", None), absent("2026-08-08")], [("2001-01-02", "2026-08-07")]),
        ([span("2001-01-02", None), absent("2018-01-08")], [("2001-01-02", None)]),
        ([span("2001-01-02", None, superseded=True)], []),
        ([], []),
    ],
)
def test_what_follows_from_statements_in_any_order(
    statements: list[Json], expected: list[tuple[str, str | None]]
) -> None:
    for order in itertools.permutations(statements):
        found = settled_memberships(order)
        assert [(one["first"], one["last"]) for one in found] == expected


def test_indices_are_told_apart() -> None:
    other = {**span("2003-01-02", None), "index": "NASDAQ100"}
    assert [one["index"] for one in settled_memberships([span("2001-01-02", None), other])] == [
        "NASDAQ100",
        "SP500",
    ]


def test_a_source_that_corrects_itself_supersedes_what_it_said() -> None:
    first = with_statement([], span("2001-01-02", None), [])
    corrected = with_statement(first, span("2001-01-02", "2012-03-01"), [])
    assert settled_memberships(corrected) == [{"index": "SP500", "first": "2001-01-02", "last": "2012-03-01"}]
    assert len(corrected) == 2
    undone = with_statement(corrected, span("2001-01-02", None), [])
    assert settled_memberships(undone) == settled_memberships(first)


def test_statements_of_one_delivery_stand_beside_each_other() -> None:
    one, other = span("1996-01-02", "2009-06-30"), span("2002-05-13", "2008-06-05")
    assert settled_memberships(with_statement([one], other, [one])) == [
        {"index": "SP500", "first": "1996-01-02", "last": "2009-06-30"}
    ]
