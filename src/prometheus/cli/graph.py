"""``prometheus graph``: the steps of a day and the tables between them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from prometheus.cli.output import print_json, print_table, say

app = typer.Typer()


class GraphFormat(StrEnum):
    """How the graph is shown."""

    TEXT = "text"
    MERMAID = "mermaid"
    JSON = "json"


@app.command()
def graph(
    form: Annotated[
        GraphFormat, typer.Option("--format", help="A table, a Mermaid diagram, or JSON for programs.")
    ] = GraphFormat.TEXT,
) -> None:
    """Show the steps of a day, in their order, and the tables between them.

    The order is written nowhere: it follows from what each step reads and writes. Windows are those of
    the default settings.
    """
    from prometheus.adapters.simulated_broker import SimulatedBroker
    from prometheus.flow.graph import graph_of
    from prometheus.pipeline import default_configs, derivation_steps, engine_steps
    from prometheus.reports.graph import HEADINGS, graph_body, graph_mermaid, graph_rows

    steps = derivation_steps() + engine_steps(SimulatedBroker())
    configs = default_configs(steps)
    found = graph_of(steps, configs)
    if form is GraphFormat.JSON:
        print_json(graph_body(found, configs))
    elif form is GraphFormat.MERMAID:
        say(graph_mermaid(found).rstrip())
    else:
        print_table(HEADINGS, graph_rows(found))
        say("↻  date by date, together: what was done the session before feeds what is done today")
