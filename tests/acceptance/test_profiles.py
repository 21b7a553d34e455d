"""``prometheus profiles``: from filings to profiles, each about what was known at its session's close."""

import json

import polars as pl
import pytest

from prometheus.store.connections import connect
from tests.deliveries import shared

HEADER = (
    "symbol,period_end,months,filing_type,accepted_at,revenue,net_income,assets,equity,cur_assets,cur_liab,"
    "shares_outstanding\n"
)
SYMBOLS = ("ACME", "BETA", "CETA", "DELT", "EPSI")
INSTRUMENTS = "symbol,name,sector\n" + "".join(f"{one},{one} Inc,Industrials\n" for one in SYMBOLS)
YEAR_2014 = HEADER + "".join(
    f"{one},2014-12-31,12,10-K,2015-02-{20 + n}T10:00:00-05:00,{100 + n},{n},200,{100 - 10 * n},60,40,10\n"
    for n, one in enumerate(SYMBOLS)
)
QUARTER = HEADER + "ACME,2015-03-31,3,10-Q,2015-05-04T17:30:00-04:00,26,3,210,104,66,40,10\n"
RESTATED = HEADER + "ACME,2014-12-31,12,10-K/A,2015-06-10T10:00:00-04:00,90,-2,190,90,60,40,10\n"
GUESSED = {
    "accepted_at": "2015-02-20T12:00:00Z",
    "accepted_basis": "estimated",
    "content": "x",
    "facts": [{"name": "assets", "value": 1, "unit": "USD", "end": "2014-12-31", "months": 0}],
}
BARS = "date,symbol,close,split\n2015-02-19,ACME,30,\n2015-02-20,ACME,16,2\n"


@pytest.fixture
def world(at_databases, prometheus, tmp_path):
    """Deliver texts by kind; ``world("profiles")`` runs a verb."""
    number = iter(range(100))

    def call(*words, text=None):
        words = [str(word) for word in words]
        if text is not None:
            path = tmp_path / f"{next(number)}.csv"
            path.write_text(text)
            words += [str(path), "--market", "US_EQ"]
        done = prometheus(*words, "--json")
        assert done.exit_code == 0, done.err
        return json.loads(done.out)

    call("ingest", "instruments", "--as-of", "2014-06-30", text=INSTRUMENTS)
    return call


def rows_of(databases, columns="issuer_id, as_of_date::text, structured, risk_flags, created_at"):
    with connect(databases.runtime_url) as connection:
        return connection.execute(f"SELECT {columns} FROM profiles ORDER BY profile_id").fetchall()


def form_behind(databases, issuer, structured, measure):
    """Return the type of the filing that a measure names."""
    name = structured["filings"][structured[measure]["filing"]]
    with connect(databases.historical_url) as connection:
        found = connection.execute(
            "SELECT filing_type FROM filings WHERE issuer_id = %s AND metadata ->> 'accepted_at' = %s"
            " AND metadata ->> 'content' = %s",
            [issuer, name["accepted_at"], name["content"]],
        ).fetchall()
    assert found == [(name["filing_type"],)]
    return found[0][0]


@pytest.mark.parametrize("server", ["embedded", "15"], indirect=True)
def test_profiles_stand_on_the_sessions_on_which_something_became_known(world, at_databases):
    world("ingest", "fundamentals", text=YEAR_2014)
    world("ingest", "fundamentals", text=QUARTER)
    made = world("profiles", "--market", "US_EQ")
    assert (made["n_issuers"], made["n_sessions"], made["n_profiles"]) == (5, 4, 6)
    rows = rows_of(at_databases)
    days = [row[1] for row in rows]
    # The 21st and 22nd of February 2015 were a weekend; the 10-Q came after the close of 4 May.
    assert days == ["2015-02-20", "2015-02-23", "2015-02-23", "2015-02-23", "2015-02-24", "2015-05-05"]
    assert rows[0][2]["net_margin"] == {"value": 0.0, "period": "P1Y/2014-12-31", "filing": 0}
    assert form_behind(at_databases, "US_EQ:ACME", rows[0][2], "net_margin") == "10-K"
    assert (rows[-1][2]["current_ratio"]["value"], rows[-1][2]["current_ratio"]["period"]) == (
        1.65,
        "2015-03-31",
    )
    assert form_behind(at_databases, "US_EQ:ACME", rows[-1][2], "current_ratio") == "10-Q"
    assert rows[-1][2]["roa"]["period"] == "P1Y/2014-12-31"  # no year to March can be made yet
    assert "no interest_expense is reported" in rows[-1][2]["absent"]["interest_coverage"]
    again = world("profiles", "--market", "US_EQ")
    assert (again["n_decisions"], again["n_profiles"]) == (0, 0)
    assert rows_of(at_databases) == rows


