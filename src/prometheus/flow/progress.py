"""Hooks through which a run tells how far it is. Models never print."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Where a run reports to."""

    def start(self, what: str, total: int) -> None:
        """Say what begins and how many sessions it has."""
        ...

    def advance(self, n: int) -> None:
        """Say that n more sessions are done."""
        ...

    def finish(self) -> None:
        """Say that it ended."""
        ...


class Silent:
    """Reports nothing."""

    def start(self, what: str, total: int) -> None:
        """Take no note."""

    def advance(self, n: int) -> None:
        """Take no note."""

    def finish(self) -> None:
        """Take no note."""
