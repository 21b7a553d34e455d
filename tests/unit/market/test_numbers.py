"""Numbers as vendors and spreadsheets write them."""

import polars as pl
import pytest

from prometheus.domain.market.numbers import BLANKS, certain_decimal, is_plain, plain


def read(*texts, name="close"):
    rows = pl.DataFrame({name: texts}, schema={name: pl.String})
    found = plain(rows, [name], certain_decimal(rows, [name]))[name]
    return found.cast(pl.Float64, strict=False).to_list()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (("39,12", "1.040", "1.039,5"), [39.12, 1040.0, 1039.5]),
        (("39.12", "1,040", "1,039.5"), [39.12, 1040.0, 1039.5]),
        (("290.954.000", "1,5"), [290_954_000.0, 1.5]),
        (("$39.12", "-$1,000.5", " $ 7 "), [39.12, -1000.5, 7.0]),
        (("1,039", "1,040"), [None, None]),
        (("39.12", "39,12"), [39.12, None]),
        (("39.12", "1,04", "1,040"), [39.12, None, None]),
        (("1,0400", "12,34,56"), [1.04, None]),
        (("39.12%", "0.5", "1.0.0"), [None, 0.5, None]),
        (("NaN", "inf", "1e3"), None),
    ],
)
def test_a_number_is_read_where_the_file_says_how_and_left_where_it_does_not(given, meant):
    if meant is None:
        assert plain(pl.DataFrame({"a": given}), ["a"], None)["a"].to_list() == list(given)
    else:
        assert read(*given) == meant


def test_what_could_not_be_read_stands_there_as_it_came():
    rows = pl.DataFrame({"close": ["1,039", "39.12%", "x"]})
    assert plain(rows, ["close"], None).equals(rows)


@pytest.mark.parametrize("word", [*BLANKS, "NULL", "N/A", " - "])
def test_words_for_no_value_are_null(word):
    assert read(word, "1.5") == [None, 1.5]


def test_volumes_alone_have_thousands_millions_and_billions():
    assert read("290.95M", "1.2B", "900K", "7", name="volume") == [290_950_000.0, 1.2e9, 900_000.0, 7.0]
    assert read("290.95M", "7") == [None, 7.0]


def test_plain_numbers_are_looked_at_no_further():
    assert is_plain(pl.DataFrame({"a": ["1", " 2.5 ", "", None, "1e3", "-4"]}), ["a"])
    assert not is_plain(pl.DataFrame({"a": ["1", "-"]}), ["a"])
    assert is_plain(pl.DataFrame({"a": ["x"]}), [])
