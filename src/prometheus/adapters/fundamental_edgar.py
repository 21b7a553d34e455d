"""Reported facts as the SEC itself publishes them, as filings without a text.

=======================  ===========================================================================
CIK0000320193.json       EDGAR's company facts: a file an issuer (loose, or in companyfacts.zip), each
                         fact with accession, form and day of the filing that reported it
sub.txt and num.txt      its Financial Statement Data Sets, in one folder or archive: the filings of a
                         quarter with their moments of acceptance, and their numbers
=======================  ===========================================================================

Of these, the tags that `filing_text` reads out of inline XBRL are taken, of the whole issuer alone.
A line of a data set that can't be read is a violation; one of sub.txt takes its filing's numbers with it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from prometheus.adapters.delivered_files import DeliveredFile, FileFault
from prometheus.adapters.filing_text import NAMED_TAGS
from prometheus.domain.text.facts import FLOWS, PER_SHARE, SHARES, Fact, months_between, unit_of
from prometheus.domain.text.filings import AcceptedBasis, Filing, end_of_day
from prometheus.kernel.errors import InputFileError

EDGAR_ZONE = ZoneInfo("America/New_York")
EDGAR_SUFFIXES = (".json", ".txt")
_GIVE = "Give CSV, Parquet, EDGAR's CIK##########.json, or sub.txt and num.txt of one data set."
_MEND = "Mend the line and take the data set in again"
_MEND_FILING = f"{_MEND}; the lines of its filing in num.txt are left out with it."
_UNIT = re.compile(r"([A-Z]{3})(/shares)?|shares")
N_DIGITS = 10
"""Of a CIK; no count of a data set has more."""
_ACCESSION = re.compile(r"\d{10}-\d\d-\d{6}")
_LAYOUTS = {
    "sub.txt": ("adsh", "cik", "form", "filed"),
    "num.txt": ("adsh", "tag", "ddate", "qtrs", "uom", "value"),
}
"""The members of a data set that are read, and the columns that they must have."""
_OPTIONAL = {"sub.txt": ("period", "accepted"), "num.txt": ("coreg", "segments")}

Violation = tuple[str, int, str | None, str | None, str, str, str, str]
"""A row of `VIOLATIONS`."""


class _Broken(Exception):  # noqa: N818  it never leaves this module: a line's fault on its way to the list
    """A line that can't be taken: field, what was found and rule."""


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
    aside: list[int] = field(default_factory=list)
    withheld: dict[str, int] = field(default_factory=dict)

    def set_aside(self, line: int, tag: str) -> None:
        """Note that a line about the filing can't be read."""
        self.aside.append(line)
        if tag in NAMED_TAGS:
            name, rank = NAMED_TAGS[tag]
            self.withheld[name] = min(rank, self.withheld.get(name, rank))

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
        # Where the number of a better tag can't be read, one of a lesser tag would pass for it.
        facts = {
            key: fact
            for key, (rank, fact) in self.facts.items()
            if rank <= self.withheld.get(fact.name, rank)
        }
        ends = [end for name, end, _ in facts if name not in SHARES]
        notes = {"cik": self.cik}
        if self.aside:  # the whole filing is another document, so that it lands when it comes
            notes["lacks"] = f"{len(self.aside)} lines of num.txt, the first {self.aside[0]}"
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
            facts=tuple(facts[key] for key in sorted(facts)),
            notes=notes,
        )


def edgar_reports(
    files: Sequence[DeliveredFile], faults: list[FileFault]
) -> Iterator[tuple[Sequence[DeliveredFile], list[Filing], list[Violation]]]:
    """Yield files, the filings whose facts they hold, and the lines that can't be read.

    Files that can't be read go to ``faults``.
    """
    sets: dict[str, dict[str, DeliveredFile]] = {}
    for file in files:
        if file.suffix == ".txt":
            folder, _, member = file.name.replace("!", "/").rpartition("/")
            sets.setdefault(folder, {})[member.lower()] = file
            continue
        try:
            yield [file], company_facts(file), []
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
            yield [sub, num], *statement_facts(sub, num)
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


def statement_facts(sub: DeliveredFile, num: DeliveredFile) -> tuple[list[Filing], list[Violation]]:
    """Return the filings of one of the SEC's Financial Statement Data Sets, and the lines that can't be read.

    Raises
    ------
    InputFileError
        If a table lacks a column.
    """
    reports: dict[str, _Report] = {}
    left_out: set[str] = set()
    violations: list[Violation] = []
    for line, row, fault in _lines(sub, "sub.txt"):
        try:
            if fault is not None:
                raise fault
            reports[row["adsh"]] = _report(sub.name, line, row)
        except _Broken as error:
            left_out.add(row.get("adsh", ""))
            violations.append((sub.name, line, None, None, *error.args, _MEND_FILING))
    for line, row, fault in _lines(num, "num.txt"):
        adsh, tag = row.get("adsh", ""), row.get("tag", "")
        report = reports.get(adsh)
        if report is None and adsh in left_out:
            continue
        # A co-registrant's number and that of a segment are not the issuer's.
        if fault is None and (
            tag not in NAMED_TAGS or row.get("coreg") or row.get("segments") or not row["value"]
        ):
            continue
        try:
            if fault is not None:
                raise fault
            if report is not None:
                _add(report, row)
            elif _ACCESSION.fullmatch(adsh) is None:
                raise _Broken("adsh", adsh, "no_accession")
        except _Broken as error:
            who = None if report is None else f"CIK {report.cik}"
            violations.append((num.name, line, who, row.get("ddate"), *error.args, f"{_MEND}."))
            if report is not None:
                report.set_aside(line, tag)
    found = (report.filing() for report in _by_accession(reports))
    return [filing for filing in found if filing.facts], violations


