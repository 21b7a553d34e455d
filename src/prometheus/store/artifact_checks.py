"""Whether what the tables point to is in the store of artifacts, and is what its name says."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from prometheus.kernel.errors import ArtifactError
from prometheus.schema.tables import TABLES
from prometheus.store.artifacts import Artifacts
from prometheus.store.violations import Connection, Violation

RULE = "artifacts_are_whole"
READERS = 4
"""Artifacts that are read at once: a disk, and an object store more so, has several in hand."""
_POINTERS = "select {column}, min({key}::text), count(*) from {table} where {column} is not null group by 1"


def artifacts_are_whole(
    runtime: Connection, historical: Connection, artifacts: Artifacts
) -> Iterator[Violation]:
    """Check that each artifact that a row points to is there, and that its name is its content's digest.

    Parameters
    ----------
    runtime, historical : psycopg.Connection
    artifacts : Artifacts
        Each is read once, however many rows point to it.
    """
    connections = {"runtime": runtime, "historical": historical}
    pointers: dict[str, list[tuple[str, str, str, int]]] = {}
    for spec in TABLES.values():
        for column in spec.column_names:
            if column.endswith("_ref"):
                query = _POINTERS.format(column=column, key=spec.key[0], table=spec.name)
                for uri, key, n_rows in connections[spec.database].execute(query.encode()):
                    pointers.setdefault(uri, []).append((spec.name, key, column, n_rows))
    with ThreadPoolExecutor(READERS) as readers:
        for uri, fault in zip(
            pointers, readers.map(lambda one: _fault(artifacts, one), pointers), strict=True
        ):
            for table, key, column, n_rows in pointers[uri] if fault else ():
                others = f"; {n_rows - 1} other rows point to it" if n_rows > 1 else ""
                yield Violation(table, key, column, RULE, f"{fault}{others}")


def _fault(artifacts: Artifacts, uri: str) -> str | None:
    try:
        artifacts.get(uri)
    except ArtifactError as error:
        return error.message
    return None
