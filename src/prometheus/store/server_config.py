"""The settings of the embedded server, scaled to the machine it runs on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MEGABYTE = 1024 * 1024
CONFIG_FILE = "prometheus.conf"


def server_config(data: Path, *, socket_folder: Path) -> str:
    """Return the text of the configuration file.

    Durability is never traded for speed: fsync, full-page writes and synchronous commit stay on. What
    is tuned is for few connections that write and read in bulk, in less than 2 GiB altogether.

    Parameters
    ----------
    data : Path
        Data folder; its disk limits the write-ahead log.
    socket_folder : Path
        Where the socket is; there is no TCP port.
    """
    memory = memory_bytes() // MEGABYTE
    free_disk = shutil.disk_usage(data).free // MEGABYTE
    shared = _between(memory // 8, 64, 512)
    settings = {
        "listen_addresses": "''",
        "unix_socket_directories": _quoted(str(socket_folder)),
        "unix_socket_permissions": "0700",
        "max_connections": "40",
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{max(memory // 2, shared)}MB",
        "work_mem": f"{_between(memory // 256, 4, 32)}MB",
        "maintenance_work_mem": f"{_between(memory // 32, 32, 256)}MB",
        "autovacuum_work_mem": "64MB",
        "dynamic_shared_memory_type": _dynamic_shared_memory(),
        # No replica ever reads this log, so rows copied into a table made in the same transaction skip it.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": f"{_between(free_disk // 8, 256, 4096)}MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "random_page_cost": "1.1",
        # Two tables are read at once, so that each query may use half of the cores.
        "max_parallel_workers_per_gather": str(_between((os.cpu_count() or 2) // 2 - 1, 0, 2)),
        # Compiling a plan costs more than the short statements here take.
        "jit": "off",
        "autovacuum": "on",
        "autovacuum_max_workers": "2",
        "autovacuum_naptime": "1min",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "log_checkpoints": "off",
        "log_line_prefix": "'%m [%p] %a '",
    }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    return "# Written at each start; ALTER SYSTEM has the last word.\n" + "\n".join(lines) + "\n"


def memory_bytes() -> int:
    """Return the memory that this process may use: the machine's, or less in a container."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")):
        try:
            total = min(total, int(limit.read_text()))
        except (OSError, ValueError):  # absent, or the word "max"
            continue
    return total


def _dynamic_shared_memory() -> str:
    # Containers get 64 MB of /dev/shm unless told otherwise, too little for parallel queries.
    try:
        return "posix" if shutil.disk_usage("/dev/shm").total >= 512 * MEGABYTE else "mmap"
    except OSError:
        return "mmap" if Path("/proc").exists() else "posix"


def _between(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
