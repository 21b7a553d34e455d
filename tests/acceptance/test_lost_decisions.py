"""Series, events and documents whose decision a crash lost: whoever delivers next, whatever, records it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from prometheus.store.connections import connect
from prometheus.store.events import read_events
from prometheus.store.factors import read_factors
from prometheus.store.filings import facts_on_record
from prometheus.store.unrecorded import recorded_batches
from tests.steps.worlds import as_owner

FIRST, LAST = date(1990, 1, 1), date(2100, 1, 1)
LATER = datetime(2100, 1, 1, tzinfo=UTC)
FORGET = (
    "DELETE FROM engine_decisions WHERE engine_name = 'INGEST'"
    " AND timestamp = (SELECT max(timestamp) FROM engine_decisions WHERE engine_name = 'INGEST')"
)
"""What a crash between both commits leaves out."""
MACRO = (
    "DATE,DGS10\n2018-01-02,2.46\n2018-01-03,2.44\n",
    "2018-01-04,2.46\n",
    "DATE,DGS2\n2018-01-02,1.92\n",
)
EVENTS = (
    "event_type,timestamp\nCPI,2018-02-14T08:30-05:00\n",
    "CPI,2018-03-13T08:30-04:00\n",
    "event_type,timestamp\nGDP,2018-03-28T08:30-04:00\n",
)
REPORTS = (
    "symbol,period_end,months,filing_date,revenue\nACME,2014-12-31,12,2015-02-20,9\n",
    "ACME,2015-03-31,3,2015-04-28,2\n",
    "symbol,period_end,months,filing_date,revenue\nBOLT,2014-12-31,12,2015-02-20,5\n",
)
pytestmark = pytest.mark.parametrize("server", ["embedded", "15"], indirect=True)


@pytest.fixture
def deliver(tmp_path, prometheus):
    def call(kind: str, text: str, *words: str):
        path = tmp_path / f"{kind}.csv"
        path.write_text(text)
        outcome = prometheus("ingest", kind, path, "--json", *words)
        assert outcome.exit_code == 0, outcome.err
        return json.loads(outcome.out)

    return call


def recorded(databases):
    with connect(databases.runtime_url) as runtime:
        return runtime.execute(
            "SELECT decision_id::text, config_id, context_id, as_of_date, input_refs, raw_input_summary,"
            " proposed_action FROM engine_decisions WHERE engine_name = 'INGEST' ORDER BY timestamp"
        ).fetchall()


def n_known(databases, kind: str) -> int:
    with connect(databases.runtime_url) as runtime, connect(databases.historical_url) as historical:
        if kind == "events":
            return read_events(runtime, historical, first=FIRST, last=LAST, known_at=LATER).height
        if kind == "fundamentals":
            issuers = ["US_EQ:ACME", "US_EQ:BOLT"]
            return len(facts_on_record(historical, issuers, ["date"], recorded=recorded_batches(runtime)))
        names = ["MACRO:DGS10", "MACRO:DGS2", "X"]
        return read_factors(runtime, historical, names, first=FIRST, last=LAST, known_at=LATER).height


@pytest.mark.parametrize(
    ("kind", "texts", "words"),
    [
        ("macro", MACRO, ()),
        ("factors", tuple(text.replace("DGS10", "X").replace("DGS2", "X") for text in MACRO), ()),
        ("events", EVENTS, ()),
        ("fundamentals", REPORTS, ("--market", "US_EQ", "--create")),
    ],
)
@pytest.mark.parametrize("case", ["larger", "another first"])
def test_a_lost_decision_is_recorded_by_a_larger_delivery_and_by_another_one(
    kind, texts, words, case, at_databases, deliver
):
    first, more, other = texts
    whole = deliver(kind, first, *words)
    n_rows = n_known(at_databases, kind)
    assert n_rows > 0
    (lost,) = recorded(at_databases)
    as_owner(at_databases, "runtime", FORGET)
    assert n_known(at_databases, kind) == 0  # known at no moment
    deliver(kind, first + more, *words, "--dry-run")
    assert recorded(at_databases) == []
    if case == "another first" and kind != "factors":
        assert deliver(kind, other, *words)["healed"] == [whole["decision_id"]]
        n_rows += 1
    larger = deliver(kind, first + more, *words)
    assert larger["healed"] == ([] if len(recorded(at_databases)) == 3 else [whole["decision_id"]])
    assert (larger["n_new"], larger["n_unchanged"], larger["is_recorded"]) == (
        1, whole["n_new"], True
    )  # fmt: skip
    assert recorded(at_databases)[0] == lost  # to the last word, though nobody delivered it again
    assert n_known(at_databases, kind) == n_rows + 1
    again = deliver(kind, first, *words)
    assert (again["decision_id"], again["healed"]) == (whole["decision_id"], [])


def test_a_correction_without_a_decision_leaves_what_was_believed_before(at_databases, deliver):
    deliver("macro", MACRO[0])
    deliver("macro", MACRO[0].replace("2.44", "2.45"))
    as_owner(at_databases, "runtime", FORGET)

    def believed():
        with connect(at_databases.runtime_url) as runtime, connect(at_databases.historical_url) as historical:
            found = read_factors(runtime, historical, ["MACRO:DGS10"], first=FIRST, last=LAST, known_at=LATER)
        return found["value"].to_list()

    assert believed() == [0.0246, 0.0244]
    assert len(deliver("factors", "date,Y\n2018-01-02,0.01\n")["healed"]) == 1
    assert believed() == [0.0246, 0.0245]
