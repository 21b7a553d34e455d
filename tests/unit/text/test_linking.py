"""Headlines find the companies they are about, and nobody else."""

import csv
from datetime import date
from pathlib import Path

import pytest

from prometheus.domain.text.linking import Linker, Listing
from prometheus.domain.text.linking_names import aliases_of, core_of
from tests.unit.text.linking_scores import linker_of_2018, scores

DAY = date(2018, 1, 8)


def listing(symbol, name, first=None, last=None, *, issuer=None, market="US_EQ"):
    issuer_id = issuer or f"I:{symbol}"
    return Listing(issuer_id, f"{market}:{symbol}", market, symbol, name, first, last)


def symbols(linker, headline, on=DAY, **said):
    return {str(link.instrument_id).partition(":")[2] for link in linker.links(headline, on=on, **said)}


def test_headlines_of_our_own_link_as_they_were_labelled():
    path = Path(__file__).parents[2] / "fixtures" / "news" / "own_headlines.csv"
    with path.open(newline="") as file:
        rows = [(row["headline"], set(row["tickers"].split())) for row in csv.DictReader(file)]
    found = scores(linker_of_2018(), rows, on=DAY)
    assert found.precision >= 0.98, found.wrong
    assert found.recall >= 0.95, found.missed


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("The Walt Disney Company", ("walt", "disney")),
        ("Alphabet Inc Class A", ("alphabet",)),
        ("Discovery Communications-A", ("discovery", "communications")),
        ("Gap (The)", ("gap",)),
        ("Newmont Mining Corp. (Hldg. Co.)", ("newmont", "mining")),
        ("V.F. Corp.", ("vf",)),
        ("Amazon.com Inc.", ("amazon",)),
        ("AT&T Inc", ("at&t",)),
        ("Yum! Brands Inc", ("yum", "brands")),
        ("Coca-Cola Company (The)", ("coca", "cola")),
    ],
)
def test_the_core_of_a_name_is_without_endings_articles_and_share_classes(name, core):
    assert core_of(name) == core


@pytest.mark.parametrize(
    ("name", "symbol", "short"),
    [
        ("JPMorgan Chase & Co.", "JPM", "jpmorgan"),
        ("Goldman Sachs Group", "GS", "goldman"),
        ("Skyworks Solutions", "SWKS", "skyworks"),
        ("The Walt Disney Company", "DIS", "disney"),
        ("Johnson & Johnson", "JNJ", "j&j"),
        ("Wal-Mart Stores", "WMT", "walmart"),
        ("International Business Machines", "IBM", "ibm"),
    ],
)
def test_short_names_follow_from_the_full_one(name, symbol, short):
    aliases = {" ".join(alias.words): alias.needs for alias in aliases_of(name, (symbol,))}
    assert aliases[short] == "nothing"


@pytest.mark.parametrize(
    ("name", "symbol"),
    [("Best Buy Co. Inc.", "BBY"), ("Capital One Financial", "COF"), ("Red Hat Inc.", "RHT")],
)
def test_an_ordinary_first_word_is_no_name(name, symbol):
    assert all(len(alias.words) > 1 for alias in aliases_of(name, (symbol,)) if not alias.is_capitals)


def test_a_ticker_goes_to_who_had_it_on_that_day():
    linker = Linker(
        [
            listing("FB", "First Brook Corp", date(1999, 1, 4), date(2003, 6, 30), issuer="OLD"),
            listing("FB", "Facebook, Inc.", date(2012, 5, 18), date(2022, 6, 8), issuer="NEW"),
            Listing("NEW", "US_EQ:FB", "US_EQ", "META", "Facebook, Inc.", date(2022, 6, 9), None),
        ]
    )

    def issuers(on, text="$FB"):
        return [link.issuer_id for link in linker.links(text, on=on)]

    assert issuers(date(2001, 1, 2)) == ["OLD"]
    assert issuers(date(2008, 1, 2)) == []
    assert issuers(date(2018, 1, 2)) == ["NEW"]
    assert issuers(date(2023, 1, 3)) == []
    assert issuers(date(2023, 1, 3), "$META") == ["NEW"]


