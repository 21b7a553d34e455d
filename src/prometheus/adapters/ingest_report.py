"""What became of a delivery: the report of it, the file of its rejects, the error when nothing is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from prometheus.adapters.mendable import kept_table, mendable_rows
from prometheus.kernel.errors import RejectedBatchError, UnknownInstrumentError
from prometheus.kernel.ids import digest
from prometheus.kernel.violations import n_by_rule

N_EXAMPLES = 5
N_NAMED = 20
LONGEST_FOUND = 200
"""Characters of what was found that an example shows; the rejects file has all of it."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of a delivery.

    Attributes
    ----------
    decision_id, batch : str
        The INGEST decision, and the short form of it that the rows carry.
    n_rows, n_new, n_corrected, n_unchanged, n_repeated, n_rejected, n_flagged : int
        All rows that came, and what became of them. Corrected are also rows of earlier deliveries whose
        adjusted close, ours, follows from these.
    rejected_by_rule, flagged_by_rule : mapping of str to int
    examples : tuple of str
        The first rows that were rejected.
    rejects_file : Path or None
        Where all of them are.
    created : tuple of str
        Instruments that were registered on the way.
    changed : tuple of str
        Instruments of which any price was written.
    first_date, last_date : datetime.date
    first_changed, last_changed : datetime.date or None
        The first and last date of which any price was written.
    choice : tuple of str
        What was taken as what.
    seconds : float
        From the first row read to the decision.
    is_recorded : bool
        Whether a decision was written now.
    n_corrected_by_source : mapping of str to int
        How many of the corrected rows came from other sources, by their names.
    corrected_example : str or None
        Instrument and date of the first of these.
    healed : tuple of str
        Batches of earlier deliveries that a crash had cut off, and that are on record now.
    """

    market_id: str
    source: str
    decision_id: str
    batch: str
    n_rows: int
    n_new: int
    n_corrected: int
    n_unchanged: int
    n_repeated: int
    n_rejected: int
    n_flagged: int
    rejected_by_rule: Mapping[str, int]
    flagged_by_rule: Mapping[str, int]
    examples: tuple[str, ...]
    rejects_file: Path | None
    created: tuple[str, ...]
    changed: tuple[str, ...]
    first_date: date
    last_date: date
    first_changed: date | None
    last_changed: date | None
    choice: tuple[str, ...]
    seconds: float
    is_recorded: bool
    is_dry_run: bool = False
    n_corrected_by_source: Mapping[str, int] = field(default_factory=dict)
    corrected_example: str | None = None
    healed: tuple[str, ...] = ()

    @property
    def has_changed(self) -> bool:
        """Whether any price was written."""
        return self.n_new + self.n_corrected > 0 and not self.is_dry_run


def stem_of(digests: Iterable[str]) -> str:
    """Return a name for the rejects of files of which nothing is left, by the files' digests."""
    return digest(*sorted(digests))[-6:].hex()


def set_aside(
    violations: pl.DataFrame, folder: Path | None, *, name: str, rows: pl.DataFrame | None = None
) -> Path | None:
    """Write violations to a CSV file in the folder; return it, None without either.

    Parameters
    ----------
    violations : polars.DataFrame
    folder : Path or None
    name : str
        What the file's name begins with: the batch, or `stem_of` the files.
    rows : polars.DataFrame, optional
        ``file``, ``row`` and the columns of a delivery: then the file can be mended and delivered again.

    Raises
    ------
    InputFileError
        If the file can't be written.
    """
    if violations.is_empty() or folder is None:
        return None
    return kept_table(violations if rows is None else mendable_rows(violations, rows), folder, name)


def examples_of(violations: pl.DataFrame) -> tuple[str, ...]:
    """Return the first violation of each of the first rules that were broken, a line with its remedy each."""
    rows = violations.unique("rule", keep="first", maintain_order=True).head(N_EXAMPLES)
    return tuple(
        f"{r['file']} row {r['row']}{_whose(r['symbol'], r['trade_date'])}: "
        f"{r['rule']}: {r['field']} = {str(r['found'])[:LONGEST_FOUND].rstrip('.')}. {r['remedy']}"
        for r in rows.iter_rows(named=True)
    )


def _whose(symbol: str | None, trade_date: str | None) -> str:
    said = " ".join(part for part in (symbol, trade_date) if part)
    return f" ({said})" if said else ""


def refusal_of(violations: pl.DataFrame, rejects: Path | None) -> RejectedBatchError | UnknownInstrumentError:
    """Return the error for a delivery of which no row is left."""
    place = f" All are in {rejects}." if rejects else ""
    by_rule = n_by_rule(violations)
    if set(by_rule) == {"unknown_instrument"}:
        names = violations["symbol"].unique().sort().to_list()
        more = f" and {len(names) - N_NAMED} more" if len(names) > N_NAMED else ""
        return UnknownInstrumentError(
            f"No instrument of the market has the symbol {', '.join(names[:N_NAMED])}{more}.{place}",
            remedy="Register them with `prometheus ingest instruments`, or add --create.",
        )
    rules = ", ".join(f"{rule} {n}" for rule, n in by_rule.items())
    n_rejected = violations.select("file", "row").n_unique()
    return RejectedBatchError(
        f"All {n_rejected} rows were rejected ({rules}), "
        f"e.g. {'; '.join(examples_of(violations)[:2])}.{place}",
        remedy=str(violations["remedy"][0]),
    )
