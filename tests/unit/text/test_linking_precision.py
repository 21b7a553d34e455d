"""What the linker scores on real headlines that were labelled by hand before it saw them.

400 headlines were drawn by seeds: 280 of CNBC (2017-12 to 2020-07), 120 of FinViz (April 2021, searches for
Apple, Johnson & Johnson and Microsoft). The fixture holds their SHA-256, time and labels, not their text; the
text is in ``text/news`` of the folder that PROMETHEUS_SHARED_DATA names. A label is a company of the S&P 500
of January 2018 that the headline names. The rules were written on 240 of them; 160 were drawn and labelled
when the rules were done.
"""

import csv
import hashlib
import os
from datetime import date
from pathlib import Path

import pytest

from tests.unit.text.linking_scores import FIXTURES, linker_of_2018, scores

REPOSITORY = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("PROMETHEUS_SHARED_DATA") or REPOSITORY.parent / "shared" / "data")
NEWS = SHARED / "text" / "news"
HOW_TO = REPOSITORY / "docs" / "how-to" / "bring-your-own-texts.md"
DAY = date(2018, 1, 8)


def labels(part):
    with (FIXTURES / "labelled_headlines.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if part in (row["part"], row["source"], "all")]
    return {row["sha256"]: set(row["tickers"].split()) for row in rows}


def labelled(part):
    if not NEWS.exists():
        pytest.skip(f"no headlines in {NEWS}; PROMETHEUS_SHARED_DATA names their folder")
    texts = set()
    for path in [NEWS / "cnbc_headlines.csv", *sorted((NEWS / "finviz_2021").glob("*.csv"))]:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                texts.add((row.get("Headlines") or row.get("headline") or "").strip())
    by_digest = {hashlib.sha256(text.encode()).hexdigest(): text for text in texts}
    return [(by_digest[digest], tickers) for digest, tickers in labels(part).items()]


def test_the_fixture_holds_two_parts_and_no_text():
    parts = labels("tuning"), labels("held_out")
    assert [len(part) for part in parts] == [240, 160]
    assert not set(parts[0]) & set(parts[1])
    header = (FIXTURES / "labelled_headlines.csv").read_text().splitlines()[0]
    assert header == "sha256,source,time,part,tickers"


def test_precision_on_the_part_that_was_held_out_is_high_and_the_how_to_says_it():
    found = scores(linker_of_2018(), labelled("held_out"), on=DAY)
    assert found.precision >= 0.98, found.wrong
    assert found.recall >= 0.90, found.missed
    said = f"| held out | 160 | {found.n_right} | {len(found.wrong)} | {len(found.missed)} |"
    assert said in HOW_TO.read_text(), said


def test_precision_on_the_part_that_the_rules_were_written_on_is_no_secret_either():
    found = scores(linker_of_2018(), labelled("tuning"), on=DAY)
    said = f"| tuning | 240 | {found.n_right} | {len(found.wrong)} | {len(found.missed)} |"
    assert said in HOW_TO.read_text(), said