def test_a_name_counts_only_while_its_issuer_is_listed():
    linker = Linker([listing("QV", "Quorvane Corp", date(2000, 1, 3), date(2020, 6, 30))])
    assert symbols(linker, "Quorvane rises", date(2020, 6, 30)) == {"QV"}
    assert symbols(linker, "Quorvane rises", date(2020, 7, 1)) == set()
    assert symbols(linker, "Quorvane rises", date(1999, 12, 31)) == set()


def test_a_short_name_of_two_companies_is_nobodys():
    linker = Linker([listing("QVO", "Quorvane Oil"), listing("QVP", "Quorvane Petroleum")])
    assert symbols(linker, "Quorvane rises") == set()
    assert symbols(linker, "Quorvane Oil rises") == {"QVO"}


def test_a_name_whose_rival_is_gone_is_theirs_again():
    linker = Linker(
        [listing("QVO", "Quorvane Oil", None, date(2010, 1, 4)), listing("QVP", "Quorvane Petroleum")]
    )
    assert symbols(linker, "Quorvane rises", date(2009, 1, 5)) == set()
    assert symbols(linker, "Quorvane rises", date(2011, 1, 5)) == {"QVP"}


def test_all_share_classes_of_a_company_are_linked_by_its_name_and_one_by_its_ticker():
    linker = Linker(
        [
            listing("GOOG", "Alphabet Inc Class C", issuer="ALPHABET"),
            listing("GOOGL", "Alphabet Inc Class A", issuer="ALPHABET"),
        ]
    )
    assert symbols(linker, "Alphabet rises") == {"GOOG", "GOOGL"}
    assert symbols(linker, "Search firm (NASDAQ: GOOGL) rises") == {"GOOGL"}


def test_every_link_says_how_it_was_found():
    linker = linker_of_2018()
    said = {
        link.instrument_id: (link.how, link.found, link.sign)
        for link in linker.links("Gap's plan, $KO and Boeing", on=DAY, tickers="NYSE:IBM; MSFT|$V")
    }
    assert said == {
        "US_EQ:BA": ("name", "Boeing", ""),
        "US_EQ:GPS": ("name", "Gap's", "possessive"),
        "US_EQ:IBM": ("ticker", "IBM", ""),
        "US_EQ:KO": ("cashtag", "KO", ""),
        "US_EQ:MSFT": ("ticker", "MSFT", ""),
        "US_EQ:V": ("ticker", "V", ""),
    }


def test_a_body_is_searched_for_tickers_and_not_for_names():
    linker = linker_of_2018()
    assert symbols(linker, "A quiet day", body="Boeing fell, $MSFT and Apple (NASDAQ: AAPL) rose") == {
        "MSFT",
        "AAPL",
    }


def test_tickers_behind_an_exchange_are_of_markets_that_trade_there():
    linker = Linker([listing("V", "Visa Inc.")])
    assert symbols(linker, "Card firm (NYSE: V)") == {"V"}
    assert symbols(linker, "Lender (LSE: V)") == set()
    japan = Linker([listing("7203", "Toyota Motor Corp", market="JP_EQ")])
    assert symbols(japan, "Carmaker (TYO: 7203)") == {"7203"}


def test_a_ticker_of_two_markets_is_linked_in_each():
    linker = Linker([listing("ABC", None), listing("ABC", None, market="UK_EQ", issuer="OTHER")])
    assert {link.instrument_id for link in linker.links("$ABC", on=DAY)} == {"US_EQ:ABC", "UK_EQ:ABC"}


def test_a_headline_in_capitals_gives_no_sign_by_its_capitals():
    linker = linker_of_2018()
    assert symbols(linker, "MARKETS ON TARGET AS ALL WAIT FOR IBM AND GAP") == set()
    assert symbols(linker, "MICROSOFT BUYS A GAME MAKER") == {"MSFT"}


def test_links_depend_on_nothing_but_the_article_and_the_reference():
    listings = [listing("AAPL", "Apple Inc."), listing("MSFT", "Microsoft Corp."), listing("F", "Ford Motor")]
    headline = "Apple, Microsoft and Ford rise"
    assert Linker(listings).links(headline, on=DAY) == Linker(reversed(listings)).links(headline, on=DAY)
    assert Linker([]).links(headline, on=DAY) == ()


def test_entities_of_web_pages_are_read_as_the_signs_they_stand_for():
    linker = linker_of_2018()
    assert symbols(linker, "AT&amp;T and Macy&#39;s report") == {"T", "M"}
