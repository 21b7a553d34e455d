"""``prometheus ingest filings``: texts and HTML with what an index, a header or a cover says of them."""

import gzip
import json

import pytest

from prometheus.store.artifacts import Artifacts
from prometheus.store.connections import connect
from prometheus.store.settings import settings_from_environment
from tests.deliveries import shared

ONE, TWO = "0000000001-24-000001", "0000000002-24-000002"
INDEX = (
    "form,ticker,accession,period_end,accepted_at,file,pages\n"
    f"10-K,ACME,{ONE},2023-12-31,2024-02-20T16:31:02-05:00,acme.txt.gz,90\n"
)
SUBMISSION = f"""<SEC-DOCUMENT>{TWO}.txt : 20240802
<SEC-HEADER>{TWO}.hdr.sgml : 20240802
<ACCEPTANCE-DATETIME>20240801180127
ACCESSION NUMBER:		{TWO}
CONFORMED SUBMISSION TYPE:	10-Q
CONFORMED PERIOD OF REPORT:	20240630
FILED AS OF DATE:		20240802
	CENTRAL INDEX KEY:			0000000002
</SEC-HEADER>
<DOCUMENT>
<TYPE>10-Q
<TEXT>
<html><body><p>Second quarter of Beta.</p></body></html>
</TEXT>
</DOCUMENT>
<DOCUMENT>
<TYPE>EX-31
<TEXT>
I certify.
</TEXT>
</DOCUMENT>
"""


@pytest.fixture
def ingest(at_databases, prometheus):
    def call(*words):
        return prometheus("ingest", "filings", *words, "--market", "US_EQ")

    return call


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "filings"
    root.mkdir()
    (root / "index.csv").write_text(INDEX)
    with gzip.open(root / "acme.txt.gz", "wb") as file:
        file.write(b"Annual report of Acme.\n")
    return root


def filings(databases):
    with connect(databases.historical_url) as connection:
        return connection.execute(
            "SELECT issuer_id, filing_type, filing_date::text, text_ref, metadata FROM filings"
            " ORDER BY filing_date, filing_id"
        ).fetchall()


@pytest.mark.parametrize("server", ["embedded", "15"], indirect=True)
def test_a_text_lands_with_what_the_index_says_and_twice_adds_nothing(ingest, folder, at_databases):
    found = json.loads(ingest(folder, "--create", "--json").out)
    assert (found["n_rows"], found["n_new"], found["n_rejected"]) == (1, 1, 0)
    ((issuer, form, filed, text_ref, metadata),) = filings(at_databases)
    assert (issuer, form, filed) == ("US_EQ:ACME", "10-K", "2024-02-20")
    artifacts = Artifacts(settings_from_environment().artifacts_url)
    assert artifacts.get(text_ref) == b"Annual report of Acme.\n"
    assert metadata["accession"] == ONE
    assert metadata["accepted_at"] == "2024-02-20T21:31:02Z"
    assert metadata["accepted_basis"] == "exact"
    assert metadata["period_of_report"] == "2023-12-31"
    again = json.loads(ingest(folder, "--json").out)
    assert (again["n_new"], again["n_unchanged"], again["is_recorded"]) == (0, 1, False)
    assert len(filings(at_databases)) == 1


def test_a_full_submission_of_edgar_says_all_itself(ingest, folder, at_databases, prometheus, tmp_path):
    listings = tmp_path / "listings.csv"
    listings.write_text("symbol,name,cik\nBETA,Beta,0000000002\n")
    assert prometheus("ingest", "instruments", listings, "--market", "US_EQ").exit_code == 0
    path = tmp_path / "beta.txt"
    path.write_text(SUBMISSION)
    done = ingest(path)
    assert done.exit_code == 0, done.err
    ((issuer, form, filed, text_ref, metadata),) = filings(at_databases)
    assert (issuer, form, filed) == ("US_EQ:BETA", "10-Q", "2024-08-02")
    assert metadata["accepted_at"] == "2024-08-01T22:01:27Z"  # 18:01:27 in New York
    assert metadata["accepted_basis"] == "exact"
    artifacts = Artifacts(settings_from_environment().artifacts_url)
    assert artifacts.get(text_ref) == b"Second quarter of Beta.\n"
    assert artifacts.get(metadata["original_ref"]) == SUBMISSION.encode()


