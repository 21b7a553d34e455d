"""What the linker scores on names that mean something else, written for that purpose in words of our own.

A label is a company of the S&P 500 of January 2018 that the headline names; an arm or a foundation with a
name of its own is not it. `held_out` was written when the rules were done.
"""

import csv
from datetime import date

import pytest

from tests.unit.text.linking_scores import FIXTURES, linker_of_2018, scores

README = FIXTURES / "README.md"
DAY = date(2018, 1, 8)
N_HEADLINES = {"held_out": 90, "second": 79, "tuning": 78}


def labelled(part):
    with (FIXTURES / "ambiguous_headlines.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == part]
    return [(row["headline"], set(row["tickers"].split())) for row in rows]


@pytest.mark.parametrize("part", N_HEADLINES)
def test_the_readme_says_what_the_linker_scores_on_ambiguous_names(part):
    headlines = labelled(part)
    assert len(headlines) == N_HEADLINES[part]
    found = scores(linker_of_2018(), headlines, on=DAY)
    said = f"| {part} | {len(headlines)} | {found.n_right} | {len(found.wrong)} | {len(found.missed)} |"
    assert said in README.read_text(), (said, found.wrong, found.missed)
    assert found.precision >= 0.93, found.wrong
    assert found.recall >= 0.85, found.missed


def test_labels_are_companies_of_the_reference():
    with (FIXTURES / "sp500_constituents_2018-01-08.csv").open(newline="", encoding="utf-8") as file:
        known = {row["Symbol"] for row in csv.DictReader(file)}
    assert {t for part in N_HEADLINES for _, wanted in labelled(part) for t in wanted} <= known


@pytest.mark.parametrize(
    ("headline", "wanted"),
    [
        ("$BRK-B and $BF/B rise", {"BRK.B", "BF.B"}),
        ("Berkshire Hathaway (NYSE: BRK-B) buys a railway", {"BRK.B"}),
        ("GM and Ford share a gearbox", {"GM", "F"}),
        ("General Motors Financial sells bonds", set()),
        ("Apple Financial Results Beat Estimates", {"AAPL"}),
        ("Oaktree sues Goldman Sachs Group over fees", {"GS"}),
        ("Delta Galil Industries buys a brand", set()),
    ],
)
def test_a_name_inside_another_one_is_not_a_mention(headline, wanted):
    links = linker_of_2018().links(headline, on=DAY)
    assert {str(link.instrument_id).partition(":")[2] for link in links} == wanted
