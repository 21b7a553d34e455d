"""What was known of the reference facts when: corrections keep the past, and runs as of a moment read it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from prometheus.domain.selection.universes import members_of
from prometheus.kernel.errors import UnknownInstrumentError
from prometheus.store.assets import read_assets
from prometheus.store.connections import connect
from tests.deliveries import shared


@pytest.fixture
def tell(prometheus, tmp_path):
    def call(name, text, *words):
        path = tmp_path / name
        path.write_text(text)
        done = prometheus("ingest", "instruments", path, "--market", "US_EQ", *words, "--json")
        assert done.exit_code == 0, done.err
        return json.loads(done.out)

    return call


def assets_at(databases, moment):
    known_at = None if moment is None else datetime.fromisoformat(moment).replace(tzinfo=UTC)
    with connect(databases.runtime_url) as connection:
        return read_assets(connection, market_id="US_EQ", known_at=known_at)


def members_at(databases, day, moment=None, index="TEN"):
    assets = assets_at(databases, moment)
    members = members_of(index, np.array([day], dtype="datetime64[D]"), assets)
    return {assets.symbols[i] for i in np.flatnonzero(members[0])}


def test_members_that_are_told_later_are_not_those_of_an_earlier_moment(at_databases, tell):
    early = "ticker,start_date,end_date\nAAA,2010-01-04,\nBBB,2010-01-04,\n"
    late = "ticker,start_date,end_date\nAAA,2010-01-04,2013-04-15\nBBB,2010-01-04,\nCCC,2012-01-03,\n"
    words = ("--index", "TEN", "--as-of", "2013-12-31")
    tell("spans.csv", early, *words, "--known-at", "2014-01-02T12:00:00Z")
    tell("spans.csv", late, *words, "--known-at", "2015-01-02T12:00:00Z")
    for moment in ("2014-01-02T12:00:00", "2015-01-02T11:59:59"):
        assert members_at(at_databases, "2013-05-01", moment) == {"AAA", "BBB"}
    for moment in ("2015-01-02T12:00:00", None):
        assert members_at(at_databases, "2013-05-01", moment) == {"BBB", "CCC"}
    with pytest.raises(UnknownInstrumentError, match="known indices: none"):
        members_at(at_databases, "2013-05-01", "2014-01-02T11:59:59")


def test_a_file_of_the_past_that_comes_today_was_not_known_then(at_databases, tell):
    text = "ticker,start_date,end_date\nAAA,2010-01-04,\n"
    tell("spans.csv", text, "--index", "TEN", "--as-of", "2013-12-31")
    assert members_at(at_databases, "2013-05-01") == {"AAA"}
    with pytest.raises(UnknownInstrumentError):
        members_at(at_databases, "2013-05-01", "2020-01-02T00:00:00")


def test_a_sector_and_the_end_of_a_listing_that_change_keep_what_was_known(at_databases, tell):
    told = (
        ("2016-01-04", "Energy", ""),
        ("2018-01-08", "Utilities", ""),
        ("2019-06-03", "Utilities", "2019-05-01"),
    )
    files = [
        (
            f"own_{day}.csv",
            f"symbol,name,sector,delisted\nAAA,Alpha,{sector},{delisted}\n",
            f"{day}T18:00:00Z",
        )
        for day, sector, delisted in told
    ]
    for name, text, moment in files:
        tell(name, text, "--known-at", moment)
    found = [assets_at(at_databases, f"{day}T{hour}:00:00") for day, *_ in told for hour in ("17", "18")]
    assert [one.sectors[0] for one in found] == ["", "Energy", "Energy", *["Utilities"] * 3]
    assert [str(one.delisted[0]) for one in found] == [*["NaT"] * 5, "2019-05-01"]
    with connect(at_databases.runtime_url) as connection:
        stated, revisions = connection.execute(
            "SELECT metadata #> '{stated,sector}', metadata -> 'revisions' FROM issuers"
        ).fetchone()
    assert [(one["value"], one["as_of"]) for one in stated] == [
        ("Energy", "2016-01-04"), ("Utilities", "2018-01-08"), ("Utilities", "2019-06-03"),
    ]  # fmt: skip
    assert [(one["sector"], one["until"][:10]) for one in revisions] == [
        (None, "2016-01-04"), ("Energy", "2018-01-08"),
    ]  # fmt: skip
    for name, text, moment in files:
        assert sum(tell(name, text, "--known-at", moment)["written"].values()) == 0


def test_what_is_backfilled_is_known_from_the_last_change_on(at_databases, tell):
    tell("own_2016-01-04.csv", "symbol,sector\nAAA,Utilities\n", "--known-at", "2018-01-08T18:00:00Z")
    tell("own_2016-06-01.csv", "symbol,sector\nAAA,Energy\n", "--known-at", "2017-01-01T00:00:00Z")
    sectors = [assets_at(at_databases, f"{day}T00:00:00").sectors[0] for day in ("2017-06-01", "2018-01-09")]
    assert sectors == ["", "Energy"]


@pytest.mark.parametrize("as_lists", [False, True])
def test_the_universe_of_a_day_has_the_members_of_that_day(at_databases, prometheus, tmp_path, as_lists):
    """Compare with the file itself, read by pandas: as spans, and as the lists that they came from."""
    path = shared("reference/fja05680_sp500_ticker_start_end.csv")
    spans = pd.read_csv(
        path, parse_dates=["start_date", "end_date"], keep_default_na=False, na_values={"end_date": ""}
    )
    spans["start_date"] = pd.to_datetime(spans["start_date"])
    days = pd.to_datetime(["1996-01-02", "2005-03-01", "2013-06-28", "2018-02-07", "2024-01-02"])
    expected = {
        day: set(spans[(spans.start_date <= day) & (spans.end_date.isna() | (day < spans.end_date))].ticker)
        for day in days
    }
    assert len(expected[days[2]]) == 497
    if as_lists:
        changes = sorted({*spans.start_date, *spans.end_date.dropna()})
        rows = [
            (day.date(), ",".join(spans[(spans.start_date <= day) & ~(spans.end_date <= day)].ticker))
            for day in changes
        ]
        path = tmp_path / "S&P 500 Historical Components & Changes(Updated).csv"
        pd.DataFrame(rows, columns=["date", "tickers"]).to_csv(path, index=False)
    done = prometheus("ingest", "instruments", path, "--market", "US_EQ", "--json")
    assert done.exit_code == 0, done.err
    assert json.loads(done.out)["n_rejected"] == 0
    for day, symbols in expected.items():
        assert members_at(at_databases, str(day.date()), index="SP500") == symbols
