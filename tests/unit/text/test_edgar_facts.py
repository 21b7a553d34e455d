"""Facts as the SEC publishes them: company facts in JSON, and its Financial Statement Data Sets."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from prometheus.adapters.fundamental_files import fundamental_delivery
from prometheus.kernel.errors import InputFileError

FILED = {"accn": "0000320193-23-000077", "fy": 2023, "fp": "Q3", "form": "10-Q", "filed": "2023-08-04"}
ANNUAL = {"accn": "0000320193-23-000106", "fy": 2023, "fp": "FY", "form": "10-K", "filed": "2023-11-03"}
QUARTER = {"start": "2023-04-02", "end": "2023-07-01"}
YEAR = {"start": "2022-09-25", "end": "2023-09-30"}


def of_unit(unit, *facts):
    return {"label": "", "description": "", "units": {unit: list(facts)}}


APPLE = {
    "cik": 320193,
    "entityName": "Apple Inc.",
    "facts": {
        "dei": {
            "EntityCommonStockSharesOutstanding": of_unit(
                "shares", {"end": "2023-07-21", "val": 15634232000, **FILED}
            )
        },
        "us-gaap": {
            "RevenueFromContractWithCustomerExcludingAssessedTax": of_unit(
                "USD",
                {**QUARTER, "val": 81797000000, **FILED, "frame": "CY2023Q2"},
                {**QUARTER, "val": 1, **FILED, "end": "2023-05-01"},  # one month
                {**YEAR, "val": 383285000000, **ANNUAL},
            ),
            "Assets": of_unit("USD", {"end": "2023-07-01", "val": 335038000000, **FILED}),
            "EarningsPerShareDiluted": of_unit("USD/shares", {**QUARTER, "val": 1.26, **FILED}),
            "AccountsPayableCurrent": of_unit("USD", {"end": "2023-07-01", "val": 46699000000, **FILED}),
        },
    },
}
SUB = (
    "adsh\tcik\tname\tform\tperiod\tfy\tfp\tfiled\taccepted\n"
    "0000320193-23-000077\t320193\tAPPLE INC\t10-Q\t20230630\t2023\tQ3\t20230804\t2023-08-03 18:04:00.0\n"
)
NUM = (
    "adsh\ttag\tversion\tddate\tqtrs\tuom\tsegments\tcoreg\tvalue\tfootnote\n"
    "0000320193-23-000077\tRevenueFromContractWithCustomerExcludingAssessedTax\tus-gaap/2023\t20230630\t1\tUSD\t\t\t"
    "81797000000.0000\t\n"
    "0000320193-23-000077\tRevenueFromContractWithCustomerExcludingAssessedTax\tus-gaap/2023\t20230630\t1\tUSD\t"
    "Geographic=Europe;\t\t20205000000.0000\t\n"
    "0000320193-23-000077\tAssets\tus-gaap/2023\t20230630\t0\tUSD\t\t\t335038000000.0000\t\n"
    "0000320193-23-000077\tEarningsPerShareDiluted\tus-gaap/2023\t20230630\t1\tUSD\t\t\t1.2600\t\n"
    "0000320193-23-000077\tInventoryNet\tus-gaap/2023\t20230630\t0\tUSD\t\t\t\t\n"
)


def taken(*paths: Path):
    return fundamental_delivery(list(paths), zone="America/New_York", currency="USD")


def told(filing):
    return [(fact.name, fact.value, fact.unit, str(fact.end), fact.months) for fact in filing.facts]


def test_company_facts_become_the_filings_that_reported_them(tmp_path):
    path = tmp_path / "CIK0000320193.json"
    path.write_text(json.dumps(APPLE))
    found = taken(path)
    assert (found.n_rows, found.violations.height) == (2, 0)
    quarter, year = found.documents
    assert (quarter.cik, quarter.accession, quarter.filing_type) == ("320193", FILED["accn"], "10-Q")
    assert (quarter.accepted_basis, quarter.filing_date) == ("date", date(2023, 8, 4))
    assert quarter.accepted_at == datetime(2023, 8, 5, 3, 59, 59, tzinfo=UTC)  # the end of the day
    assert quarter.period_of_report == date(2023, 7, 1)
    assert told(quarter) == [
        ("assets", 335038e6, "USD", "2023-07-01", 0),
        ("eps_diluted", 1.26, "USD/shares", "2023-07-01", 3),
        ("revenue", 81797e6, "USD", "2023-07-01", 3),
        ("shares_outstanding", 15634232e3, "shares", "2023-07-21", 0),
    ]
    assert told(year) == [("revenue", 383285e6, "USD", "2023-09-30", 12)]


def test_a_data_set_gives_the_moment_of_acceptance_and_the_whole_issuers_numbers(tmp_path):
    path = tmp_path / "2023q3.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {
            "sub.txt": SUB,
            "num.txt": NUM,
            "tag.txt": "tag\tversion\n",
            "readme.htm": "x",
        }.items():
            archive.writestr(name, text)
    found = taken(path)
    (filing,) = found.documents
    assert (filing.accepted_basis, filing.cik) == ("exact", "320193")
    assert filing.accepted_at == datetime(2023, 8, 3, 22, 4, 59, tzinfo=UTC)
    assert told(filing) == [
        ("assets", 335038e6, "USD", "2023-06-30", 0),
        ("eps_diluted", 1.26, "USD/shares", "2023-06-30", 3),
        ("revenue", 81797e6, "USD", "2023-06-30", 3),
    ]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("CIK0000320193.json", '{"cik": 320193', "CIK0000320193.json is none of EDGAR's company facts"),
        ("CIK1.json", '{"cik": 1e999, "facts": {}}', "CIK1.json is none of EDGAR's company facts"),
        ("CIK1.json", '{"cik": 1, "facts": ' + "[" * 99_999, "CIK1.json is none of EDGAR's company facts"),
        ("CIK1.json", json.dumps(APPLE).replace("335038000000", "1e999"), "CIK1.json .* Assets is inf"),
        ("other.json", '[{"a": 1}]', "other.json is none of EDGAR's company facts"),
        ("num.txt", NUM, "num.txt is no table of fundamentals"),
    ],
)
def test_other_files_are_refused_by_name(name, text, said, tmp_path):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputFileError, match=said):
        taken(path)


def test_a_data_set_that_broke_off_names_its_line(tmp_path):
    for name, text in {"sub.txt": SUB, "num.txt": NUM[:-40]}.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputFileError, match=r"num\.txt row 6"):
        taken(tmp_path)
