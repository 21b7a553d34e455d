"""Jobs are written in their order where it matters; an error comes back to the caller and ends everything."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from prometheus.flow.storage import WriteJob
from prometheus.kernel.errors import ServerUnreachableError, StoreError
from prometheus.store.writers import MAX_WAITING, N_CONNECTIONS, Writers


@dataclass
class Desk:
    """Takes the place of a database: notes what is written, by which connection."""

    opened: int = 0
    closed: int = 0
    written: list[int] = field(default_factory=list)
    jobs: dict[int, int] = field(default_factory=dict)
    fails_at: int = -1
    gate: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.gate.set()

    def connect(self) -> Any:
        with self.lock:
            self.opened += 1
        return self

    def close(self) -> None:
        with self.lock:
            self.closed += 1

    def write(self, connection: Any, job: WriteJob) -> Mapping[str, int]:
        self.gate.wait(10)
        number = self.jobs[id(job)]
        if number == self.fails_at:
            raise StoreError(f"job {number} failed")
        time.sleep(0.001 * (number % 3))
        with self.lock:
            self.written.append(number)
        return {"orders": 1, f"table {number % 2}": 2}

    def job(self, number: int, *, is_ordered: bool) -> WriteJob:
        made = WriteJob((), is_ordered)
        self.jobs[id(made)] = number
        kept.append(made)
        return made

    def writers(self) -> Writers:
        return Writers(self.connect, self.write)


kept: list[WriteJob] = []  # so that no two live jobs share an id


def write_all(writers: Writers, jobs: list[WriteJob]) -> None:
    for job in jobs:
        writers.submit(job)
    writers.drain()


def n_threads() -> int:
    return sum(thread.name == "writer" for thread in threading.enumerate())


def test_ordered_jobs_keep_their_order_while_others_pass() -> None:
    desk = Desk()
    writers = desk.writers()
    for number in range(60):
        writers.submit(desk.job(number, is_ordered=number % 3 > 0))
    writers.drain()
    assert sorted(desk.written) == list(range(60))
    assert [n for n in desk.written if n % 3 > 0] == [n for n in range(60) if n % 3 > 0]


def test_drain_adds_up_what_was_written_since_the_last_time() -> None:
    desk = Desk()
    writers = desk.writers()
    for number in range(4):
        writers.submit(desk.job(number, is_ordered=True))
    assert writers.drain() == {"orders": 4, "table 0": 4, "table 1": 4}
    assert writers.drain() == {}
    writers.submit(desk.job(5, is_ordered=True))
    assert writers.drain() == {"orders": 1, "table 1": 2}


def test_connections_are_few_and_closed_in_the_end() -> None:
    desk = Desk()
    writers = desk.writers()
    for number in range(20):
        writers.submit(desk.job(number, is_ordered=False))
    writers.drain()
    assert desk.opened == desk.closed <= N_CONNECTIONS
    assert n_threads() == 0


@pytest.mark.parametrize("is_ordered", [True, False])
def test_an_error_comes_back_to_the_caller_and_no_later_ordered_job_is_written(is_ordered: bool) -> None:
    desk = Desk(fails_at=3)
    writers = desk.writers()
    jobs = [desk.job(number, is_ordered=is_ordered) for number in range(100)]
    with pytest.raises(StoreError, match=r"job 3 failed"):
        write_all(writers, jobs)
    writers.close()
    assert n_threads() == 0
    if is_ordered:
        assert desk.written == [0, 1, 2]


def test_an_error_is_raised_by_drain_when_nothing_else_is_submitted() -> None:
    desk = Desk(fails_at=0)
    writers = desk.writers()
    writers.submit(desk.job(0, is_ordered=True))
    with pytest.raises(StoreError, match=r"job 0 failed"):
        writers.drain()
    assert n_threads() == 0


def test_a_server_that_can_not_be_reached_is_an_error_of_the_caller() -> None:
    def refuse() -> Any:
        raise ServerUnreachableError("nobody answers")

    writers = Writers(refuse, Desk().write)
    with pytest.raises(ServerUnreachableError, match=r"nobody answers"):
        write_all(writers, [WriteJob(())] * 50)
    writers.close()
    assert n_threads() == 0


def test_submit_waits_while_too_many_jobs_wait() -> None:
    desk = Desk()
    desk.gate.clear()
    writers = desk.writers()
    submitted: list[int] = []

    def fill() -> None:
        for number in range(MAX_WAITING + N_CONNECTIONS + 5):
            writers.submit(desk.job(number, is_ordered=False))
            submitted.append(number)

    thread = threading.Thread(target=fill)
    thread.start()
    thread.join(0.3)
    assert len(submitted) <= MAX_WAITING + N_CONNECTIONS
    desk.gate.set()
    thread.join(10)
    writers.drain()
    assert len(desk.written) == MAX_WAITING + N_CONNECTIONS + 5


def test_close_drops_what_waits_and_ends_the_threads() -> None:
    desk = Desk()
    desk.gate.clear()
    writers = desk.writers()
    for number in range(MAX_WAITING):
        writers.submit(desk.job(number, is_ordered=True))
    threading.Timer(0.05, desk.gate.set).start()
    writers.close()
    assert len(desk.written) <= 1
    assert n_threads() == 0
    assert desk.opened == desk.closed
