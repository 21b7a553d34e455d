"""Files of prices to rows, and what of them could not be read."""

import gzip
import json
import zipfile
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prometheus.adapters import text_tables
from prometheus.adapters.lean_actions import LeanFolders
from prometheus.adapters.price_files import price_delivery
from prometheus.adapters.price_mapping import PriceMapping
from prometheus.adapters.price_tables import PriceTable
from prometheus.domain.market.parsing import parsed_prices
from prometheus.kernel.errors import ConfigError, InputFileError

HEADER = "date,open,high,low,close,volume,symbol"
ROWS = ["2018-02-05,10,12,9,11.5,100,AAA", "2018-02-06,11,12,10,11.25,,AAA", "2018-02-05,20,22,19,21,3,BBB"]
TEXT = "\n".join([HEADER, *ROWS]) + "\n"


@pytest.fixture
def deliver(tmp_path):
    def call(*contents, name="bars.csv", **said):
        paths = []
        for number, content in enumerate(contents):
            path = tmp_path / (name if number == 0 else f"{number}_{name}")
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            paths.append(path)
        return price_delivery(paths, source="vendor", **said)

    return call


def parsed(delivery):
    prices, violations = parsed_prices(delivery.rows)
    assert violations.is_empty()
    return prices


def unread(delivery):
    _, violations = parsed_prices(delivery.rows)
    return pl.concat([violations, delivery.violations])


def faults(delivery):
    return unread(delivery).select("file", "row", "field", "rule").rows()


def test_rows_carry_file_line_and_canonical_names(deliver):
    delivery = deliver(TEXT)
    rows = delivery.rows
    assert rows.columns == [
        "file", "row", "symbol", "trade_date", "open", "high", "low", "close", "volume",
    ]  # fmt: skip
    assert rows.row(1) == ("bars.csv", 3, "AAA", date(2018, 2, 6), "11", "12", "10", "11.25", None)
    (file,) = delivery.files
    assert (file.name, file.n_rows, len(file.sha256)) == ("bars.csv", 3, 64)
    assert delivery.source == "vendor"
    assert delivery.violations.is_empty()


@pytest.mark.parametrize(
    ("delimiter", "called"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "pipe")]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_any_delimiter_line_end_and_byte_order_mark_give_the_same_rows(deliver, delimiter, called, end, mark):
    text = TEXT.replace(",", delimiter).replace("\n", end)
    delivery = deliver(mark + text.encode())
    assert parsed(delivery).equals(parsed(deliver(TEXT)))
    assert f"separated by {called}" in delivery.choice[0]


def test_a_spreadsheets_line_on_the_delimiter_is_heeded_and_counted(deliver):
    delivery = deliver("sep=~\r\n" + TEXT.replace(",", "~"))
    assert delivery.rows["row"].to_list() == [3, 4, 5]
    assert parsed(delivery).drop("row").equals(parsed(deliver(TEXT)).drop("row"))


def test_quotes_blank_lines_and_a_missing_last_line_end_change_nothing(deliver):
    quoted = "\n".join(",".join(f'"{field}"' for field in line.split(",")) for line in [HEADER, *ROWS])
    assert parsed(deliver(quoted)).equals(parsed(deliver(TEXT)))
    blank = deliver("\n" + TEXT.replace("\n2018-02-06", "\n\n\n2018-02-06"))
    assert blank.rows["row"].to_list() == [3, 6, 7]
    assert parsed(deliver(TEXT.rstrip("\n"))).equals(parsed(deliver(TEXT)))
    assert parsed(deliver(TEXT.replace("AAA\n", "AAA,\n"))).equals(parsed(deliver(TEXT)))


def test_columns_come_in_any_order_and_extra_ones_are_left_out_and_said(deliver):
    lines = [f"x,{','.join(reversed(line.split(',')))},{i}" for i, line in enumerate([HEADER, *ROWS])]
    delivery = deliver("\n".join(["vwap" + lines[0][1:-1] + "trades", *lines[1:]]))
    assert parsed(delivery).equals(parsed(deliver(TEXT)))
    assert "left out 'vwap', 'trades'" in delivery.choice[0]
    assert "'close' → close" in delivery.choice[0]


