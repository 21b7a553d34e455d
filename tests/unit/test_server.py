"""The embedded server starts on demand, is shared, and survives the death of any process."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time

import psutil
import pytest

from prometheus.kernel.errors import DatabaseVersionError, ServerStartError, ServerUnreachableError
from prometheus.store.connections import connect
from prometheus.store.server import log_file, running_server, start_server, stop_server
from prometheus.store.server_lock import FileLock
from prometheus.store.server_processes import answers, postmaster_pid

START = """
import sys, pathlib
from prometheus.store.server import start_server
print(start_server(pathlib.Path(sys.argv[1])).pid)
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """One home for the tests of this module that leave it running, so that it is made once."""
    folder = tmp_path_factory.mktemp("home")
    start_server(folder)
    yield folder
    stop_server(folder)


@pytest.fixture
def data(started):
    return start_server(started).data


def start_elsewhere(folder):
    return subprocess.Popen([sys.executable, "-c", START, str(folder)], stdout=subprocess.PIPE, text=True)


def value(folder, statement):
    with connect(start_server(folder).url("runtime")) as connection:
        return connection.execute(statement).fetchone()[0]


def kill_postmaster(server):
    os.kill(server.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10.0
    while postmaster_pid(server.data) is not None or answers(server.socket_folder):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_both_databases_are_there_in_utf8_with_bytewise_order_and_checksums(started):
    server = start_server(started)
    for database in ("runtime", "historical"):
        with connect(server.url(database)) as connection:
            for setting, expected in {
                "server_encoding": "UTF8",
                "data_checksums": "on",
                "timezone": "UTC",
                "fsync": "on",
                "full_page_writes": "on",
                "synchronous_commit": "on",
                "listen_addresses": "",
                "wal_level": "minimal",
                "jit": "off",
            }.items():
                assert connection.execute(f"SHOW {setting}").fetchone() == (expected,), setting
            assert connection.execute("SELECT 'B' < 'a', 'Z' < 'é'").fetchone() == (True, True)
            assert connection.info.server_version >= 180000


def test_only_the_owner_may_touch_data_and_socket(started):
    server = start_server(started)
    for folder in (server.data, server.socket_folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert os.geteuid() == 0 or folder.stat().st_uid == os.geteuid()


def test_a_running_server_is_taken_as_it_is(started):
    assert start_server(started) == start_server(started) == running_server(started)


def test_stopping_is_clean_and_stopping_again_does_nothing(started):
    start_server(started)
    assert stop_server(started)
    assert running_server(started) is None
    assert not stop_server(started)
    value(started, "SELECT 1")
    assert "was interrupted" not in log_file(started).read_text()


def test_a_home_without_a_server_has_nothing_to_stop(tmp_path):
    assert not stop_server(tmp_path / "nowhere")


def test_processes_that_start_at_once_share_one_server(tmp_path):
    starters = [start_elsewhere(tmp_path) for _ in range(4)]
    try:
        pids = {starter.communicate(timeout=120)[0].strip() for starter in starters}
        assert [starter.returncode for starter in starters] == [0, 0, 0, 0]
        assert pids == {str(running_server(tmp_path).pid)}
    finally:
        stop_server(tmp_path)


def test_stopping_while_another_process_starts_leaves_either_a_server_or_none(started):
    for after_seconds in (0.0, 0.1, 0.2, 0.3):
        stop_server(started)
        starter = start_elsewhere(started)
        time.sleep(after_seconds)
        stop_server(started)
        starter.communicate(timeout=60)
        assert value(started, "SELECT 1") == 1


def test_the_server_outlives_the_process_that_started_it(started):
    stop_server(started)
    starter = start_elsewhere(started)
    starter.communicate(timeout=60)
    assert running_server(started) is not None


@pytest.mark.parametrize("after_seconds", [0.05, 0.15, 0.3, 0.45, 0.6])
def test_a_starter_killed_midway_leaves_nothing_that_hurts(tmp_path, after_seconds):
    starter = start_elsewhere(tmp_path)
    time.sleep(after_seconds)
    starter.kill()
    starter.communicate()
    try:
        assert (
            value(tmp_path, "SELECT count(*) FROM pg_database WHERE datname IN ('runtime', 'historical')")
            == 2
        )
        assert list((tmp_path / "postgres").glob("data.new-*")) == []
    finally:
        stop_server(tmp_path)


def test_a_client_killed_midway_loses_its_transaction_only(started):
    code = (
        "import sys, time; from prometheus.store.connections import connect; c = connect(sys.argv[1])\n"
        "c.execute('CREATE TABLE kept (n int)'); c.commit(); c.execute('INSERT INTO kept VALUES (1)')\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    server = start_server(started)
    words = [sys.executable, "-c", code, server.url("runtime")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout.readline() == "ready\n"
        client.kill()
    assert running_server(started) == server
    assert value(started, "SELECT count(*) FROM kept") == 0


def test_a_killed_postmaster_is_replaced_and_what_was_committed_is_there(started):
    server = start_server(started)
    with connect(server.url("historical")) as connection:
        connection.execute("CREATE TABLE committed AS SELECT generate_series(1, 1000) AS n")
    kill_postmaster(server)
    again = start_server(started)
    assert again.pid != server.pid
    with connect(again.url("historical")) as connection:
        assert connection.execute("SELECT sum(n) FROM committed").fetchone() == (500500,)


def test_a_backend_that_outlives_its_postmaster_is_ended_before_the_next_start(started):
    server = start_server(started)
    busy = connect(server.url("runtime"))
    pid = busy.info.backend_pid
    # A loop that asks for nothing does not notice the death of its postmaster.
    endless = "DO $$ DECLARE n bigint := 0; BEGIN LOOP n := n + 1; END LOOP; END $$"

    def work():
        with pytest.raises(Exception, match=r"closed|terminat"):
            busy.execute(endless)

    worker = threading.Thread(target=work)
    worker.start()
    time.sleep(0.2)
    kill_postmaster(server)
    start_server(started)
    worker.join(timeout=10)
    assert not worker.is_alive()
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    busy.close()


def test_a_stale_pid_file_that_names_a_living_stranger_is_no_obstacle(started, data):
    stop_server(started)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger:
        try:
            lines = [stranger.pid, data, 1, 5432, data.parent / "socket", "", "1 1", "ready"]
            (data / "postmaster.pid").write_text("\n".join(map(str, lines)) + "\n")
            assert postmaster_pid(data) is None
            assert value(started, "SELECT 1") == 1
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_lost_socket_is_no_reason_to_start_a_second_server(started):
    server = start_server(started)
    path = server.socket_folder / ".s.PGSQL.5432"
    path.rename(path.with_name("away"))
    try:
        with pytest.raises(ServerStartError, match=r"its socket in .* is lost") as caught:
            start_server(started)
        assert "prometheus db stop" in caught.value.remedy
    finally:
        path.with_name("away").rename(path)
    assert running_server(started) == server


def test_a_home_that_was_moved_while_its_server_ran_is_refused(tmp_path):
    server = start_server(tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    try:
        with pytest.raises(ServerStartError, match="before"):
            start_server(tmp_path / "after")
    finally:
        (tmp_path / "after").rename(tmp_path / "before")
        assert running_server(tmp_path / "before") == server
        assert stop_server(tmp_path / "before")


def test_a_copy_of_a_home_is_a_server_of_its_own(started, tmp_path):
    stop_server(started)
    shutil.copytree(started, tmp_path / "copy", ignore=shutil.ignore_patterns(".s.PGSQL*"))
    server = start_server(started)
    shutil.copy(server.data / "postmaster.pid", tmp_path / "copy" / "postgres" / "data" / "postmaster.pid")
    try:
        copy = start_server(tmp_path / "copy")
        assert copy.pid != server.pid
        assert copy.socket_folder != server.socket_folder
    finally:
        stop_server(tmp_path / "copy")
    assert running_server(started) == server


def test_a_long_home_and_odd_letters_are_no_obstacle(tmp_path):
    folder = tmp_path / ("long " * 20 + "näme, 'quoted' $HOME `id` #1 %2F") / ("x" * 60)
    try:
        assert value(folder, "SELECT 1") == 1
        sockets = running_server(folder).socket_folder
        assert folder not in sockets.parents
    finally:
        stop_server(folder)
    assert not sockets.exists()


def test_a_home_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "home").write_text("")
    with pytest.raises(ServerStartError, match="is a file"):
        start_server(tmp_path / "home")


def test_a_home_inside_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerStartError, match="can't be used") as caught:
        start_server(tmp_path / "file" / "home")
    assert "PROMETHEUS_HOME" in caught.value.remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_may_not_be_written_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ServerStartError, match="Permission denied"):
        start_server(tmp_path / "home")


def test_a_data_folder_that_holds_no_cluster_is_left_alone(tmp_path):
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    (tmp_path / "postgres" / "data" / "letters.txt").write_text("dear")
    with pytest.raises(ServerStartError, match="not a database cluster"):
        start_server(tmp_path)
    assert (tmp_path / "postgres" / "data" / "letters.txt").read_text() == "dear"


def test_a_cluster_of_another_version_is_refused(tmp_path):
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    (tmp_path / "postgres" / "data" / "PG_VERSION").write_text("19\n")
    with pytest.raises(DatabaseVersionError, match="PostgreSQL 19"):
        start_server(tmp_path)


def test_a_server_that_can_not_start_says_why(started, data):
    stop_server(started)
    (data / "postgresql.auto.conf").write_text("shared_buffers = 'plenty'\n")
    with pytest.raises(ServerStartError, match="shared_buffers"):
        start_server(started)
    (data / "postgresql.auto.conf").write_text("")
    assert value(started, "SELECT 1") == 1


def test_a_lock_lives_as_long_as_any_process_that_inherited_it(tmp_path):
    with FileLock(tmp_path / "lock") as lock, FileLock(tmp_path / "lock") as other:
        assert lock.acquire()
        words = [sys.executable, "-c", "import time; time.sleep(600)"]
        with subprocess.Popen(words, pass_fds=[lock.descriptor]) as heir:
            lock.close()
            assert not other.acquire()
            heir.kill()
            assert other.acquire(timeout_seconds=5.0)


def test_a_stopped_server_is_an_unreachable_one(started):
    url = start_server(started).url("runtime")
    stop_server(started)
    with pytest.raises(ServerUnreachableError, match="can't be used"):
        connect(url)
