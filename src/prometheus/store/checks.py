"""Check both databases as they stand: is the schema ours, does every pointer lead somewhere, do sums agree.

1. The catalog of each database is compared with the one that the DDL makes on the same server.
2. If it is the right one, every rule is tried: pointers across the databases (``orphans``), what decisions
   say they wrote (``price_checks``, ``batch_checks``, ``derived_checks``), facts of the one database beside
   those of the other (``history_checks``), sums and states (``invariants``), positions against fills
   (``position_fold``), and the files that rows point to (``artifact_checks``).
3. What is wrong comes back as data; nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from prometheus.schema.tables.spec import Database
from prometheus.store.artifact_checks import artifacts_are_whole
from prometheus.store.artifacts import Artifacts
from prometheus.store.batch_checks import BATCH_CHECKS
from prometheus.store.catalog import differences, expected_catalog, read_catalog
from prometheus.store.check_remedies import REMEDIES
from prometheus.store.connections import driver_errors
from prometheus.store.derived_checks import DERIVED_CHECKS
from prometheus.store.history_checks import HISTORY_CHECKS
from prometheus.store.invariants import INVARIANTS
from prometheus.store.orphans import ORPHANS
from prometheus.store.position_fold import positions_are_a_fold_over_fills
from prometheus.store.price_checks import PRICE_CHECKS
from prometheus.store.violations import Check, Connection, Violation

CHECKS: tuple[Check, ...] = (
    *ORPHANS,
    *PRICE_CHECKS,
    *BATCH_CHECKS,
    *DERIVED_CHECKS,
    *HISTORY_CHECKS,
    *INVARIANTS,
    positions_are_a_fold_over_fills,
)
"""Every rule about rows. A new one is a function with one query, added to its tuple."""


def check_databases(
    runtime: Connection, historical: Connection, artifacts: Artifacts | None = None
) -> list[Violation]:
    """Return everything that is wrong with the two databases; an empty list is a clean bill.

    Parameters
    ----------
    runtime, historical : psycopg.Connection
        Open connections. Nothing is changed; what is only read for comparison is rolled back.
    artifacts : Artifacts, optional
        Where the files are that rows point to; without it they aren't looked at.

    Notes
    -----
    A rule that many rows break is shown by a hundred of them. If tables, columns or views are missing or
    differ, the rules about rows are not tried.
    """
    with driver_errors(), runtime.transaction(), historical.transaction():
        drift = [*_drift(runtime, "runtime"), *_drift(historical, "historical")]
        found = drift
        if not any(violation.rule == "schema_has_what_is_read" for violation in drift):
            found = drift + [violation for check in CHECKS for violation in check(runtime, historical)]
            if artifacts is not None:
                found += artifacts_are_whole(runtime, historical, artifacts)
    return [replace(violation, remedy=REMEDIES[violation.rule]) for violation in found]


def _drift(connection: Connection, database: Database) -> Iterator[Violation]:
    found = read_catalog(connection)
    for difference in differences(expected_catalog(connection, database), found):
        kind, name, *rest = difference.place.split(".")
        is_read = kind in ("tables", "views") and (not rest or rest[0] == "columns")
        yield Violation(
            table=f"{database}.{name}",
            key=difference.place,
            column=rest[1] if len(rest) > 1 and rest[0] == "columns" else "",
            rule="schema_has_what_is_read" if is_read and difference.found is None else "schema_is_the_ddl",
            detail=f"expected {difference.expected or 'nothing'}, found {difference.found or 'nothing'}",
        )