def test_a_piece_is_as_large_as_asked_and_small_files_share_one(deliver):
    delivery = deliver(TEXT, TEXT, TEXT, TEXT, chunk_rows=7)
    assert [chunk.height for chunk in delivery.chunks()] == [6, 6]
    assert [chunk.height for chunk in delivery.chunks()] == [6, 6]  # again, from the beginning
    assert [file.n_rows for file in delivery.files] == [3, 3, 3, 3]


def test_a_large_file_comes_in_pieces_that_hold_a_block_each(deliver):
    n_rows = 2 * text_tables.BLOCK // len(ROWS[0])
    delivery = deliver(HEADER + "\n" + "\n".join([ROWS[0]] * n_rows))
    n_seen = 0
    for chunk in delivery.chunks():
        assert chunk.height * len(ROWS[0]) <= 2 * text_tables.BLOCK
        assert chunk["row"][0] == n_seen + 2
        n_seen += chunk.height
    assert n_seen == n_rows


@settings(max_examples=30, deadline=None)
@given(block=st.integers(1, 400), is_quoted=st.booleans(), has_end=st.booleans())
def test_wherever_blocks_end_the_rows_are_the_same(tmp_path_factory, block, is_quoted, has_end):
    rows = [row.replace("AAA", '"AAA"') if is_quoted else row for row in ROWS * 3]
    path = tmp_path_factory.mktemp("blocks") / "bars.csv"
    path.write_text("\n".join([HEADER, *rows]) + ("\n" if has_end else ""))
    (file,) = text_tables_file(path)
    layout = text_tables.text_layout(file, n_known=len)
    pieces = [rows for rows, _ in text_tables.text_chunks(file, layout, [0, 6], block=block)]
    whole = pl.concat(pieces)
    assert whole["row"].to_list() == list(range(2, 11))
    assert whole["6"].to_list() == ["AAA", "AAA", "BBB"] * 3


def text_tables_file(path):
    from prometheus.adapters.delivered_files import delivered_files

    return delivered_files([path])


def test_parquet_comes_with_its_types_by_row_groups(deliver, tmp_path):
    table = pl.read_csv(TEXT.encode(), try_parse_dates=True).with_columns(
        pl.col("symbol").cast(pl.Categorical)
    )
    path = tmp_path / "bars.parquet"
    table.write_parquet(path, row_group_size=2)
    delivery = price_delivery([path], source="vendor", chunk_rows=2)
    assert [chunk.height for chunk in delivery.chunks()] == [2, 1]
    assert delivery.rows["row"].to_list() == [1, 2, 3]
    assert parsed(delivery).drop("file", "row").equals(parsed(deliver(TEXT)).drop("file", "row"))


def test_dates_of_a_typed_file_may_be_numbers(tmp_path):
    path = tmp_path / "AAA.parquet"
    pl.DataFrame({"date": [20180205, 20180206], "close": [1.0, 2.0]}).write_parquet(path)
    rows = price_delivery([path], source="vendor").rows
    assert rows["trade_date"].to_list() == [date(2018, 2, 5), date(2018, 2, 6)]


def test_text_and_typed_files_beside_each_other_are_one_delivery(deliver, tmp_path):
    pl.read_csv(TEXT.encode(), try_parse_dates=True).write_parquet(tmp_path / "typed.parquet")
    (tmp_path / "text.csv").write_text(TEXT)
    delivery = price_delivery([tmp_path], source="vendor")
    assert len(list(delivery.chunks())) == 2
    prices = parsed(delivery)
    assert (
        prices.filter(file="text.csv")
        .drop("file", "row")
        .equals(prices.filter(file="typed.parquet").drop("file", "row"))
    )


