"""Arguments that the kinds of deliveries share, and what they say of rejected rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Protocol

import typer

from prometheus.cli.output import complain
from prometheus.kernel.errors import ConfigError

PathsArgument = Annotated[
    list[Path], typer.Argument(help="Files, folders or archives, as the vendor sent them.")
]
MarketOption = Annotated[str, typer.Option("--market", help="Market of the instruments, e.g. US_EQ.")]
SourceOption = Annotated[str, typer.Option("--source", help="Who the delivery comes from.")]
KnownAtOption = Annotated[
    str | None, typer.Option("--known-at", help="When it became known, e.g. 2018-02-08T22:00Z; now.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Do everything and keep nothing.")]


class Rejecting(Protocol):
    """A report of a delivery some of whose rows may have been set aside."""

    @property
    def n_rejected(self) -> int:
        """Rows that were set aside."""
        ...

    @property
    def rejected_by_rule(self) -> Mapping[str, int]:
        """How many broke each rule."""
        ...

    @property
    def examples(self) -> tuple[str, ...]:
        """The first of them."""
        ...

    @property
    def rejects_file(self) -> Path | None:
        """Where all of them are."""
        ...


def moment_of(text: str) -> datetime:
    """Return a time as given on the command line; without a zone it is in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"--known-at: {text!r} is no time.", remedy="Write it as 2018-02-08T22:00:00Z."
        ) from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def complain_of(report: Rejecting) -> None:
    """Say on stderr what was set aside, why and where."""
    if not report.n_rejected:
        return
    complain(f"Warning: {report.n_rejected:,} rows were rejected.")
    for rule, count in report.rejected_by_rule.items():
        complain(f"         {rule}: {count:,}")
    for example in report.examples:
        complain(f"         {example}")
    if report.rejects_file is not None:
        complain(f"         All are in {report.rejects_file}.")
