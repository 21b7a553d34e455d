"""What a database holds, at a glance."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from prometheus.schema.tables.spec import Database
from prometheus.store.connections import connect, driver_errors
from prometheus.store.migrations import current_version, head_version
from prometheus.store.settings import without_password


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """A database at a glance.

    Parameters
    ----------
    database : str
        ``runtime`` or ``historical``.
    url : str
        Its URL, without the password.
    server : str
        Version of PostgreSQL.
    version : str or None
        Version of the schema; None if it was never initialised.
    newest_version : str
        Version that this program brings.
    n_bytes : int
        Size on disk.
    n_rows : dict of str to int
        By table, in the order of their names; exact.
    """

    database: str
    url: str
    server: str
    version: str | None
    newest_version: str
    n_bytes: int
    n_rows: dict[str, int]

    @property
    def is_current(self) -> bool:
        """Whether the schema is of the version that this program brings."""
        return self.version == self.newest_version


def database_status(url: str, database: Database) -> DatabaseStatus:
    """Return what a database holds.

    Parameters
    ----------
    url : str
        A PostgreSQL URL.
    database : {"runtime", "historical"}
        Which of the two it is.
    """
    version = current_version(url, database)
    with connect(url) as connection, driver_errors(url=url):
        server, n_bytes = connection.execute(
            "SELECT current_setting('server_version'), pg_database_size(current_database())"
        ).fetchall()[0]
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
            "AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname COLLATE \"C\""
        ).fetchall()
        n_rows = {
            name: int(
                connection.execute(
                    sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
                ).fetchall()[0][0]
            )
            for (name,) in tables
        }
    return DatabaseStatus(
        database, without_password(url), str(server), version, head_version(database), int(n_bytes), n_rows
    )
