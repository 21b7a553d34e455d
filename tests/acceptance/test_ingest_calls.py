"""``prometheus ingest calls``: transcripts, whose day and symbol are in their names."""

import json

import pytest

from prometheus.store.artifacts import Artifacts
from prometheus.store.connections import connect
from prometheus.store.settings import settings_from_environment
from tests.deliveries import shared


@pytest.fixture
def ingest(at_databases, prometheus):
    def call(*words):
        return prometheus("ingest", "calls", *words, "--market", "US_EQ")

    return call


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "calls"
    for name, text in (
        ("20150226_ANSS/text.txt", "We grew.\nThank you.\n"),
        ("20150312_ULTA/text.txt", "Good quarter.\n"),
        ("KO_2015-07-22.txt", "Operator: welcome.\n"),
        ("readme.txt", "not a call\n"),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "20150401_XYZ.txt").write_bytes(b"first\nsecond \xff\n")
    return root


def calls(databases):
    with connect(databases.historical_url) as connection:
        return connection.execute(
            "SELECT issuer_id, call_date::text, transcript_ref, metadata FROM earnings_calls"
            " ORDER BY call_date"
        ).fetchall()


@pytest.mark.parametrize("server", ["embedded", "15"], indirect=True)
def test_transcripts_land_with_their_day_and_issuer_and_twice_adds_nothing(ingest, folder, at_databases):
    found = json.loads(ingest(folder, "--create", "--json").out)
    assert (found["n_rows"], found["n_new"]) == (5, 3)
    assert found["rejected_by_rule"] == {"no_call_in_name": 1, "not_utf8": 1}
    rows = calls(at_databases)
    assert [(row[0], row[1]) for row in rows] == [
        ("US_EQ:ANSS", "2015-02-26"), ("US_EQ:ULTA", "2015-03-12"), ("US_EQ:KO", "2015-07-22"),
    ]  # fmt: skip
    artifacts = Artifacts(settings_from_environment().artifacts_url)
    assert artifacts.get(rows[0][2]) == b"We grew.\nThank you.\n"
    metadata = rows[0][3]
    assert metadata["accepted_at"] == "2015-02-27T04:59:59Z"
    assert metadata["accepted_basis"] == "date"
    assert [row[3]["completeness"] for row in rows] == ["partial", "partial", "unknown"]
    again = json.loads(ingest(folder, "--json").out)
    assert (again["n_new"], again["n_unchanged"]) == (0, 3)
    assert calls(at_databases) == rows


def test_a_symbol_is_whose_it_was_on_the_day_of_the_call(ingest, folder, at_databases, prometheus, tmp_path):
    listings = tmp_path / "listings.csv"
    listings.write_text(
        "symbol,name,instrument_id,issuer_id,first,last\n"
        "KO,Old Kernel Oil,US_EQ:OLDKO,US_EQ:OLDKO,2005-01-03,2010-06-30\n"
        "KO,Coca-Cola,US_EQ:KO,US_EQ:KO,2010-07-01,\n"
    )
    done = prometheus("ingest", "instruments", listings, "--market", "US_EQ")
    assert done.exit_code == 0, done.err
    (folder / "KO_2009-07-22.txt").write_text("We drill.\n")
    ingest(folder, "--create")
    found = {row[1]: row[0] for row in calls(at_databases)}
    assert found["2009-07-22"] == "US_EQ:OLDKO"
    assert found["2015-07-22"] == "US_EQ:KO"


def test_a_single_folder_and_what_the_user_knows_of_it(ingest, folder, at_databases):
    words = (folder / "20150226_ANSS", "--create", "--completeness", "whole")
    assert ingest(*words).exit_code == 0
    assert calls(at_databases)[0][3]["completeness"] == "whole"


def test_the_real_transcripts_go_in_twice(ingest, at_databases):
    real = shared("text/earnings_calls")
    first = json.loads(ingest(real, "--create", "--source", "maec", "--json").out)
    assert (first["n_rows"], first["n_new"], first["n_rejected"]) == (184, 184, 0)
    again = json.loads(ingest(real, "--source", "maec", "--json").out)
    assert (again["n_new"], again["n_unchanged"]) == (0, 184)
    assert {row[3]["completeness"] for row in calls(at_databases)} == {"partial"}
