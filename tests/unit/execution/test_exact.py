"""Numbers cross the border from float to decimal by their shortest text."""

from decimal import Decimal, Inexact, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prometheus.domain.execution.exact import MONEY, exact, exacts, plain, split_ratio


@given(st.lists(st.floats(min_value=0, allow_infinity=False, allow_nan=False)))
def test_a_float_survives_the_way_there_and_back(values):
    found = exacts(values)
    assert [float(one) for one in found] == values
    assert found == [exact(value) for value in values]
    assert all(one.as_tuple().exponent <= 0 for one in found)


def test_a_config_in_powers_of_ten_is_written_out():
    assert str(plain(Decimal("1e7"))) == "10000000"


def test_money_that_would_be_rounded_is_an_error():
    with localcontext(MONEY), pytest.raises(Inexact):
        Decimal(1) / Decimal(3)


@given(st.integers(1, 50), st.integers(1, 50))
def test_a_ratio_of_small_numbers_is_recognised(new, old):
    assert split_ratio(new / old) * old == new
