"""What became of reference files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from prometheus.adapters.reference_files.shapes import FileSummary
from prometheus.domain.reference.statements import Difference


@dataclass(frozen=True, slots=True)
class InstrumentsReport:
    """What became of files of instruments.

    Attributes
    ----------
    market_id : str
    files : tuple of FileSummary
        What each was taken for.
    written : mapping of str to int
        Rows that were new or changed, by table.
    n_new : mapping of str to int
        Those of them that were new.
    n_reclassified : int
        Instruments of which something changed that derived tables rest on: the asset class or the issuer.
    n_rows, n_rejected : int
        Rows that came, and those of them that were set aside.
    rejected_by_rule : mapping of str to int
    examples : tuple of str
        The first rows that were rejected.
    rejects_file : Path or None
        Where all of them are.
    differences : tuple of Difference
        Statements that don't agree with one on record. The later-dated holds, the other is kept beside it.
    decision_id : str or None
        The INGEST decision that was recorded; None when nothing was written.
    is_dry_run : bool
    """

    market_id: str
    files: tuple[FileSummary, ...]
    written: Mapping[str, int]
    n_new: Mapping[str, int]
    n_reclassified: int
    n_rows: int
    n_rejected: int
    rejected_by_rule: Mapping[str, int]
    examples: tuple[str, ...]
    rejects_file: Path | None
    differences: tuple[Difference, ...]
    decision_id: str | None
    is_dry_run: bool

    @property
    def n_differences(self) -> Mapping[str, int]:
        """How many statements differ, by field."""
        counts: dict[str, int] = {}
        for difference in self.differences:
            counts[difference.field] = counts.get(difference.field, 0) + 1
        return dict(sorted(counts.items()))
