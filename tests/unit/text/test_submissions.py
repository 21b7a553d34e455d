"""EDGAR's full submissions as its archive and the usual downloaders lay them out."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from prometheus.adapters.filing_files import filing_delivery

HEADER = (
    "<SEC-DOCUMENT>{accession}.txt : 20230804\n<SEC-HEADER>{accession}.hdr.sgml : 20230804\n{accepted}"
    "ACCESSION NUMBER:\t\t{accession}\nCONFORMED SUBMISSION TYPE:\t{form}\nPUBLIC DOCUMENT COUNT:\t\t81\n"
    "CONFORMED PERIOD OF REPORT:\t20230701\nFILED AS OF DATE:\t\t20230804\nDATE AS OF CHANGE:\t\t20230803\n\n"
    "FILER:\n\n\tCOMPANY DATA:\t\n\t\tCOMPANY CONFORMED NAME:\t\t\tApple Inc.\n"
    "\t\tCENTRAL INDEX KEY:\t\t\t0000320193\n"
    "</SEC-HEADER>\n<DOCUMENT>\n<TYPE>{form}\n<SEQUENCE>1\n<TEXT>\n"
)
END = (
    "\n</TEXT>\n</DOCUMENT>\n<DOCUMENT>\n<TYPE>EX-31.1\n<TEXT>\n<html>Certified.</html>\n</TEXT>\n</DOCUMENT>\n"
    "</SEC-DOCUMENT>\n"
)
ACCESSION = "0000320193-23-000077"
XBRL = (
    "<XBRL>\n<?xml version='1.0' encoding='ASCII'?>\n<html xmlns:ix='http://www.xbrl.org/2013/inlineXBRL' "
    "xmlns='http://www.w3.org/1999/xhtml' xmlns:dei='http://xbrl.sec.gov/dei/2023'>"
    "<body><p>Net sales rose.</p>"
    "<ix:nonNumeric name='dei:TradingSymbol' contextRef='c'>AAPL</ix:nonNumeric></body></html>\n</XBRL>"
)


def submission(
    body: str, *, form: str = "10-Q", accepted: str = "<ACCEPTANCE-DATETIME>20230803180443\n"
) -> str:
    return HEADER.format(accession=ACCESSION, form=form, accepted=accepted) + body + END


def taken(folder):
    texts: dict[str, bytes] = {}

    def keep(content: bytes) -> str:
        texts[f"artifact {len(texts)}"] = content
        return f"artifact {len(texts) - 1}"

    return filing_delivery([folder], zone="America/New_York", keep=keep), texts


@pytest.mark.parametrize("name", [f"{ACCESSION}.txt", f"AAPL/10-Q/{ACCESSION}/full-submission.txt"])
def test_a_submission_tells_of_itself(name, tmp_path):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(submission(XBRL))
    found, texts = taken(tmp_path)
    (filing,) = found.documents
    assert (filing.accession, filing.filing_type, filing.cik, filing.symbol) == (
        ACCESSION, "10-Q", "0000320193", "AAPL"
    )  # fmt: skip
    assert filing.accepted_at == datetime(2023, 8, 3, 22, 4, 43, tzinfo=UTC)  # New York's 18:04:43
    assert (filing.accepted_basis, filing.period_of_report) == ("exact", date(2023, 7, 1))
    assert texts[filing.text_ref] == b"Net sales rose.\nAAPL\n"  # the exhibit is none of it


def test_an_old_submission_counts_from_the_end_of_its_day_and_in_its_own_encoding(tmp_path):
    text = submission("<PAGE>   1\nA caf\u00e9 in Z\u00fcrich.", form="10-K405", accepted="")
    (tmp_path / f"{ACCESSION}.txt").write_bytes(text.encode("cp1252"))
    found, texts = taken(tmp_path)
    (filing,) = found.documents
    assert (filing.filing_type, filing.accepted_basis) == ("10-K405", "date")
    assert filing.accepted_at == datetime(2023, 8, 5, 3, 59, 59, tzinfo=UTC)
    assert "A caf\u00e9 in Z\u00fcrich." in texts[filing.text_ref].decode()


def test_pages_that_hold_nothing_or_no_text_are_set_aside(tmp_path):
    (tmp_path / "blank.htm").write_text("<!-- nothing -->")
    (tmp_path / "binary.htm").write_bytes(b"%PDF\x00\x01")
    found, _ = taken(tmp_path)
    assert found.violations.select("file", "rule").rows() == [
        ("binary.htm", "not_text"),
        ("blank.htm", "empty_text"),
    ]


EXHIBIT = f"{ACCESSION}-ex21.htm"
INDEXED = "form,ticker,accession,period_end,filing_date"


@pytest.mark.parametrize(
    ("files", "index", "said"),
    [
        ({f"{ACCESSION}.htm": "The report."}, f"{INDEXED}\n10-K,A,{ACCESSION},2017-01-01,2017-03-01\n", None),
        (
            {f"{ACCESSION}-z.htm": "The report.", f"{ACCESSION}.htm": "A cover."},
            f"{INDEXED},file\n10-K,A,{ACCESSION},2017-01-01,2017-03-01,{ACCESSION}-z.htm\n",
            None,
        ),
        ({f"{ACCESSION}-z.htm": XBRL}, f"{INDEXED}\n10-K,A,{ACCESSION},2017-01-01,2017-03-01\n", "Net sales"),
        ({"full-submission.txt": submission(XBRL)}, "", "Net sales"),
        ({f"{ACCESSION}.htm": "The report.", f"{ACCESSION}.txt": "The report."},
         f"{INDEXED}\n10-K,A,{ACCESSION},2017-01-01,2017-03-01\n", None),
    ],
)  # fmt: skip
def test_an_exhibit_never_takes_the_place_of_its_filing(files, index, said, tmp_path):
    for name, text in ({EXHIBIT: "<html>Subsidiaries</html>"} | files).items():
        (tmp_path / name).write_text(text if text.startswith("<") else f"<html>{text}</html>")
    if index:
        (tmp_path / "index.csv").write_text(index)
    found, texts = taken(tmp_path)
    (filing,) = found.documents
    assert (said or "The report.") in texts[filing.text_ref].decode()
    left_out = found.violations.filter(rule="other_document")
    assert EXHIBIT in left_out["file"].to_list()
    assert found.n_rows == 1 + left_out.height


def test_nothing_stands_in_for_a_filing_that_cant_be_read(tmp_path):
    (tmp_path / "index.csv").write_text(f"{INDEXED}\n10-K,A,{ACCESSION},2017-01-01,2017-03-01\n")
    (tmp_path / f"{ACCESSION}.htm").write_bytes(b"<html>\x00")
    (tmp_path / EXHIBIT).write_text("<html>Subsidiaries</html>")
    found, _ = taken(tmp_path)
    assert not found.documents
    assert sorted(found.violations["rule"]) == ["not_text", "other_document"]
