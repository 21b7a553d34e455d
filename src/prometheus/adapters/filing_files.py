"""Filings in text and HTML files, with what is known of them.

1. The files of the delivery are read once: an index (a CSV with the columns ``accession`` and ``file`` or
   ``form``) tells of the texts beside it; EDGAR's full submissions tell of themselves in their header; inline
   XBRL tells form, period and issuer on its cover.
2. What the header says goes before the index, and that before the cover.
3. A moment of acceptance is exact only where the source has it. A day counts from its end, a guess is marked
   ``estimated``, and a filing without any is set aside.
4. HTML becomes text; both are kept among the artifacts. Of a text and an HTML of one filing the HTML is
   taken, because only it holds the reported facts; exhibits are left out by name (`filing_choice`).
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from polars.exceptions import PolarsError

from prometheus.adapters.delivered_files import DeliveredFile, FileFault, delivered_files
from prometheus.adapters.documents import Documents, FileReference
from prometheus.adapters.filing_choice import (
    ACCESSION,
    LEFT_OUT,
    Candidate,
    by_choice,
    candidate,
    is_same,
    remedy_of,
    stem_of_name,
)
from prometheus.adapters.filing_text import ReadFiling, read_filing
from prometheus.domain.text.filings import AcceptedBasis, Filing, end_of_day
from prometheus.flow.progress import Progress, Silent
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.violations import VIOLATIONS

TEXTS = (".txt", ".htm", ".html", ".xhtml")
_HTML = re.compile(rb"<\s*(html|!doctype html|body)\b", re.IGNORECASE)
_FIRST_TEXT = re.compile(rb"<TEXT>\s*(.*?)</TEXT>", re.DOTALL)
_EDGAR = ZoneInfo("America/New_York")
"""Where EDGAR's acceptance times are, whatever market the issuer is of."""

INDEX: Mapping[str, tuple[str, ...]] = {
    "form": ("form", "form_type", "filing_type"),
    "symbol": ("ticker", "symbol"),
    "accession": ("accession", "accession_number"),
    "cik": ("cik",),
    "period": ("period_of_report", "period_end", "period"),
    "accepted_at": ("accepted_at", "acceptance_datetime"),
    "filing_date": ("filing_date", "filed_at", "filed"),
    "estimated_date": ("estimated_filing_date", "approx_filing_date", "approx_filing_date_heuristic"),
    "file": ("file", "filename", "path"),
}
"""What a column of an index is called; other columns are passed over."""
_HEADER = {
    "accession": re.compile(r"ACCESSION NUMBER:\s*(\S+)"),
    "form": re.compile(r"CONFORMED SUBMISSION TYPE:\s*(\S+)"),
    "period": re.compile(r"CONFORMED PERIOD OF REPORT:\s*(\d{8})"),
    "filing_date": re.compile(r"FILED AS OF DATE:\s*(\d{8})"),
    "cik": re.compile(r"CENTRAL INDEX KEY:\s*(\d+)"),
    "accepted_at": re.compile(r"ACCEPTANCE-DATETIME>\s*(\d{14})"),
}
_NO_DATE = (
    "Give an index.csv with accession, form, ticker and accepted_at or filing_date, or EDGAR's submission."
)


class _Broken(Exception):  # noqa: N818  it never leaves this module: a file's fault on its way to the list
    """A file that can't be taken: field, what was found, rule and remedy."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row of an index."""

    file: str
    row: int
    said: Mapping[str, str]


