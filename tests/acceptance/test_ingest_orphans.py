"""``prometheus db check`` finds what does not fit between the databases: planted under real deliveries."""

from __future__ import annotations

import json

import pytest

from tests.deliveries import seeded_bars
from tests.steps.worlds import as_owner

FAULTS = {
    "instruments_are_known": (
        "historical",
        "UPDATE prices_daily SET instrument_id = 'US_EQ:GHOST' WHERE instrument_id = 'US_EQ:N1'",
        "US_EQ:GHOST",
    ),
    "price_batches_belong_to_an_ingest": (
        "historical",
        "UPDATE prices_daily SET metadata = '{\"batch\": \"0123456789ab\"}' WHERE trade_date = '2014-01-06'",
        "2014-01-06",
    ),
    "price_batches_are_whole": (
        "historical",
        "DELETE FROM prices_daily WHERE trade_date = '2014-01-07'",
        "wrote",
    ),
    "price_revisions_are_well_formed": (
        "historical",
        (
            'UPDATE prices_daily SET metadata = metadata || \'{"revisions": [{"close": 1}]}\''
            " WHERE instrument_id = 'US_EQ:N2' AND trade_date = '2014-01-08'"
        ),
        "US_EQ:N2 2014-01-08",
    ),
}


@pytest.fixture
def delivered(at_databases, prometheus, tmp_path):
    path = tmp_path / "bars.csv"
    bars = seeded_bars(4, 30)
    bars.write_csv(path)
    words = ("--market", "US_EQ", "--create")
    assert prometheus("ingest", "prices", path, *words).exit_code == 0
    bars.with_columns(volume=bars["volume"] + 1).head(5).write_csv(path)
    assert prometheus("ingest", "prices", path, *words).exit_code == 0
    return at_databases


def test_what_deliveries_leave_is_clean(delivered, prometheus):
    assert prometheus("db", "check").exit_code == 0


@pytest.mark.parametrize("rule", FAULTS)
def test_a_planted_fault_between_the_databases_is_found(delivered, prometheus, rule):
    database, statement, said = FAULTS[rule]
    as_owner(delivered, database, statement)
    found = prometheus("db", "check", "--json")
    assert found.exit_code == 6
    assert any(one["rule"] == rule and said in json.dumps(one) for one in json.loads(found.out)["violations"])


def test_prices_whose_decision_is_gone_are_found(delivered, prometheus):
    as_owner(delivered, "runtime", "DELETE FROM engine_decisions WHERE engine_name = 'INGEST'")
    found = prometheus("db", "check")
    assert found.exit_code == 6
    assert "price_batches_belong_to_an_ingest" in found.out + found.err