def test_each_profile_names_the_decision_that_made_it(world, at_databases, prometheus):
    world("ingest", "fundamentals", text=YEAR_2014)
    world("profiles")
    with connect(at_databases.runtime_url) as connection:
        found = connection.execute(
            "SELECT decision_id::text, as_of_date::text, config_id FROM engine_decisions"
            " WHERE engine_name = 'PROFILE' AND context_id = 'US_EQ'"
        ).fetchall()
    decided = {row[0]: row[1] for row in found}
    assert {(row[2]["decision_id"], row[1]) for row in rows_of(at_databases)} == set(decided.items())
    shown = prometheus("explain", "decision", next(iter(decided)))
    assert shown.exit_code == 0, shown.err


def test_flags_need_a_sector_full_and_rank_within_it(world, at_databases):
    world("ingest", "fundamentals", text=YEAR_2014)
    world("profiles")
    flags = {row[0]: row[3] for row in rows_of(at_databases)}
    assert set(flags["US_EQ:ACME"]) == {"basis"}  # the first of the sector to report
    last = flags["US_EQ:EPSI"]
    assert (last["leverage"], last["profitability"]) == (1.0, 0.0)
    assert last["basis"]["n"]["leverage"] == 5
    assert last["basis"]["as_of_date"] == "2015-02-24"


def test_a_later_filing_leaves_every_earlier_profile_as_it_was(world, at_databases):
    world("ingest", "fundamentals", text=YEAR_2014)
    world("profiles")
    before = rows_of(at_databases)
    world("ingest", "fundamentals", text=RESTATED)
    made = world("profiles")
    assert (made["n_decisions"], made["n_profiles"]) == (1, 1)
    after = rows_of(at_databases)
    assert after[:-1] == before
    assert (after[-1][0], after[-1][1]) == ("US_EQ:ACME", "2015-06-10")
    assert after[-1][2]["net_income"]["value"] == -2.0