def _report(name: str, line: int, row: Mapping[str, str]) -> _Report:
    """Return the filing of a line of sub.txt, still without facts."""
    if _ACCESSION.fullmatch(row["adsh"]) is None:
        raise _Broken("adsh", row["adsh"], "no_accession")
    if not row["form"].strip():
        raise _Broken("form", row["form"], "no_form")
    filed = _day(row, "filed")
    at, basis = _accepted(row.get("accepted", ""), filed)
    cik = str(_count(row, "cik"))
    period = _day(row, "period") if row.get("period") else None
    return _Report(name, line, cik, row["adsh"], row["form"], filed, at, basis, period=period)


def _add(report: _Report, row: Mapping[str, str]) -> None:
    """Give a filing the number of a line of num.txt."""
    quarters, end = _count(row, "qtrs"), _day(row, "ddate")
    try:
        value = float(row["value"])
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in row["value"]:
        raise _Broken("value", row["value"], "unparsable_number")
    if quarters <= 4:
        unit = row["uom"] + ("/shares" if NAMED_TAGS[row["tag"]][0] in PER_SHARE else "")
        report.add(row["tag"], unit, value, end, 3 * quarters)


def _by_accession(reports: Mapping[str, _Report]) -> Iterable[_Report]:
    return (reports[accession] for accession in sorted(reports))


def _accepted(text: str, filed: date) -> tuple[datetime, AcceptedBasis]:
    """Return when a filing became known; the data sets cut its moment to the minute, so the minute's end."""
    try:
        if not text:
            return end_of_day(filed, str(EDGAR_ZONE)), "date"
        at = datetime.strptime(text.split(".")[0], "%Y-%m-%d %H:%M:%S").replace(tzinfo=EDGAR_ZONE)
        return (at + timedelta(seconds=59 if at.second == 0 else 0)).astimezone(UTC), "exact"
    except (ValueError, OverflowError):
        raise _Broken("accepted" if text else "filed", text or str(filed), "unparsable_time") from None


def _day(row: Mapping[str, str], column: str) -> date:
    text = row[column]
    try:
        if len(text) != len("20230630"):  # strptime takes 2023630, too
            raise ValueError
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        raise _Broken(column, text, "unparsable_date") from None


def _count(row: Mapping[str, str], column: str) -> int:
    text = row[column].strip()
    if not (text.isascii() and text.isdigit()) or len(text) > N_DIGITS:
        raise _Broken(column, row[column], "unparsable_number")
    return int(text)


def _lines(file: DeliveredFile, member: str) -> Iterator[tuple[int, dict[str, str], _Broken | None]]:
    """Yield the lines of a table with their numbers, as texts of its columns, and what is wrong with them."""
    with file.open() as stream:
        headers = stream.readline().decode("utf-8-sig", "replace").rstrip("\r\n").split("\t")
        missing = [name for name in _LAYOUTS[member] if name not in headers]
        if missing:
            raise InputFileError(
                f"{file.name} has no column {', '.join(missing)}; found {', '.join(headers)[:80]}.",
                remedy="Give sub.txt and num.txt as the SEC's Financial Statement Data Sets have them.",
            )
        for number, raw in enumerate(stream, start=2):
            text = raw.decode("utf-8", "replace").rstrip("\r\n")
            cells = text.split("\t")
            if not any(cells):
                continue
            row = dict(zip(headers, cells, strict=False))
            fault = None
            if len(cells) != len(headers):
                found = f"{len(cells)} fields, the header has {len(headers)}: {text}"
                at = headers[min(len(cells), len(headers) - 1)]
                fault = _Broken(at, found.replace("\0", "\\0"), "wrong_number_of_fields")
            elif "\0" in text or "\ufffd" in text:
                fault = _damaged(row, (*_LAYOUTS[member], *_OPTIONAL[member]))
            yield number, row, fault


def _damaged(row: Mapping[str, str], columns: Sequence[str]) -> _Broken | None:
    """Return the fault of a line with a zero, or bytes that are not UTF-8, in a column that is read."""
    for column in columns:
        text = row.get(column, "")
        if "\0" in text or "\ufffd" in text:
            return _Broken(column, text.replace("\0", "\\0"), "wrong_encoding")
    return None
