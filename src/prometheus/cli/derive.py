"""``prometheus derive``: what follows from the prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from prometheus.cli.dates import datetime64_of
from prometheus.cli.output import JsonOption, print_json, print_table, say
from prometheus.cli.progress import Bar
from prometheus.kernel.errors import ConfigError
from prometheus.store.settings import settings_from_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prometheus.flow.storage import Written

app = typer.Typer()


@app.command(short_help="Compute returns, volatilities, factors, exposures and correlations.")
def derive(
    market: Annotated[str, typer.Option("--market", help="The market.")] = "US_EQ",
    first: Annotated[str | None, typer.Option("--from", help="First session; the first with prices.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last session; the last with prices.")] = None,
    tables: Annotated[
        list[str] | None,
        typer.Option("--table", help="One of the tables; again for another. All by default."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Compute everything again, also where nothing came since.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compute what follows from the prices that are stored, table by table.

    returns_daily: total returns over 1, 5 and 21 sessions. volatility_daily: over 21 and 63 sessions,
    annualised. factors_daily: the returns of US_EQ:MKT, MOM, STREV and LOWVOL, and of VALUE and QUALITY where
    profiles exist. instrument_factors_daily: exposures by regression over 252 sessions, at the end of each
    week. correlation_panels: Ledoit-Wolf correlations over 252 sessions, at the end of each month.

    `prometheus ingest` does it by itself. Only rows that are new or differ are written, and those that follow
    from nothing any more are removed; running it again writes nothing. Where nothing was delivered since the
    last time, nothing is computed, unless --force, --from, --to or --table asks for it. With --table only the
    named ones are computed, from what the others hold.
    """
    from prometheus.bootstrap import derived_tables, profiles_are_derived, tables_are_derived

    _require_known(tables or ())
    settings = settings_from_environment()
    days = datetime64_of(first, "--from"), datetime64_of(last, "--to")
    is_asked = force or bool(tables) or days != (None, None)
    counts: Mapping[str, Written] = {}
    is_fresh = tables_are_derived(settings, market) and profiles_are_derived(settings, market)
    if is_asked or not is_fresh:
        counts = derived_tables(
            settings, market, first=days[0], last=days[1], tables=tables, progress=Bar(f"derive {market}")
        )
    if as_json:
        written = {table: found.n_written for table, found in counts.items() if found.n_written}
        print_json({"market_id": market, "written": written, "tables": counts})
        return
    if counts:
        print_table(
            ["table", "computed", "new", "changed", "the same", "removed"],
            [
                (
                    table,
                    found.n_new + found.n_changed + found.n_same,
                    found.n_new,
                    found.n_changed,
                    found.n_same,
                    found.n_removed,
                )
                for table, found in counts.items()
            ],
        )
    if not any(found.n_written for found in counts.values()):
        say("Nothing has changed; nothing was written.")


def _require_known(tables: Sequence[str]) -> None:
    from prometheus.pipeline import derivation_steps

    known = [table for step in derivation_steps() for table in step.writes]
    unknown = [table for table in tables if table not in known]
    if unknown:
        raise ConfigError(
            f"--table: {', '.join(unknown)} is not derived.", remedy=f"Derived are {', '.join(known)}."
        )
