"""How a revision runs its SQL file."""

from __future__ import annotations

from pathlib import Path

from alembic import op


def run_sql_beside(revision_file: str) -> None:
    """Run the .sql file that stands beside a revision and is named like it.

    Parameters
    ----------
    revision_file : str
        ``__file__`` of the revision.
    """
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("Alembic has lost its connection.")
    connection.execute(Path(revision_file).with_suffix(".sql").read_text(encoding="utf-8"))
