"""The embedded PostgreSQL server: no root, no port, started on demand, shared by processes.

Starting, in order:

1. a server that answers on its socket is taken as it is, without any lock;
2. otherwise one process at a time goes on, under ``start.lock``;
3. without a data folder a cluster is made beside it, with both databases, and renamed into place: a
   process killed midway leaves a folder of another name, which the next one removes;
4. ``alive.lock`` is inherited by every process of the server. While it is taken, some of them live:
   a server that starts or stops is waited for, and processes left by a killed postmaster are ended.
   Once it is free nobody touches the data, so a ``postmaster.pid`` that is still there is stale;
5. the configuration is written afresh, scaled to the machine, and the server is started in a session
   of its own: it goes on when the process that started it ends, until ``stop_server``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from prometheus.kernel.errors import ServerStartError
from prometheus.store.server_account import (
    REMEDY_OWN_SERVER,
    Account,
    give_to,
    programs_folder,
    run_as,
    server_account,
)
from prometheus.store.server_cluster import SUPERUSER, make_cluster, refuse_other_version
from prometheus.store.server_config import CONFIG_FILE, server_config
from prometheus.store.server_errors import file_error, program_error
from prometheus.store.server_lock import FileLock
from prometheus.store.server_processes import PORT, answers, cluster_name, postmaster_pid, signal_processes

START_TIMEOUT_SECONDS = 300.0  # recovery after a crash may replay gigabytes of log
LEFTOVER_PATIENCE_SECONDS = 5.0
LONGEST_SOCKET_PATH = 100  # the least that any Unix allows is 103 characters
LOG_ROTATION_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server.

    Parameters
    ----------
    pid : int
        The postmaster.
    socket_folder : Path
        Where its socket is.
    data : Path
        Its data folder.
    """

    pid: int
    socket_folder: Path
    data: Path

    def url(self, database: str) -> str:
        """Return the URL of one of its databases."""
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.socket_folder), safe='')}"


def server_folder(home: Path) -> Path:
    """Return the folder of the server in a home."""
    return home / "postgres"


def has_cluster(home: Path) -> bool:
    """Return whether a home holds databases, running or not."""
    return (server_folder(home) / "data").exists()


def log_file(home: Path) -> Path:
    """Return the file that the server of a home writes its log to."""
    return server_folder(home) / "server.log"


def running_server(home: Path) -> EmbeddedServer | None:
    """Return the server of a home if it answers, else None."""
    server = _ready_server(server_folder(home) / "data")
    return server if server is not None and answers(server.socket_folder) else None


def start_server(home: Path) -> EmbeddedServer:
    """Return the running server of a home; start it, and make its cluster, if needed.

    Parameters
    ----------
    home : Path
        Absolute; created if absent.

    Raises
    ------
    ServerStartError
        If the folder can't be used, or the server does not come up; the message holds the end of its log.
    DatabaseVersionError
        If the cluster was made by another major version of PostgreSQL.
    DiskFullError
        If no room is left on the device.
    """
    home = home.resolve()
    server = running_server(home)
    if server is not None:
        return server
    folder = server_folder(home)
    _make_folder(home, folder)
    try:
        with FileLock(folder / "start.lock") as start_lock:
            if not start_lock.acquire(timeout_seconds=START_TIMEOUT_SECONDS):
                raise ServerStartError(
                    f"Another process has been starting the server of {home} for "
                    f"{START_TIMEOUT_SECONDS:.0f} seconds.",
                    remedy=f"See {log_file(home)}; end that process and try again.",
                )
            return running_server(home) or _start_alone(home, start_lock)
    except OSError as error:
        raise file_error(folder, error) from error
    except subprocess.TimeoutExpired as error:
        raise ServerStartError(
            f"{Path(error.cmd[0]).name} did not end within {error.timeout:.0f} seconds.",
            remedy=f"See {log_file(home)}.",
        ) from error


def stop_server(home: Path, *, timeout_seconds: float = 120.0) -> bool:
    """Stop the server of a home cleanly; return whether there was one.

    Open transactions are rolled back and everything else is on disk when this returns.
    """
    home = home.resolve()
    folder = server_folder(home)
    if not (folder / "alive.lock").exists():
        return False
    with FileLock(folder / "alive.lock") as alive_lock:
        if alive_lock.acquire():
            return False
        deadline = time.monotonic() + timeout_seconds
        stopped = False
        while not stopped and time.monotonic() < deadline:
            # Again and again, because a server that is just being started has no postmaster yet.
            signal_processes(folder / "data", signal.SIGINT)
            stopped = alive_lock.acquire(timeout_seconds=1.0)
        if not stopped:
            raise ServerStartError(
                f"The server of {home} did not stop within {timeout_seconds:.0f} seconds.",
                remedy=f"See {log_file(home)}.",
            )
    outside = _outside_socket_folder(folder / "data")
    if outside.exists():
        shutil.rmtree(outside, ignore_errors=True)
    return True


def _start_alone(home: Path, start_lock: FileLock) -> EmbeddedServer:
    folder = server_folder(home)
    data = folder / "data"
    account = server_account(data if data.exists() else home)
    for half_made in folder.glob("data.new-*"):
        shutil.rmtree(half_made, ignore_errors=True)
    if not data.exists():
        make_cluster(data, account, start_lock)
    refuse_other_version(data)
    if account is not None and data.stat().st_uid != account.uid:  # root copied or restored the home
        for path in (data, *data.rglob("*")):
            give_to(account, path)
    with FileLock(folder / "alive.lock") as alive_lock:
        server = _wait_for_leftovers(home, alive_lock)
        if server is not None:
            return server
        _launch(home, account, alive_lock)
    server = running_server(home)
    if server is None:
        raise _start_error(home, "The server started but does not answer on its socket.")
    return server


