"""Carry a database from one version of the schema to the next.

1. Each database has its own line of revisions in ``schema/migrations/<database>/``, plain SQL under Alembic.
2. The version of a database stands in its table ``alembic.version``, outside of the schema of the product.
3. A migration takes a lock, so that of two processes the second finds the work done; it runs in one
   transaction, so that it happens as a whole or not at all.
4. A version that this program does not know belongs to a newer program: it is refused, never touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg

from prometheus.kernel.errors import DatabaseVersionError, StoreError
from prometheus.schema.tables.spec import Database
from prometheus.store.connections import connect, driver_errors
from prometheus.store.settings import without_password

_LOCK = 7_262_211_038  # any number that nobody else takes


def initialise(url: str, database: Database) -> str:
    """Build an empty database; one that is already at the present version stays as it is.

    Parameters
    ----------
    url : str
        A PostgreSQL URL of an existing database.
    database : {"runtime", "historical"}
        Which of the two it is to be.

    Returns
    -------
    str
        The version of the database.

    Raises
    ------
    DatabaseVersionError
        If it is of an older version, of a newer one, or the other of the two databases.
    StoreError
        If it holds tables of somebody else.
    """
    found = current_version(url, database)
    if found is None:
        _refuse_foreign_tables(url)
        return upgrade(url, database)
    require_head(url, database)
    return found


def upgrade(url: str, database: Database, *, extra_versions: Sequence[Path] = ()) -> str:
    """Bring a database to the newest version; rows stay.

    Parameters
    ----------
    url : str
        A PostgreSQL URL.
    database : {"runtime", "historical"}
        Which of the two it is.
    extra_versions : sequence of Path
        Folders with further revisions, for those who extend the schema.

    Returns
    -------
    str
        The version of the database afterwards.

    Raises
    ------
    DatabaseVersionError
        If the database is of a newer version than this program, or the other of the two databases.
    """
    known = _known_versions(database, extra_versions)
    with connect(url) as connection, driver_errors(url=url):
        found = _version(connection)
        _refuse_unknown(found, known, database, url)
        if found != known[-1]:
            _migrate(connection, database, extra_versions, url)
    return known[-1]


def current_version(url: str, database: Database) -> str | None:
    """Return the version of a database, or None if it was never initialised.

    Raises
    ------
    DatabaseVersionError
        If it is of a newer version than this program, or the other of the two databases.
    """
    with connect(url) as connection, driver_errors(url=url):
        found = _version(connection)
    _refuse_unknown(found, _known_versions(database), database, url)
    return found


def head_version(database: Database) -> str:
    """Return the newest version that this program knows."""
    return _known_versions(database)[-1]


def require_head(url: str, database: Database) -> None:
    """Refuse a database that is not at the version of this program.

    Raises
    ------
    DatabaseVersionError
        If it was never initialised, or is older or newer.
    """
    found = current_version(url, database)
    if found is None:
        raise DatabaseVersionError(
            f"The {database} database at {without_password(url)} is empty.",
            remedy="Run `prometheus db init`.",
        )
    if found != head_version(database):
        raise DatabaseVersionError(
            f"The {database} database at {without_password(url)} is of version {found}, "
            f"expected {head_version(database)}.",
            remedy="Run `prometheus db upgrade`.",
        )


def _folder(database: Database | None = None) -> Path:
    root = Path(str(files("prometheus.schema") / "migrations"))
    return root / database if database else root


def _known_versions(database: Database, extra_versions: Sequence[Path] = ()) -> tuple[str, ...]:
    # File names begin with v and the number of the revision; Alembic, which would import them all, is slow to
    # load, and most calls only compare versions. A test proves that both agree.
    numbers = [
        path.name[1:].split("_")[0]
        for folder in (_folder(database), *extra_versions)
        for path in folder.glob("v[0-9]*_*.py")
    ]
    return tuple(f"{database}_{number}" for number in sorted(numbers))


def _version(connection: psycopg.Connection[tuple[Any, ...]]) -> str | None:
    if connection.execute("select to_regclass('alembic.version') is null").fetchone() == (True,):
        return None
    row = connection.execute("select version_num from alembic.version").fetchone()
    return None if row is None else str(row[0])


def _refuse_unknown(found: str | None, known: Sequence[str], database: Database, url: str) -> None:
    if found is None or found in known:
        return
    place = f"The database at {without_password(url)}"
    if not found.startswith(f"{database}_"):
        raise DatabaseVersionError(
            f"{place} is of version {found}, which is no {database} database.",
            remedy="Check PROMETHEUS_RUNTIME_URL and PROMETHEUS_HISTORICAL_URL: they may be swapped.",
        )
    raise DatabaseVersionError(
        f"{place} is of version {found}, this program knows {known[-1]} at most.",
        remedy="Upgrade the program: pip install --upgrade prometheus-quant.",
    )


def _refuse_foreign_tables(url: str) -> None:
    with connect(url) as connection, driver_errors(url=url):
        row = connection.execute(
            "select string_agg(relname, ', ' order by relname) from (select relname from pg_class "
            "where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v') limit 5) t "
            "where to_regclass('alembic.version') is null"  # another process has just built them
        ).fetchone()
    if row is not None and row[0] is not None:
        raise StoreError(
            f"The database at {without_password(url)} already holds tables: {row[0]}.",
            remedy="Name an empty database (CREATE DATABASE).",
        )


def _migrate(
    connection: psycopg.Connection[tuple[Any, ...]],
    database: Database,
    extra_versions: Sequence[Path],
    url: str,
) -> None:
    # Imported here: both take a third of a second, and only migrations need them.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import StaticPool

    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    locations = "\n".join(str(folder) for folder in (_folder(database), *extra_versions))
    config.set_main_option("version_locations", locations.replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool, use_native_hstore=False
    )
    try:
        with engine.connect() as bound:  # rolls back whatever stood open: nothing is done before it
            connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
            connection.execute("create schema if not exists alembic")
            config.attributes["connection"] = bound
            command.upgrade(config, "head")
            bound.commit()
    except DBAPIError as error:
        with driver_errors(url=url):
            raise error.orig or error from None
