"""Ids follow from content: the same thing has the same id, two things never share one."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prometheus.kernel.ids import (
    as_bytes_matrix,
    decision_id,
    digest,
    key_digests,
    positions_of,
    row_ids,
    short_id,
    uuid_bytes,
    uuid_text,
)

ABOUT = {
    "engine_name": "RISK",
    "config_id": "RISK-1-0123456789ab",
    "context_id": "S/P",
    "as_of_date": np.datetime64("2013-02-08"),
    "fingerprint": b"\x01" * 16,
}
OTHER = {
    "engine_name": "UNIVERSE",
    "config_id": "RISK-1-0123456789ac",
    "context_id": "S/Q",
    "as_of_date": np.datetime64("2013-02-11"),
    "fingerprint": b"\x02" * 16,
}


def test_a_decision_id_is_what_it_was_when_this_test_was_written() -> None:
    # It stands in databases: another value here means that every stored decision would be made again.
    assert uuid_text(decision_id(**ABOUT)) == "80003d80-97b3-8e9c-9ca3-57e2e13a64f0"


@pytest.mark.parametrize("name", sorted(ABOUT))
def test_everything_that_a_decision_is_about_changes_its_id(name: str) -> None:
    assert decision_id(**ABOUT) != decision_id(**{**ABOUT, name: OTHER[name]})


def test_ids_are_uuids_of_version_8_that_begin_with_their_date() -> None:
    made = [decision_id(**{**ABOUT, "as_of_date": np.datetime64("1962-01-02") + 4000 * k}) for k in range(8)]
    assert {(UUID(bytes=one).version, UUID(bytes=one).variant) for one in made} == {
        (8, "specified in RFC 4122")
    }
    assert made == sorted(made)


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_parts_are_framed_so_that_only_equal_parts_have_equal_digests(a: list[str], b: list[str]) -> None:
    assert (digest(*a) == digest(*b)) == (a == b)


def test_texts_and_their_bytes_have_one_digest() -> None:
    assert digest("né") == digest("né".encode())


def test_two_keys_and_two_decisions_give_four_rows() -> None:
    decisions = [decision_id(**ABOUT), decision_id(**{**ABOUT, "context_id": "S/Q"})]
    keys = key_digests(["A", "B"], space="universes")
    ids = {row.tobytes() for one in decisions for row in row_ids(as_bytes_matrix([one, one]), keys)}
    assert len(ids) == 4
    assert all(UUID(bytes=one).version == 8 for one in ids)


def test_one_decision_for_many_rows_gives_the_ids_of_a_decision_a_row() -> None:
    decision = as_bytes_matrix([decision_id(**ABOUT)])
    keys = key_digests(["A", "B", "C"], space="orders")
    assert np.array_equal(row_ids(decision[0], keys), row_ids(np.repeat(decision, 3, axis=0), keys))


def test_a_key_has_another_digest_in_another_table() -> None:
    assert not np.array_equal(key_digests(["A"], space="orders"), key_digests(["A"], space="fills"))
    assert key_digests([], space="orders").shape == (0, 16)


def test_texts_and_bytes_of_an_id_go_both_ways() -> None:
    raw = decision_id(**ABOUT)
    assert uuid_bytes(uuid_text(raw)) == raw
    assert uuid_text(raw).replace("-", "").endswith(short_id(raw))


def test_places_of_values_are_minus_one_where_there_are_none() -> None:
    assert positions_of(["B", "X", "A"], ("A", "B")).tolist() == [1, -1, 0]
