"""``prometheus db``: what each verb prints, writes and returns."""

import json
import subprocess
import sys
import time

import pytest

from prometheus.cli.app import VERBS
from prometheus.store.connections import connect
from prometheus.store.server import running_server

on_both_servers = pytest.mark.parametrize("server", ["embedded", "15"], indirect=True)


def test_a_fresh_home_is_built_looked_at_and_stopped(home, prometheus):
    assert prometheus("db", "check").exit_code == 4
    first = prometheus("db", "init")
    assert (first.exit_code, first.err) == (0, "")
    assert "runtime_" in first.out
    assert "historical_" in first.out
    assert prometheus("db", "init") == first
    assert prometheus("db", "upgrade").out == first.out
    assert "24" in prometheus("db", "status").out
    assert prometheus("db", "check").out == "Both databases are clean.\n"
    stopped = prometheus("db", "stop")
    assert (stopped.exit_code, "has stopped" in stopped.out) == (0, True)
    assert running_server(home) is None
    assert "was running" in prometheus("db", "stop").out


@on_both_servers
def test_status_counts_the_rows_of_every_table(at_databases, prometheus):
    with connect(at_databases.runtime_url) as connection:
        connection.execute(
            "INSERT INTO issuers (issuer_id, issuer_type, name) VALUES ('i1', 'COMPANY', 'One')"
        )
    outcome = prometheus("db", "status", "--json")
    runtime, historical = json.loads(outcome.out)["databases"]
    assert len(runtime["n_rows"]) == 24
    assert len(historical["n_rows"]) == 14
    assert runtime["n_rows"]["issuers"] == 1
    assert sum(runtime["n_rows"].values()) == 1
    assert runtime["version"] == runtime["newest_version"]
    assert "issuers" in prometheus("db", "status").out


def test_a_folder_without_databases_is_named_and_stays_as_it_is(home, prometheus):
    for words in (("db", "status"), ("db", "check"), ("db", "url", "runtime")):
        outcome = prometheus(*words)
        assert outcome.exit_code == 4
        assert f"There are no databases in {home}" in outcome.err
        assert "prometheus db init" in outcome.err
    assert not (home / "postgres").exists()


@on_both_servers
def test_check_ends_with_six_when_the_schema_has_drifted(at_databases, prometheus):
    assert json.loads(prometheus("db", "check", "--json").out) == {"is_clean": True, "violations": []}
    with connect(at_databases.runtime_url) as connection:
        connection.execute("ALTER TABLE fills ADD COLUMN stray int")
    outcome = prometheus("db", "check")
    assert outcome.exit_code == 6
    assert "fills" in outcome.out
    assert "stray" in outcome.out
    assert "violation" in outcome.err
    as_json = prometheus("db", "check", "--json")
    assert as_json.exit_code == 6
    assert json.loads(as_json.out)["is_clean"] is False


@on_both_servers
def test_url_and_psql_lead_to_the_database(at_databases, prometheus):
    assert prometheus("db", "url").out.strip() == at_databases.runtime_url
    assert prometheus("db", "url", "historical").out.strip() == at_databases.historical_url
    words = [sys.executable, "-m", "prometheus", "db", "psql", "historical"]
    done = subprocess.run(
        [*words, "-Atc", "SELECT count(*) FROM prices_daily"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr


@on_both_servers
def test_dictionary_and_diagrams_are_written_where_asked(at_databases, prometheus, tmp_path):
    printed = prometheus("db", "dictionary").out
    assert "prices_daily" in printed
    assert prometheus("db", "dictionary", "--output", tmp_path / "new" / "words.md").exit_code == 0
    assert (tmp_path / "new" / "words.md").read_text() == printed
    assert prometheus("db", "erd", "--output", tmp_path).exit_code == 0
    assert "erDiagram" in (tmp_path / "erd.md").read_text()
    refused = prometheus("db", "erd", "--output", tmp_path / "erd.md" / "below")
    assert refused.exit_code == 2
    assert "can't be written" in refused.err


def test_stop_leaves_a_server_of_the_users_own_alone(at_databases, prometheus):
    outcome = prometheus("db", "stop")
    assert outcome.exit_code == 0
    assert "nothing to stop" in outcome.out
    connect(at_databases.runtime_url).close()


def test_swapped_urls_are_recognised(at_databases, prometheus, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_RUNTIME_URL", at_databases.historical_url)
    monkeypatch.setenv("PROMETHEUS_HISTORICAL_URL", at_databases.runtime_url)
    outcome = prometheus("db", "check")
    assert outcome.exit_code == 4
    assert "swapped" in outcome.err


def test_an_error_is_one_message_one_remedy_and_its_code(home, prometheus, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_RUNTIME_URL", "mysql://db/runtime")
    outcome = prometheus("db", "status")
    assert (outcome.exit_code, outcome.out) == (2, "")
    assert "PROMETHEUS_RUNTIME_URL" in outcome.err
    assert "postgresql://" in outcome.err
    assert "Traceback" not in outcome.err
    error = json.loads(prometheus("db", "status", "--json").out)["error"]
    assert error["kind"] == "ConfigError"
    assert error["remedy"]


def test_an_unreachable_server_is_named(home, prometheus, monkeypatch):
    for name in ("RUNTIME", "HISTORICAL"):
        monkeypatch.setenv(f"PROMETHEUS_{name}_URL", f"postgresql://desk:secret@127.0.0.1:1/{name.lower()}")
    outcome = prometheus("db", "status")
    assert outcome.exit_code == 4
    assert "127.0.0.1:1" in outcome.err
    assert "secret" not in outcome.err


@pytest.mark.parametrize(
    "words", [["db", "nonsense"], ["nonsense"], ["db", "url", "elsewhere"], ["db", "init", "--x"]]
)
def test_a_wrong_call_ends_with_two_and_the_usage(prometheus, words):
    outcome = prometheus(*words)
    assert outcome.exit_code == 2
    assert "Usage: prometheus" in outcome.err


def test_help_lists_every_verb(prometheus):
    outcome = prometheus("--help")
    assert outcome.exit_code == 0
    for verb in VERBS:
        assert f"  {verb.name} " in outcome.out
    assert prometheus("--version").out.startswith("prometheus ")


@pytest.mark.parametrize(
    "verb", ["init", "status", "upgrade", "check", "url", "psql", "stop", "dictionary", "erd"]
)
def test_each_verb_of_db_explains_itself(prometheus, verb):
    assert verb in prometheus("db", "--help").out
    outcome = prometheus("db", verb, "--help")
    assert outcome.exit_code == 0
    assert f"Usage: prometheus db {verb}" in outcome.out


def test_help_comes_at_once():
    words = [sys.executable, "-m", "prometheus", "--help"]
    subprocess.run(words, check=True, capture_output=True)
    elapsed = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run(words, check=True, capture_output=True)
        elapsed.append(time.perf_counter() - began)
    assert min(elapsed) < 0.4