def test_what_comes_late_but_was_known_earlier_gives_a_new_version_beside_the_old_one(world, at_databases):
    world("ingest", "fundamentals", text=RESTATED)
    world("profiles")
    world("ingest", "fundamentals", text=YEAR_2014)
    world("profiles")
    texts = [(row[0], row[1]) for row in rows_of(at_databases)]
    # Growth and peers are known now: the profile of June is another one, beside the first.
    assert texts.count(("US_EQ:ACME", "2015-06-10")) == 2
    late = json.dumps([_without(row) for row in _current(at_databases)], sort_keys=True)
    with connect(at_databases.runtime_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("DELETE FROM profiles")
        connection.execute("DELETE FROM engine_decisions WHERE engine_name = 'PROFILE'")
    world("profiles")
    assert json.dumps([_without(row) for row in _current(at_databases)], sort_keys=True) == late


def test_a_state_that_returns_to_an_earlier_one_is_current_again(world, at_databases):
    world("ingest", "fundamentals", text=YEAR_2014)
    world("profiles")
    first = [_without(row) for row in _current(at_databases)]
    elsewhere = INSTRUMENTS.replace("EPSI Inc,Industrials", "EPSI Inc,Energy")
    world("ingest", "instruments", "--as-of", "2014-07-31", text=elsewhere)
    world("profiles")
    moved = [_without(row) for row in _current(at_databases)]
    assert moved != first
    back = INSTRUMENTS.replace("EPSI Inc", "EPSI Corp")
    world("ingest", "instruments", "--as-of", "2014-08-31", text=back)
    assert world("profiles")["n_decisions"] > 0
    returned = [_without(row) for row in _current(at_databases)]
    for row in returned + first:
        row[3]["basis"].pop("sector_as_of"), row[3]["basis"].pop("sector_source")
    assert returned == first
    again = world("profiles")
    assert (again["n_decisions"], again["n_profiles"]) == (0, 0)


def _current(databases):
    with connect(databases.runtime_url) as connection:
        return connection.execute(
            "SELECT DISTINCT ON (issuer_id, as_of_date) issuer_id, as_of_date::text, structured, risk_flags"
            " FROM profiles ORDER BY issuer_id, as_of_date, created_at DESC"
        ).fetchall()


def _without(row):
    return [row[0], row[1], {k: v for k, v in row[2].items() if k != "decision_id"}, row[3]]


@pytest.mark.parametrize(
    "bars",
    [
        ["date,symbol,close\n2015-02-19,ACME,7.5\n2015-02-20,ACME,8\n"],  # adjusted by a split of later years
        [BARS, "date,symbol,close\n2015-01-02,ACME,15\n"],  # a split since the count may be untold
    ],
)
def test_altman_has_no_market_value_where_closes_may_hold_later_splits(world, at_databases, bars):
    text = YEAR_2014.replace("shares_outstanding\n", "shares_outstanding,retained_earnings,ebit\n")
    text = text.replace(",60,40,10\n", ",60,40,10,50,20\n")
    for delivery in bars:
        world("ingest", "prices", text=delivery)
    world("ingest", "fundamentals", text=text)
    world("profiles")
    acme = rows_of(at_databases)[0][2]
    assert "altman_z" not in acme
    assert "tells no splits" in acme["absent"]["altman_z"]
    assert acme["altman_z2"]["value"] > 0.0  # of accounts alone
    assert "no market value" in rows_of(at_databases)[1][2]["absent"]["altman_z"]
    assert world("profiles")["n_decisions"] == 0


def test_altman_takes_the_price_of_the_day_and_the_splits_since_the_shares_were_counted(world, at_databases):
    text = YEAR_2014.replace("shares_outstanding\n", "shares_outstanding,retained_earnings,ebit\n")
    text = text.replace(",60,40,10\n", ",60,40,10,50,20\n")
    world("ingest", "prices", text=BARS)
    world("ingest", "fundamentals", text=text)
    world("profiles")
    acme = rows_of(at_databases)[0][2]
    market_value = 16.0 * 10 * 2
    expected = 1.2 * 20 / 200 + 1.4 * 50 / 200 + 3.3 * 20 / 200 + 0.6 * market_value / 100 + 0.999 * 100 / 200
    assert acme["altman_z"]["value"] == pytest.approx(expected, rel=1e-12)
    assert "close * shares_outstanding" in acme["altman_z"]["notes"]
    beta = rows_of(at_databases)[1][2]
    assert "no market value" in beta["absent"]["altman_z"]
    assert beta["altman_z2"]["value"] == pytest.approx(
        6.56 * 20 / 200 + 3.26 * 50 / 200 + 6.72 * 20 / 200 + 1.05 * 90 / 110, rel=1e-12
    )


def test_dates_bound_what_is_written_not_what_is_known(world, at_databases):
    world("ingest", "fundamentals", text=YEAR_2014)
    world("ingest", "fundamentals", text=RESTATED)
    world("profiles", "--from", "2015-06-01")
    ((issuer, day, _, flags, _),) = rows_of(at_databases)
    assert (issuer, day) == ("US_EQ:ACME", "2015-06-10")
    assert flags["basis"]["n"]["leverage"] == 5
    world("profiles", "--to", "2015-02-23")
    assert {row[1] for row in rows_of(at_databases)} == {"2015-02-20", "2015-02-23", "2015-06-10"}


def test_a_guessed_date_makes_no_profile(world, at_databases, prometheus, tmp_path):
    with connect(at_databases.historical_url) as connection:
        connection.execute(
            "INSERT INTO filings (issuer_id, filing_type, filing_date, metadata)"
            " VALUES ('US_EQ:ACME', '10-K', '2015-02-20', %s)",
            [json.dumps(GUESSED)],
        )
    assert world("profiles")["n_issuers"] == 0
    assert rows_of(at_databases) == []
    assert "no filings with facts" in prometheus("profiles").out


def test_profiles_of_the_real_panel_are_those_of_a_hand_computation(world, at_databases, prometheus):
    panel = shared("fundamentals/nyse_kaggle_fundamentals.csv")
    words = ("--market", "US_EQ", "--create", "--source", "kaggle", "--lag-days", "90")
    assert prometheus("ingest", "fundamentals", panel, *words).exit_code == 0
    made = world("profiles")
    assert (made["n_issuers"], made["n_profiles"]) == (448, 1781)
    ko = [row for row in rows_of(at_databases) if row[0] == "US_EQ:KO"][-1]
    assert ko[1] == "2016-03-31"  # the 90th day after 2015 ended is the 30th, and counts from its end
    found = {name: one["value"] for name, one in ko[2].items() if isinstance(one, dict) and "value" in one}
    # The Coca-Cola Company, 10-K of 2015 and 2014, in millions, as in the panel.
    assert found["gross_margin"] == pytest.approx((44294 - 17482) / 44294, rel=1e-12)
    assert found["interest_coverage"] == pytest.approx(10461 / 856, rel=1e-12)
    assert found["debt_to_assets"] == pytest.approx((15806 + 28407) / 90093, rel=1e-12)
    assert found["accruals_cash_flow"] == pytest.approx((7351 - 10528) / ((90093 + 92023) / 2), rel=1e-12)
    assert found["altman_z2"] == pytest.approx(
        6.56 * (33395 - 26930) / 90093 + 3.26 * 65018 / 90093 + 6.72 * 10461 / 90093 + 1.05 * 25554 / 64539,
        rel=1e-12,
    )
    assert ko[2]["piotroski_f"]["signs"] == {
        "roa": 1, "cash_flow_op": 1,
        "change_of_roa": int(7351 / 92023 > 7098 / 90055),
        "accruals": int(10528 > 7351),
        "change_of_leverage": int(28407 / ((90093 + 92023) / 2) < 19063 / ((92023 + 90055) / 2)),
        "change_of_liquidity": int(33395 / 26930 > 32986 / 32374),
        "equity_offering": 1,  # bought back 2,319 net
        "change_of_margin": int(26812 / 44294 > 28109 / 45998),
        "change_of_turnover": int(44294 / 92023 > 45998 / 90055),
    }  # fmt: skip


@pytest.mark.long
def test_half_a_year_of_real_reports_gives_profiles_that_the_next_half_leaves_as_they_are(
    world, at_databases, prometheus, tmp_path
):
    reports = pl.read_parquet(shared("fundamentals/pystock_reports_2015-03_2016-03.parquet"))
    words = ("--market", "US_EQ", "--create", "--source", "pystock")
    half = tmp_path / "half.parquet"
    early = reports.filter(pl.col("collected") < pl.datetime(2015, 10, 1))
    early.sample(fraction=1.0, shuffle=True, seed=4).write_parquet(half)
    assert prometheus("ingest", "fundamentals", half, *words).exit_code == 0
    world("profiles")
    before = rows_of(at_databases)
    whole = tmp_path / "whole.parquet"
    reports.write_parquet(whole)
    assert prometheus("ingest", "fundamentals", whole, *words).exit_code == 0
    made = world("profiles")
    after = rows_of(at_databases)
    assert after[: len(before)] == before
    assert made["n_profiles"] == len(after) - len(before) > 5_000
    assert {row[1] for row in after[len(before) :]} & {row[1] for row in before} == set()


def test_a_later_sector_and_a_later_class_of_shares_leave_every_earlier_profile_as_it_was(
    world, at_databases
):
    world("ingest", "prices", text=BARS)
    world("ingest", "fundamentals", text=YEAR_2014)
    world("profiles")
    before = rows_of(at_databases)
    assert before[0][2]["shares_outstanding"]["value"] == 10.0
    later = "issuer_id,symbol,name,sector\n" + "".join(
        f"US_EQ:{one},{one},{one} Inc,Utilities\n" for one in SYMBOLS
    )
    later += "US_EQ:ACME,ACMB,ACME Inc,Utilities\n"
    world("ingest", "instruments", "--as-of", "2015-02-24", text=later)
    world("ingest", "fundamentals", text=RESTATED)
    made = world("profiles")
    assert (made["n_decisions"], made["n_profiles"]) == (1, 1)
    after = rows_of(at_databases)
    assert after[:-1] == before
    basis = after[-1][3]["basis"]
    assert (basis["sector"], basis["sector_basis"], basis["sector_as_of"]) == (
        "Utilities", "stated", "2015-02-24",
    )  # fmt: skip


def test_a_sector_that_was_stated_later_is_assumed_only_on_demand(world, at_databases):
    others = "symbol,name,sector\n" + "".join(
        f"{one},{one} plc,Energy\n" for one in ("F1", "F2", "F3", "F4", "F5")
    )
    world("ingest", "instruments", "--as-of", "2018-01-08", text=others)
    reports = HEADER + "".join(
        f"F{n},2014-12-31,12,10-K,2015-02-20T10:00:00-05:00,{100 + n},{n},200,{100 - 10 * n},60,40,10\n"
        for n in range(1, 6)
    )
    world("ingest", "fundamentals", text=reports)
    world("profiles")
    assert {row[3]["basis"]["sector_basis"] for row in rows_of(at_databases)} == {"not known"}
    assert {tuple(row[3]) for row in rows_of(at_databases)} == {("basis",)}
    made = world("profiles", "--assume-first-sector")
    assert made["n_profiles"] == 5
    assumed = rows_of(at_databases)[5:]
    assert {row[3]["basis"]["sector_basis"] for row in assumed} == {"assumed"}
    assert all("leverage" in row[3] for row in assumed)
