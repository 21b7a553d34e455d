"""Where rows wait: in memory or on disk, in parts that hold whole instruments."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from prometheus.adapters.price_spool import PriceSpool, kin_of

NAMES = [f"S{i:02d}" for i in range(40)]


def rows(first, last):
    n = last - first
    return pl.DataFrame({"symbol": [NAMES[i % 40] for i in range(first, last)], "close": [float(first)] * n})


def spooled(kin, *, rows_in_memory):
    with PriceSpool(kin, rows_in_memory=rows_in_memory) as spool:
        for first in range(0, 2000, 100):
            spool.add(rows(first, first + 100))
        waiting = [spool.put(part) for part in spool.parts()]
        return spool.is_on_disk, [frame() for frame in waiting]


def test_a_small_delivery_waits_in_memory_as_one_part():
    is_on_disk, parts = spooled({}, rows_in_memory=5000)
    assert (is_on_disk, len(parts)) == (False, 1)


def test_a_large_delivery_comes_back_in_parts_that_share_no_symbol_and_lose_no_row():
    _, (whole,) = spooled({}, rows_in_memory=5000)
    is_on_disk, parts = spooled({}, rows_in_memory=400)
    assert is_on_disk
    assert len(parts) > 1
    assert sum(part["symbol"].n_unique() for part in parts) == 40
    together = pl.concat(parts)
    assert together.sort("symbol", "close").equals(whole.sort("symbol", "close"))


def test_symbols_that_may_be_one_instrument_come_back_together():
    kin = kin_of([("S01", "X"), ("S02", "X"), ("S02", "Y"), ("S03", "Y"), ("S09", "Z")])
    assert kin == {"S02": "S01", "S03": "S01"}
    _, parts = spooled(kin, rows_in_memory=100)
    found = [set(part["symbol"].to_list()) & {"S01", "S02", "S03"} for part in parts]
    assert [names for names in found if names] == [{"S01", "S02", "S03"}]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("UVWXYZ")), max_size=12))
@settings(max_examples=200, deadline=None)
def test_kin_are_exactly_those_that_a_chain_of_instruments_joins(pairs):
    kin = kin_of(pairs)
    groups = {symbol: {symbol} for symbol, _ in pairs}
    for _ in pairs:
        for one, ours in pairs:
            for other, theirs in pairs:
                if ours == theirs:
                    groups[one] |= groups[other]
                    groups[other] |= groups[one]
    for one in groups:
        for other in groups:
            assert (kin.get(one, one) == kin.get(other, other)) == (other in groups[one])


def test_two_spellings_of_a_class_of_shares_come_back_together():
    kin = kin_of([("BRK.B", "X"), ("BRKB", "X"), ("S01", "Y")])
    assert kin == {"BRKB": "BRK.B"}
    spellings = ["BRK.B", "BRK-B", "BRK/B", "BRKB"]
    frame = pl.DataFrame({"symbol": spellings + NAMES, "close": [1.0] * 44})
    for known in (kin, {}):
        with PriceSpool(known, rows_in_memory=10) as spool:
            spool.add(frame)
            found = [
                set(part["symbol"].to_list()) & set(spellings[: 4 if known else 3]) for part in spool.parts()
            ]
        assert [names for names in found if names] == [set(spellings[: 4 if known else 3])]
