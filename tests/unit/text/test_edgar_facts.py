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


OTHER = "0000789019-23-000050"
TWO_SUB = SUB + f"{OTHER}\t789019\tMICROSOFT\t10-Q\t20230630\t2023\tQ4\t20230727\t2023-07-27 16:05:00.0\n"
TWO_NUM = NUM + f"{OTHER}\tAssets\tus-gaap/2023\t20230630\t0\tUSD\t\t\t411976000000.0000\t\n"


def of_set(folder: Path, sub: str | bytes, num: str | bytes):
    folder.mkdir(exist_ok=True)
    for name, text in {"sub.txt": sub, "num.txt": num}.items():
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    found = taken(folder)
    said = found.violations.select("file", "row", "symbol", "field", "rule").rows()
    return found, {f.cik: {fact.name: fact.value for fact in f.facts} for f in found.documents}, said


def test_a_data_set_that_broke_off_names_its_line_and_keeps_the_others(tmp_path):
    found, facts, said = of_set(tmp_path, SUB, NUM[:-40])
    assert facts == {"320193": {"assets": 335038e6, "eps_diluted": 1.26, "revenue": 81797e6}}
    assert said == [("num.txt", 6, "CIK 320193", "version", "wrong_number_of_fields")]
    assert found.n_rows == 2


@pytest.mark.parametrize(
    ("was", "broken", "field", "rule"),
    [
        ("\t335038000000.0000\t", "\t33503800000o\t", "value", "unparsable_number"),
        ("\t335038000000.0000\t", "\tinf\t", "value", "unparsable_number"),
        ("\t20230630\t0\tUSD\t\t\t335", "\t20230631\t0\tUSD\t\t\t335", "ddate", "unparsable_date"),
        ("\t20230630\t0\tUSD\t\t\t335", "\t2023630\t0\tUSD\t\t\t335", "ddate", "unparsable_date"),
        ("\t0\tUSD\t\t\t335", "\tq\tUSD\t\t\t335", "qtrs", "unparsable_number"),
        ("77\tAssets\t", "77\tAss\0ets\t", "tag", "wrong_encoding"),
        ("\t\t335038000000.0000\t", "\t335038000000.0000\t", "footnote", "wrong_number_of_fields"),
        ("\t335038000000.0000\t", "\t335038000000.0000\t\t\t", "footnote", "wrong_number_of_fields"),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_read_costs_its_line_alone(tmp_path, was, broken, field, rule):
    assert TWO_NUM.count(was) == 1
    found, facts, said = of_set(tmp_path, TWO_SUB, TWO_NUM.replace(was, broken))
    assert facts == {"320193": {"eps_diluted": 1.26, "revenue": 81797e6}, "789019": {"assets": 411976e6}}
    assert said == [("num.txt", 4, "CIK 320193", field, rule)]
    assert found.n_rows == 3  # two filings and the line


@pytest.mark.parametrize(
    ("was", "broken", "field", "rule"),
    [
        ("\t20230804\t", "\t4 August\t", "filed", "unparsable_date"),
        ("\t20230804\t", "\t\t", "filed", "unparsable_date"),
        ("\t20230630\t2023\tQ3", "\t20230631\t2023\tQ3", "period", "unparsable_date"),
        ("\t320193\t", "\tCIK320193\t", "cik", "unparsable_number"),
        ("\t10-Q\t20230630\t2023\tQ3", "\t\t20230630\t2023\tQ3", "form", "no_form"),
        ("2023-08-03 18:04:00.0", "yesterday", "accepted", "unparsable_time"),
        ("2023-08-03 18:04:00.0", "9999-12-31 23:59:00.0", "accepted", "unparsable_time"),
        ("\tAPPLE INC\t", "\tAPPLE\tINC\t", "accepted", "wrong_number_of_fields"),
        ("\t20230804\t2023-08-03 18:04:00.0", "", "filed", "wrong_number_of_fields"),
        ("0000320193-23-000077\t320193", "0000320193-23-00\0\t320193", "adsh", "wrong_encoding"),
        ("0000320193-23-000077\t320193", "0000320193-23-000077 \t320193", "adsh", "no_accession"),
    ],
)
def test_a_filing_that_cannot_be_read_is_said_once_and_takes_its_numbers_with_it(
    tmp_path, was, broken, field, rule
):
    assert TWO_SUB.count(was) == 1
    num = TWO_NUM.replace("\t335038000000.0000\t", "\t33503800000o\t")
    found, facts, said = of_set(tmp_path, TWO_SUB.replace(was, broken), num)
    assert facts == {"789019": {"assets": 411976e6}}
    assert said == [("sub.txt", 2, None, field, rule)]
    assert "num.txt" in found.violations["remedy"][0]
    assert found.n_rows == 2


def test_bytes_that_are_no_text_where_nothing_is_read_cost_nothing(tmp_path):
    _, facts, said = of_set(tmp_path, TWO_SUB.replace("APPLE", "APPL\xc9").encode("latin-1"), TWO_NUM)
    assert (set(facts), said) == ({"320193", "789019"}, [])


def test_a_number_of_a_lesser_tag_does_not_pass_for_one_that_cannot_be_read(tmp_path):
    better = NUM.splitlines()[1].replace("RevenueFromContractWithCustomerExcludingAssessedTax", "Revenues")
    num = NUM + better.replace("81797000000", "82000000000") + "\n"
    assert of_set(tmp_path, SUB, num)[1]["320193"]["revenue"] == 82000e6
    _, facts, said = of_set(tmp_path, SUB, num.replace("82000000000", "8200000000o"))
    assert facts == {"320193": {"assets": 335038e6, "eps_diluted": 1.26}}
    assert said == [("num.txt", 7, "CIK 320193", "value", "unparsable_number")]


def test_a_filing_without_some_of_its_numbers_is_another_document_than_the_whole_one(tmp_path):
    whole, broken = (
        of_set(tmp_path, SUB, num)[0].documents[0] for num in (NUM, NUM.replace("335038000000.", "3350x."))
    )
    assert broken.notes["lacks"] == "1 lines of num.txt, the first 4"
    assert broken.version("A", "sec").key != whole.version("A", "sec").key


@pytest.mark.parametrize("name", ["sub.txt", "num.txt"])
def test_a_data_set_without_a_column_is_refused_whole(tmp_path, name):
    for member, text in {"sub.txt": SUB, "num.txt": NUM}.items():
        (tmp_path / member).write_text(text.replace("adsh", "id") if member == name else text)
    with pytest.raises(InputFileError, match=f"{name} has no column adsh"):
        taken(tmp_path)
