"""``prometheus ingest``: one module a kind of delivery, each with an application of one command."""

from __future__ import annotations

import typer

from prometheus.cli.ingest import (
    calls,
    events,
    factors,
    filings,
    fundamentals,
    instruments,
    macro,
    news,
    prices,
)

app = typer.Typer()
for kind in (prices, instruments, fundamentals, filings, calls, news, macro, factors, events):
    app.registered_commands += kind.app.registered_commands
