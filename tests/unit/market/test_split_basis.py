"""When closes and those stored around them are on two split bases."""

from __future__ import annotations

import polars as pl
import pytest

from prometheus.domain.market.split_basis import instruments_on_another_basis


def end(delivered, stored, delivered_step, stored_step, name="A"):
    return {
        "instrument_id": name,
        "delivered": delivered,
        "stored": stored,
        "delivered_step": delivered_step,
        "stored_step": stored_step,
    }


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([end(393.08, 785.37, 0.508, 1.015)], ["A"]),  # Alphabet of 2013 by a vendor that adjusts for splits
        ([end(87.0, 609.0, 0.143, 1.01), end(129.0, 129.0, 1.01, 1.01)], ["A"]),  # the other end agrees
        ([end(100.0, 100.0, 0.5, 0.5)], []),  # the same close: a split that nobody has named
        ([end(100.0, 200.0, 1.01, 2.02)], []),  # mends a bar that stood out
        ([end(70.0, 100.0, 0.7, 1.0)], []),  # no split's ratio: a crash that was missed
        ([end(50.0, 100.0, 0.5, 1.0), end(50.0, 100.0, 1.0, 0.5)], []),  # a crash to half that was missed
        ([end(101.0, 100.0, 1.01, 1.0)], []),
    ],
)
def test_a_split_ratio_that_no_neighbour_shares_is_another_basis(ends, expected):
    assert instruments_on_another_basis(pl.DataFrame(ends)).to_list() == expected


def test_instruments_are_judged_by_themselves():
    ends = pl.DataFrame([end(50.0, 100.0, 0.5, 1.0, "B"), end(10.0, 10.0, 1.0, 1.0, "A")])
    assert instruments_on_another_basis(ends).to_list() == ["B"]
