"""Two connections that write at once: the server parses, checks and indexes on two cores.

Ordered jobs are written one after the other; the others beside them, by whichever connection is free. The
first error stops everything and is raised by the next call.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any

import psycopg

from prometheus.flow.storage import WriteJob

N_CONNECTIONS = 2
MAX_WAITING = 3
"""Jobs in memory; `submit` waits when there are more."""


class Writers:
    """A queue of jobs and the threads that write them.

    Parameters
    ----------
    connect : callable
        Opens a connection; each thread has its own.
    write : callable
        ``(connection, job) -> rows by table``, inside a transaction.
    """

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[Any]],
        write: Callable[[psycopg.Connection[Any], WriteJob], Mapping[str, int]],
    ) -> None:
        self._connect = connect
        self._write = write
        self._ready = threading.Condition()
        self._ordered: deque[WriteJob] = deque()
        self._others: deque[WriteJob] = deque()
        self._ordered_busy = False
        self._busy = 0
        self._written: Counter[str] = Counter()
        self._error: BaseException | None = None
        self._is_closing = False
        self._threads: list[threading.Thread] = []

    def submit(self, job: WriteJob) -> None:
        """Queue a job; waits while too many are waiting."""
        with self._ready:
            if not self._threads:
                self._is_closing = False
                for _ in range(N_CONNECTIONS):
                    thread = threading.Thread(target=self._work, name="writer", daemon=True)
                    self._threads.append(thread)
                    thread.start()
            while len(self._ordered) + len(self._others) >= MAX_WAITING and self._error is None:
                self._ready.wait()
            self._raise()
            (self._ordered if job.is_ordered else self._others).append(job)
            self._ready.notify_all()

    def drain(self) -> Mapping[str, int]:
        """Wait until all is written, end the threads, and return the rows written since the last time."""
        with self._ready:
            while (self._ordered or self._others or self._busy) and self._error is None:
                self._ready.wait()
            self._is_closing = True
            self._ready.notify_all()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._raise()
        written, self._written = self._written, Counter()
        return dict(written)

    def close(self) -> None:
        """Drop the jobs that wait and end the threads, for a run that failed: running again heals it."""
        with self._ready:
            self._ordered.clear()
            self._others.clear()
            self._is_closing = True
            self._ready.notify_all()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._error = None

    def _raise(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            self._ordered.clear()
            self._others.clear()
            raise error

    def _next(self) -> WriteJob | None:
        """Return the next job that may be written now; None when there is none and none will come."""
        while True:
            if self._error is not None:
                return None
            if self._ordered and not self._ordered_busy:
                self._ordered_busy = True
                return self._ordered.popleft()
            if self._others:
                return self._others.popleft()
            if self._is_closing:
                return None
            self._ready.wait()

    def _work(self) -> None:
        try:
            connection = self._connect()
        except BaseException as error:  # noqa: BLE001  a thread has no caller: the next call raises it
            with self._ready:
                self._error = self._error or error
                self._ready.notify_all()
            return
        try:
            while self._has_written_one(connection):
                pass
        finally:
            connection.close()

    def _has_written_one(self, connection: psycopg.Connection[Any]) -> bool:
        """Write the next job; return False when there is none or it failed."""
        with self._ready:
            job = self._next()
            if job is None:
                return False
            self._busy += 1
        written: Mapping[str, int] = {}
        found: BaseException | None = None
        try:
            written = self._write(connection, job)
        except BaseException as error:  # noqa: BLE001  a thread has no caller: the next call raises it
            found = error
        # The error is set before the next ordered job may start: nothing is written behind a gap.
        with self._ready:
            self._written.update(written)
            self._error = self._error or found
            self._busy -= 1
            if job.is_ordered:
                self._ordered_busy = False
            self._ready.notify_all()
        return found is None
