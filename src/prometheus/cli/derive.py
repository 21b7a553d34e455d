"""``prometheus derive``: returns and volatilities from the prices."""

from __future__ import annotations

from typing import Annotated

import typer

from prometheus.cli.output import JsonOption, print_json, print_table
from prometheus.store.settings import settings_from_environment

app = typer.Typer()


@app.command()
def derive(
    market: Annotated[str, typer.Option("--market", help="The market.")] = "US_EQ",
    first: Annotated[str | None, typer.Option("--from", help="First session; the first with prices.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last session; the last with prices.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compute returns and volatilities from the prices that are stored.

    Only rows that are new or differ are written; running it again writes nothing.
    """
    from prometheus.bootstrap import derive_market

    written = derive_market(settings_from_environment(), market, first, last, None)
    if as_json:
        print_json({"market_id": market, "written": written})
    else:
        print_table(["table", "rows written"], list(written.items()))
