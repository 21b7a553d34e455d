"""Profiles know what was accepted by the close of their session, and nothing that came later."""

import random

import pytest

from prometheus.domain.profiles.books import Found
from prometheus.domain.profiles.config import ProfilesConfig
from prometheus.domain.profiles.issues import Issue
from prometheus.domain.profiles.risk_flags import rank_within
from prometheus.domain.profiles.sectors import SectorStatement
from prometheus.domain.profiles.steps import filings_by_session, profiles, shares_by_session
from prometheus.kernel.sessions import sessions_of
from tests.unit.profiles.reports import day, fact, filing, report

SESSIONS = sessions_of({"calendar": "XNYS"})
SECTORS = {"ACME": "Industrials", **{f"PEER{n}": "Industrials" for n in range(9)}, "LONE": None}


def annual(year, net_income, **others):
    values = {"revenue": 100.0, "assets": 200.0, "equity": 80.0, "cur_assets": 60.0, "cur_liab": 40.0}
    return report(f"{year}-12-31", 12, net_income=net_income, **{**values, **others})


EARLY = day("2000-01-03")


def stated(*said):
    """Return statements on sectors from (sector, day) or (sector, None)."""
    return [SectorStatement(sector, as_of and day(as_of), "list") for sector, as_of in said]


def days_of(filings, sectors=None, market_values=None, issues=None, **settings):
    ordered = sorted(filings, key=lambda one: (one.accepted_at, one.issuer_id, one.content))
    made = profiles(
        filings_by_session(ordered, SESSIONS),
        SESSIONS,
        ProfilesConfig(**settings),
        sectors={
            **{issuer: stated((sector, str(EARLY))) for issuer, sector in SECTORS.items() if sector},
            **(sectors or {}),
        },
        issues=issues or {},
        market_values=market_values or {},
    )
    return {one.as_of_date: one for one in made}


@pytest.mark.parametrize(
    ("accepted_at", "known_on"),
    [
        ("2016-02-25T20:59:59", "2016-02-25"),  # before the close, 16:00 in New York
        ("2016-02-25T21:00:00", "2016-02-25"),
        ("2016-02-25T21:00:01", "2016-02-26"),
        ("2016-02-27T04:59:59", "2016-02-29"),  # the end of a Friday
        ("2015-11-27T18:30:00", "2015-11-30"),  # after the early close on the day after Thanksgiving
    ],
)
def test_a_filing_is_known_on_the_first_session_that_closes_after_it(accepted_at, known_on):
    assert list(days_of([filing(1, accepted_at, annual(2014, 5.0))])) == [day(known_on)]


def test_a_period_that_ended_long_ago_counts_from_its_filing():
    found = days_of([filing(1, "2016-02-25T12:00:00", annual(2013, 5.0))])
    assert list(found) == [day("2016-02-25")]
    assert found[day("2016-02-25")].profiles[0].measures["roa"].end == day("2013-12-31")


def test_a_restatement_gives_a_new_profile_and_leaves_the_old_one_as_it_was():
    first = filing(1, "2016-02-25T12:00:00", annual(2015, 5.0))
    restated = filing(2, "2016-06-01T12:00:00", annual(2015, 4.0))
    before, after = days_of([first]), days_of([first, restated])
    assert after[day("2016-02-25")] == before[day("2016-02-25")]
    assert after[day("2016-06-01")].profiles[0].measures["net_income"].value == 4.0
    latest = after[day("2016-06-01")].profiles[0]
    assert latest.measures["net_income"].filings == (2,)
    structured = latest.structured("D")
    assert structured["filings"][structured["net_income"]["filing"]] == dict(restated.name)


def test_a_profile_lists_the_filings_behind_it_in_the_order_in_which_they_became_known():
    years = [filing(n, f"{2013 + n}-02-25T12:00:00", annual(2012 + n, 5.0 + n)) for n in (1, 2, 3)]
    structured = days_of(years)[day("2016-02-25")].profiles[0].structured("D")
    assert structured["filings"] == [dict(years[1].name), dict(years[2].name)]  # the first is in no measure
    assert structured["net_income"]["filing"] == 1
    assert structured["net_income_growth"]["filings"] == [0, 1]


def world(seed):
    draw = random.Random(seed)
    filings = []
    for number, issuer in enumerate([*SECTORS] * 3):
        year = 2012 + number // len(SECTORS)
        month, at = draw.randint(2, 5), draw.randint(1, 28)
        accepted = f"{year + 1}-{month:02d}-{at:02d}T{draw.randint(0, 23):02d}:30:00"
        facts = annual(year, draw.uniform(-10, 20), cur_assets=draw.uniform(20, 90))
        filings.append(filing(number + 1, accepted, facts, issuer))
    return filings


