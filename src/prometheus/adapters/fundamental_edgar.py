"""Reported facts as the SEC itself publishes them, as filings without a text.

=======================  ===========================================================================
CIK0000320193.json       EDGAR's company facts: a file an issuer (loose, or in companyfacts.zip), each
                         fact with accession, form and day of the filing that reported it
sub.txt and num.txt      its Financial Statement Data Sets, in one folder or archive: the filings of a
                         quarter with their moments of acceptance, and their numbers
=======================  ===========================================================================

Of these, the tags that `filing_text` reads out of inline XBRL are taken, of the whole issuer alone.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from prometheus.adapters.delivered_files import DeliveredFile, FileFault
from prometheus.adapters.filing_text import NAMED_TAGS
from prometheus.domain.text.facts import FLOWS, PER_SHARE, SHARES, Fact, months_between, unit_of
from prometheus.domain.text.filings import AcceptedBasis, Filing, end_of_day
from prometheus.kernel.errors import InputFileError

EDGAR_ZONE = ZoneInfo("America/New_York")
EDGAR_SUFFIXES = (".json", ".txt")
_GIVE = "Give CSV, Parquet, EDGAR's CIK##########.json, or sub.txt and num.txt of one data set."
_UNIT = re.compile(r"([A-Z]{3})(/shares)?|shares")
_LAYOUTS = {
    "sub.txt": ("adsh", "cik", "form", "filed"),
    "num.txt": ("adsh", "tag", "ddate", "qtrs", "uom", "value"),
}
"""The members of a data set that are read, and the columns that they must have."""


@dataclass(frozen=True, slots=True)
class _Report:
    """A filing while its facts are gathered: of several tags for one fact the first that it has counts."""

    file: str
    row: int
    cik: str
    accession: str
    form: str
    filed: date
    accepted_at: datetime
    basis: AcceptedBasis
    period: date | None = None
    facts: dict[tuple[str, date, int], tuple[int, Fact]] = field(default_factory=dict)

    def add(self, tag: str, unit: str, value: float, end: date, months: int) -> None:
        name, rank = NAMED_TAGS.get(tag, (None, 0))
        said = _UNIT.fullmatch(unit)
        if name is None or said is None or (months == 0) == (name in FLOWS):
            return
        kind = "shares" if said[1] is None else "money a share" if said[2] else "money"
        if kind != ("shares" if name in SHARES else "money a share" if name in PER_SHARE else "money"):
            return
        if not math.isfinite(value):
            raise ValueError(f"{tag} is {value}, no number")
        key = (name, end, months)
        if key not in self.facts or rank < self.facts[key][0]:
            self.facts[key] = (rank, Fact(name, value, unit_of(name, said[1] or ""), end, months))

    def filing(self) -> Filing:
        ends = [end for name, end, _ in self.facts if name not in SHARES]
        return Filing(
            file=self.file,
            row=self.row,
            symbol=None,
            cik=self.cik,
            filing_type=self.form,
            filing_date=self.filed,
            accepted_at=self.accepted_at,
            accepted_basis=self.basis,
            period_of_report=self.period or max(ends, default=None),
            accession=self.accession,
            facts=tuple(self.facts[key][1] for key in sorted(self.facts)),
            notes={"cik": self.cik},
        )


def edgar_reports(
    files: Sequence[DeliveredFile], faults: list[FileFault]
) -> Iterator[tuple[Sequence[DeliveredFile], list[Filing]]]:
    """Yield files and the filings whose facts they hold; those that can't be read go to ``faults``."""
    sets: dict[str, dict[str, DeliveredFile]] = {}
    for file in files:
        if file.suffix == ".txt":
            folder, _, member = file.name.replace("!", "/").rpartition("/")
            sets.setdefault(folder, {})[member.lower()] = file
            continue
        try:
            yield [file], company_facts(file)
        except InputFileError as error:
            faults.append(FileFault(file.name, error))
    for members in sets.values():
        sub, num = members.get("sub.txt"), members.get("num.txt")
        if sub is None or num is None:
            for file in members.values():
                why = InputFileError(f"{file.name} is no table of fundamentals.", remedy=_GIVE)
                faults.append(FileFault(file.name, why))
            continue
        try:
            yield [sub, num], statement_facts(sub, num)
        except InputFileError as error:
            faults.append(FileFault(num.name, error))


