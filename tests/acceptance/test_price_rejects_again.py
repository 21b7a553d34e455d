"""A mended file of rejected prices is read as the delivery was that they come from."""

from __future__ import annotations

import json

import polars as pl
import pytest

from prometheus.store.connections import connect

pytestmark = pytest.mark.parametrize("server", ["embedded"], indirect=True)


@pytest.fixture
def ingest(at_databases, prometheus):
    def call(path, *words):
        words = ("--market", "US_EQ", "--no-derive", "--json", *words)
        done = prometheus("ingest", "prices", path, *words)
        assert done.exit_code == 0, done.err
        return json.loads(done.out)

    return call


@pytest.fixture
def mended(tmp_path):
    def write(report, **columns):
        path = tmp_path / "mended.csv"
        pl.read_csv(report["rejects_file"], infer_schema=False).with_columns(
            pl.col(name).replace(list(words), list(words.values())) for name, words in columns.items()
        ).write_csv(path)
        return path

    return write


def told_of(databases):
    with connect(databases.historical_url) as connection:
        return connection.execute(
            "SELECT trade_date::text, close, metadata -> 'split', metadata -> 'dividend'"
            " FROM prices_daily ORDER BY 1"
        ).fetchall()


def test_a_delivery_silent_on_actions_stays_silent_when_its_rejects_are_mended(
    ingest, mended, tmp_path, at_databases
):
    path = tmp_path / "bars.csv"
    path.write_text("date,symbol,close,split,dividend\n2018-02-05,AAA,10,1,\n2018-02-06,AAA,5,2,0.5\n")
    ingest(path, "--create")
    path.write_text("date,symbol,close\n2018-02-06,AAA,x\n2018-02-07,AAA,5\n")
    report = ingest(path)
    assert (report["n_new"], report["n_rejected"]) == (1, 1)
    again = ingest(mended(report, close={"x": "5.25"}))
    assert (again["n_new"], again["n_rejected"]) == (0, 0)
    assert told_of(at_databases)[1] == ("2018-02-06", 5.25, 2.0, 0.5)


def test_what_each_file_told_is_said_of_each_row(ingest, mended, tmp_path, at_databases):
    folder = tmp_path / "delivery"
    folder.mkdir()
    (folder / "told.csv").write_text("date,symbol,close,split\n2018-02-05,AAA,10,1\n2018-02-06,AAA,x,2\n")
    (folder / "silent.csv").write_text("date,symbol,close\n2018-02-05,BBB,10\n2018-02-06,BBB,x\n")
    report = ingest(folder, "--create")
    rejects = pl.read_csv(report["rejects_file"], infer_schema=False)
    assert sorted(rejects.select("symbol", "told").rows()) == [("AAA", "split"), ("BBB", "none")]
    again = ingest(mended(report, close={"x": "5"}))
    assert (again["n_new"], again["n_rejected"]) == (2, 0)


def test_an_action_that_is_filled_in_counts_though_the_file_had_no_word_for_it(
    ingest, mended, tmp_path, at_databases
):
    path = tmp_path / "bars.csv"
    path.write_text("date,symbol,close\n2018-02-05,AAA,10\n2018-02-06,AAA,x\n")
    report = ingest(path, "--create")
    rejects = pl.read_csv(report["rejects_file"], infer_schema=False)
    path = tmp_path / "filled.csv"
    rejects.with_columns(close=pl.lit("5"), split=pl.lit("2")).write_csv(path)
    assert ingest(path)["n_new"] == 1
    assert told_of(at_databases)[1] == ("2018-02-06", 5.0, 2.0, None)


def test_rejects_of_a_vendor_of_last_symbols_are_found_under_them_again(
    ingest, mended, tmp_path, at_databases, prometheus
):
    listing = tmp_path / "us_2022-12-30.csv"
    spans = "symbol,name,instrument_id,first,last\nFB,Meta,US_EQ:FB,2012-05-18,2022-06-08\n"
    listing.write_text(spans + "META,Meta,US_EQ:FB,2022-06-09,\n")
    done = prometheus("ingest", "instruments", listing, "--market", "US_EQ", "--preset", "listings")
    assert done.exit_code == 0, done.err
    path = tmp_path / "META.csv"
    path.write_text("date,close\n2018-02-05,181\n2018-02-06,x\n2022-06-10,175\n2022-06-13,x\n")
    report = ingest(path, "--symbols", "last")
    assert (report["n_new"], report["n_rejected"]) == (2, 2)
    again = ingest(mended(report, close={"x": "185"}))
    assert (again["n_new"], again["n_rejected"]) == (2, 0), again["rejected_by_rule"]
    assert "symbols are the last ones" in again["choice"][0]