@pytest.mark.parametrize("seed", range(5))
def test_no_later_filing_changes_an_earlier_profile(seed):
    filings = world(seed)
    whole = days_of(filings)
    for cut in sorted(whole)[:: len(whole) // 7]:
        known = [one for one in filings if SESSIONS.dates[0] and one.accepted_at.date() <= cut]
        scrambled = [
            filing(one.number, one.accepted_at.replace(tzinfo=None).isoformat(),
                   annual(2030, 1e9), one.issuer_id)
            for one in filings if one.accepted_at.date() > cut
        ]  # fmt: skip
        part, other = days_of(known), days_of(known + scrambled)
        for at in (at for at in whole if at <= cut):
            assert part[at] == whole[at] == other[at]


def test_the_order_of_filings_in_a_delivery_changes_nothing():
    filings = world(3)
    shuffled = filings[:]
    random.Random(1).shuffle(shuffled)
    assert days_of(shuffled) == days_of(filings)


def test_flags_rank_within_the_sector_and_say_on_what_they_rest():
    peers = [
        filing(n + 1, "2016-02-24T12:00:00", annual(2015, float(n), equity=150.0 - 10 * n), f"PEER{n}")
        for n in range(9)
    ]
    own = filing(99, "2016-02-25T12:00:00", annual(2015, 4.5, equity=10.0))
    flags = days_of([*peers, own])[day("2016-02-25")].profiles[0].flags
    assert flags["leverage"] == 1.0  # nobody owes more
    assert flags["profitability"] == pytest.approx(1.0 - 5 / 9)
    assert flags["basis"]["sector"] == "Industrials"
    assert flags["basis"]["as_of_date"] == "2016-02-25"
    assert flags["basis"]["n"]["leverage"] == 10
    assert flags["basis"]["absent"]["coverage"] == "no interest_coverage"
    numbers = [value for name, value in flags.items() if name != "basis"]
    assert all(0.0 <= value <= 1.0 for value in numbers)


def test_without_enough_peers_or_a_sector_there_is_no_flag():
    few = [filing(n, "2016-02-24T12:00:00", annual(2015, 1.0), f"PEER{n}") for n in range(3)]
    lone = filing(9, "2016-02-24T12:00:00", annual(2015, 1.0), "LONE")
    found = {one.issuer_id: one.flags for one in days_of([*few, lone])[day("2016-02-24")].profiles}
    assert set(found["PEER0"]) == set(found["LONE"]) == {"basis"}
    absent = found["PEER0"]["basis"]["absent"]
    assert absent["leverage"] == "3 of its sector have liabilities_to_assets, 5 are needed"
    assert found["LONE"]["basis"]["absent"]["leverage"] == "no sector of the issuer is known on 2016-02-24"


def test_accounts_that_are_too_old_are_no_peers():
    old = [filing(n + 1, "2013-02-24T12:00:00", annual(2012, 1.0), f"PEER{n}") for n in range(9)]
    own = filing(99, "2016-02-25T12:00:00", annual(2015, 4.5))
    flags = days_of([*old, own])[day("2016-02-25")].profiles[0].flags
    assert set(flags) == {"basis"}


def test_ranks_are_symmetric():
    peers = [0.1, 0.2, 0.2, 0.7]
    for value in (0.0, 0.2, 0.5, 1.0):
        up = rank_within(value, peers, more_is_riskier=True)
        assert up + rank_within(value, peers, more_is_riskier=False) == pytest.approx(1.0)


def test_the_latest_count_of_shares_that_is_known_is_valued():
    count = fact("shares_outstanding", 10.0, "2016-02-01", unit="shares")
    later = fact("shares_outstanding", 11.0, "2016-05-01", unit="shares")
    filings = [
        filing(1, "2016-02-25T12:00:00", [*annual(2015, 1.0), count]),
        filing(2, "2016-05-25T12:00:00", [*annual(2015, 1.0), later]),
    ]
    found = shares_by_session(filings_by_session(filings, SESSIONS), SESSIONS)
    assert [row[1:4] for row in found] == [
        (day("2016-02-25"), day("2016-02-01"), 10.0),
        (day("2016-05-25"), day("2016-05-01"), 11.0),
    ]


def test_another_market_value_is_another_decision():
    filings = [filing(1, "2016-02-25T12:00:00", annual(2015, 5.0))]
    at = day("2016-02-25")
    plain = days_of(filings)[at].fingerprint
    priced = days_of(filings, market_values={("ACME", at): Found(7.0, at, (1,))})[at].fingerprint
    assert plain != priced


def industrials(at="2016-02-24T12:00:00", **others):
    return [
        filing(n + 1, at, annual(2015, float(n), equity=150.0 - 10 * n, **others), f"PEER{n}")
        for n in range(9)
    ]


def test_flags_rank_within_the_sector_of_the_time():
    own = [
        filing(98, "2016-02-25T12:00:00", annual(2015, 4.5, equity=10.0)),
        filing(99, "2016-06-01T12:00:00", annual(2015, 4.6, equity=10.0)),
    ]
    moved = {"ACME": stated(("Industrials", "2014-01-02"), ("Utilities", "2016-03-01"))}
    found = days_of([*industrials(), *own], moved)
    before = found[day("2016-02-25")].profiles[0].flags
    after = found[day("2016-06-01")].profiles[0].flags
    assert before["leverage"] == 1.0
    assert before["basis"]["sector"] == "Industrials"
    assert (before["basis"]["sector_basis"], before["basis"]["sector_as_of"]) == ("stated", "2014-01-02")
    assert set(after) == {"basis"}
    assert (after["basis"]["sector"], after["basis"]["sector_as_of"]) == ("Utilities", "2016-03-01")
    assert after["basis"]["absent"]["leverage"].startswith("1 of its sector")


def test_a_statement_of_a_day_is_known_from_its_end():
    filings = [filing(9, f"2016-02-{n}T12:00:00", annual(2015, float(n))) for n in (24, 25, 26)]
    found = days_of(filings, {"ACME": stated(("Energy", "2016-02-25"))})
    sectors = {str(at): one.profiles[0].flags["basis"]["sector"] for at, one in found.items()}
    assert sectors == {"2016-02-24": None, "2016-02-25": None, "2016-02-26": "Energy"}


def test_a_sector_that_is_not_known_yet_is_not_guessed_and_altman_says_so():
    facts = annual(2015, 4.5, retained_earnings=20.0, ebit=9.0)
    facts = [{**one, "months": 0} if one["name"] == "retained_earnings" else one for one in facts]
    own = filing(99, "2016-02-25T12:00:00", facts)
    late = {"ACME": stated(("Industrials", "2018-01-08"))}
    (found,) = days_of([own], late)[day("2016-02-25")].profiles
    assert found.flags["basis"]["sector"] is None
    assert found.flags["basis"]["sector_basis"] == "not known"
    assert "whether the issuer is one was not known" in found.measures["altman_z2"].notes[-1]
    (known,) = days_of([own], {"ACME": stated(("Industrials", "2014-01-08"))})[day("2016-02-25")].profiles
    assert known.measures["altman_z2"].notes == found.measures["altman_z2"].notes[:-1]


def test_the_first_sector_stands_for_the_time_before_it_only_where_that_is_asked_for():
    own = filing(99, "2016-02-25T12:00:00", annual(2015, 4.5, equity=10.0))
    late = {"ACME": stated(("Industrials", "2018-01-08"), ("Energy", "2019-01-02"))}
    undated = {"ACME": stated(("Industrials", None))}
    for said, as_of in ((late, "2018-01-08"), (undated, None)):
        flags = (
            days_of([*industrials(), own], said, assume_first_sector=True)[day("2016-02-25")]
            .profiles[0]
            .flags
        )
        assert flags["leverage"] == 1.0
        basis = flags["basis"]
        assert (basis["sector_basis"], basis["sector_as_of"]) == ("assumed", as_of)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("assume_first_sector", [False, True])
def test_no_later_statement_on_a_sector_or_shares_changes_an_earlier_profile(seed, assume_first_sector):
    draw = random.Random(seed)
    filings = world(seed)
    early = {one: stated((draw.choice("ABC"), f"20{draw.randint(11, 13)}-01-02")) for one in SECTORS}
    shares = {one: [Issue(one, EARLY)] for one in SECTORS}
    settings = {"assume_first_sector": assume_first_sector, "min_peers": 2}
    whole = days_of(filings, early, issues=shares, **settings)
    for cut in sorted(whole)[:: len(whole) // 7]:
        later = {one: [*early[one], *stated((draw.choice("ABCD"), str(cut)))] for one in SECTORS}
        gone = {one: [Issue(one, EARLY, draw.choice([None, max(whole)])), Issue("NEW", max(whole))]
                for one in SECTORS}  # fmt: skip
        other = days_of(filings, later, issues=gone, **settings)
        for at in (at for at in whole if at <= cut and at < max(whole)):
            assert whole[at] == other[at]


def test_who_was_delisted_by_then_is_nobodys_peer():
    own = filing(99, "2016-02-25T12:00:00", annual(2015, 4.5, equity=10.0))
    gone = {f"PEER{n}": [Issue(f"PEER{n}", EARLY, day("2016-02-25"))] for n in range(3)}
    flags = days_of([*industrials(), own], issues=gone)[day("2016-02-25")].profiles[0].flags
    assert flags["basis"]["n"]["leverage"] == 7
    stays = {f"PEER{n}": [Issue(f"PEER{n}", EARLY, day("2016-02-26"))] for n in range(3)}
    flags = days_of([*industrials(), own], issues=stays)[day("2016-02-25")].profiles[0].flags
    assert flags["basis"]["n"]["leverage"] == 10
