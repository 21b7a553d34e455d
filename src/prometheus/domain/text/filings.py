"""A filing: what an issuer reported, when it became known, and how well that moment is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from prometheus.domain.text.facts import Fact
from prometheus.domain.text.versions import Version
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.ids import digest

AcceptedBasis = Literal["exact", "date", "collected", "lagged", "estimated"]
"""How well a moment of acceptance is known.

exact       the source has the moment, such as EDGAR's acceptance time
date        the source has the day of the filing: the end of that day
collected   a vendor collected it on that day: the end of that day, hence no earlier than it was known
lagged      the period's end and a number of days that the user gave
estimated   a guess of the source, which may lie before the truth: nothing that looks back may use it
"""
END_OF_DAY = time(23, 59, 59)


class IngestFilingsConfig(EngineConfig):
    """Taking filings in. The hard rules are not to be set; raise the version when they change."""

    engine_name: ClassVar[str] = "INGEST"


class IngestFundamentalsConfig(EngineConfig):
    """Taking reported facts in; raise the version when a vendor's columns get another meaning."""

    engine_name: ClassVar[str] = "INGEST"


@dataclass(frozen=True, slots=True)
class Filing:
    """A filing as delivered, before its issuer is known.

    Attributes
    ----------
    file, row : str, int
        Where it stands, for messages.
    symbol, cik : str or None
        Who filed it.
    filing_type : str
        10-K, 10-Q, 8-K, 10-K/A ...
    filing_date : datetime.date
    accepted_at : datetime.datetime
        When it became known, UTC.
    accepted_basis : AcceptedBasis
    period_of_report : datetime.date or None
    accession : str or None
    text_ref : str or None
        Artifact URI.
    facts : tuple of Fact
    notes : mapping
        Further members of the metadata.
    """

    file: str
    row: int
    symbol: str | None
    cik: str | None
    filing_type: str
    filing_date: date
    accepted_at: datetime
    accepted_basis: AcceptedBasis
    period_of_report: date | None
    accession: str | None = None
    text_ref: str | None = None
    facts: tuple[Fact, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> date:
        """The date of the filing."""
        return self.filing_date

    @property
    def content(self) -> str:
        """Digest of what it says, whoever filed it and whenever it became known."""
        said = [one.as_json() for one in self.facts]
        period = str(self.period_of_report or "")
        parts = (self.filing_type, period, self.accession or "", self.text_ref or "", self.accepted_basis)
        return digest(*parts, json.dumps(said), json.dumps(dict(self.notes), sort_keys=True)).hex()

    def version(self, issuer_id: str, source: str) -> Version:
        """Return its place in the history of what the source said of the same report."""
        # Of a firm with two classes of shares a vendor has a report for each symbol.
        named = " ".join((self.filing_type, str(self.period_of_report), *filter(None, [self.symbol])))
        if self.accession is not None:  # its text, its HTML and one that lacks lines are apart
            apart = filter(None, [self.notes.get("media"), self.notes.get("lacks")])
            named = " ".join((self.accession, *apart))
        return Version((issuer_id, source, named), self.accepted_at, self.content)

    def row_values(self, issuer_id: str, source: str, batch: str) -> dict[str, Any]:
        """Return its row of filings."""
        metadata: dict[str, Any] = {
            "batch": batch,
            "source": source,
            "symbol": self.symbol,
            "accession": self.accession,
            "accepted_at": moment_text(self.accepted_at),
            "accepted_basis": self.accepted_basis,
            "period_of_report": None if self.period_of_report is None else str(self.period_of_report),
            "content": self.content,
            **self.notes,
        }
        if self.facts:
            metadata["facts"] = [one.as_json() for one in self.facts]
        return {
            "issuer_id": issuer_id,
            "filing_type": self.filing_type,
            "filing_date": str(self.filing_date),
            "text_ref": self.text_ref,
            "metadata": json.dumps(metadata, sort_keys=True, allow_nan=False),
        }


def moment_text(moment: datetime) -> str:
    """Return a moment as it is stored.

    Examples
    --------
    >>> moment_text(datetime(2023, 8, 3, 20, 30, 45, tzinfo=UTC))
    '2023-08-03T20:30:45Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def end_of_day(day: date, zone: str) -> datetime:
    """Return the end of a day at the market, in UTC: by then, what came that day is known.

    Examples
    --------
    >>> end_of_day(date(2015, 4, 28), "America/New_York")
    datetime.datetime(2015, 4, 29, 3, 59, 59, tzinfo=datetime.timezone.utc)
    """
    return datetime.combine(day, END_OF_DAY, ZoneInfo(zone)).astimezone(UTC)