def filing_delivery(
    paths: Sequence[Path], *, zone: str, keep: Callable[[bytes], str], progress: Progress | None = None
) -> Documents:
    """Return the filings that files hold.

    Parameters
    ----------
    paths : sequence of Path
        Files, folders and archives: texts, HTML and indices.
    zone : str
        Time zone of the market: a day ends there.
    keep : callable
        Puts a text among the artifacts and returns its URI.
    progress : Progress, optional

    Raises
    ------
    InputFileError
        If there is no filing.
    """
    faults: list[FileFault] = []
    broken: list[tuple[Any, ...]] = []
    entries: list[_Entry] = []
    texts: list[DeliveredFile] = []
    files: list[FileReference] = []
    for file in delivered_files(paths, suffixes=(".csv", *TEXTS), faults=faults):
        if file.suffix == ".csv":
            found = _index(file, faults)
            entries += found
            files.append(FileReference(file.name, file.sha256, len(found)))
        else:
            texts.append(file)
    by_file = {entry.said["file"]: entry for entry in entries if "file" in entry.said}
    by_accession = {entry.said["accession"]: entry for entry in entries if "accession" in entry.said}
    named = frozenset(stem_of_name(name) for name in by_file)
    filings: dict[str, Filing] = {}
    found_entries: dict[str, _Entry] = {}
    candidates = []
    for file in texts:
        in_name = ACCESSION.search(file.member)
        entry = (
            by_file.get(file.member)
            or by_file.get(f"{file.member}.gz")
            or by_accession.get(in_name[0] if in_name else "")
        )
        if entry is not None:
            found_entries[file.name] = entry
        indexed = None if entry is None else entry.said.get("accession")
        candidates.append(candidate(file, indexed=indexed, named=named))
        files.append(FileReference(file.name, file.sha256, 1))
    taken: dict[str, Candidate] = {}
    certain: dict[str, Candidate] = {}
    hook = progress or Silent()
    hook.start("files", len(texts))
    for one in by_choice(candidates):
        hook.advance(1)
        file, entry = one.file, found_entries.get(one.file.name)
        symbol = None if entry is None else entry.said.get("symbol")
        key = one.accession or file.name
        if one.is_certain:
            certain.setdefault(key, one)
        other = taken.get(key) or certain.get(key, one)
        if not is_same(one, other):
            why = ("file", file.member, LEFT_OUT, remedy_of(other))
            broken.append((file.name, 0, symbol, None, *why))
            continue
        if key in taken:
            continue
        try:
            filing = _filing(file, entry, zone, keep)
        except _Broken as fault:
            broken.append((file.name, 0, symbol, None, *fault.args))
            continue
        taken[key] = one
        filings.setdefault(filing.accession or file.name, filing)
    hook.finish()
    was_found = {(entry.file, entry.row) for entry in found_entries.values()}
    for entry in entries:
        if (entry.file, entry.row) not in was_found:
            said = entry.said.get("file") or entry.said.get("accession")
            symbol = entry.said.get("symbol")
            broken.append(
                (entry.file, entry.row, symbol, None, "file", said, "no_such_file", "Deliver it too.")
            )
    broken += [
        (f.name, 0, None, None, "file", f.error.message, "unreadable_file", f.error.remedy) for f in faults
    ]
    if not filings and not broken:
        raise InputFileError("No filing is among these files.", remedy=_NO_DATE)
    violations = pl.DataFrame(broken, schema=VIOLATIONS.schema, orient="row")
    n_broken = violations.select("file", "row").n_unique()
    return Documents(list(filings.values()), violations, tuple(files), len(filings) + n_broken)


def _index(file: DeliveredFile, faults: list[FileFault]) -> list[_Entry]:
    try:
        with file.open() as stream:
            table = pl.read_csv(io.BytesIO(stream.read()), infer_schema=False, encoding="utf8")
    except (PolarsError, UnicodeDecodeError) as error:
        said = str(error).strip().splitlines()[0]
        why = InputFileError(f"{file.name} is not the table its name says: {said}.", remedy=_NO_DATE)
        faults.append(FileFault(file.name, why))
        return []
    given = {name.strip().lower().replace(" ", "_"): name for name in table.columns}
    columns = {
        ours: given[theirs[0]]
        for ours, names in INDEX.items()
        if (theirs := [name for name in names if name in given])
    }
    if "accession" not in columns and "file" not in columns:
        why = InputFileError(f"{file.name} is no index of filings: it names no accession.", remedy=_NO_DATE)
        faults.append(FileFault(file.name, why))
        return []
    return [
        _Entry(
            file.name,
            place,
            {ours: text for ours, theirs in columns.items() if (text := (row[theirs] or "").strip())},
        )
        for place, row in enumerate(table.iter_rows(named=True), start=2)
    ]


