"""Documents as delivered, what became of them, and what is wrong with some."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from prometheus.adapters.ingest_report import set_aside
from prometheus.domain.text.versions import Version
from prometheus.kernel.violations import VIOLATIONS
from prometheus.store.artifacts import SCHEME, Artifacts


class Document(Protocol):
    """A document as delivered: a filing, a call."""

    @property
    def file(self) -> str:
        """Where it stands."""
        ...

    @property
    def row(self) -> int:
        """Where it stands there."""
        ...

    @property
    def symbol(self) -> str | None:
        """Whose it is."""
        ...

    @property
    def cik(self) -> str | None:
        """Whose it is, by the number that the SEC gives."""
        ...

    @property
    def about(self) -> date:
        """Its date."""
        ...

    @property
    def accepted_at(self) -> datetime:
        """When it became known."""
        ...

    @property
    def content(self) -> str:
        """Digest of what it says."""
        ...

    def version(self, issuer_id: str, source: str) -> Version:
        """Return its place in a history."""
        ...

    def row_values(self, issuer_id: str, source: str, batch: str) -> dict[str, Any]:
        """Return its row."""
        ...


@dataclass(frozen=True, slots=True)
class FileReference:
    """One file of a delivery: its name, its digest and the documents it held."""

    name: str
    sha256: str
    n_rows: int


@dataclass(frozen=True, slots=True)
class Documents:
    """A delivery of documents.

    Attributes
    ----------
    documents : sequence of Document
        Those that could be read.
    violations : polars.DataFrame
        What is wrong with the others.
    files : tuple of FileReference
    n_rows : int
        All that came, the broken ones included.
    rows : tuple of polars.DataFrame
        ``file``, ``row`` and the own columns of the rows of tables, a frame a layout: what can be mended.
    """

    documents: Sequence[Document]
    violations: pl.DataFrame
    files: tuple[FileReference, ...]
    n_rows: int
    rows: tuple[pl.DataFrame, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentsReport:
    """What became of a delivery of documents.

    Attributes
    ----------
    decision_id, batch : str
        The INGEST decision, and the short form of it that the rows carry.
    n_rows, n_new, n_unchanged, n_repeated, n_rejected : int
        All that came, and what became of them.
    rejected_by_rule : mapping of str to int
    examples : tuple of str
        The first ones that were rejected.
    rejects_file : Path or None
        Where all of them are.
    more_rejects : tuple of Path
        Further files of them: each layout has its own, so that it can be delivered again.
    created : tuple of str
        Instruments that were registered on the way.
    first_date, last_date : datetime.date
    is_recorded : bool
        Whether a decision was written now.
    healed : tuple of str
        Decisions of earlier deliveries that a crash had lost and that were recorded now.
    """

    market_id: str
    table: str
    source: str
    decision_id: str
    batch: str
    n_rows: int
    n_new: int
    n_unchanged: int
    n_repeated: int
    n_rejected: int
    rejected_by_rule: Mapping[str, int]
    examples: tuple[str, ...]
    rejects_file: Path | None
    created: tuple[str, ...]
    first_date: date
    last_date: date
    is_recorded: bool
    is_dry_run: bool = False
    healed: tuple[str, ...] = ()
    more_rejects: tuple[Path, ...] = ()


def violations_of(documents: Sequence[Document], *, field: str, rule: str, remedy: str) -> pl.DataFrame:
    """Return one violation for each of these documents."""
    rows = [
        (d.file, d.row, d.symbol, str(d.about), field, str(getattr(d, field)), rule, remedy)
        for d in documents
    ]
    return pl.DataFrame(rows, schema=VIOLATIONS.schema, orient="row")


def kept_rejects(
    violations: pl.DataFrame, folder: Path | None, *, name: str, rows: Sequence[pl.DataFrame]
) -> tuple[Path, ...]:
    """Keep what was rejected in the folder, a file for each layout of the tables it stood in."""
    kept = []
    for table in rows:
        places = table.select("file", "row").unique()
        own = violations.join(places, on=["file", "row"], how="semi", maintain_order="left")
        violations = violations.join(places, on=["file", "row"], how="anti", maintain_order="left")
        kept.append(set_aside(own, folder, name=name, rows=table))
    kept.append(set_aside(violations, folder, name=name))
    return tuple(path for path in kept if path is not None)


def text_keeper(artifacts: Artifacts, *, dry_run: bool) -> Callable[[bytes], str]:
    """Return what puts a text among the artifacts and gives its URI; a dry run only names it."""
    if not dry_run:
        return artifacts.put
    return lambda content: SCHEME + hashlib.sha256(content).hexdigest()
