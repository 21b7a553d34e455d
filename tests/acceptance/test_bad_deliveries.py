"""Every kind of bad input: the error names file, row, column and remedy, and good rows beside it land."""

import gzip
import io
import json
import tarfile
import zipfile
from dataclasses import dataclass, field

import polars as pl
import pytest

from prometheus.store.connections import connect

HEADER = "date,open,high,low,close,volume,symbol\n"
GOOD = HEADER + "2018-02-05,10,12,9,11,100,AAA\n2018-02-06,11,12,10,11.5,200,AAA\n"
KNOWN_AT = "2018-02-08T23:00Z"


@dataclass(frozen=True)
class Row:
    """A row that is wrong, in a file whose other rows are right."""

    text: str | bytes
    rule: str
    field: str
    remedy: str
    n_rejected: int = 1
    n_landed: int = 2
    row: int = 4
    example_row: int = field(default=0)


ROWS = {
    "wrong encoding": Row(
        "2018-02-07,1,1,1,1,1,NESTLÉ\n".encode("cp1252"), "wrong_encoding", "symbol", "Save it as UTF-8"
    ),
    "dates in two formats": Row(
        "02/07/2018,1,1,1,1,1,AAA\n", "ambiguous_date", "trade_date", "name the date_format in a mapping"
    ),
    "no date": Row("yesterday,1,1,1,1,1,AAA\n", "unparsable_date", "trade_date", "Write dates as"),
    "a date of the future": Row(
        "2018-02-09,1,1,1,1,1,AAA\n", "not_yet", "trade_date", "The delivery became known on 2018-02-08"
    ),
    "not a number": Row("2018-02-07,1,1,1,NaN,1,AAA\n", "not_finite", "close", "Write nothing"),
    "no number": Row("2018-02-07,1,1,1,1.0.0,1,AAA\n", "unparsable_number", "close", "Write numbers as"),
    "decimal comma": Row('2018-02-07,1,1,1,"1,5",1,AAA\n', "unparsable_number", "close", "Write numbers as"),
    "infinite": Row("2018-02-07,1,inf,1,1,1,AAA\n", "not_finite", "high", "Write nothing"),
    "negative price": Row("2018-02-07,1,1,-1,1,1,AAA\n", "not_positive", "low", "Prices are above 0"),
    "negative volume": Row("2018-02-07,1,1,1,1,-1,AAA\n", "negative_volume", "volume", "0 or above"),
    "duplicate with other values": Row(
        "2018-02-06,11,12,10,11.75,200,AAA\n", "contradicting_duplicate", "close", "Leave one row", 2, 1, 4, 3
    ),
    "wrong delimiter": Row(
        "2018-02-07;1;1;1;1;1;AAA\n", "wrong_number_of_fields", "open", "its delimiter is a semicolon"
    ),
    "a line that breaks off": Row("2018-02-07,1,1,1,1.\n", "wrong_number_of_fields", "volume", "breaks off"),
    "a quote that never ends": Row(
        '2018-02-07,1,1,1,1,1,"AAA\n2018-02-05,1,1,1,1,1,BBB\n', "wrong_number_of_fields", "symbol",
        "close it", n_landed=3,
    ),
    "a zero byte": Row(b"2018-02-07,1,1,1,1,1,A\0A\n", "wrong_encoding", "symbol", "Take it out"),
    "no symbol": Row("2018-02-07,1,1,1,1,1,\n", "missing_symbol", "symbol", "Name the instrument"),
}  # fmt: skip


def zipped(text):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("BBB.csv", text)
    return held.getvalue()


def tarred(text):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        info = tarfile.TarInfo("BBB.csv")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text))
    return held.getvalue()