def test_a_file_without_symbols_is_named_after_its_own_in_a_folder_a_zip_and_a_gz(tmp_path):
    text = "Date,Close\n2018-02-05,10\n"
    (tmp_path / "BRK.B_data.csv").write_text(text)
    (tmp_path / "AAA.csv.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("five/CCC_daily.csv", text)
        archive.writestr("five/DDD.CSV", text)
    delivery = price_delivery([tmp_path], source="vendor")
    assert delivery.rows["symbol"].to_list() == ["AAA", "BRK.B", "CCC", "DDD"]
    assert [file.name for file in delivery.files] == [
        "AAA.csv.gz", "BRK.B_data.csv", "all.zip!CCC_daily.csv", "all.zip!DDD.CSV",
    ]  # fmt: skip
    assert delivery.choice[0].startswith("AAA.csv.gz and 3 more: found by headers")


def test_dates_of_another_format_are_read_and_said(deliver):
    text = TEXT.replace("2018-02-05", "05/02/2018").replace("2018-02-06", "13/02/2018")
    delivery = deliver(text)
    assert parsed(delivery)["trade_date"].to_list()[:2] == [date(2018, 2, 5), date(2018, 2, 13)]
    assert "dates %d/%m/%Y" in delivery.choice[0]


def dates_in_blocks(path, block):
    (file,) = text_tables_file(path)
    table = PriceTable(file, None, None, 10, LeanFolders(), block=block)
    pieces = [rows.with_columns(pl.col("trade_date").cast(pl.String)) for rows, _ in table.pieces()]
    assert table.n_read == len(path.read_text().splitlines()) - 1
    return pl.concat(pieces, how="diagonal").sort("row").select("row", "trade_date").rows()


@pytest.mark.parametrize("block", [1, 17, 18, 34, 35, 51, 52, 400])
def test_wherever_blocks_end_two_ways_of_writing_dates_leave_the_ambiguous_ones_open(tmp_path, block):
    path = tmp_path / "AAA.csv"
    days = ("01/13/2015", "01/14/2015", "05/02/2018", "13/02/2018")
    path.write_text("date,close\n" + "".join(f"{day},10.0\n" for day in days))
    read = dict(dates_in_blocks(path, block))
    assert list(read.values()) == ["2015-01-13", "2015-01-14", "05/02/2018", "2018-02-13"]


@pytest.mark.parametrize("block", [1, 20, 60, 400])
def test_a_later_block_says_how_the_dates_of_the_first_are_read(tmp_path, block):
    path = tmp_path / "AAA.csv"
    path.write_text("date,close\n" + "".join(f"{day:02}/02/2018,10.0\n" for day in range(1, 15)))
    assert [text for _, text in dates_in_blocks(path, block)] == [f"2018-02-{day:02}" for day in range(1, 15)]


def test_dates_that_may_be_two_are_set_aside_by_row_and_the_others_are_taken(deliver):
    delivery = deliver(TEXT + "02/03/2018,1,1,1,1,1,CCC\nyesterday,1,1,1,1,1,DDD\n")
    violations = unread(delivery)
    assert violations.select("row", "found", "rule").rows() == [
        (5, "02/03/2018", "ambiguous_date"),
        (6, "yesterday", "unparsable_date"),
    ]
    assert "date_format" in violations["remedy"][0]
    assert delivery.rows["trade_date"].to_list()[:2] == ["2018-02-05", "2018-02-06"]
    kept = delivery.rows.filter(row=5).drop("file", "fault")
    assert kept.rows() == [(5, "CCC", "02/03/2018", "1", "1", "1", "1", "1")]
    assert delivery.files[0].n_rows == 5


def test_rows_beside_dates_that_may_be_two_keep_their_types(deliver):
    first, second = deliver(TEXT + "02/03/2018,1,1,1,1,1,CCC\n").chunks()
    assert first.schema["trade_date"] == pl.Date
    assert "fault" not in first.columns
    assert second["row"].to_list() == [5]


def test_a_line_of_another_width_is_set_aside_by_row_column_and_remedy(deliver):
    bad = "2018-02-06,20,22,19,2\n2018-02-06,1,1,1,1,1,CCC,9\n2018-02-06;1;1;1;1;1;CCC\n"
    delivery = deliver(TEXT + bad)
    assert faults(delivery) == [
        ("bars.csv", 5, "volume", "wrong_number_of_fields"),
        ("bars.csv", 6, "symbol", "wrong_number_of_fields"),
        ("bars.csv", 7, "open", "wrong_number_of_fields"),
    ]
    said = unread(delivery)["remedy"].to_list()
    assert said[0].startswith("The table has 7 columns, this line 5")
    assert said[2].endswith("its delimiter is a semicolon, the header's a comma.")
    assert delivery.rows.filter(pl.col("fault").is_null()).height == 3
    assert delivery.files[0].n_rows == 6


def test_the_fields_of_a_line_of_another_width_are_kept_by_their_places_and_found_whole(deliver):
    long = "2018-02-06,1,1,1,1,1,CCC," + "x" * 100
    delivery = deliver(f"{TEXT}2018-02-06,20,22,19\n{long}\n2018-02-06;1,5;1;1;1;1;CCC\nTotal 3\n")
    kept = delivery.rows.filter(pl.col("fault").is_not_null()).drop("file", "fault")
    assert kept.rows() == [
        (5, None, date(2018, 2, 6), "20", "22", "19", None, None),
        (6, "CCC", date(2018, 2, 6), "1", "1", "1", "1", "1"),
        (7, "CCC", date(2018, 2, 6), "1,5", "1", "1", "1", "1"),
    ]
    said = unread(delivery)
    assert said["found"].to_list() == [
        "2018-02-06,20,22,19", long, "2018-02-06;1,5;1;1;1;1;CCC", "Total 3",
    ]  # fmt: skip
    assert said["row"].to_list() == [5, 6, 7, 8]
    first = next(iter(delivery.chunks()))
    assert first.schema["trade_date"] == pl.Date
    assert first["row"].to_list() == [2, 3, 4]


def test_a_date_in_a_line_of_another_width_says_nothing_about_the_others(deliver):
    delivery = deliver("date,close,symbol\n05/02/2018,10,AAA\n13/02/2018,10\n")
    assert [(row, rule) for _, row, _, rule in faults(delivery)] == [
        (2, "ambiguous_date"),
        (3, "wrong_number_of_fields"),
    ]


def test_a_long_line_does_not_make_up_for_a_short_one(deliver):
    delivery = deliver(TEXT + "2018-02-06,20,22,19,21,3\n2018-02-07,20,22,19,21,3,BBB,1\n")
    assert [row for _, row, _, _ in faults(delivery)] == [5, 6]


REJECTS = "file,line,rule,field,found,remedy,symbol,date,close,volume\n"


def test_lines_of_rejects_that_stand_for_a_file_or_a_line_are_left_out(deliver):
    text = (
        f"{REJECTS}a.csv,1,unreadable_file,(file),a.csv is empty.,Ask again.,,,,\n"
        "b.csv,4,wrong_encoding,close,Nestl\\xe9,Save it as UTF-8.,, ,,\n"
        "b.csv,5,unparsable_number,close,x,Write 1.,AAA,2018-02-05,11,5\n"
        "b.csv,6,missing_close,close,,Leave it out.,AAA,2018-02-06,,5\n"
        ",,,,,,,,,7\n"
    )
    delivery = deliver(text)
    assert delivery.rows.select("row", "symbol", "close").rows() == [
        (4, "AAA", "11"),
        (5, "AAA", None),
        (6, None, None),
    ]
    assert unread(delivery).is_empty()
    assert "lines of rejects that hold no row: 2, left out" in delivery.choice[0]
    assert delivery.files[0].n_rows == 5


def test_a_column_called_rule_in_any_other_file_leaves_nothing_out(deliver):
    delivery = deliver("rule,symbol,date,close\nx,,,\ny,AAA,2018-02-05,1\n")
    assert delivery.rows.height == 2


def test_rejects_of_whole_files_alone_hold_no_row(deliver):
    with pytest.raises(InputFileError, match=r"No row of bars\.csv is taken") as caught:
        _ = deliver(f"{REJECTS}a.csv,1,unreadable_file,(file),a.csv is empty.,Ask again.,,,,\n").rows
    assert "hold no row: 1, left out" in caught.value.remedy


def test_bytes_that_are_not_utf8_cost_their_row_alone(deliver):
    delivery = deliver(TEXT.encode() + "2018-02-07,1,1,1,1,1,Nestlé\n".encode("cp1252"))
    assert faults(delivery) == [("bars.csv", 5, "symbol", "wrong_encoding")]
    assert delivery.violations["found"][0].endswith("Nestl\\xe9")
    assert "cp1252" in delivery.violations["remedy"][0]
    assert delivery.rows.height == 3
    right = deliver(
        TEXT.encode() + "2018-02-07,1,1,1,1,1,Nestlé\n".encode("cp1252"),
        mapping=PriceMapping(encoding="cp1252"),
    )
    assert right.rows["symbol"][3] == "Nestlé"


def test_utf16_is_named_and_read_when_it_is_said(deliver):
    with pytest.raises(InputFileError, match=r"bars\.csv is UTF-16.*encoding = 'utf-16'"):
        _ = deliver(TEXT.encode("utf-16")).rows
    right = deliver(TEXT.encode("utf-16"), mapping=PriceMapping(encoding="utf-16"))
    assert parsed(right).equals(parsed(deliver(TEXT)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"bars\.csv is empty"),
        (b"\n \n", r"bars\.csv has no rows"),
        (HEADER.encode(), r"bars\.csv has no rows"),
        (b"PK\x03\x04\0\0\0", r"bars\.csv is binary, not text: byte 5"),
        (b"day,price\n1,2\n", r"bars\.csv: no column for trade_date and close among 'day', 'price'"),
        (b"date:close\n2018-02-05:1\n", r"no column for trade_date and close among 'date:close'"),
        ("schluß,date\n1,2\n".encode("cp1252"), r"bars\.csv row 1: byte 6 is not UTF-8"),
        (b"date,close\r2018-02-05,1\r", "lines end in CR alone"),
        (b"x" * 70_000, "row 1: the line is longer"),
    ],
)
def test_a_file_that_is_no_table_is_an_error_alone_and_a_violation_beside_others(deliver, content, said):
    with pytest.raises(InputFileError, match=said) as caught:
        _ = deliver(content).rows
    assert caught.value.remedy
    delivery = deliver(TEXT, content)
    assert delivery.rows.height == 3
    (fault,) = delivery.violations.rows(named=True)
    assert (fault["file"], fault["row"]) == ("1_bars.csv", 1)
    assert fault["rule"] in ("unreadable_file", "wrong_header")
    assert fault["remedy"]


