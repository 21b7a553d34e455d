"""A quotation that never ends costs its own line, wherever it stands, and so does a zero byte."""

import csv
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prometheus.adapters import text_tables
from prometheus.adapters.delimited_lines import LONGEST_RECORD, delimited_lines, records
from prometheus.adapters.delivered_files import delivered_files
from prometheus.adapters.price_files import price_delivery
from prometheus.domain.market.parsing import parsed_prices
from prometheus.kernel.violations import without

HEADER = "date,open,high,low,close,volume,symbol"
N_ROWS = 3_000


def bars(n_rows, slips=()):
    """Lines of a file; ``slips`` are line numbers with what stands there instead."""
    rows = [HEADER, *(f"2018-02-{i % 28 + 1:02},10,12,9,11,{i},S{i // 28}" for i in range(n_rows))]
    for line, text in dict(slips).items():
        rows[line - 1] = text
    return "\n".join(rows) + "\n"


def read(tmp_path, content):
    path = tmp_path / "bars.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    delivery = price_delivery([path], source="vendor")
    parsed = [parsed_prices(chunk) for chunk in delivery.chunks()]
    n_landed = sum(without(prices, unread).height for prices, unread in parsed)
    return delivery, n_landed, pl.concat([*(unread for _, unread in parsed), delivery.violations])


@pytest.mark.parametrize(
    ("slip", "field"),
    [
        ('2018-02-05,10,12,9,11,7,"AAA', "symbol"),
        ('"2018-02-05,10,12,9,11,7,AAA', "date"),
        ('2018-02-05,10,"12,9,11,7,AAA', "high"),
    ],
)
@pytest.mark.parametrize("n_rows", [N_ROWS, 20_000])
def test_an_open_quote_costs_its_line_and_all_rows_after_it_land(tmp_path, slip, field, n_rows):
    delivery, n_landed, faults = read(tmp_path, bars(n_rows, {102: slip}))
    assert n_landed == n_rows - 1
    (fault,) = faults.rows(named=True)
    assert (fault["row"], fault["field"], fault["rule"]) == (102, field, "wrong_number_of_fields")
    assert fault["found"] == slip
    assert "never ends" in fault["remedy"]
    assert delivery.files[0].n_rows == n_rows


def test_two_slips_that_would_make_one_record_swallow_no_row_between_them(tmp_path):
    slips = {102: '2018-02-05,10,"12,9,11,7,AAA', 202: '2018-02-06,10,12",9,11,7,AAA'}
    _, n_landed, faults = read(tmp_path, bars(N_ROWS, slips))
    assert n_landed == N_ROWS - 2
    assert sorted(faults["row"]) == [102, 202]


def test_a_quotation_over_several_lines_is_still_one_record(tmp_path):
    text = bars(5).replace("volume", "note").replace(",2,", ',"first,\nsecond ""line""",')
    delivery, n_landed, faults = read(tmp_path, text)
    assert (n_landed, faults.height) == (5, 0)
    assert delivery.rows["row"].to_list() == [2, 3, 4, 6, 7]


def test_a_zero_byte_costs_its_own_line(tmp_path):
    raw = bars(N_ROWS).encode().split(b"\n")
    raw[101] = raw[101].replace(b"S3", b"S\0")
    delivery, n_landed, faults = read(tmp_path, b"\n".join(raw))
    assert n_landed == N_ROWS - 1
    (fault,) = faults.rows(named=True)
    assert (fault["row"], fault["field"], fault["rule"]) == (102, "symbol", "wrong_encoding")
    assert fault["found"].endswith("S\\0")
    assert "is 0." in fault["remedy"]
    assert delivery.files[0].n_rows == N_ROWS


def test_an_open_quote_reads_on_for_no_longer_than_a_record_may_be():
    lines = iter([(1, 'a,"b\n'), *((n, "x" * 999 + "\n") for n in range(2, 5_000))])
    assert next(records(lines, ",", n_cells=2)) == (1, ["a", '"b'], False)
    assert next(lines)[0] * 1_000 < LONGEST_RECORD + 4_000


FIELDS = st.lists(st.lists(st.text('a",\n \r', max_size=6), min_size=3, max_size=3), min_size=1, max_size=8)


@settings(max_examples=200, deadline=None)
@given(rows=FIELDS)
def test_whatever_is_quoted_well_is_read_as_the_standard_library_writes_it(rows):
    rows = [["h1", "h2", "h3"], *rows]
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    lines = enumerate(io.StringIO(text.getvalue(), newline=""), start=1)
    found = list(records(lines, ",", n_cells=3))
    assert [cells for _, cells, _ in found] == rows
    assert all(is_whole for _, _, is_whole in found)


@settings(max_examples=200, deadline=None)
@given(place=st.integers(2, 11), field=st.integers(0, 6), quoted=st.booleans(), block=st.integers(1, 600))
def test_wherever_a_quote_is_lost_and_blocks_end_the_other_lines_are_rows(
    tmp_path_factory, place, field, quoted, block
):
    lines = bars(10).splitlines()
    if quoted:
        lines = [",".join(f'"{cell}"' for cell in line.split(",")) for line in lines]
    cells = lines[place - 1].split(",")
    cells[field] = '"' + cells[field].strip('"')
    lines[place - 1] = ",".join(cells)
    path = tmp_path_factory.mktemp("lost") / "bars.csv"
    path.write_text("\n".join(lines) + "\n")
    (file,) = delivered_files([path])
    layout = text_tables.text_layout(file, n_known=len)
    pieces = [rows for rows, _ in text_tables.text_chunks(file, layout, [0, 6], block=block)]
    whole = pl.concat(pieces, how="diagonal")
    is_faulty = whole["fault"].is_not_null() if "fault" in whole.columns else whole["row"] == 0
    assert whole["row"].to_list() == list(range(2, 12))
    assert whole.filter(is_faulty)["row"].to_list() == [place]


def test_lines_of_a_text_hold_on_after_a_slip():
    found = list(delimited_lines('a,b\n1,"2\n\n3,4\n5,"6,7"\n', ","))
    assert found == [
        (1, ["a", "b"], True), (2, ["1", '"2'], False), (4, ["3", "4"], True), (5, ["5", "6,7"], True),
    ]  # fmt: skip