def _launch(home: Path, account: Account | None, alive_lock: FileLock) -> None:
    folder = server_folder(home)
    data = folder / "data"
    programs = programs_folder()
    sockets = _socket_folder(data, account)
    config = data / CONFIG_FILE
    config.write_text(server_config(data, socket_folder=sockets))
    give_to(account, config)
    log = log_file(home)
    if log.exists() and log.stat().st_size > LOG_ROTATION_BYTES:
        log.replace(log.with_suffix(".log.1"))
    log.touch(mode=0o600)
    give_to(account, log)
    beginning = log.stat().st_size
    # Nobody is alive, so these are stale. PostgreSQL itself would ask whether their process id exists,
    # which after a restart of a container belongs to somebody else.
    for stale in (data / "postmaster.pid", *sockets.glob(".s.PGSQL.*")):
        stale.unlink(missing_ok=True)
    # pg_ctl hands paths to a shell within double quotes, where a `$` of theirs would mean something;
    # so it gets names relative to the folder it runs in.
    start: list[str | Path] = [programs / "pg_ctl", "start", "-D", data.name, "-l", log.name, "-w", "-s"]
    start += ["-t", f"{START_TIMEOUT_SECONDS:.0f}", "-o", f"-c cluster_name={cluster_name(data)}"]
    done = run_as(
        account,
        start,
        touched=[data, sockets, log],
        folder=folder,
        inherited=[alive_lock.descriptor],
        timeout_seconds=START_TIMEOUT_SECONDS + 60.0,
    )
    if done.returncode != 0:
        with log.open(errors="replace") as lines:
            lines.seek(beginning)
            raise program_error(f"The embedded server of {home} did not start.", done.stdout + lines.read())


def _outside_socket_folder(data: Path) -> Path:
    return Path(tempfile.gettempdir()).resolve() / f"{cluster_name(data)}-{os.geteuid()}"


def _wait_for_leftovers(home: Path, alive_lock: FileLock) -> EmbeddedServer | None:
    """Take the lock, or return the server whose processes hold it once it answers."""
    data = server_folder(home) / "data"
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    without_postmaster_since: float | None = None
    while not alive_lock.acquire():
        server = running_server(home)
        if server is not None:
            return server
        now = time.monotonic()
        if now > deadline:
            raise _start_error(home, "Processes of an earlier server still use the data folder.")
        if postmaster_pid(data) is not None:
            without_postmaster_since = None
            _refuse_lost_socket(data)
        elif without_postmaster_since is None:
            without_postmaster_since = now
            _refuse_moved(data)
        elif now - without_postmaster_since > LEFTOVER_PATIENCE_SECONDS:
            # Without a postmaster nothing of theirs can be committed; recovery takes it from here.
            signal_processes(data, signal.SIGKILL)
        time.sleep(0.05)
    return None


def _ready_server(data: Path) -> EmbeddedServer | None:
    """Return what ``postmaster.pid`` says of a server that is ready, whether or not it is true."""
    lines = _pid_file(data)
    # pid, data folder, start, port, socket folder, address, shared memory, state
    if len(lines) < 8 or lines[1] != str(data) or lines[7].strip() != "ready":
        return None
    return EmbeddedServer(int(lines[0]), Path(lines[4]), data)


def _pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _refuse_lost_socket(data: Path) -> None:
    server = _ready_server(data)
    if server is not None and not (server.socket_folder / f".s.PGSQL.{PORT}").exists():
        raise ServerStartError(
            f"The server of {data.parent.parent} runs, but its socket in {server.socket_folder} is lost.",
            remedy="Run `prometheus db stop` and try again.",
        )


def _refuse_moved(data: Path) -> None:
    lines = _pid_file(data)
    if len(lines) > 1 and lines[1] != str(data):
        raise ServerStartError(
            f"The server of {data.parent.parent} is still running, but was started when it was {lines[1]}.",
            remedy="Move the folder back, run `prometheus db stop`, and move it again.",
        )


def _socket_folder(data: Path, account: Account | None) -> Path:
    """Return an existing folder, open to its owner only, whose path is short enough for a socket."""
    folder = data.parent / "socket"
    if len(str(folder)) + len(f"/.s.PGSQL.{PORT}.lock") > LONGEST_SOCKET_PATH or "," in str(folder):
        folder = _outside_socket_folder(data)
    folder.mkdir(mode=0o700, exist_ok=True)
    owners = {os.geteuid()} | ({account.uid} if account else set())
    if folder.is_symlink() or folder.stat().st_uid not in owners:
        raise ServerStartError(
            f"The folder {folder} for the socket belongs to somebody else.",
            remedy="Remove it, or set TMPDIR to a folder of your own.",
        )
    folder.chmod(0o700)
    give_to(account, folder)
    return folder


def _make_folder(home: Path, folder: Path) -> None:
    if home.exists() and not home.is_dir():
        raise ServerStartError(
            f"PROMETHEUS_HOME {home} is a file, expected a folder.",
            remedy="Name a folder in PROMETHEUS_HOME.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise file_error(folder, error) from error


def _start_error(home: Path, message: str) -> ServerStartError:
    return ServerStartError(message, remedy=f"See {log_file(home)}. {REMEDY_OWN_SERVER}")
