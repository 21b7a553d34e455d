"""Two sources of one market: a correction of what another one delivered is said so."""

from __future__ import annotations

import json
from datetime import date

import polars as pl
import pytest

from prometheus.store.connections import connect

BARS = pl.DataFrame(
    {
        "symbol": ["A", "A", "B"],
        "date": [date(2018, 2, 5), date(2018, 2, 6), date(2018, 2, 5)],
        "close": [10.0, 11.0, 20.0],
    }
)


@pytest.fixture
def ingest(at_databases, prometheus, tmp_path):
    def call(bars, source, *words):
        path = tmp_path / f"{source}.csv"
        bars.write_csv(path)
        given = ("--market", "US_EQ", "--create", "--no-derive", "--source", source)
        done = prometheus("ingest", "prices", path, *given, *words)
        assert done.exit_code == 0, done.err
        return done

    return call


def corrected_by(amount, *dates):
    is_one = pl.col("date").is_in(dates) & (pl.col("symbol") == "A")
    return BARS.with_columns(pl.when(is_one).then(pl.col("close") + amount).otherwise("close").alias("close"))


def test_corrections_of_another_source_are_counted_by_it(at_databases, ingest):
    ingest(BARS, "alpha")
    own = json.loads(ingest(corrected_by(0.1, date(2018, 2, 5)), "alpha", "--json").out)
    assert (own["n_corrected"], own["n_corrected_by_source"], own["corrected_example"]) == (1, {}, None)
    other = json.loads(ingest(corrected_by(0.2, date(2018, 2, 5), date(2018, 2, 6)), "beta", "--json").out)
    assert other["n_corrected"] == 2
    assert other["n_corrected_by_source"] == {"alpha": 2}
    assert other["corrected_example"] == "US_EQ:A 2018-02-05"
    with connect(at_databases.runtime_url) as connection:
        said = connection.execute(
            "SELECT proposed_action -> 'n_corrected_by_source' FROM engine_decisions"
            " WHERE engine_name = 'INGEST' ORDER BY timestamp"
        ).fetchall()
    assert [row[0] for row in said] == [{}, {}, {"alpha": 2}]


def test_the_closing_table_names_the_other_source_and_an_example(ingest):
    ingest(BARS, "alpha")
    done = ingest(corrected_by(0.2, date(2018, 2, 6)), "beta")
    assert "from alpha" in done.out
    said = " ".join(done.err.split())
    assert "1 of 1 corrected rows came from another source than beta (alpha 1)" in said
    assert "e.g. US_EQ:A 2018-02-06." in said
    assert "another source" not in ingest(BARS.head(1), "gamma").err  # the same value corrects nothing


def test_two_sources_in_turn_correct_each_other_for_ever(ingest):
    other = corrected_by(0.2, date(2018, 2, 6))
    for bars, source in [(BARS, "alpha"), (other, "beta")] * 2:
        done = ingest(bars, source)
    assert "another source than beta (alpha 1)" in " ".join(done.err.split())
