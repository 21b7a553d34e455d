"""Every vendor's shape at the command line: its sample lands, twice, and says how it was read."""

import io
import json
import os
import tarfile
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from prometheus.adapters.price_mapping import PRESETS, preset
from prometheus.store.connections import connect

REPOSITORY = Path(__file__).parents[2]
SHARED = Path(os.environ.get("PROMETHEUS_SHARED_DATA") or REPOSITORY.parent / "shared" / "data") / "prices"
MARKETS = {"stooq": "US_EQ_ADJ", "stooq-old": "US_EQ_ADJ", "generic": "EU_EQ"}
CLOSES = {  # of the sample's first and last session
    "yahoo": (39.122501, 40.7575),
    "yfinance": (39.122501, 40.7575),
    "stooq": (37.0358, 38.5838),
    "wiki": (645.57, 93.7),
    "lean": (16.25, 16.0),
    "pystock": (128.710007, 64.209999),
    "kaggle": (14.75, 14.46),
    "stooq-old": (37.0358, 38.5838),
    "nasdaq": (39.1225, 40.7575),
    "investing": (39.12, 40.76),
    "generic": (86.55, 84.675),
}


@pytest.fixture
def ingest(at_databases, prometheus):
    def call(*words, market="US_EQ"):
        done = prometheus("ingest", "prices", *words, "--market", market, "--create", "--json")
        assert done.exit_code == 0, done.err
        return json.loads(done.out)

    return call


@pytest.fixture
def query(at_databases):
    def call(statement):
        with connect(at_databases.historical_url) as connection:
            return connection.execute(statement).fetchall()

    return call


