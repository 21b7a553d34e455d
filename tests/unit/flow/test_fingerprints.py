"""Digests of panels change with every value that is there, and with nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prometheus.flow.batch import Assets
from prometheus.flow.fingerprints import day_digests, window_digest
from prometheus.flow.memberships import index_members
from tests.unit.selection.worlds import assets_named

IDS = ("A", "B", "C")
DATES = np.arange("2013-01-07", "2013-01-13", dtype="datetime64[D]")
NEXT = DATES + 1


def digests(columns: dict[str, np.ndarray], symbols: tuple[str, ...] = IDS) -> list[bytes]:
    return day_digests(
        columns,
        assets_named(symbols),
        DATES[: len(columns["close"])],
        following=NEXT[: len(columns["close"])],
    )


def prices() -> dict[str, np.ndarray]:
    draws = np.random.default_rng(3)
    close = draws.uniform(1.0, 9.0, (6, 3))
    close[2, 1] = np.nan
    return {
        "close": close,
        "volume": draws.uniform(1.0, 9.0, (6, 3)) * np.where(np.isnan(close), np.nan, 1.0),
    }


def test_a_new_instrument_without_rows_changes_no_day() -> None:
    known = prices()
    wider = {name: np.insert(values, 1, np.nan, axis=1) for name, values in known.items()}
    assert digests(wider, ("A", "AA", "B", "C")) == digests(known)


def test_a_new_instrument_changes_only_the_days_on_which_it_has_a_row() -> None:
    known = prices()
    wider = {name: np.insert(values, 3, np.nan, axis=1) for name, values in known.items()}
    wider["close"][4, 3] = 7.0
    before, after = digests(known), digests(wider, (*IDS, "D"))
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, True, True, False, True]


@given(st.integers(0, 5), st.integers(0, 2), st.sampled_from(["close", "volume"]))
def test_the_last_bit_of_any_value_changes_its_day_alone(day: int, asset: int, column: str) -> None:
    known, other = prices(), prices()
    if np.isnan(known[column][day, asset]):
        return
    other[column][day, asset] = np.nextafter(other[column][day, asset], np.inf)
    before, after = digests(known), digests(other)
    assert [i for i in range(6) if before[i] != after[i]] == [day]


def test_the_same_values_under_other_ids_or_names_are_other_content() -> None:
    known = prices()
    assert digests(known) != digests(known, ("A", "B", "D"))
    renamed = {"close": known["close"], "open": known["volume"]}
    assert digests(known) != digests(renamed)


def test_values_that_swap_their_instruments_are_other_content() -> None:
    known = prices()
    swapped = {name: values[:, [1, 0, 2]] for name, values in known.items()}
    before, after = digests(known), digests(swapped)
    assert all(a != b for a, b in zip(before, after, strict=True))


def test_every_nan_is_one_and_both_zeros_are_one() -> None:
    odd = np.frombuffer(np.uint64(0xFFF8000000000123).tobytes(), dtype=np.float64)[0]
    plain = {"close": np.array([[0.0, 1.0]]), "volume": np.array([[np.nan, 2.0]])}
    other = {"close": np.array([[-0.0, 1.0]]), "volume": np.array([[odd, 2.0]])}
    assert digests(plain, ("A", "B")) == digests(other, ("A", "B"))


@pytest.mark.parametrize("field", ["symbols", "issuers", "sectors", "asset_classes", "currencies"])
def test_what_the_reference_tables_say_of_an_instrument_with_a_row_is_content(field: str) -> None:
    assets = assets_named(IDS)
    other: Assets = replace(assets, **{field: ("X", "Y", "Z")})
    assert (
        day_digests(prices(), assets, DATES, following=NEXT)[0]
        != day_digests(prices(), other, DATES, following=NEXT)[0]
    )


def test_a_delisting_changes_no_day_before_the_one_that_orders_its_sale() -> None:
    assets = assets_named(IDS)
    delisted = np.array(["NaT", DATES[4], "NaT"], dtype="datetime64[D]")
    before = day_digests(prices(), assets, DATES, following=NEXT)
    after = day_digests(prices(), replace(assets, delisted=delisted), DATES, following=NEXT)
    assert [a == b for a, b in zip(before, after, strict=True)] == [True] * 3 + [False] * 3


def test_a_delisting_after_the_last_row_is_told_from_the_session_before_it() -> None:
    assets = assets_named(IDS)
    values = prices()
    for column in values.values():
        column[3:, 1] = np.nan
    delisted = np.array(["NaT", DATES[4], "NaT"], dtype="datetime64[D]")
    before = day_digests(values, assets, DATES, following=NEXT)
    after = day_digests(values, replace(assets, delisted=delisted), DATES, following=NEXT)
    assert [a == b for a, b in zip(before, after, strict=True)] == [True] * 3 + [False] * 3
    alone = {name: column[4:] for name, column in values.items()}
    assert day_digests(alone, replace(assets, delisted=delisted), DATES[4:], following=NEXT[4:]) == after[4:]


@pytest.mark.parametrize("changed", list(range(5)))
def test_a_window_depends_on_its_own_days_alone(changed: int) -> None:
    days = [bytes([i] * 16) for i in range(5)]
    other = [*days[:changed], b"\xff" * 16, *days[changed + 1 :]]
    is_same = window_digest(days, 1, 3) == window_digest(other, 1, 3)
    assert is_same == (changed in (0, 4))


def test_a_membership_that_changes_later_changes_no_day_before() -> None:
    assets = replace(assets_named(IDS), members=index_members([(0, "SP500", "2001-01-02", None)]))
    left = replace(assets, members=index_members([(0, "SP500", "2001-01-02", str(DATES[3]))]))
    before = day_digests(prices(), assets, DATES, following=NEXT)
    after = day_digests(prices(), left, DATES, following=NEXT)
    assert [a == b for a, b in zip(before, after, strict=True)] == [True] * 4 + [False] * 2


def test_a_membership_that_changes_after_the_last_row_is_told() -> None:
    values = prices()
    for column in values.values():
        column[2:, 0] = np.nan
    assets = replace(assets_named(IDS), members=index_members([(0, "SP500", "2001-01-02", None)]))
    left = replace(assets, members=index_members([(0, "SP500", "2001-01-02", str(DATES[3]))]))
    before = day_digests(values, assets, DATES, following=NEXT)
    after = day_digests(values, left, DATES, following=NEXT)
    assert [a == b for a, b in zip(before, after, strict=True)] == [True] * 4 + [False] * 2
    alone = {name: column[5:] for name, column in values.items()}
    assert day_digests(alone, left, DATES[5:], following=NEXT[5:]) == after[5:]


def test_memberships_of_chosen_instruments_stay_theirs() -> None:
    spans = [
        (0, "SP500", None, "2013-01-08"),
        (2, "SP500", "2013-01-09", None),
        (2, "SP500", None, "2010-01-04"),
    ]
    assets = replace(assets_named(IDS), members=index_members(spans))
    chosen = assets.chosen(assets.ids[1:])
    whole, part = (a.members["SP500"].at(DATES, len(a)) for a in (assets, chosen))
    assert np.array_equal(whole[:, 1:], part)
    assert whole[:, 2].tolist() == [False, False, True, True, True, True]
