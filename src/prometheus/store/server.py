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

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from prometheus.kernel.errors import DatabaseVersionError, DiskFullError, ServerStartError
from prometheus.store.server_account import (
    REMEDY_OWN_SERVER,
    Account,
    give_to,
    programs_folder,
    run_as,
    server_account,
)
from prometheus.store.server_config import CONFIG_FILE, server_config
from prometheus.store.server_lock import FileLock

DATABASES = ("runtime", "historical")
SUPERUSER = "prometheus"
MAJOR_VERSION = 18
PORT = 5432  # part of the socket's name; nothing listens on the network
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


def log_file(home: Path) -> Path:
    """Return the file that the server of a home writes its log to."""
    return server_folder(home) / "server.log"


def running_server(home: Path) -> EmbeddedServer | None:
    """Return the server of a home if it answers, else None."""
    data = server_folder(home) / "data"
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return None
    # pid, data folder, start, port, socket folder, address, shared memory, state
    if len(lines) < 8 or lines[1] != str(data) or lines[7].strip() != "ready":
        return None
    server = EmbeddedServer(int(lines[0]), Path(lines[4]), data)
    return server if _answers(server.socket_folder) else None


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
        raise _file_error(folder, error) from error
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
        _signal_processes(folder / "data", signal.SIGINT)
        if not alive_lock.acquire(timeout_seconds=timeout_seconds):
            raise ServerStartError(
                f"The server of {home} did not stop within {timeout_seconds:.0f} seconds.",
                remedy=f"See {log_file(home)}.",
            )
    return True


def _start_alone(home: Path, start_lock: FileLock) -> EmbeddedServer:
    folder = server_folder(home)
    data = folder / "data"
    account = server_account(data if data.exists() else home)
    for half_made in folder.glob("data.new-*"):
        shutil.rmtree(half_made, ignore_errors=True)
    if not data.exists():
        _make_cluster(data, account, start_lock)
    _refuse_other_version(data)
    with FileLock(folder / "alive.lock") as alive_lock:
        server = _wait_for_leftovers(home, alive_lock)
        if server is not None:
            return server
        (data / "postmaster.pid").unlink(missing_ok=True)
        _launch(home, account, alive_lock)
    server = running_server(home)
    if server is None:
        raise _start_error(home, "The server started but does not answer on its socket.")
    return server


def _make_cluster(data: Path, account: Account | None, start_lock: FileLock) -> None:
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
            raise _program_error("A new database cluster could not be made.", done.stdout)
    with (fresh / "postgresql.conf").open("a") as config:
        config.write(f"\ninclude_if_exists = '{CONFIG_FILE}'\n")
    fresh.rename(data)


def _launch(home: Path, account: Account | None, alive_lock: FileLock) -> None:
    folder = server_folder(home)
    data = folder / "data"
    programs = programs_folder()
    sockets = _socket_folder(data, account)
    config = data / CONFIG_FILE
    config.write_text(server_config(data, socket_folder=sockets, cluster_name=_cluster_name(data)))
    give_to(account, config)
    log = log_file(home)
    if log.exists() and log.stat().st_size > LOG_ROTATION_BYTES:
        log.replace(log.with_suffix(".log.1"))
    log.touch(mode=0o600)
    give_to(account, log)
    beginning = log.stat().st_size
    done = run_as(
        account,
        [
            programs / "pg_ctl",
            "start",
            "-D",
            data,
            "-l",
            log,
            "-w",
            "-s",
            "-t",
            str(int(START_TIMEOUT_SECONDS)),
        ],
        touched=[data, sockets, log],
        inherited=[alive_lock.descriptor],
        timeout_seconds=START_TIMEOUT_SECONDS + 60.0,
    )
    if done.returncode != 0:
        with log.open(errors="replace") as lines:
            lines.seek(beginning)
            raise _program_error(f"The embedded server of {home} did not start.", done.stdout + lines.read())


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
        if _postmaster_pid(data) is not None:
            without_postmaster_since = None
        elif without_postmaster_since is None:
            without_postmaster_since = now
        elif now - without_postmaster_since > LEFTOVER_PATIENCE_SECONDS:
            # Without a postmaster nothing of theirs can be committed; recovery takes it from here.
            _signal_processes(data, signal.SIGKILL)
        time.sleep(0.05)
    return None


def _postmaster_pid(data: Path) -> int | None:
    """Return the pid of a living postmaster of this very data folder, in whatever state it is."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    command = _command_line(pid)
    return pid if "postgres" in command and str(data) in command else None


def _signal_processes(data: Path, number: signal.Signals) -> None:
    """Send a signal to the postmaster, or if it is dead to the processes that it left behind."""
    postmaster = _postmaster_pid(data)
    pids = [postmaster] if postmaster is not None else _titled_processes(_cluster_name(data))
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _titled_processes(cluster_name: str) -> list[int]:
    proc = Path("/proc")
    if proc.exists():
        pids = [int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()]
    else:
        listed = subprocess.run(["ps", "-axo", "pid="], capture_output=True, text=True)
        pids = [int(pid) for pid in listed.stdout.split()]
    return [pid for pid in pids if _command_line(pid).startswith(f"postgres: {cluster_name}:")]


def _command_line(pid: int) -> str:
    entry = Path(f"/proc/{pid}/cmdline")
    if Path("/proc").exists():
        try:
            return entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    listed = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
    return listed.stdout.strip()


def _cluster_name(data: Path) -> str:
    return f"prometheus-{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"


def _socket_folder(data: Path, account: Account | None) -> Path:
    """Return an existing folder, open to its owner only, whose path is short enough for a socket."""
    folder = data.parent / "socket"
    if len(str(folder)) + len(f"/.s.PGSQL.{PORT}.lock") > LONGEST_SOCKET_PATH or "," in str(folder):
        folder = Path(tempfile.gettempdir()).resolve() / f"{_cluster_name(data)}-{os.geteuid()}"
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


def _answers(socket_folder: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(5.0)
        try:
            caller.connect(str(socket_folder / f".s.PGSQL.{PORT}"))
        except OSError:
            return False
        return True


def _make_folder(home: Path, folder: Path) -> None:
    if home.exists() and not home.is_dir():
        raise ServerStartError(
            f"PROMETHEUS_HOME {home} is a file, expected a folder.",
            remedy="Name a folder in PROMETHEUS_HOME.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _file_error(folder, error) from error


def _refuse_other_version(data: Path) -> None:
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


def _file_error(folder: Path, error: OSError) -> ServerStartError | DiskFullError:
    reason = error.strerror or str(error)
    if "No space left" in reason or "quota" in reason.lower():
        return DiskFullError(f"No room left for {folder}.", remedy="Free some room and try again.")
    return ServerStartError(
        f"The folder {folder} can't be used: {reason}.",
        remedy="Make it writable, or name another home in PROMETHEUS_HOME.",
    )


def _start_error(home: Path, message: str) -> ServerStartError:
    return ServerStartError(message, remedy=f"See {log_file(home)}. {REMEDY_OWN_SERVER}")


def _program_error(message: str, said: str) -> ServerStartError | DiskFullError:
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return DiskFullError(
            f"{message} No room is left on the device.", remedy="Free some room and try again."
        )
    tail = "\n".join(said.strip().splitlines()[-8:])
    return ServerStartError(f"{message}\n{tail}\n", remedy=REMEDY_OWN_SERVER)
