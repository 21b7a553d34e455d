"""Databases are built, carried forward with their rows, and refused when they are not ours."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

import prometheus.schema.migrations as migrations
from prometheus.kernel.errors import DatabaseVersionError, RuleBrokenError, StoreError
from prometheus.schema.ddl import ddl
from prometheus.store.catalog import differences, expected_catalog, read_catalog
from prometheus.store.connections import Databases, connect
from prometheus.store.migrations import current_version, head_version, initialise, require_head, upgrade
from tests.schema.seed import fill_historical, fill_runtime

BOTH = pytest.mark.parametrize("database", ["runtime", "historical"])
FILL = {"runtime": fill_runtime, "historical": fill_historical}
FOLDER = Path(migrations.__path__[0])
LANDED = {
    "runtime/v0001_first.sql": "fe31de5092f8f3ffaee74ed7805c05f3c310cfcbaaa0ec5f23b6a500d5864af3",
    "runtime/v0002_pending.sql": "32a73bb77756862ca41c5902617318dafcbd6432bcdbc33c1b761eb08e9db2ad",
    "historical/v0001_first.sql": "1727d3a247b21cf1b9e025cdb3bcac09c93f6bbd4c3c0950b956ae794966d9d1",
    "historical/v0002_values_kept.sql": "fe622f06a5c196555607e9ea09f9f878518a9b72ed266545c9b290f655fa6110",
}
"""SHA-256 of the versions that databases out there were built from: add to the list, never change it."""
EXTRA = """
from prometheus.schema.migrations.plain_sql import run_sql_beside

revision = "{database}_9999"
down_revision = "{head}"


def upgrade() -> None:
    run_sql_beside(__file__)
"""


def extra_revision(folder: Path, database: str, sql: str) -> Path:
    text = EXTRA.format(database=database, head=head_version(database))
    (folder / "v9999_extra.py").write_text(text)
    (folder / "v9999_extra.sql").write_text(sql)
    return folder


def all_rows(url: str, database: str) -> dict[str, list[object]]:
    with connect(url) as connection:
        tables = read_catalog(connection).tables
        return {
            name: connection.execute(f"select to_jsonb(t) from {name} t order by t::text".encode()).fetchall()
            for name in tables
        }


@BOTH
def test_initialising_twice_changes_nothing(empty_databases: Databases, database: str) -> None:
    url = empty_databases.url(database)
    assert current_version(url, database) is None
    assert initialise(url, database) == head_version(database)
    assert initialise(url, database) == head_version(database) == current_version(url, database)


@BOTH
def test_a_populated_first_version_is_carried_to_the_newest_with_every_row(
    empty_databases: Databases, database: str
) -> None:
    url = empty_databases.url(database)
    with connect(url) as connection:
        connection.execute((FOLDER / database / "v0001_first.sql").read_bytes())
        connection.execute(
            "create schema alembic; create table alembic.version (version_num varchar(32) primary key)"
        )
        connection.execute("insert into alembic.version values (%s)", [f"{database}_0001"])
        FILL[database](connection)
    before = all_rows(url, database)
    assert upgrade(url, database) == head_version(database)
    assert all_rows(url, database) == before
    with connect(url) as connection:
        assert differences(expected_catalog(connection, database), read_catalog(connection)) == ()


@BOTH
def test_a_further_revision_keeps_every_row(databases: Databases, database: str, tmp_path: Path) -> None:
    url = databases.url(database)
    with connect(url) as connection:
        FILL[database](connection)
    before = all_rows(url, database)
    table = {"runtime": "orders", "historical": "prices_daily"}[database]
    folder = extra_revision(tmp_path, database, f"alter table {table} add column note text;")
    assert upgrade(url, database, extra_versions=[folder]) == f"{database}_9999"
    after = all_rows(url, database)
    assert any(before.values())
    assert {name: len(rows) for name, rows in after.items()} == {k: len(v) for k, v in before.items()}
    assert after[table] == [({**row, "note": None},) for (row,) in before[table]]


@BOTH
def test_a_revision_that_fails_leaves_the_database_as_it_was(
    databases: Databases, database: str, tmp_path: Path
) -> None:
    url = databases.url(database)
    with connect(url) as connection:
        FILL[database](connection)
    broken = "create table half (i integer); insert into half values ('x');"
    with pytest.raises(RuleBrokenError):
        upgrade(url, database, extra_versions=[extra_revision(tmp_path, database, broken)])
    assert current_version(url, database) == head_version(database)
    with connect(url) as connection:
        assert "half" not in read_catalog(connection).tables


@BOTH
def test_a_newer_database_is_refused_and_left_alone(databases: Databases, database: str) -> None:
    url = databases.url(database)
    with connect(url) as connection:
        connection.execute("update alembic.version set version_num = %s", [f"{database}_8888"])
    for call in (initialise, upgrade, current_version, require_head):
        with pytest.raises(DatabaseVersionError, match="_8888, this program knows"):
            call(url, database)


def test_swapped_urls_are_noticed(databases: Databases) -> None:
    with pytest.raises(DatabaseVersionError, match="swapped"):
        current_version(databases.runtime_url, "historical")


def test_an_empty_database_is_no_present_one(empty_databases: Databases) -> None:
    with pytest.raises(DatabaseVersionError, match="db init"):
        require_head(empty_databases.runtime_url, "runtime")


def test_a_database_with_foreign_tables_is_refused(empty_databases: Databases) -> None:
    with connect(empty_databases.runtime_url) as connection:
        connection.execute("create table invoices (i integer)")
    with pytest.raises(StoreError, match="already holds tables: invoices"):
        initialise(empty_databases.runtime_url, "runtime")


def test_two_processes_may_initialise_at_once(empty_databases: Databases) -> None:
    url = empty_databases.runtime_url
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(upgrade(url, "runtime"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [head_version("runtime")] * 2


@BOTH
def test_file_names_and_alembic_agree_on_one_line_of_versions(database: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("version_locations", str(FOLDER / database))
    config.set_main_option("path_separator", "newline")
    script = ScriptDirectory.from_config(config)
    line = [revision.revision for revision in script.walk_revisions()]
    assert script.get_heads() == [head_version(database)] == line[:1]
    assert sorted(line, reverse=True) == line


def test_a_version_that_landed_is_never_edited() -> None:
    found = {
        path.relative_to(FOLDER).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(FOLDER.glob("*/v*.sql"))
    }
    assert found == LANDED, "databases were built from these: a change is the next version"


@BOTH
def test_the_whole_ddl_runs_in_one_call_and_names_no_schema(database: str) -> None:
    assert "public." not in ddl(database)
