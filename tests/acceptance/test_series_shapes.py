"""`prometheus ingest macro` and `factors`: the shapes of FRED, ALFRED, the Treasury and French."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from prometheus.store.connections import connect
from prometheus.store.factors import read_factors
from tests.steps.worlds import as_owner

WIDE = (
    "observation_date,CPIAUCSL_20171213,CPIAUCSL_20180112,CPIAUCSL_20180214\n2017-11-01,247.393,247.393,247.284\n"
    "2017-12-01,.,247.910,247.901\n2018-01-01,,,248.743\n"
)
LONG = (
    "series_id,date,realtime_start,realtime_end,value\nCPIAUCSL,2017-11-01,2017-12-13,2018-02-13,247.393\n"
    "CPIAUCSL,2017-11-01,2018-02-14,9999-12-31,247.284\nCPIAUCSL,2017-12-01,2018-01-12,2018-02-13,247.910\n"
    "CPIAUCSL,2017-12-01,2018-02-14,9999-12-31,247.901\nCPIAUCSL,2018-01-01,2018-02-14,9999-12-31,248.743\n"
)
PERIODS = (
    "period_start_date,CPIAUCSL,realtime_start_date,realtime_end_date\n2017-11-01,247.393,2017-12-13,2018-02-13\n"
    "2017-11-01,247.284,2018-02-14,9999-12-31\n2017-12-01,247.910,2018-01-12,2018-02-13\n"
    "2017-12-01,247.901,2018-02-14,9999-12-31\n2018-01-01,248.743,2018-02-14,9999-12-31\n"
)
THREE = (
    "This file was created using the 202401 CRSP database.\nThe Tbill return is the simple daily rate\n\n"
    ",Mkt-RF,SMB,HML,RF\n20240102,  -0.70,  -0.85,   0.68,   0.022\n"
    "20240103,  -1.10,  -1.41,   0.24,   0.022\n\n"
    "Copyright 2024 Kenneth R. French\n"
)
INDUSTRIES = (
    "This file was created using the 202401 CRSP database.\n\n  Average Value Weighted Returns -- Daily\n"
    ",Agric,Food ,Soda \n20240102,   0.56,  -0.07,  -99.99\n\n  Average Equal Weighted Returns -- Daily\n"
    ",Agric,Food ,Soda \n20240102,   0.16,  -0.17,  -99.99\n"
)
pytestmark = pytest.mark.parametrize("server", ["embedded"], indirect=True)


@pytest.fixture
def deliver(tmp_path, prometheus):
    def call(kind, name, text, *words):
        path = tmp_path / name
        path.write_text(text)
        outcome = prometheus("ingest", kind, path, "--json", *words)
        assert outcome.exit_code in (0, 2, 3), outcome.err
        return json.loads(outcome.out) if outcome.exit_code == 0 else outcome.out + outcome.err

    return call


def values(databases, *names, known_at=None):
    moment = None if known_at is None else datetime.fromisoformat(known_at).replace(tzinfo=UTC)
    with connect(databases.runtime_url) as runtime, connect(databases.historical_url) as historical:
        found = read_factors(
            runtime, historical, names, first=date(1900, 1, 1), last=date(2100, 1, 1), known_at=moment
        )
    return dict(zip(found["trade_date"].cast(str).to_list(), found["value"].to_list(), strict=True))


@pytest.mark.parametrize(("name", "text"), [("wide", WIDE), ("long", LONG), ("periods", PERIODS)])
def test_each_vintage_of_alfred_counts_from_its_day(name, text, at_databases, deliver):
    report = deliver("macro", f"{name}.csv", text)
    assert (report["n_new"], report["n_corrected"], report["n_rejected"]) == (3, 2, 0)
    for moment, expected in {
        "2017-12-13": {},
        "2017-12-14": {"2017-11-01": 247.393},
        "2018-02-14": {"2017-11-01": 247.393, "2017-12-01": 247.910},
        "2018-02-15": {"2017-11-01": 247.284, "2017-12-01": 247.901, "2018-01-01": 248.743},
    }.items():
        assert values(at_databases, "MACRO:CPIAUCSL", known_at=moment) == expected
    before = values(at_databases, "MACRO:CPIAUCSL")
    again = deliver("macro", f"{name}.csv", text)
    assert (again["n_new"], again["n_corrected"], again["is_recorded"]) == (0, 0, False)
    assert values(at_databases, "MACRO:CPIAUCSL") == before
    other = deliver("macro", "other.csv", {"wide": LONG, "long": PERIODS, "periods": WIDE}[name])
    assert (other["n_new"], other["n_corrected"]) == (0, 0)  # the same, whatever the shape


def test_vintages_that_broke_off_go_on(at_databases, deliver):
    deliver("macro", "one.csv", "\n".join(line.rpartition(",")[0] for line in WIDE.splitlines()) + "\n")
    as_owner(
        at_databases,
        "runtime",
        "DELETE FROM engine_decisions WHERE timestamp = (SELECT max(timestamp) FROM engine_decisions)",
    )
    assert values(at_databases, "MACRO:CPIAUCSL", known_at="2019-01-01") == {"2017-11-01": 247.393}
    report = deliver("macro", "two.csv", WIDE)
    assert (len(report["healed"]), report["n_new"], report["n_corrected"]) == (1, 1, 2)
    assert len(values(at_databases, "MACRO:CPIAUCSL", known_at="2019-01-01")) == 3


def test_what_is_wrong_with_a_vintage_is_set_aside_with_its_day(tmp_path, at_databases, deliver):
    dry = deliver("macro", "given.csv", WIDE, "--dry-run")
    assert (dry["n_new"], dry["n_corrected"]) == (3, 2)
    assert values(at_databases, "MACRO:CPIAUCSL") == {}
    report = deliver("macro", "given.csv", WIDE.replace("247.910", "247.9x"))
    assert report["rejected_by_rule"] == {"unparsable_value": 1}
    rejects = Path(report["rejects_file"]).read_text()
    assert "2018-01-12" in rejects
    late = deliver("macro", "mended.csv", rejects.replace(",247.9x,", ",247.910,"))
    assert "older_than_stored" in late  # the later vintage has landed meanwhile
    assert "Deliver the oldest vintage first" in late
    both = deliver("macro", "given.csv", WIDE, "--release-lag", "3")
    assert "--release-lag" in both
    unnamed = deliver("macro", "obs.csv", LONG.replace("series_id", "row").replace("CPIAUCSL,", "1,"))
    assert "series" in unnamed


def test_a_vintage_that_came_too_late_costs_its_own_values_and_no_others(at_databases, deliver):
    deliver(
        "macro", "latest.csv", "\n".join(line for line in LONG.splitlines() if "9999" in line or "s" in line)
    )
    before = values(at_databases, "MACRO:CPIAUCSL")
    more = "CPIAUCSL,2018-02-01,2018-03-13,9999-12-31,248.991\n"
    report = deliver("macro", "all.csv", LONG + more)
    assert (report["n_new"], report["n_corrected"], report["n_rejected"]) == (1, 0, 2)
    assert report["rejected_by_rule"] == {"older_than_stored": 2}
    assert values(at_databases, "MACRO:CPIAUCSL") == before | {"2018-02-01": 248.991}
    assert "2017-12-13" in Path(report["rejects_file"]).read_text()


def test_the_new_fred_header_and_the_old_one_name_their_series(at_databases, deliver):
    text = "observation_date,DGS10,UNRATE\n2024-01-01,,3.7\n2024-01-02,3.95,\n2024-01-03,.,\n"
    assert deliver("macro", "fredgraph.csv", text)["n_missing"] == 4
    assert values(at_databases, "MACRO:UNRATE") == {"2024-01-01": 0.037}
    deliver("macro", "DGS5.csv", "DATE,VALUE\n2018-01-02,2.25\n")
    assert values(at_databases, "MACRO:DGS5") == {"2018-01-02": 0.0225}
    assert "DGS10.csv" in deliver("macro", "my yields.csv", "DATE,VALUE\n2018-01-02,2.25\n")


def test_the_treasury_writes_months_first_and_has_a_tenor_of_six_weeks(at_databases, deliver):
    text = 'Date,"1 Mo","1.5 Month","10 Yr"\n02/03/2025,4.37,,4.54\n01/06/2025,4.43,4.41,4.62\n'
    text += "01/02/2025,4.45,,4.57\n"
    report = deliver("macro", "daily-treasury-rates.csv", text)
    assert (report["n_new"], report["n_rejected"]) == (7, 0)
    assert values(at_databases, "MACRO:UST_1_5M") == {"2025-01-06": 0.0441}
    assert list(values(at_databases, "MACRO:UST_10Y")) == ["2025-01-02", "2025-01-06", "2025-02-03"]


def test_zipped_factors_go_in_and_portfolios_are_refused_by_name(tmp_path, at_databases, deliver, prometheus):
    path = tmp_path / "F-F_Research_Data_Factors_daily_CSV.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("F-F_Research_Data_Factors_daily.CSV", THREE)
    assert json.loads(prometheus("ingest", "factors", path, "--json").out)["n_new"] == 8
    assert values(at_databases, "FF:SMB_FF3") == {"2024-01-02": -0.0085, "2024-01-03": -0.0141}
    refused = deliver("factors", "49_Industry_Portfolios_Daily.csv", INDUSTRIES)
    assert "row 8: a second daily table of Agric, Food, Soda" in refused
    monthly = THREE.replace("20240102", "202401").replace("20240103", "202402")
    assert "ends in _daily" in deliver("factors", "monthly.csv", monthly)


@pytest.mark.parametrize("kind", ["macro", "factors"])
@pytest.mark.parametrize(
    "text",
    [
        "Date,Open,High,Low,Close,Adj Close,Volume\n2018-02-05,10,12,9,11,11,100\n",
        "date,symbol,close\n2018-02-05,AAA,11\n",
        "DATE,CLOSE\n2018-02-05,37.32\n",
    ],
)
def test_a_file_of_prices_is_sent_to_the_door_for_prices(deliver, at_databases, kind, text):
    said = deliver(kind, "bars.csv", text)
    assert "bars.csv holds prices: it has" in said
    assert "`prometheus ingest prices` takes it" in said
    assert values(at_databases, "MACRO:CLOSE", "CLOSE", "Close", "close") == {}


def test_a_file_of_prices_beside_series_is_named_and_the_series_land(prometheus, tmp_path, at_databases):
    (tmp_path / "bars.csv").write_text("date,open,close\n2018-02-05,10,11\n")
    (tmp_path / "DGS10.csv").write_text("DATE,DGS10\n2018-02-05,2.77\n")
    done = prometheus("ingest", "macro", tmp_path / "bars.csv", tmp_path / "DGS10.csv")
    assert done.exit_code == 0
    assert "bars.csv holds prices" in done.err
    assert len(values(at_databases, "MACRO:DGS10")) == 1