def sample_of(name, folder):
    """Write a preset's sample as its vendor sends it."""
    shape = preset(name)
    text = shape.sample.lstrip("\n").encode(shape.encoding)
    folder = folder / name
    folder.mkdir()
    if name == "lean":
        with zipfile.ZipFile(folder / "aapl.zip", "w") as archive:
            archive.writestr(shape.sample_name, text)
    elif name == "pystock":
        with tarfile.open(folder / "20151224.tar.gz", "w:gz") as archive:
            info = tarfile.TarInfo(shape.sample_name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    else:
        (folder / shape.sample_name).write_bytes(text)
    return folder


@pytest.mark.parametrize("name", PRESETS)
def test_the_sample_of_a_preset_lands_and_a_second_time_changes_nothing(name, ingest, query, tmp_path):
    folder, market = sample_of(name, tmp_path), MARKETS.get(name, "US_EQ")
    first = ingest(folder, "--preset", name, market=market)
    assert (first["n_new"], first["n_rejected"]) == (2, 0)
    assert f"preset {name}" in first["choice"][0]
    rows = query("SELECT close FROM prices_daily ORDER BY trade_date")
    assert tuple(close for (close,) in rows) == CLOSES[name]
    again = ingest(folder, "--preset", name, market=market)
    assert (again["n_new"], again["n_corrected"], again["n_unchanged"]) == (0, 0, 2)
    assert again["decision_id"] == first["decision_id"]
    if name != "generic":  # nor does leaving the preset to be recognised
        assert ingest(folder, market=market)["decision_id"] == first["decision_id"]


def test_a_mapping_file_does_what_a_preset_does(ingest, query, tmp_path):
    folder = sample_of("generic", tmp_path)
    mapping = tmp_path / "own.toml"
    source = REPOSITORY / "src" / "prometheus" / "adapters" / "price_presets" / "generic.toml"
    mapping.write_bytes(source.read_bytes())
    report = ingest(folder, "--mapping", mapping, market="EU_EQ")
    assert "mapping own.toml" in report["choice"][0]
    assert "only rows with 'Segment' = 'Xetra'" in report["choice"][0]
    assert query("SELECT instrument_id, close, currency FROM prices_daily ORDER BY trade_date") == [
        ("EU_EQ:SAP", 86.55, "EUR"),
        ("EU_EQ:SAP", 84.675, "EUR"),
    ]


def test_a_preset_and_a_mapping_at_once_and_unknown_ones_are_refused(prometheus, at_databases, tmp_path):
    path = tmp_path / "AAA.csv"
    path.write_text("date,close\n2018-02-05,1\n")
    words = ("ingest", "prices", path, "--market", "US_EQ", "--create")
    done = prometheus(*words, "--preset", "bloomberg")
    assert done.exit_code == 2
    assert "There are yahoo, yfinance, stooq, stooq-old, wiki, lean, pystock" in done.err
    done = prometheus(*words, "--mapping", tmp_path / "none.toml")
    assert (done.exit_code, "none.toml can't be read" in done.err) == (2, True)
    (tmp_path / "own.toml").write_text("delimeter = ';'\n")
    done = prometheus(*words, "--mapping", tmp_path / "own.toml")
    assert (done.exit_code, "delimeter: unknown key" in done.err) == (2, True)


SPANS = """instrument_id,symbol,first,last
US_EQ:COH,COH,2000-10-05,2017-10-30
US_EQ:COH,TPR,2017-10-31,
"""
PANEL = """date,open,high,low,close,volume,Name
2013-02-08,48,49,47,48.5,100,TPR
2018-02-07,46,47,45,46.5,100,TPR
"""


@pytest.mark.parametrize("words", [(), ("--preset", "kaggle")])
def test_the_panel_is_named_by_last_symbols_unless_the_command_line_says_otherwise(
    words, prometheus, ingest, query, tmp_path
):
    (tmp_path / "spans.csv").write_text(SPANS)
    (tmp_path / "panel.csv").write_text(PANEL)
    assert prometheus("ingest", "instruments", tmp_path / "spans.csv", "--market", "US_EQ").exit_code == 0
    then = ingest(tmp_path / "panel.csv", *words, "--symbols", "then", "--dry-run")
    assert then["rejected_by_rule"] == {"symbol_not_valid_on_date": 1}
    report = ingest(tmp_path / "panel.csv", *words, "--no-derive")
    assert (report["n_new"], report["n_rejected"]) == (2, 0)
    assert "symbols are the last ones" in report["choice"][0]
    assert query("SELECT DISTINCT instrument_id FROM prices_daily") == [("US_EQ:COH",)]


def test_a_mapping_says_by_which_symbols_instruments_are_named(prometheus, ingest, tmp_path):
    (tmp_path / "spans.csv").write_text(SPANS)
    (tmp_path / "bars.csv").write_text("symbol,date,close\nTPR,2013-02-08,48\nTPR,2018-02-07,46\n")
    (tmp_path / "own.toml").write_text('symbols = "last"\n')
    assert prometheus("ingest", "instruments", tmp_path / "spans.csv", "--market", "US_EQ").exit_code == 0
    assert ingest(tmp_path / "bars.csv", "--dry-run")["n_rejected"] == 1
    assert ingest(tmp_path / "bars.csv", "--mapping", tmp_path / "own.toml", "--no-derive")["n_new"] == 2


LEAN = SHARED / "lean_usa_equity"


@pytest.mark.skipif(not LEAN.exists(), reason="the shared data is not here")
def test_raw_bars_of_lean_with_their_actions_have_the_returns_of_its_adjusted_bars(ingest, query):
    report = ingest(*(LEAN / "daily" / f"{ticker}.zip" for ticker in ("aapl", "ibm", "spy")))
    assert (report["n_new"], report["n_rejected"]) == (17_547, 0)
    for symbol in ("AAPL", "IBM", "SPY"):
        factors = np.loadtxt(LEAN / "factor_files" / f"{symbol.lower()}.csv", delimiter=",")
        rows = query(
            "SELECT p.trade_date, p.close, r.ret_1d, p.metadata ? 'dividend', p.metadata ? 'split'"
            " FROM prices_daily p LEFT JOIN returns_daily r USING (instrument_id, trade_date)"
            f" WHERE instrument_id = 'US_EQ:{symbol}' ORDER BY trade_date"
        )
        days = np.array([int(f"{row[0]:%Y%m%d}") for row in rows])
        place = np.searchsorted(factors[:, 0], days)  # the first line whose date is not before the bar's
        adjusted = np.array([row[1] for row in rows]) * factors[place, 1] * factors[place, 2]
        theirs, ours = adjusted[1:] / adjusted[:-1] - 1.0, np.array([row[2] for row in rows[1:]])
        is_event = np.array([row[3] or row[4] for row in rows[1:]])
        np.testing.assert_allclose(ours[~is_event], theirs[~is_event], rtol=0.0, atol=1e-12)
        np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=5e-4)
        assert np.corrcoef(ours, theirs)[0, 1] > 0.999999
        assert is_event.sum() > 30
    ((split,),) = query(
        "SELECT metadata ->> 'split' FROM prices_daily"
        f" WHERE instrument_id = 'US_EQ:AAPL' AND trade_date = '{date(2014, 6, 9)}'"
    )
    assert float(split) == 7.0


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")
def test_the_panel_in_its_three_forms_is_one_delivery(ingest):
    panel = SHARED / "kaggle_sp500_5yr"
    first = ingest(panel / "all_stocks_5yr.parquet", "--no-derive")
    zipped = ingest(panel / "individual_stocks_5yr.zip", "--no-derive")
    assert (zipped["n_new"], zipped["n_corrected"]) == (0, 0)
    assert zipped["n_unchanged"] == first["n_new"]
    sample = ingest(panel / "raw_individual_sample", "--no-derive")
    assert (sample["n_new"], sample["n_corrected"]) == (0, 0)
