"""Files of macro events: texts of the FOMC, one a meeting, and calendars in CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from prometheus.adapters.delimited_lines import delimited_lines, delimiter_of
from prometheus.adapters.delivered_files import DeliveredFile, FileFault, delivered_files
from prometheus.adapters.filing_text import read_filing
from prometheus.domain.text.events import (
    SPELLINGS,
    Event,
    EventFault,
    calendar_event,
    document_event,
    event_columns,
)
from prometheus.domain.text.fomc_releases import (
    DOCUMENTS,
    UNSCHEDULED,
    Release,
    given_release,
    meeting_date_of,
)
from prometheus.domain.text.times import Moment, Unreadable, moment_of_text
from prometheus.flow.progress import Progress, Silent
from prometheus.kernel.errors import ConfigError, InputFileError
from prometheus.kernel.violations import VIOLATIONS

TEXTS = (".txt", ".htm", ".html")
TABLES = (".csv", ".tsv")
MEETINGS = ("meeting", "meetingdate", "date")
RELEASES = ("released", "release", "releasedate", "releasedat")


@dataclass(frozen=True, slots=True)
class EventsFile:
    """One file of a delivery: its name, its digest and the events that it held."""

    name: str
    sha256: str
    n_rows: int


@dataclass(frozen=True, slots=True)
class EventsDelivery:
    """Events as delivered.

    Attributes
    ----------
    events : sequence of Event
    violations : polars.DataFrame
        What is wrong with the others.
    files : tuple of EventsFile
    faults : tuple of FileFault
        Files that could not be read.
    n_rows : int
        All that came.
    rows : polars.DataFrame
        ``file`` and ``row`` of all, and what can be mended: the columns of a calendar as they came, or of
        texts ``meeting`` and ``released``, as a table for `release_dates` has them.
    """

    source: str
    events: Sequence[Event]
    violations: pl.DataFrame
    files: tuple[EventsFile, ...]
    faults: tuple[FileFault, ...]
    n_rows: int
    rows: pl.DataFrame


def event_delivery(
    paths: Iterable[Path],
    *,
    kind: str | None,
    source: str,
    known_at: datetime,
    zone: tzinfo | None = None,
    releases: Mapping[date, Release] | None = None,
    meetings: Sequence[date] = (),
    progress: Progress | None = None,
) -> EventsDelivery:
    """Read a delivery of events.

    Parameters
    ----------
    paths : iterable of Path
        Files, folders and archives.
    kind : str, optional
        ``FOMC_STATEMENT`` and ``FOMC_MINUTES`` are texts, a file each; any other is the type of the rows of
        calendars that don't say theirs.
    source : str
    known_at : datetime
        When the delivery became known.
    zone : tzinfo, optional
        Of times without one.
    releases : mapping of date to Release, optional
        By meeting, see `release_dates`.
    meetings : sequence of datetime.date
        Those that are known already.
    progress : Progress, optional
        Told of files.

    Raises
    ------
    InputFileError
        If no file could be read.
    """
    faults: list[FileFault] = []
    found: list[Event | EventFault] = []
    files: list[EventsFile] = []
    rows: list[tuple[object, ...]] = []
    is_text = kind in DOCUMENTS
    given = list(delivered_files(paths, suffixes=TEXTS if is_text else TABLES, faults=faults))
    named = {meeting_date_of(file.member) for file in given} if is_text else set()
    known = sorted(({day for day in named if day is not None} | set(meetings)) - UNSCHEDULED)
    hook = progress or Silent()
    hook.start("files read", len(given))
    for file in given:
        hook.advance(1)
        try:
            if is_text and kind is not None:
                read = [_document(file, kind, releases or {}, known)]
                meeting = meeting_date_of(file.member)
                rows.append((file.name, read[0].row, meeting and str(meeting), None))
            else:
                read = _calendar(file, kind, zone, known_at, rows)
        except InputFileError as error:
            faults.append(FileFault(file.name, error))
            continue
        found += read
        files.append(EventsFile(file.name, file.sha256, len(read)))
    hook.finish()
    if not files:
        raise faults[0].error
    return EventsDelivery(
        source=source,
        events=[one for one in found if isinstance(one, Event)],
        violations=violations_of([one for one in found if isinstance(one, EventFault)]),
        files=tuple(files),
        faults=tuple(faults),
        n_rows=len(found),
        rows=pl.DataFrame(
            rows,
            schema={"file": pl.String, "row": pl.Int64}
            | dict.fromkeys(("meeting", "released") if is_text else SPELLINGS, pl.String),
            orient="row",
        ),
    )


def violations_of(faults: Sequence[EventFault]) -> pl.DataFrame:
    """Return one violation for each fault."""
    rows = [(f.file, f.row, f.about, None, f.field, f.found, f.rule, f.remedy) for f in faults]
    return pl.DataFrame(rows, schema=VIOLATIONS.schema, orient="row")


def release_dates(path: Path, event_type: str) -> dict[date, Release]:
    """Return when the texts of meetings came out, from a table of ``meeting`` and ``released``.

    Raises
    ------
    InputFileError
        If the file can't be read, or a line of it says no meeting and release.
    """
    (file,) = delivered_files([path], suffixes=TABLES)
    headers, rows = _lines(file)
    squeezed = ["".join(char for char in header.lower() if char.isalnum()) for header in headers]
    about = next((squeezed.index(name) for name in MEETINGS if name in squeezed), None)
    released = next((squeezed.index(name) for name in RELEASES if name in squeezed), None)
    if about is None or released is None:
        raise InputFileError(
            f"{file.name}: expected the columns meeting and released, found {', '.join(headers)}.",
            remedy="Write meeting,released and below it 2013-01-30,2013-02-20T14:00:00-05:00.",
        )
    found: dict[date, Release] = {}
    for line, cells in rows:
        said = cells if len(cells) == len(headers) else [""] * len(headers)
        if len(cells) == len(headers) and "rule" in squeezed and not said[released].strip():
            continue  # of a file of rejects: nobody has said yet when it came out
        meeting = meeting_date_of(said[about].strip())
        release: Release | str = "no_meeting"
        if meeting is not None:
            release = given_release(event_type, meeting, said[released])
        if meeting is None or isinstance(release, str):
            raise InputFileError(
                f"{file.name} row {line}: {', '.join(cells)!r} is no meeting and release ({release}).",
                remedy="Write dates as 2013-01-30 and times as 2013-02-20T14:00:00-05:00.",
            )
        if found.setdefault(meeting, release) != release:
            raise InputFileError(
                f"{file.name} row {line}: the text of {meeting} is said to come out twice.",
                remedy="Leave the first publication in.",
            )
    return found


def zone_of(name: str | None) -> tzinfo | None:
    """Return a time zone by its IANA name."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise ConfigError(
            f"--zone: {name!r} is no time zone.", remedy="Name it as America/New_York."
        ) from error


