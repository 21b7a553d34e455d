"""The current DDL as text: all of runtime/*.sql or historical/*.sql, in the order of their names."""

from __future__ import annotations

from importlib.resources import files

from prometheus.schema.tables.spec import Database


def ddl(database: Database) -> str:
    """Return the whole DDL of a database, ready to run in one call.

    Parameters
    ----------
    database : {"runtime", "historical"}
        Which of the two.

    Notes
    -----
    Names are unqualified: the tables come to stand in the schema that is first in ``search_path``.
    """
    folder = files("prometheus.schema") / database
    parts = sorted(
        (part for part in folder.iterdir() if part.name.endswith(".sql")), key=lambda part: part.name
    )
    return "\n".join(part.read_text(encoding="utf-8") for part in parts)
