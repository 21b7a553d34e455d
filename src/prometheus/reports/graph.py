"""The steps of a day and the tables between them, as rows, as JSON data and as a Mermaid diagram."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus.flow.graph import Graph
from prometheus.flow.step import Read, Step
from prometheus.kernel.config import EngineConfig

HEADINGS = ("", "step", "engine", "decides", "reads", "writes")


def graph_rows(graph: Graph) -> list[tuple[str, ...]]:
    """Return a row a step, in the order of one session, under `HEADINGS`.

    Steps of a chain carry a mark: they run date by date, what was done the session before feeds them.
    """
    rows: list[tuple[str, ...]] = []
    number = 0
    for group in graph.groups:
        for step in group.steps:
            number += 1
            rows.append(
                (
                    f"{number}{' ↻' if group.is_chain else ''}",
                    step.name,
                    step.engine_name,
                    f"every {step.when}, for a {step.scope}",
                    "\n".join(read_in_words(read) for read in graph.reads[step.name]),
                    "\n".join((*step.writes, *(f"{table} (moves its state on)" for table in step.advances))),
                )
            )
    return rows


def read_in_words(read: Read) -> str:
    """Return a read as people say it.

    Examples
    --------
    >>> read_in_words(Read("prices_daily", ("close",), sessions=253))
    'prices_daily: close, 253 sessions'
    >>> read_in_words(Read("orders", lag=1))
    'orders, of the session before'
    """
    text = read.table + (f": {' '.join(read.columns)}" if read.columns else "")
    if read.sessions > 1:
        text += f", {read.sessions} sessions"
    if read.lag == 1:
        text += ", of the session before" if read.sessions == 1 else ", to the session before"
    elif read.lag > 1:
        text += f", {read.lag} sessions before"
    return text


def graph_body(graph: Graph, configs: Mapping[str, EngineConfig]) -> dict[str, Any]:
    """Return the graph as JSON data: steps in order with their settings, and edges."""
    return {
        "steps": [
            {
                "name": step.name,
                "engine_name": step.engine_name,
                "when": step.when,
                "scope": step.scope,
                "is_chain": group.is_chain,
                "config_id": configs[step.name].config_id,
                "config_body": configs[step.name].canonical_body(),
                "reads": [_read_body(read, graph.writers.get(read.table)) for read in graph.reads[step.name]],
                "writes": list(step.writes),
                "advances": list(step.advances),
            }
            for group in graph.groups
            for step in group.steps
        ],
        "edges": [
            {"writer": edge.writer, "reader": edge.reader, "table": edge.table, "lag": edge.lag}
            for edge in graph.edges
        ],
    }


def _read_body(read: Read, writer: Step | None) -> dict[str, Any]:
    return {
        "table": read.table,
        "columns": list(read.columns),
        "sessions": read.sessions,
        "lag": read.lag,
        "writer": None if writer is None else writer.name,
    }


def graph_mermaid(graph: Graph) -> str:
    """Return a Mermaid flowchart: steps are boxes, tables cylinders; a dotted line is a lagged read."""
    lines = ["flowchart LR"]
    tables: dict[str, None] = {}
    for number, group in enumerate(graph.groups, start=1):
        if group.is_chain:
            lines.append(f'  subgraph chain{number}["date by date"]')
        indent = "    " if group.is_chain else "  "
        lines += [f'{indent}{step.name}_step["{step.name}<br/>{step.engine_name}"]' for step in group.steps]
        if group.is_chain:
            lines.append("  end")
    links = []
    for step in graph.steps:
        for read in graph.reads[step.name]:
            tables[read.table] = None
            dash = f"-. {read.lag} before .->" if read.lag else "-->"
            link = f"  {read.table} {dash} {step.name}_step"
            if link not in links:
                links.append(link)
        for table in (*step.writes, *step.advances):
            tables[table] = None
            links.append(f"  {step.name}_step --> {table}")
    lines += [f'  {table}[("{table}")]' for table in tables]
    return "\n".join([*lines, *links]) + "\n"
