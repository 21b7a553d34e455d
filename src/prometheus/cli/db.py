"""``prometheus db``: build, upgrade, check and look into both databases."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prometheus.cli.output import JsonOption, print_json, print_table, say, shown_bytes
from prometheus.kernel.errors import InvariantError, ServerStartError, UsageError
from prometheus.store.settings import settings_from_environment, without_password

if TYPE_CHECKING:
    from prometheus.schema.tables.spec import Database
    from prometheus.store.catalog import Catalog

NAMES: tuple[Database, Database] = ("runtime", "historical")
N_SHOWN = 50

app = typer.Typer()


class DatabaseName(StrEnum):
    """One of the two databases."""

    RUNTIME = "runtime"
    HISTORICAL = "historical"


WhichArgument = Annotated[DatabaseName, typer.Argument(help="Which of the two databases.", show_default=True)]
FileOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="File or folder to write to; without it, print.")
]


@app.command(short_help="Build both databases.")
def init(as_json: JsonOption = False) -> None:
    """Build both databases; those that are there already stay as they are.

    Without further settings they are made in an embedded PostgreSQL server under PROMETHEUS_HOME
    (./.prometheus). To use a server of your own, create two empty databases and name them in
    PROMETHEUS_RUNTIME_URL and PROMETHEUS_HISTORICAL_URL.
    """
    from prometheus.store.migrations import initialise

    _migrate(initialise, as_json)


@app.command(short_help="Bring both databases to this program's version.")
def upgrade(as_json: JsonOption = False) -> None:
    """Bring both databases to the version of this program; their rows stay.

    Each database is upgraded in one transaction: it happens as a whole or not at all.
    """
    from prometheus.store.migrations import upgrade as upgrade_database

    _migrate(upgrade_database, as_json)


@app.command(short_help="Show versions, sizes and rows.")
def status(as_json: JsonOption = False) -> None:
    """Show where the databases are, their versions, sizes and the rows of each table."""
    from prometheus.store.connections import open_databases
    from prometheus.store.status import database_status

    settings = settings_from_environment()
    databases = open_databases(settings, check_version=False)
    found = [database_status(databases.url(name), name) for name in NAMES]
    if as_json:
        print_json({"home": settings.home, "artifacts": settings.artifacts_url, "databases": found})
        return
    say(f"home       {settings.home}" if settings.is_embedded else "home       a server of your own")
    say(f"artifacts  {without_password(settings.artifacts_url)}")
    for one in found:
        say(f"{one.database:<10} {one.url}")
    print_table(
        ["database", "PostgreSQL", "version", "newest", "size", "tables", "rows"],
        [
            [
                one.database,
                one.server,
                one.version or "empty",
                one.newest_version,
                shown_bytes(one.n_bytes),
                len(one.n_rows),
                sum(one.n_rows.values()),
            ]
            for one in found
        ],
    )
    rows = [[one.database, table, count] for one in found for table, count in one.n_rows.items()]
    if rows:
        print_table(["database", "table", "rows"], rows)
    if not all(one.is_current for one in found):
        say("Run `prometheus db init` on an empty database, `prometheus db upgrade` on an older one.")


@app.command(short_help="Look for drift, orphans and broken invariants.")
def check(as_json: JsonOption = False) -> None:
    """Look for drift, for orphans across the databases and for broken invariants.

    Every batch is held against the decision that wrote it, every pointer against what it points to, files
    of texts and matrices against the digest that is their name. Each finding says how to mend it.

    Ends with exit code 6 if anything was found. Nothing is changed.
    """
    from prometheus.store.artifacts import Artifacts
    from prometheus.store.checks import check_databases
    from prometheus.store.connections import connect, open_databases

    settings = settings_from_environment()
    databases = open_databases(settings)
    with connect(databases.runtime_url) as runtime, connect(databases.historical_url) as historical:
        violations = check_databases(runtime, historical, Artifacts(settings.artifacts_url))
    if as_json:
        print_json({"is_clean": not violations, "violations": violations})
        if violations:
            raise typer.Exit(InvariantError.exit_code)
        return
    for violation in violations[:N_SHOWN]:
        say(f"{violation.table} {violation.key} {violation.column}: {violation.detail} ({violation.rule})")
    for rule, remedy in {one.rule: one.remedy for one in violations}.items():
        say(f"{rule}: {remedy}")
    if len(violations) > N_SHOWN:
        say(f"and {len(violations) - N_SHOWN:,} more; --json shows all")
    if violations:
        raise InvariantError(
            f"{len(violations):,} violations were found.",
            remedy="Each line names table, key and rule; `prometheus db psql` opens the database.",
        )
    say("Both databases are clean.")


@app.command(short_help="Print the URL of a database.")
def url(database: WhichArgument = DatabaseName.RUNTIME) -> None:
    """Print the URL of a database, for psql, pandas or any other client.

    It is complete: a password in your own URL is printed with it.
    """
    say(_url(database))


@app.command(
    short_help="Open psql on a database.",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def psql(
    context: typer.Context,
    database: Annotated[
        str, typer.Argument(help="Which of the two databases: runtime or historical.", show_default=True)
    ] = "runtime",
) -> None:
    """Open psql on a database; further words are handed to it.

    For example: prometheus db psql -c "TABLE markets"
    """
    words = list(context.args)
    if database.startswith("-"):  # psql's words begin at once: the database was left out
        words, database = [database, *words], DatabaseName.RUNTIME
    if database not in list(DatabaseName):
        raise UsageError(
            f"There is no database {database!r}.", remedy=f"Choose one of {', '.join(DatabaseName)}."
        )
    program = _psql_program()
    os.execv(program, [str(program), "--dbname", _url(DatabaseName(database)), *words])


@app.command(short_help="Stop the embedded server.")
def stop() -> None:
    """Stop the embedded server cleanly; the next command starts it again."""
    from prometheus.store.server import stop_server

    settings = settings_from_environment()
    if not settings.is_embedded:
        say("The databases are on a server of your own; there is nothing to stop.")
    elif stop_server(settings.home):
        say(f"The server of {settings.home} has stopped.")
    else:
        say(f"No server of {settings.home} was running.")


@app.command(short_help="Write the data dictionary.")
def dictionary(output: FileOption = None) -> None:
    """Write the data dictionary, generated from the live databases, as Markdown."""
    from prometheus.store.dictionary import dictionary_markdown

    _write(dictionary_markdown(_catalogs()), output, "dictionary.md")


@app.command(short_help="Write the entity-relationship diagrams.")
def erd(output: FileOption = None) -> None:
    """Write the entity-relationship diagrams, generated from the live databases, for Mermaid."""
    from prometheus.store.dictionary import erd_mermaid

    _write(erd_mermaid(_catalogs()), output, "erd.md")


def _migrate(migrate: Callable[[str, Database], str], as_json: bool) -> None:
    from prometheus.store.connections import open_databases

    settings = settings_from_environment()
    databases = open_databases(settings, check_version=False, may_create=True)
    versions = {name: migrate(databases.url(name), name) for name in NAMES}
    if as_json:
        print_json({"versions": versions})
        return
    for name, version in versions.items():
        say(f"{name:<10} {version}  {without_password(databases.url(name))}")


def _url(database: DatabaseName) -> str:
    from prometheus.store.connections import open_databases

    return open_databases(settings_from_environment(), check_version=False).url(database.value)


def _catalogs() -> dict[str, Catalog]:
    from prometheus.store.catalog import read_catalog
    from prometheus.store.connections import connect, open_databases

    databases = open_databases(settings_from_environment())
    catalogs: dict[str, Catalog] = {}
    for name in NAMES:
        with connect(databases.url(name)) as connection:
            catalogs[name] = read_catalog(connection)
    return catalogs


def _write(text: str, output: Path | None, name: str) -> None:
    if output is None:
        typer.echo(text, nl=False)
        return
    if output.is_dir():
        output /= name
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{output} can't be written: {error.strerror}.", remedy="Name another file in --output."
        ) from error
    say(f"wrote {output}")


def _psql_program() -> Path:
    from prometheus.store.server_account import programs_folder

    try:
        bundled = programs_folder() / "psql"
    except ServerStartError:
        bundled = None
    if bundled is not None and bundled.exists():
        return bundled
    found = shutil.which("psql")
    if found is None:
        raise UsageError(
            "The program psql was not found.",
            remedy="Install the PostgreSQL client, or hand the output of `prometheus db url` to another one.",
        )
    return Path(found)
