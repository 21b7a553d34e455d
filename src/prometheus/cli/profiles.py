"""``prometheus profiles``: what was known about issuers, from their filings."""

from __future__ import annotations

from typing import Annotated

import typer

from prometheus.cli.dates import datetime64_of
from prometheus.cli.output import JsonOption, print_json, print_table, say
from prometheus.cli.progress import Bar
from prometheus.store.settings import settings_from_environment

app = typer.Typer()


@app.command()
def profiles(
    market: Annotated[str, typer.Option("--market", help="The market.")] = "US_EQ",
    first: Annotated[str | None, typer.Option("--from", help="First date; that of the first filing.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last date; that of the last filing.")] = None,
    assume_first_sector: Annotated[
        bool,
        typer.Option(
            "--assume-first-sector",
            help="Let the first sector stated of an issuer stand for the time before it, too.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compute ratios, scores and risk flags of issuers from the filings that are stored.

    A profile is written for each session on which something new became known of an issuer: filings accepted
    by its close, never by the end of their period. A restatement gives a new profile; those before it stay.

    Ratios with flows are over the year to the latest report. Flags rank an issuer within its sector as it was
    known on the session; who has none by then has no flags, and the profile says so. Where your reference
    files are younger than the filings, --assume-first-sector ranks all the same, and says that it assumed.
    Running it again writes nothing. The factors that rest on profiles are derived again where they changed.
    """
    from prometheus.bootstrap import derive_changes, profiles_are_derived
    from prometheus.bootstrap.profiles import build_profiles
    from prometheus.domain.profiles.config import ProfilesConfig

    settings = settings_from_environment()
    record = build_profiles(
        settings,
        market,
        datetime64_of(first, "--from"),
        datetime64_of(last, "--to"),
        config=ProfilesConfig(assume_first_sector=assume_first_sector),
        progress=Bar("profiles"),
    )
    derived: dict[str, int] = {}
    is_stale = record.n_profiles > 0 or not profiles_are_derived(settings, market)
    if is_stale and record.first is not None and record.last is not None:
        import numpy as np

        changed = np.datetime64(record.first, "D"), np.datetime64(record.last, "D")
        derived = dict(
            derive_changes(
                settings, market, first=changed[0], last=changed[1], table="profiles", progress=Bar("derive")
            )
        )
    if as_json:
        print_json({**{name: getattr(record, name) for name in record.__slots__}, "derived": derived})
        return
    if record.first is None and record.n_issuers:
        say(f"On none of these days anything became known of an issuer of {market}: there is nothing to say.")
    elif record.first is None:
        say(f"{market} has no filings with facts; `prometheus ingest fundamentals` takes them in.")
        return
    print_table(
        ["market", "issuers", "sessions", "decisions written", "profiles written", "first", "last"],
        [
            (market, record.n_issuers, record.n_sessions, record.n_decisions, record.n_profiles,
             record.first, record.last)
        ],
    )  # fmt: skip
    for table, count in derived.items():
        say(f"{table}: {count:,} rows written")