@pytest.mark.parametrize(
    ("column", "value", "basis", "accepted_at"),
    [
        ("filing_date", "2024-02-20", "date", "2024-02-21T04:59:59Z"),
        ("approx_filing_date", "2024-02-20", "estimated", "2024-02-21T04:59:59Z"),
    ],
)
def test_a_date_counts_from_its_end_and_a_guess_is_marked(
    ingest, folder, at_databases, column, value, basis, accepted_at
):
    (folder / "index.csv").write_text(
        INDEX.replace("accepted_at", column).replace("2024-02-20T16:31:02-05:00", value)
    )
    assert ingest(folder, "--create").exit_code == 0
    metadata = filings(at_databases)[0][4]
    assert (metadata["accepted_basis"], metadata["accepted_at"]) == (basis, accepted_at)


def test_good_filings_beside_bad_ones_land(ingest, folder, at_databases):
    (folder / "index.csv").write_text(
        INDEX
        + f"10-K,GONE,{TWO},2023-12-31,2024-02-20T16:31:02-05:00,gone.txt,1\n"
        + "10-K,LATE,0000000003-24-000003,2023-12-31,2024-02-20 16:31,late.txt,1\n"
        + "10-K,SOON,0000000004-24-000004,2024-12-31,2024-02-20T16:31:02Z,soon.txt,1\n"
    )
    (folder / "late.txt").write_text("late")
    (folder / "soon.txt").write_text("soon")
    (folder / "stray.txt").write_text("nobody's")
    (folder / "bad.csv").write_text("a,b\n1,2\n")
    found = json.loads(ingest(folder, "--create", "--json").out)
    assert found["n_new"] == 1
    assert found["rejected_by_rule"] == {
        "filed_before_period_end": 1, "no_form": 1, "no_such_file": 1, "unparsable_time": 1,
        "unreadable_file": 1,
    }  # fmt: skip


def test_a_symbol_that_is_anothers_than_the_cik_is_refused(
    ingest, folder, at_databases, prometheus, tmp_path
):
    listings = tmp_path / "listings.csv"
    listings.write_text("symbol,name,cik\nACME,Acme,0000000001\nBETA,Beta,0000000002\n")
    prometheus("ingest", "instruments", listings, "--market", "US_EQ")
    (folder / "index.csv").write_text(INDEX.replace("pages", "cik").replace(",90", ",2"))
    refused = ingest(folder)
    assert refused.exit_code == 3
    assert "issuer_contradicted" in refused.err
    assert filings(at_databases) == []


def test_the_real_filings_go_in_twice_and_inline_xbrl_gives_facts(ingest, at_databases):
    real = shared("text/filings")
    first = json.loads(ingest(real, "--create", "--source", "edgar", "--json").out)
    assert (first["n_rows"], first["n_new"], first["n_rejected"]) == (32, 32, 0)
    again = json.loads(ingest(real, "--source", "edgar", "--json").out)
    assert (again["n_new"], again["n_unchanged"]) == (0, 32)
    with_facts = {row[4]["accession"]: row[4] for row in filings(at_databases) if "facts" in row[4]}
    assert set(with_facts) == {"0000021344-24-000009", "0000320193-23-000077"}
    # Their dates are guesses of whoever made the index: marked, so that nothing that looks back reads them.
    assert {metadata["accepted_basis"] for metadata in with_facts.values()} == {"estimated"}
    facts = {
        (one["name"], one["end"], one["months"]): one["value"]
        for one in with_facts["0000320193-23-000077"]["facts"]
    }
    # Apple Inc., Form 10-Q for the quarter ended 1 July 2023.
    assert facts["revenue", "2023-07-01", 3] == 81_797e6
    assert facts["net_income", "2023-07-01", 9] == 74_039e6
    assert facts["assets", "2023-07-01", 0] == 335_038e6
    assert facts["eps_diluted", "2023-07-01", 3] == 1.26
