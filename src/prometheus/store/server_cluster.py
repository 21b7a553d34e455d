"""A new database cluster, and the refusal of one that another version made."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from prometheus.kernel.errors import DatabaseVersionError, ServerStartError
from prometheus.store.server_account import Account, give_to, programs_folder, run_as
from prometheus.store.server_config import CONFIG_FILE
from prometheus.store.server_errors import program_error
from prometheus.store.server_lock import FileLock

DATABASES = ("runtime", "historical")
SUPERUSER = "prometheus"
MAJOR_VERSION = 18


def make_cluster(data: Path, account: Account | None, start_lock: FileLock) -> None:
    """Make a cluster with both databases; it appears under its name only when it is whole."""
    programs = programs_folder()
    fresh = Path(tempfile.mkdtemp(prefix="data.new-", dir=data.parent))
    give_to(account, fresh)
    initdb: list[str | Path] = [programs / "initdb", "-D", fresh, "-U", SUPERUSER, "--auth=trust"]
    initdb += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    single_user: list[str | Path] = [programs / "postgres", "--single", "-D", fresh, "postgres"]
    steps = [
        ([*initdb, "--data-checksums"], ""),
        (single_user, "".join(f"CREATE DATABASE {database}\n" for database in DATABASES)),
    ]
    for command, statements in steps:
        # The lock goes along: should this process be killed, the next one waits until the program has ended.
        done = run_as(account, command, touched=[fresh], stdin=statements, inherited=[start_lock.descriptor])
        if done.returncode != 0 or "ERROR:" in done.stdout or "FATAL:" in done.stdout:
            shutil.rmtree(fresh, ignore_errors=True)
            raise program_error("A new database cluster could not be made.", done.stdout)
    with (fresh / "postgresql.conf").open("a") as config:
        config.write(f"\ninclude_if_exists = '{CONFIG_FILE}'\n")
    fresh.rename(data)


def refuse_other_version(data: Path) -> None:
    """Raise unless the folder holds a cluster of the version that this program brings."""
    try:
        found = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise ServerStartError(
            f"{data} is not a database cluster: it has no file PG_VERSION.",
            remedy="Move that folder away, or name another home in PROMETHEUS_HOME.",
        ) from None
    if found != str(MAJOR_VERSION):
        raise DatabaseVersionError(
            f"The cluster in {data} was made by PostgreSQL {found}, this program brings {MAJOR_VERSION}.",
            remedy="Use the version of Prometheus that made it, or name another home in PROMETHEUS_HOME.",
        )
