"""An earnings call: its transcript, and whether that is all that was said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from prometheus.domain.text.filings import moment_text
from prometheus.domain.text.versions import Version
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.ids import digest

Completeness = Literal["whole", "partial", "unknown"]


class IngestCallsConfig(EngineConfig):
    """Taking transcripts in. The hard rules are not to be set; raise the version when they change."""

    engine_name: ClassVar[str] = "INGEST"


@dataclass(frozen=True, slots=True)
class EarningsCall:
    """A call as delivered, before its issuer is known.

    Attributes
    ----------
    file, row : str, int
        Where it stands, for messages.
    symbol : str
        As it was on the day of the call.
    call_date : datetime.date
    accepted_at : datetime.datetime
        When what was said was known, UTC.
    accepted_basis : str
        ``exact`` or ``date``.
    transcript_ref : str
        Artifact URI.
    completeness : Completeness
        ``partial`` where the source leaves sentences or speakers out.
    notes : mapping
        Further members of the metadata.
    """

    file: str
    row: int
    symbol: str
    call_date: date
    accepted_at: datetime
    accepted_basis: Literal["exact", "date"]
    transcript_ref: str
    completeness: Completeness
    notes: Mapping[str, Any] = field(default_factory=dict)
    cik: None = None

    @property
    def about(self) -> date:
        """The date of the call."""
        return self.call_date

    @property
    def content(self) -> str:
        """Digest of what it says."""
        notes = json.dumps(dict(self.notes), sort_keys=True)
        return digest(self.transcript_ref, self.completeness, self.accepted_basis, notes).hex()

    def version(self, issuer_id: str, source: str) -> Version:
        """Return its place in the history of what the source gave of the same call."""
        return Version((issuer_id, source, f"{self.call_date} {self.symbol}"), self.accepted_at, self.content)

    def row_values(self, issuer_id: str, source: str, batch: str) -> dict[str, Any]:
        """Return its row of earnings_calls."""
        metadata = {
            "batch": batch,
            "source": source,
            "symbol": self.symbol,
            "accepted_at": moment_text(self.accepted_at),
            "accepted_basis": self.accepted_basis,
            "completeness": self.completeness,
            "content": self.content,
            **self.notes,
        }
        return {
            "issuer_id": issuer_id,
            "call_date": str(self.call_date),
            "transcript_ref": self.transcript_ref,
            "metadata": json.dumps(metadata, sort_keys=True, allow_nan=False),
        }