def company_facts(file: DeliveredFile) -> list[Filing]:
    """Return the filings whose facts a file of EDGAR's company facts holds.

    Raises
    ------
    InputFileError
        If it is no such file.
    """
    try:
        with file.open() as stream:
            said = json.load(stream)
        cik, facts = str(int(said["cik"])), said["facts"]
        told = [
            (tag, unit, one)
            for taxonomy in ("us-gaap", "ifrs-full", "dei")
            for tag, about in facts.get(taxonomy, {}).items()
            if tag in NAMED_TAGS
            for unit, ones in about["units"].items()
            for one in ones
        ]
        reports: dict[str, _Report] = {}
        for place, (tag, unit, one) in enumerate(told, start=1):
            end = date.fromisoformat(one["end"])
            months = months_between(date.fromisoformat(one["start"]), end) if "start" in one else 0
            if one["accn"] not in reports:
                filed = date.fromisoformat(one["filed"])
                known = end_of_day(filed, str(EDGAR_ZONE))
                reports[one["accn"]] = _Report(
                    file.name, place, cik, one["accn"], one["form"], filed, known, "date"
                )
            if months is not None:
                reports[one["accn"]].add(tag, unit, float(one["val"]), end, months)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise InputFileError(
            f"{file.name} is none of EDGAR's company facts: {type(error).__name__} {error}.",
            remedy="Expected is CIK##########.json: cik, facts, units; in these accn, form, filed, end, val.",
        ) from error
    return [report.filing() for report in _by_accession(reports) if report.facts]


def statement_facts(sub: DeliveredFile, num: DeliveredFile) -> list[Filing]:
    """Return the filings of one of the SEC's Financial Statement Data Sets.

    Raises
    ------
    InputFileError
        If a table lacks a column, or a line of it says no filing or number.
    """
    reports = {}
    for line, row in _lines(sub, "sub.txt"):
        try:
            filed = _day(row["filed"])
            at, basis = _accepted(row.get("accepted", ""), filed)
            reports[row["adsh"]] = _Report(
                sub.name, line, str(int(row["cik"])), row["adsh"], row["form"], filed, at, basis,
                period=_day(row["period"]) if row.get("period") else None,
            )  # fmt: skip
        except ValueError as error:
            raise _broken(sub, line, error) from error
    for line, row in _lines(num, "num.txt"):
        # A co-registrant's number and that of a segment are not the issuer's.
        if row["tag"] not in NAMED_TAGS or row.get("coreg") or row.get("segments") or not row["value"]:
            continue
        report = reports.get(row["adsh"])
        try:
            quarters = int(row["qtrs"])
            if report is not None and 0 <= quarters <= 4:
                unit = row["uom"] + ("/shares" if NAMED_TAGS[row["tag"]][0] in PER_SHARE else "")
                report.add(row["tag"], unit, float(row["value"]), _day(row["ddate"]), 3 * quarters)
        except ValueError as error:
            raise _broken(num, line, error) from error
    return [report.filing() for report in _by_accession(reports) if report.facts]


def _by_accession(reports: Mapping[str, _Report]) -> Iterable[_Report]:
    return (reports[accession] for accession in sorted(reports))


def _accepted(text: str, filed: date) -> tuple[datetime, AcceptedBasis]:
    """Return when a filing became known; the data sets cut its moment to the minute, so the minute's end."""
    if not text:
        return end_of_day(filed, str(EDGAR_ZONE)), "date"
    at = datetime.strptime(text.split(".")[0], "%Y-%m-%d %H:%M:%S").replace(tzinfo=EDGAR_ZONE)
    return (at + timedelta(seconds=59 if at.second == 0 else 0)).astimezone(UTC), "exact"


def _day(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007  a day has no zone


def _lines(file: DeliveredFile, member: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the lines of a table with their numbers, as the texts of its columns."""
    with file.open() as stream:
        headers = stream.readline().decode("utf-8-sig", "replace").rstrip("\r\n").split("\t")
        missing = [name for name in _LAYOUTS[member] if name not in headers]
        if missing:
            raise InputFileError(
                f"{file.name} has no column {', '.join(missing)}; found {', '.join(headers)[:80]}.",
                remedy="Give sub.txt and num.txt as the SEC's Financial Statement Data Sets have them.",
            )
        for number, raw in enumerate(stream, start=2):
            cells = raw.decode("utf-8", "replace").rstrip("\r\n").split("\t")
            if len(cells) == len(headers):
                yield number, dict(zip(headers, cells, strict=True))
            elif any(cells):
                raise InputFileError(
                    f"{file.name} row {number} has {len(cells)} fields, its header {len(headers)}.",
                    remedy="Fetch the data set again; its transfer may have broken off.",
                )


def _broken(file: DeliveredFile, line: int, error: Any) -> InputFileError:
    return InputFileError(
        f"{file.name} row {line}: {error}.", remedy="Fetch the data set again, or leave the line out."
    )
