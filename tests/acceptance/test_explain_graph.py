"""The steps of a day and the tables between them, by the command line."""

from __future__ import annotations

import json

from prometheus.adapters.simulated_broker import SimulatedBroker
from prometheus.pipeline import derivation_steps, engine_steps

STEPS = [step.name for step in derivation_steps() + engine_steps(SimulatedBroker())]


def test_the_graph_names_every_step_with_what_it_reads_and_writes(prometheus):
    outcome = prometheus("graph")
    assert outcome.exit_code == 0, outcome.err
    assert [name for name in STEPS if name not in outcome.out] == []
    assert "orders, of the session before" in outcome.out


def test_the_graph_as_json_puts_every_writer_before_its_readers(prometheus):
    body = json.loads(prometheus("graph", "--format", "json").out)
    place = {step["name"]: i for i, step in enumerate(body["steps"])}
    assert sorted(place) == sorted(STEPS)
    backwards = [e for e in body["edges"] if e["lag"] == 0 and place[e["writer"]] >= place[e["reader"]]]
    assert backwards == []
    assert all(step["config_id"].startswith(step["engine_name"]) for step in body["steps"])


def test_the_graph_as_mermaid_is_a_flowchart_of_steps_and_tables(prometheus):
    text = prometheus("graph", "--format", "mermaid").out
    assert text.startswith("flowchart LR\n")
    assert [name for name in STEPS if f"{name}_step[" not in text] == []
    assert "orders -. 1 before .-> fills_step" in text
    assert text.count("subgraph") == text.count("  end\n")