def _filing(file: DeliveredFile, entry: _Entry | None, zone: str, keep: Callable[[bytes], str]) -> Filing:
    with file.open() as stream:
        raw = stream.read()
    if b"\x00" in raw:
        raise _Broken("text", None, "not_text", "It is binary or cut off; save it as HTML or text in UTF-8.")
    header = _header(raw)
    body = raw
    if header and (inside := _FIRST_TEXT.search(raw)):
        body = inside[1]
    is_html = file.suffix != ".txt" or _HTML.search(body[:5000]) is not None
    if is_html:
        start = body.find(b"<XBRL>")
        read = read_filing(body[start + 6 :].strip().removesuffix(b"</XBRL>") if start >= 0 else body)
    else:
        read = ReadFiling(_decoded(body, is_edgar=bool(header)), (), {})
    if not any(char.isalnum() for char in read.text):
        raise _Broken("text", read.text.strip()[:80], "empty_text", "Ask for the filing again.")
    cover = dict(read.cover)
    if "period" in cover:
        cover["period"] = str(_day(cover["period"], "period"))
    if cover.pop("amended", "").lower() == "true" and "form" in cover and not cover["form"].endswith("/A"):
        cover["form"] += "/A"
    in_name = ACCESSION.search(file.member)
    named = {"accession": in_name[0]} if in_name else {}
    said = {**cover, **named, **(entry.said if entry else {}), **header}
    if "form" not in said:
        raise _Broken("form", None, "no_form", "Say in the index what form it is: 10-K, 10-Q, 8-K.")
    accepted_at, basis, filing_date = _accepted(said, zone)
    period = _day(said["period"], "period") if "period" in said else None
    if period is not None and filing_date < period:
        raise _Broken(
            "period", str(period), "filed_before_period_end",
            f"It is said to be filed on {filing_date}, before its period ended; mend either date.",
        )  # fmt: skip
    notes: dict[str, Any] = {"media": "html" if is_html else "text", "n_characters": len(read.text)}
    if "cik" in said:
        notes["cik"] = said["cik"].lstrip("0")
    if is_html:
        notes["original_ref"] = keep(raw)
    return Filing(
        file=file.name,
        row=0,
        symbol=said.get("symbol"),
        cik=said.get("cik"),
        filing_type=said["form"].upper(),
        filing_date=filing_date,
        accepted_at=accepted_at,
        accepted_basis=basis,
        period_of_report=period,
        accession=said.get("accession"),
        text_ref=keep(read.text.encode()),
        facts=read.facts,
        notes=notes,
    )


def _header(raw: bytes) -> dict[str, str]:
    """Return what the header of a full submission of EDGAR says; nothing for another text."""
    head = raw[:20_000]
    if b"ACCESSION NUMBER:" not in head:
        return {}
    text = head.decode("latin-1")
    return {name: found[1] for name, pattern in _HEADER.items() if (found := pattern.search(text))}


def _decoded(raw: bytes, *, is_edgar: bool) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if is_edgar:  # its older submissions are in what their filers typed
            return raw.decode("cp1252", errors="replace")
        row = raw[: error.start].count(b"\n") + 1
        raise _Broken("text", f"line {row}", "not_utf8", "Save the text as UTF-8.") from None


def _accepted(said: Mapping[str, str], zone: str) -> tuple[datetime, AcceptedBasis, date]:
    """Return when a filing became known, how well that is known, and its date."""
    if "accepted_at" in said:
        at = _moment(said["accepted_at"])
        day = _day(said["filing_date"], "filing_date") if "filing_date" in said else None
        return at.astimezone(UTC), "exact", day or at.astimezone(ZoneInfo(zone)).date()
    if "filing_date" in said:
        day = _day(said["filing_date"], "filing_date")
        return end_of_day(day, zone), "date", day
    if "estimated_date" in said:
        day = _day(said["estimated_date"], "estimated_date")
        return end_of_day(day, zone), "estimated", day
    raise _Broken("accepted_at", None, "no_date", _NO_DATE)


def _moment(text: str) -> datetime:
    if re.fullmatch(r"\d{14}", text):  # EDGAR's own form
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=_EDGAR)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = datetime.min  # noqa: DTZ901  without a zone, so it is refused below
    if at.tzinfo is None:
        raise _Broken(
            "accepted_at", text, "unparsable_time", "Write times with their zone: 2023-08-03T18:04:43-04:00."
        )
    return at


def _day(text: str, field: str) -> date:
    for form in ("%Y-%m-%d", "%Y%m%d", "%B %d, %Y", "%b %d, %Y"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    raise _Broken(field, text, "unparsable_date", "Write dates as 2023-07-01.")
