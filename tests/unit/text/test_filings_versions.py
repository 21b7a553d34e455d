"""A report says something new if it differs from what was believed at its moment."""

import random
from datetime import UTC, datetime

import pytest

from prometheus.domain.text.versions import Version, verdicts


def at(day, content, key="ACME 10-K 2014"):
    return Version(key, datetime(2015, 4, day, tzinfo=UTC), content)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([at(1, "a"), at(2, "a")], ["new", "repeated"]),
        ([at(2, "a"), at(1, "a")], ["repeated", "new"]),
        ([at(1, "a"), at(2, "b"), at(3, "a")], ["new", "new", "new"]),
        # The vendor delivers each report on two days in a row: on the second a restatement may come with it.
        ([at(1, "a"), at(2, "a"), at(2, "b"), at(3, "b")], ["new", "repeated", "new", "repeated"]),
        ([at(1, "a"), at(1, "b")], ["contradicting", "contradicting"]),
        ([at(1, "a"), at(2, "b"), at(2, "c")], ["new", "contradicting", "contradicting"]),
        ([at(1, "a"), at(1, "a", key="other")], ["new", "new"]),
    ],
)
def test_each_report_has_its_verdict(history, expected):
    assert verdicts(history, []) == expected


@pytest.mark.parametrize("seed", range(50))
def test_what_is_on_record_is_never_new_again(seed):
    draw = random.Random(seed)
    history = [at(draw.randint(1, 9), draw.choice("abc"), draw.choice("XY")) for _ in range(30)]
    first = verdicts(history, [])
    stored = [one for one, verdict in zip(history, first, strict=True) if verdict == "new"]
    again = verdicts(history, stored)
    assert "new" not in again
    assert "repeated" not in again
    assert [v == "contradicting" for v in again] == [v == "contradicting" for v in first]


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_a_delivery_changes_no_verdict(seed):
    draw = random.Random(seed)
    history = [at(day, draw.choice("ab")) for day in range(1, 9)]
    shuffled = history[:]
    draw.shuffle(shuffled)
    plain = {one.accepted_at: verdict for one, verdict in zip(history, verdicts(history, []), strict=True)}
    mixed = {one.accepted_at: v for one, v in zip(shuffled, verdicts(shuffled, []), strict=True)}
    assert plain == mixed