LONG = "".join(f"{number},{number * 7919 % 10007}\n" for number in range(5_000)).encode()
FILES = {
    "empty": ("BBB.csv", b"", "BBB.csv is empty", "Ask for the file again"),
    "only a header": ("BBB.csv", HEADER.encode(), "BBB.csv has no rows", "Ask for the file again"),
    "truncated zip": ("BBB.zip", zipped(LONG)[:-40], "BBB.zip is damaged", "Fetch it again"),
    "truncated tar.gz": ("BBB.tar.gz", tarred(LONG)[:-40], "BBB.tar.gz is damaged", "Fetch it again"),
    "truncated gz": ("BBB.csv.gz", gzip.compress(LONG)[:-40], "BBB.csv.gz is damaged", "Fetch it again"),
    "truncated parquet": ("BBB.parquet", b"PAR1" + bytes(90), "is not the Parquet file", "Fetch it again"),
    "no zip at all": ("BBB.zip", b"<html>not found</html>", "BBB.zip is damaged or not the archive", "Fetch"),
    "encoding": ("BBB.csv", GOOD.encode("utf-16"), "BBB.csv is UTF-16", "encoding = 'utf-16'"),
    "encoding of the header": (
        "BBB.csv", GOOD.replace("volume", "Stück").encode("cp1252"), "BBB.csv row 1: byte 28", "'cp1252'",
    ),
    "wrong header": (
        "BBB.csv", b"day,price\n1,2\n", "BBB.csv: no column for trade_date and close among 'day', 'price'",
        "a mapping file says which is which",
    ),
    "no header": (
        "BBB.csv", b"2018-02-05,11\n2018-02-06,12\n", "among '2018-02-05', '11'", "must name the columns",
    ),
    "unknown delimiter": (
        "BBB.csv", GOOD.replace(",", "~").encode(), "among 'date~open~high~low~close~volume~symbol'",
        "a mapping file says",
    ),
    "binary": ("BBB.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 9, "BBB.csv is binary, not text", "Give CSV"),
    "a workbook": ("BBB.csv", zipped(LONG), "BBB.csv is binary, not text", "save workbooks as CSV"),
}  # fmt: skip


@pytest.fixture
def ingest(at_databases, prometheus):
    def call(*words):
        said = ("--market", "US_EQ", "--create", "--no-derive", "--known-at", KNOWN_AT)
        return prometheus("ingest", "prices", *words, *said)

    return call


@pytest.fixture
def landed(at_databases):
    def count():
        with connect(at_databases.historical_url) as connection:
            return connection.execute("SELECT count(*) FROM prices_daily").fetchone()[0]

    return count


@pytest.mark.parametrize("kind", ROWS)
def test_a_bad_row_is_named_with_column_and_remedy_and_the_good_ones_land(
    kind, ingest, landed, tmp_path, home
):
    bad = ROWS[kind]
    raw = bad.text.encode() if isinstance(bad.text, str) else bad.text
    (tmp_path / "bars.csv").write_bytes(GOOD.encode() + raw)
    done = ingest(tmp_path / "bars.csv")
    assert done.exit_code == 0
    assert f"Warning: {bad.n_rejected} rows were rejected" in done.err
    (line,) = [line for line in done.err.splitlines() if line.strip().startswith("bars.csv row")]
    assert line.strip().startswith(f"bars.csv row {bad.example_row or bad.row}")
    assert f"{bad.rule}" in line
    assert f"{bad.field} = " in line
    assert bad.remedy in line
    assert landed() == bad.n_landed
    (rejects,) = (home / "rejects").iterdir()
    assert str(bad.row) in pl.read_csv(rejects, infer_schema=False).select(pl.nth(1)).to_series().to_list()


@pytest.mark.parametrize("kind", FILES)
def test_a_bad_file_is_an_error_with_a_remedy_alone_and_beside_good_ones_they_land(
    kind, ingest, landed, tmp_path, home
):
    name, raw, said, remedy = FILES[kind]
    folder = tmp_path / "delivery"
    folder.mkdir()
    (folder / name).write_bytes(raw)
    alone = ingest(folder / name)
    assert alone.exit_code == 3
    assert said in alone.err
    assert remedy in alone.err
    assert landed() == 0
    (folder / "AAA.csv").write_text(GOOD)
    beside = ingest(folder)
    assert beside.exit_code == 0
    assert said in beside.err
    assert remedy in beside.err
    assert name in beside.err
    assert landed() == 2
    (rejects,) = (home / "rejects").iterdir()
    assert name in rejects.read_text()


def test_a_file_that_is_not_there_is_an_error(ingest, tmp_path):
    done = ingest(tmp_path / "none.csv")
    assert done.exit_code == 3
    assert "none.csv can't be read: No such file or directory" in done.err
    assert "Check the path" in done.err


def test_everything_wrong_at_once_costs_only_what_is_wrong(ingest, landed, tmp_path):
    folder = tmp_path / "delivery"
    folder.mkdir()
    for number, (name, raw, _, _) in enumerate(FILES.values()):
        (folder / f"{number}_{name}").write_bytes(raw)
    lines = [row.text.encode() if isinstance(row.text, str) else row.text for row in ROWS.values()]
    (folder / "bars.csv").write_bytes(GOOD.encode() + b"".join(lines))
    (folder / "ZZZ.csv").write_text("date,close\n2018-02-05,7\n")
    done = ingest(folder, "--json")
    assert done.exit_code == 0
    report = json.loads(done.out)
    n_bad = sum(row.n_rejected for row in ROWS.values())
    assert report["n_rejected"] == n_bad + len(FILES)
    assert report["n_rows"] == report["n_new"] + n_bad
    assert landed() == 3  # the second row of bars.csv contradicts its duplicate
    again = json.loads(ingest(folder, "--json").out)
    assert (again["n_new"], again["n_corrected"], again["n_unchanged"]) == (0, 0, 3)
