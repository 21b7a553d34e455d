"""Locks of the operating system on a file, which end with the processes that hold them."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

POLL_SECONDS = 0.02


class FileLock:
    """An exclusive lock on a file, shared with the programs that inherit its descriptor.

    The lock belongs to the open file, not to the process: it ends when the last process that inherited
    the descriptor has closed it or died, however it died. So a lock that the server inherits tells,
    without guessing from process ids, whether any of its processes is alive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def acquire(self, *, timeout_seconds: float = 0.0) -> bool:
        """Take the lock and return True, or False if somebody else still has it after the timeout."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except OSError as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                    raise
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)

    def close(self) -> None:
        """Close the descriptor; programs that inherited it keep the lock."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
