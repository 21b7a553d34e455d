"""Tables of reference files: a line that can't be read costs itself and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from prometheus.adapters.delivered_files import delivered_files
from prometheus.adapters.reference_files.shapes import kind_of
from prometheus.adapters.reference_files.tables import table_of
from prometheus.kernel.errors import InputFileError

ROWS = ["symbol,name,sector", "AAA,Alpha,Energy", "BBB,Beta,Energy", "CCC,Gamma,Energy"]
WHOLE = {"AAA": "Alpha", "BBB": "Beta", "CCC": "Gamma"}


@pytest.fixture
def table(tmp_path: Path):
    def read(text: str, name: str = "table.csv"):
        (tmp_path / name).write_text(text, newline="")
        (file,) = delivered_files([tmp_path / name])
        return table_of(file)

    return read


def names(found):
    return {texts[0]: texts[1] for _, texts in found.rows}


def broken(found):
    return found.violations.select("row", "field", "rule").rows()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("line", "field", "rule"),
    [
        ('XXX,"Open,Energy', "name", "broken_quotes"),
        ('"XXX,Open,Energy', "symbol", "broken_quotes"),
        ('XXX,"Open"ed,Energy', "name", "broken_quotes"),
        ('XXX,Open,"Energy', "sector", "broken_quotes"),
        ("XXX,Op\0en,Energy", "name", "wrong_encoding"),
        ("\0", "symbol", "wrong_encoding"),
        ("XXX,Open", "row", "wrong_number_of_fields"),
    ],
)
@pytest.mark.parametrize("place", [1, 2, 3, 4])
def test_a_bad_line_costs_itself_wherever_it_stands(table, line, field, rule, place, end):
    found = table(end.join([*ROWS[:place], line, *ROWS[place:]]) + end)
    assert (names(found), broken(found)) == (WHOLE, [(place + 1, field, rule)])


def test_rows_between_two_open_quotes_are_not_swallowed(table):
    found = table("\n".join([*ROWS[:2], 'XXX,"X,Energy', ROWS[2], 'YYY,Y,Energy"', *ROWS[3:]]) + "\n")
    assert names(found) == {**WHOLE, "YYY": "Y"}
    assert broken(found) == [(3, "name", "broken_quotes")]


def test_a_line_of_a_quotation_may_have_as_many_fields_as_a_row(table):
    address = 'DDD,Delta,"1 Main Street\nCupertino, CA, USA\nEarth"'
    found = table("\n".join([*ROWS[:2], address, *ROWS[2:]]) + "\n")
    assert names(found) == {**WHOLE, "DDD": "Delta"}
    assert broken(found) == []


@pytest.mark.parametrize(
    "text",
    [
        "Price,Close,Close\nTicker,AAPL,MSFT\nDate,,\n2018-02-05,39.1,88.1\n2018-02-06,40.1,89.1\n",
        "Ticker,AAPL,MSFT\n2018-02-05,39.1,88.1\n2018-02-06 00:00:00,40.1,89.1\n",
    ],
)
def test_dates_are_no_symbols(table, text, tmp_path):
    found = table(text)
    (file,) = delivered_files([tmp_path / "table.csv"])
    with pytest.raises(InputFileError, match="stand dates, as in tables of prices side by side"):
        kind_of(file, found, None)


@pytest.mark.parametrize("text", ['""\n', '"",""\n'])
def test_a_table_of_quotes_alone_has_no_rows(table, text):
    with pytest.raises(InputFileError, match="has no rows"):
        table(text)


def test_quotations_may_go_over_lines_in_headers_rows_and_notes(table):
    text = (
        '"Fund of all","Sep 30, 2024"\n\n"symbol","full\nname","sector"\nAAA,"Alpha\nInc.",Energy\n'
        'BBB,"Beta,Energy\nCCC,"Gamma, Inc.",Energy\n\n'
        '"The content is, of course, not ours.\n\nIt is, as ever,\nof others."\n'
    )
    found = table(text)
    assert found.headers == ("symbol", "full\nname", "sector")
    assert [cells[:2] for _, cells in found.rows] == [("AAA", "Alpha\nInc."), ("CCC", "Gamma, Inc.")]
    assert broken(found) == [(7, "full\nname", "broken_quotes")]
    assert found.left_out == {"footnote": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sym\0bol,name\nAAA,Alpha\n", "is binary"),
        ('"symbol,name\nAAA,Alpha\n', "line 1, which names the columns, can't be read"),
        ("Holdings as of 2024-09-30\nsym\0bol,name\nAAA,Alpha\n", "line 2, which names the columns"),
        ('"symbol,name', "line 1, which names the columns, can't be read"),
    ],
)
def test_a_file_whose_header_cannot_be_read_is_refused(table, text, said):
    with pytest.raises(InputFileError, match=said):
        table(text)
