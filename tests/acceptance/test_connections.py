"""The driver's errors become ours, with a remedy, on the embedded server and on an older one."""

import socket

import psycopg
import pytest

from prometheus.kernel.errors import (
    DatabaseVersionError,
    DiskFullError,
    RuleBrokenError,
    ServerUnreachableError,
    StoreError,
)
from prometheus.store.connections import Databases, connect, driver_errors, open_databases, translate
from prometheus.store.migrations import head_version
from prometheus.store.server import start_server
from prometheus.store.server_errors import file_error, program_error
from prometheus.store.settings import settings_from_environment

on_both_servers = pytest.mark.parametrize("server", ["embedded", "15"], indirect=True)


@on_both_servers
def test_a_session_is_in_utc_and_carries_the_name_of_the_program(empty_databases):
    with connect(empty_databases.runtime_url) as connection:
        row = connection.execute("SHOW timezone").fetchone()
        name = connection.execute("SHOW application_name").fetchone()
    assert (row, name) == (("UTC",), ("prometheus",))


@on_both_servers
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("INSERT INTO held VALUES (-1, 1)", ["held_quantity_check", "held", "-1"]),
        ("INSERT INTO held VALUES (1, 7)", ["held_owner_fkey", "held", "(7)"]),
        ("INSERT INTO owners VALUES (1)", ["owners_pkey", "owners", "(id)=(1)"]),
        ("INSERT INTO held VALUES (NULL, 1)", ["column quantity", "held"]),
        (
            "DO $$ BEGIN RAISE EXCEPTION 'a decision is never changed'; END $$",
            ["a decision is never changed"],
        ),
        ("SELECT 'x'::int", ["invalid input syntax"]),
    ],
)
def test_a_refused_row_names_table_rule_and_value(empty_databases, statement, words):
    with connect(empty_databases.runtime_url) as connection:
        connection.execute(
            "CREATE TABLE owners (id int PRIMARY KEY); INSERT INTO owners VALUES (1);"
            "CREATE TABLE held (quantity int NOT NULL CHECK (quantity >= 0), owner int REFERENCES owners)"
        )
        with pytest.raises(RuleBrokenError) as caught, driver_errors():
            connection.execute(statement)
        connection.rollback()
    for word in words:
        assert word in caught.value.message
    assert caught.value.remedy


@on_both_servers
def test_a_missing_table_asks_for_init_or_upgrade(empty_databases):
    with connect(empty_databases.runtime_url) as connection:
        with pytest.raises(DatabaseVersionError, match="prometheus db init"), driver_errors():
            connection.execute("SELECT * FROM fills")
        connection.rollback()


@on_both_servers
def test_a_missing_database_is_named(server):
    with pytest.raises(ServerUnreachableError, match="nowhere") as caught:
        connect(server.url("nowhere"))
    assert "CREATE DATABASE" in caught.value.remedy


def test_a_port_where_nobody_listens_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"postgresql://desk:secret@127.0.0.1:{port}/runtime"
    with pytest.raises(ServerUnreachableError, match=str(port)) as caught:
        connect(url)
    assert "host and port" in caught.value.remedy
    assert "secret" not in str(caught.value)


def test_a_wrong_password_is_said_to_be_one(home):
    server = start_server(home)
    rules = server.data / "pg_hba.conf"
    rules.write_text("local all desk scram-sha-256\n" + rules.read_text())
    with connect(server.url("runtime"), autocommit=True) as connection:
        connection.execute("CREATE ROLE desk LOGIN PASSWORD 'right'")
        connection.execute("SELECT pg_reload_conf()")
    url = server.url("runtime").replace("prometheus@", "desk:wrong@")
    with pytest.raises(ServerUnreachableError, match="password") as caught:
        connect(url)
    assert "user and password" in caught.value.remedy
    connect(url.replace("wrong", "right")).close()


def test_a_session_that_the_server_ends_is_told_from_a_wrong_url(server, empty_databases):
    with connect(empty_databases.runtime_url) as connection:
        pid = connection.info.backend_pid
        server.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
        with pytest.raises(ServerUnreachableError) as caught, driver_errors():
            connection.execute("SELECT 1")
    assert "what was committed is safe" in caught.value.remedy


def test_two_writers_in_each_others_way_may_try_again(empty_databases):
    with connect(empty_databases.runtime_url, autocommit=True) as first:
        first.execute("CREATE TABLE single (n int)")
        with first.transaction(), connect(empty_databases.runtime_url) as second:
            first.execute("LOCK TABLE single")
            with pytest.raises(StoreError, match="in the way") as caught, driver_errors():
                second.execute("LOCK TABLE single NOWAIT")
            second.rollback()
    assert caught.value.remedy == "Run it again."


def test_a_url_with_an_unknown_option_is_not_understood():
    with pytest.raises(ServerUnreachableError, match="nonsense") as caught:
        connect("postgresql://desk:secret@localhost/runtime?nonsense=1")
    assert "postgresql://USER" in caught.value.remedy
    assert "secret" not in str(caught.value)


def test_a_wrong_statement_is_a_store_error(empty_databases):
    with connect(empty_databases.runtime_url) as connection:
        with pytest.raises(StoreError, match="syntax error"), driver_errors():
            connection.execute("SELEKT")
        connection.rollback()


def test_a_full_disk_is_called_by_its_name(tmp_path):
    said = 'could not extend file "base/5/1": No space left on device'
    assert isinstance(translate(psycopg.errors.DiskFull(said)), DiskFullError)
    assert isinstance(translate(psycopg.OperationalError(said)), DiskFullError)
    assert isinstance(program_error("No cluster.", f"initdb: error: {said}"), DiskFullError)
    assert isinstance(file_error(tmp_path, OSError(28, "No space left on device")), DiskFullError)


def test_the_urls_of_both_databases_are_not_shown():
    assert "secret" not in repr(Databases("postgresql://u:secret@h/r", "postgresql://u:secret@h/h"))


def test_databases_that_were_never_built_are_refused_with_the_remedy(home):
    with pytest.raises(DatabaseVersionError, match="prometheus db init"):
        open_databases(settings_from_environment())


@on_both_servers
def test_databases_of_a_newer_program_are_refused(at_databases):
    with connect(at_databases.historical_url) as connection:
        connection.execute("UPDATE alembic.version SET version_num = 'historical_9999'")
    with pytest.raises(DatabaseVersionError, match="historical_9999"):
        open_databases(settings_from_environment())


@on_both_servers
def test_databases_of_the_present_version_are_opened(at_databases):
    assert open_databases(settings_from_environment()) == at_databases
    assert head_version("runtime").startswith("runtime_")
