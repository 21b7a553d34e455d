"""Which processes of the operating system belong to a data folder."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import struct
import subprocess
from pathlib import Path

PORT = 5432  # part of the socket's name; nothing listens on the network
TLS_REQUEST = struct.pack("!ii", 8, 80877103)


def cluster_name(data: Path) -> str:
    """Return the name that the titles of the server's processes begin with."""
    return f"prometheus-{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"


def answers(socket_folder: Path) -> bool:
    """Return whether a server answers on the socket in the folder.

    A postmaster that was just killed still accepts for a moment, so that is not enough: it is asked
    whether it speaks TLS, the one question of the protocol that needs no user, and must say yes or no.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(5.0)
        try:
            caller.connect(str(socket_folder / f".s.PGSQL.{PORT}"))
            caller.sendall(TLS_REQUEST)
            return caller.recv(1) in (b"S", b"N")
        except OSError:
            return False


def postmaster_pid(data: Path) -> int | None:
    """Return the pid of a living postmaster of this very data folder, in whatever state it is."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    command = _command_line(pid)
    return pid if "postgres" in command and f"cluster_name={cluster_name(data)}" in command else None


def signal_processes(data: Path, number: signal.Signals) -> None:
    """Send a signal to the postmaster, or if it is dead to the processes that it left behind."""
    postmaster = postmaster_pid(data)
    pids = [postmaster] if postmaster is not None else _titled_processes(cluster_name(data))
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _titled_processes(title: str) -> list[int]:
    proc = Path("/proc")
    if proc.exists():
        pids = [int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()]
    else:
        listed = subprocess.run(["ps", "-axo", "pid="], capture_output=True, text=True)
        pids = [int(pid) for pid in listed.stdout.split()]
    return [pid for pid in pids if _command_line(pid).startswith(f"postgres: {title}:")]


def _command_line(pid: int) -> str:
    entry = Path(f"/proc/{pid}/cmdline")
    if Path("/proc").exists():
        try:
            return entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    listed = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
    return listed.stdout.strip()
