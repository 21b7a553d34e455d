"""Connections to both databases, and the one place where the driver's errors become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import errors as driver
from psycopg.conninfo import make_conninfo

from prometheus.kernel.errors import (
    DatabaseVersionError,
    DiskFullError,
    PrometheusError,
    RuleBrokenError,
    ServerUnreachableError,
    StoreError,
)
from prometheus.store.server import has_cluster, start_server
from prometheus.store.settings import Settings, without_password

OLDEST_SERVER = 15
CONNECT_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Databases:
    """The URLs of both databases; they may hold a password, so they are not represented."""

    runtime_url: str = field(repr=False)
    historical_url: str = field(repr=False)

    def url(self, database: str) -> str:
        """Return the URL of ``runtime`` or ``historical``."""
        return {"runtime": self.runtime_url, "historical": self.historical_url}[database]


def open_databases(settings: Settings, *, check_version: bool = True, may_create: bool = False) -> Databases:
    """Return both databases; the embedded server is started if they live there and it is not running.

    Parameters
    ----------
    settings : Settings
        Where the databases are.
    check_version : bool
        Whether to refuse databases that are not at the version of this program.
    may_create : bool
        Whether the embedded server may be made where there is none yet.

    Raises
    ------
    ServerStartError, DiskFullError
        If the embedded server can't be started.
    ServerUnreachableError
        If the user's own server can't be used.
    DatabaseVersionError
        If a database was never initialised, or is older or newer than this program.
    """
    if settings.runtime_url is not None and settings.historical_url is not None:
        databases = Databases(settings.runtime_url, settings.historical_url)
    else:
        if not may_create and not has_cluster(settings.home):
            raise DatabaseVersionError(
                f"There are no databases in {settings.home}.",
                remedy="Is this the right folder? PROMETHEUS_HOME names another. `prometheus db init` makes "
                "them here, `prometheus demo` fills them too.",
            )
        server = start_server(settings.home)
        databases = Databases(server.url("runtime"), server.url("historical"))
    if check_version:
        from prometheus.store.migrations import require_head  # it connects, so it imports this module

        require_head(databases.runtime_url, "runtime")
        require_head(databases.historical_url, "historical")
    return databases


def connect(
    url: str, *, autocommit: bool = False, application_name: str = "prometheus"
) -> psycopg.Connection[tuple[Any, ...]]:
    """Open a connection whose session is in UTC.

    Parameters
    ----------
    url : str
        A PostgreSQL URL.
    autocommit : bool
        Whether each statement is a transaction of its own.
    application_name : str
        Shown in ``pg_stat_activity`` and in the server's log.

    Raises
    ------
    ServerUnreachableError
        If nothing answers, or the user, password or database is refused.
    DatabaseVersionError
        If the server is older than PostgreSQL 15.
    """
    with driver_errors(url=url):
        connection = psycopg.connect(
            url,
            autocommit=autocommit,
            application_name=application_name,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            options="-c timezone=UTC -c client_min_messages=warning -c extra_float_digits=1",
        )
    found = connection.info.server_version // 10_000
    if found < OLDEST_SERVER:
        connection.close()
        raise DatabaseVersionError(
            f"The server of {without_password(url)} is PostgreSQL {found}, expected {OLDEST_SERVER}+.",
            remedy="Upgrade the server, or unset the two URLs to use the embedded one.",
        )
    return connection


def sibling(connection: psycopg.Connection[tuple[Any, ...]]) -> psycopg.Connection[tuple[Any, ...]]:
    """Open another connection to the same database in the way in which this one was opened.

    Raises
    ------
    psycopg.OperationalError
        If the server takes no more.
    """
    info = connection.info
    return psycopg.connect(make_conninfo(info.dsn, password=info.password or None))


@contextmanager
def driver_errors(*, url: str = "") -> Iterator[None]:
    """Translate every error of the driver that is raised inside.

    Parameters
    ----------
    url : str
        Named in the message, without its password.
    """
    try:
        yield
    except psycopg.Error as error:
        raise translate(error, url=url) from error


def translate(error: psycopg.Error, *, url: str = "") -> PrometheusError:
    """Return the error of ours that says what an error of the driver means.

    Parameters
    ----------
    error : psycopg.Error
        As it was raised.
    url : str
        Named in the message, without its password.
    """
    said = (error.diag.message_primary or str(error)).strip()
    place = f" of {without_password(url)}" if url else ""
    if isinstance(error, driver.DiskFull) or "No space left on device" in said:
        return DiskFullError(
            f"The server{place} has no room left: {said}.", remedy="Free some room on its disk."
        )
    if isinstance(error, (driver.IntegrityError, driver.RaiseException, driver.DataError)):
        return RuleBrokenError(_broken_rule(error, said), remedy="Nothing of this transaction was stored.")
    if isinstance(error, (driver.UndefinedTable, driver.UndefinedColumn, driver.InvalidSchemaName)):
        return DatabaseVersionError(
            f"The database{place} lacks what this program expects: {said}.",
            remedy="Run `prometheus db init`, or `prometheus db upgrade` on an older database.",
        )
    if isinstance(error, (driver.SerializationFailure, driver.DeadlockDetected, driver.LockNotAvailable)):
        return StoreError(f"Another process was in the way: {said}.", remedy="Run it again.")
    if isinstance(error, psycopg.OperationalError):
        return _unreachable(error, said, place)
    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None and url:  # libpq can't read it
        return ServerUnreachableError(
            f"The URL {without_password(url)} is not understood: {said}.",
            remedy="Write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE.",
        )
    return StoreError(
        f"The database refused a statement: {said}.",
        remedy="Check the rights of the URL's user on both databases.",
    )


def _broken_rule(error: psycopg.Error, said: str) -> str:
    diagnosis = error.diag
    where = ".".join(part for part in (diagnosis.schema_name, diagnosis.table_name) if part)
    parts = [said.rstrip(".") + "."]
    if where:
        column = f", column {diagnosis.column_name}" if diagnosis.column_name else ""
        parts.append(f"Table {where}{column}.")
    if diagnosis.constraint_name:
        parts.append(f"Rule {diagnosis.constraint_name}.")
    if diagnosis.message_detail:
        parts.append(diagnosis.message_detail)
    return " ".join(parts)


def _unreachable(error: psycopg.OperationalError, said: str, place: str) -> ServerUnreachableError:
    # libpq gives no code for a refused connection, only the server's words.
    lowered = said.lower()
    if "password" in lowered or "authentication" in lowered or "pg_hba.conf" in lowered:
        remedy = "Check user and password in the URL, and the server's pg_hba.conf."
    elif isinstance(error, driver.InvalidCatalogName) or (
        'database "' in lowered and "does not exist" in lowered
    ):
        remedy = "Create the database first (CREATE DATABASE), then run `prometheus db init`."
    elif "too many" in lowered or "remaining connection slots" in lowered:
        remedy = "Close other sessions, or raise max_connections of the server."
    elif (
        isinstance(error, (driver.AdminShutdown, driver.CrashShutdown)) or "closed the connection" in lowered
    ):
        remedy = "The server went down meanwhile; run it again, what was committed is safe."
    else:
        remedy = "Check host and port in the URL, and that the server is running."
    return ServerUnreachableError(f"The server{place} can't be used: {said}.", remedy=remedy)
