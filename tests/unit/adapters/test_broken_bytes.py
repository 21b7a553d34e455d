"""Whatever bytes come, the answer is rows, violations or a named error, never a crash."""

import gzip
import io
import tarfile
import zipfile

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prometheus.adapters.price_files import price_delivery
from prometheus.domain.market.parsing import parsed_prices
from prometheus.kernel.errors import InputFileError

TEXT = "date,open,high,low,close,volume,symbol\n" + "".join(
    f"2018-02-{day:02},10,12,9,11.{day},100,{symbol}\n"
    for day in (5, 6, 7, 8, 9)
    for symbol in ("AAA", "BBB")
)


def as_zip(how):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", how) as archive:
        archive.writestr("A.csv", TEXT)
        archive.writestr("B.csv", TEXT)
    return held.getvalue()


def as_tar(mode):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=mode) as archive:
        info = tarfile.TarInfo("A.csv")
        info.size = len(TEXT)
        archive.addfile(info, io.BytesIO(TEXT.encode()))
    return held.getvalue()


def as_parquet():
    held = io.BytesIO()
    pl.read_csv(TEXT.encode(), try_parse_dates=True).write_parquet(held)
    return held.getvalue()


WHOLE = {
    "bars.csv": TEXT.encode(),
    "bars.zip": as_zip(zipfile.ZIP_DEFLATED),
    "bz2.zip": as_zip(zipfile.ZIP_BZIP2),
    "bars.tar": as_tar("w"),
    "bars.tar.gz": as_tar("w:gz"),
    "bars.csv.gz": gzip.compress(TEXT.encode()),
    "bars.parquet": as_parquet(),
}


@st.composite
def broken(draw, whole):
    """Bytes of a file, some of them changed, left out or put in between, the end perhaps cut off."""
    raw = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(raw) - 1))
        change = draw(st.sampled_from(["set", "cut", "add", "end"]))
        if change == "set":
            raw[place] = draw(st.integers(0, 255))
        elif change == "cut":
            del raw[place : place + draw(st.integers(1, 9))]
        elif change == "add":
            raw[place:place] = draw(
                st.binary(min_size=1, max_size=9) | st.sampled_from([b'"', b"\n", b"\0", b","])
            )
        else:
            del raw[place:]
        if not raw:
            break
    return bytes(raw)


@pytest.mark.parametrize("name", WHOLE)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_bytes_that_are_broken_give_rows_violations_or_a_named_error(name, data, tmp_path_factory):
    path = tmp_path_factory.mktemp("broken") / name
    path.write_bytes(data.draw(broken(WHOLE[name])))
    delivery = price_delivery([path], source="vendor")
    chunks, error = [], None
    try:
        chunks = list(delivery.chunks())
    except InputFileError as raised:
        error = raised
    if error is not None:
        assert error.remedy
        assert name in error.message
        return
    assert sum(parsed_prices(chunk)[0].height for chunk in chunks) > 0
    assert all(chunk["file"].null_count() == chunk["row"].null_count() == 0 for chunk in chunks)
    assert delivery.violations["remedy"].null_count() == 0
    assert delivery.files


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=400), name=st.sampled_from(sorted(WHOLE)))
def test_any_bytes_at_all_beside_a_good_file_leave_it_as_it_is(raw, name, tmp_path_factory):
    folder = tmp_path_factory.mktemp("beside")
    (folder / name).write_bytes(raw)
    (folder / "zzz.csv").write_text(TEXT)
    rows = price_delivery([folder], source="vendor").rows.filter(file="zzz.csv")
    assert rows.height == 10
    assert rows["row"].to_list() == list(range(2, 12))