def _document(
    file: DeliveredFile, kind: str, releases: Mapping[date, Release], meetings: Sequence[date]
) -> Event | EventFault:
    with file.open() as stream:
        raw = stream.read()
    if b"\x00" in raw:
        raise InputFileError(f"{file.name} is no text.", remedy="Give texts in UTF-8.")
    if file.suffix != ".txt":
        text = read_filing(raw).text
        return document_event(
            file.name, file.member, text, event_type=kind, given=releases, meetings=meetings
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = raw[error.start : error.start + 20].decode("latin-1")
        return EventFault(file.name, 1, file.member, "text", found, "not_utf8")
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return document_event(file.name, file.member, lines, event_type=kind, given=releases, meetings=meetings)


def _calendar(
    file: DeliveredFile,
    kind: str | None,
    zone: tzinfo | None,
    known_at: datetime,
    kept: list[tuple[object, ...]],
) -> list[Event | EventFault]:
    headers, rows = _lines(file)
    columns = event_columns(headers, file=file.name, kind=kind)
    place = {header: i for i, header in reversed(list(enumerate(headers)))}
    found: list[Event | EventFault] = []
    for line, cells in rows:
        if len(cells) != len(headers):
            said = f"{len(cells)} fields, {len(headers)} columns"
            found.append(EventFault(file.name, line, None, "timestamp", said, "wrong_number_of_fields"))
            continue
        row = {name: " ".join(cells[place[h]] for h in chosen) for name, chosen in columns.items()}
        own = row | ({} if row.get("event_type", "").strip() else {"event_type": kind or ""})
        kept.append((file.name, line, *(own.get(name, "") for name in SPELLINGS)))
        moment = _moment(row["timestamp"], zone)
        found.append(calendar_event(file.name, line, row, kind=kind, moment=moment, known_at=known_at))
    return found


def _moment(text: str, zone: tzinfo | None) -> Moment | str:
    """Return the moment that a text says, or the rule that it breaks."""
    found = moment_of_text(text, zone or UTC)
    # Without a zone of its own, a text is another moment elsewhere.
    elsewhere = moment_of_text(text, zone or ZoneInfo("Asia/Tokyo"))
    if isinstance(found, Unreadable):
        return found.rule
    return found if found == elsewhere else "zone_missing"


def _lines(file: DeliveredFile) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the headers of a table, and its other lines by their numbers."""
    with file.open() as stream:
        raw = stream.read()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputFileError(f"{file.name} row {line} is not UTF-8.", remedy="Save it as UTF-8.") from error
    if "\x00" in text:
        raise InputFileError(f"{file.name} is no text.", remedy="Give CSV in UTF-8.")
    lines = delimited_lines(text, delimiter_of(text) or ",")
    _, headers, _ = next(lines, (1, [], True))
    rows = [(number, cells if is_whole else []) for number, cells, is_whole in lines]
    return [header.strip() for header in headers], rows
