"""``prometheus derive``: returns and volatilities from the prices."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from prometheus.cli.output import JsonOption, print_json, print_table, say
from prometheus.kernel.errors import ConfigError
from prometheus.store.settings import settings_from_environment

if TYPE_CHECKING:
    import numpy as np

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

    written = derive_market(settings_from_environment(), market, _date(first, "--from"), _date(last, "--to"))
    if as_json:
        print_json({"market_id": market, "written": written})
    elif any(written.values()):
        print_table(["table", "rows written"], list(written.items()))
    else:
        say("Nothing has changed; nothing was written.")


def _date(text: str | None, option: str) -> np.datetime64 | None:
    import numpy as np

    if text is None:
        return None
    try:
        return np.datetime64(date.fromisoformat(text), "D")
    except ValueError as error:
        raise ConfigError(f"{option}: {text!r} is no date.", remedy="Write it as 2013-02-08.") from error