def test_a_parquet_file_that_is_none_or_breaks_off_is_an_error(tmp_path):
    path = tmp_path / "bars.parquet"
    path.write_bytes(b"PAR1 nothing")
    with pytest.raises(InputFileError, match=r"bars\.parquet is not the Parquet file its name says"):
        _ = price_delivery([path], source="vendor").rows
    pl.DataFrame({"date": [date(2018, 2, 5)], "close": [[1.0]]}).write_parquet(path)
    with pytest.raises(InputFileError, match=r"bars\.parquet: column 'close' of type List"):
        _ = price_delivery([path], source="vendor").rows


def test_no_readable_file_among_several_is_one_error_that_names_them(deliver):
    with pytest.raises(InputFileError, match=r"None of 2 files can be read\. bars\.csv is empty\. 1_bars"):
        _ = deliver(b"", b"a,b\n1,2\n").rows
    with pytest.raises(InputFileError, match=r"No line of 2 is a row, e\.g\. bars\.csv row 2, open"):
        _ = deliver("date,open,close\n2018-02-05\n2018-02-06\n").rows


def test_a_preset_and_a_mapping_at_once_and_an_unknown_preset_are_refused(deliver):
    with pytest.raises(ConfigError, match="at once"):
        deliver(TEXT, preset="yahoo", mapping=PriceMapping())
    with pytest.raises(ConfigError, match="no preset 'bloomberg'"):
        deliver(TEXT, preset="bloomberg")


def test_what_was_chosen_is_text_that_travels(deliver):
    delivery = deliver(TEXT)
    assert delivery.choice == ()
    assert delivery.rows.height == 3
    assert json.loads(json.dumps(delivery.choice)) == list(delivery.choice)
    assert "dates %Y-%m-%d" in delivery.choice[0]
