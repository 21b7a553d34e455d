"""Macro events: texts of the FOMC, and rows of calendars.

A text is an event at the moment of its release (`fomc_releases`). A row of a calendar is one at its time; a
later delivery that says more of it, such as what the number came to, is a later version of the same event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

from prometheus.domain.text.fomc_releases import STATEMENT, Release, meeting_date_of, release_of
from prometheus.domain.text.news import EMPTY
from prometheus.domain.text.times import Moment
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.ids import digest

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "event_type": ("eventtype", "type", "category", "indicator", "kind"),
    "timestamp": ("timestamp", "datetime", "releasetime", "releasedat", "time", "date", "releasedate"),
    "country": ("country", "countrycode", "region"),
    "description": ("description", "title", "event", "name", "headline"),
    "actual": ("actual", "value", "released"),
    "previous": ("previous", "prior", "prev"),
    "forecast": ("forecast", "consensus", "expected", "estimate", "survey"),
    "unit": ("unit", "units"),
    "id": ("id", "eventid", "externalid"),
}
"""Names that files give the columns, the surest first; case, blanks and punctuation don't matter."""
REMEDIES = {
    "no_date_in_name": "Name the file after the day on which the meeting ended, e.g. 20130130.txt.",
    "not_a_meeting_day": "No meeting ended on such a day: mend the name, or say when it came out by "
    "--release-dates.",
    "release_unknown": "No rule says when it came out; give --release-dates with its meeting.",
    "not_yet": "It came out after the delivery became known: is --known-at right?",
    "actual_not_yet": "An event that is still to come has no actual value; check the time and its zone.",
    "empty_text": "Ask for the text again.",
    "not_utf8": "Save the file as UTF-8.",
    "event_type_missing": "Say what happened in a column event_type, or by --kind.",
    "timestamp_missing": "An event needs a time.",
    "zone_missing": "Write times with their offset, e.g. 2018-02-14T08:30:00-05:00, or give --zone.",
    "unparsable_time": "Write times as 2018-02-14T08:30:00-05:00.",
    "ambiguous_date": "Day or month first? Write dates as 2018-02-14.",
    "no_such_time": "The clocks were put forward over this time: is --zone right?",
    "unknown_zone": "Write the zone as an offset, e.g. -05:00.",
    "unknown_country": "Give the country by its two letters in ISO 3166, e.g. US.",
    "wrong_number_of_fields": "Quote fields that hold the delimiter, and close quotations.",
    "contradicting_events": "The delivery says two things of one event; leave the true one in.",
    "before_former": "What is stored of this event became known later; deliver in order, or leave --known-at "
    "out.",
}  # fmt: skip
"""The rules that an event may break, and what to do."""
OPINIONS = frozenset({"flags", "release_basis"})
_COUNTRY = re.compile(r"[A-Z]{2}")


class IngestEventsConfig(EngineConfig):
    """Taking macro events in. Nothing is to be set; raise the version when the rules change."""

    engine_name: ClassVar[str] = "INGEST"


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it will be stored, but for the batch and the moment it became known.

    Attributes
    ----------
    file, row : str and int
        Where it stands.
    key : str
        What makes it one event; later versions of it have the same.
    timestamp : datetime
        When it happens or happened, UTC; of a text, its release.
    text : str or None
        Of a statement or minutes.
    facts : mapping
        Further members of ``metadata``.
    """

    file: str
    row: int
    key: str
    event_type: str
    timestamp: datetime
    country: str | None
    description: str
    text: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def content(self) -> str:
        """Digest of all that it says; what we think of it takes no part."""
        said = json.dumps({k: v for k, v in self.facts.items() if k not in OPINIONS}, sort_keys=True)
        about = (self.event_type, self.timestamp.isoformat(), self.country or "", self.description)
        return digest(*about, self.text or "", said).hex()


@dataclass(frozen=True, slots=True)
class EventFault:
    """Why a row or a file is no event."""

    file: str
    row: int
    about: str | None
    field: str
    found: str
    rule: str

    @property
    def remedy(self) -> str:
        """What to do."""
        return REMEDIES[self.rule]


def document_event(
    file: str,
    name: str,
    text: str,
    *,
    event_type: str,
    given: Mapping[date, Release],
    meetings: Sequence[date],
) -> Event | EventFault:
    """Return a statement or minutes as an event, or why it is none.

    Parameters
    ----------
    file, name : str
        Its name in messages, and its own name, which holds the last day of the meeting.
    text : str
        Its lines end as on Unix.
    event_type : {"FOMC_STATEMENT", "FOMC_MINUTES"}
    given : mapping of date to Release
        By meeting.
    meetings : sequence of datetime.date
        Those that are known, ascending.
    """
    meeting = meeting_date_of(name)
    if meeting is None:
        return EventFault(file, 1, None, "file", name, "no_date_in_name")
    if not any(char.isalnum() for char in text):
        return EventFault(file, 1, str(meeting), "text", text.strip()[:80], "empty_text")
    release = release_of(event_type, meeting, given, meetings)
    if isinstance(release, str):
        return EventFault(file, 1, str(meeting), "meeting_date", str(meeting), release)
    what = "Statement" if event_type == STATEMENT else "Minutes"
    facts: dict[str, object] = {"meeting_date": str(meeting), "release_basis": release.basis}
    flags = text_flags(text)
    if flags:
        facts["flags"] = flags
    return Event(
        file=file,
        row=1,
        key=f"{event_type} US {meeting}",
        event_type=event_type,
        timestamp=release.at,
        country="US",
        description=f"{what} of the FOMC on its meeting of {meeting}",
        text=text,
        facts=facts,
    )


def text_flags(text: str) -> list[str]:
    """Return what looks wrong with a text: that it begins or ends within a sentence.

    Examples
    --------
    >>> text_flags("(SOMA) reported on markets."), text_flags("The Committee decided today.")
    (['begins_in_sentence'], [])
    """
    said = text.strip()
    flags = []
    if not said[:1].isupper() and not said[:1].isdigit() and said[:1] not in "\"'\u201c":
        flags.append("begins_in_sentence")
    if said[-1:] not in ".!?\"'\u201d)" or (said.endswith(")") and said.count(")") > said.count("(")):
        flags.append("ends_in_sentence")
    return flags


def event_columns(headers: Sequence[str], *, file: str, kind: str | None) -> dict[str, tuple[str, ...]]:
    """Return which columns of a calendar are read, by the names of `SPELLINGS`.

    Raises
    ------
    InputFileError
        If none holds times, or nothing says what happened.
    """
    squeezed: dict[str, str] = {}
    for header in headers:
        squeezed.setdefault("".join(char for char in header.lower() if char.isalnum()), header)
    chosen: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for name, spellings in SPELLINGS.items():
        found = [squeezed[s] for s in spellings if s in squeezed and squeezed[s] not in taken]
        if not found:
            continue
        is_pair = name == "timestamp" and {"time", "date"} <= squeezed.keys() and found[0] == squeezed["time"]
        chosen[name] = (squeezed["date"], squeezed["time"]) if is_pair else (found[0],)
        taken |= set(chosen[name])
    if "timestamp" not in chosen or ("event_type" not in chosen and kind is None):
        missing = "times" if "timestamp" not in chosen else "types of events"
        raise InputFileError(
            f"{file}: no column holds {missing} among {', '.join(map(repr, headers)) or 'none'}.",
            remedy="Call them event_type, timestamp, country, description, actual, previous, forecast, unit; "
            "--kind says the type where there is none.",
        )
    return chosen


def calendar_event(
    file: str,
    row: int,
    cells: Mapping[str, str],
    *,
    kind: str | None,
    moment: Moment | str,
    known_at: datetime,
) -> Event | EventFault:
    """Return a row of a calendar as an event, or why it is none.

    Parameters
    ----------
    file, row : str and int
        Where it stands.
    cells : mapping of str to str
        By the names of `SPELLINGS`.
    kind : str, optional
        Type of rows that don't say theirs.
    moment : Moment or str
        Its time, or the rule that this breaks.
    known_at : datetime
        When the delivery became known.
    """
    said = {name: text.strip() for name, text in cells.items() if text.strip() not in EMPTY}
    raw_type = said.get("event_type") or kind
    event_type = re.sub(r"[^A-Z0-9]+", "_", (raw_type or "").upper()).strip("_")
    if not event_type:
        return EventFault(file, row, None, "event_type", raw_type or "", "event_type_missing")
    text = said.get("timestamp")
    if text is None:
        return EventFault(file, row, event_type, "timestamp", "", "timestamp_missing")
    if isinstance(moment, str):
        return EventFault(file, row, event_type, "timestamp", text, moment)
    if "actual" in said and moment.at > known_at:
        return EventFault(file, row, event_type, "actual", said["actual"], "actual_not_yet")
    country = said.get("country", "").upper() or None
    if country is not None and not _COUNTRY.fullmatch(country):
        return EventFault(file, row, event_type, "country", said["country"], "unknown_country")
    description = said.get("description") or raw_type or event_type
    facts: dict[str, object] = {
        name: _number(said[name]) for name in ("actual", "previous", "forecast") if name in said
    }
    facts |= {name: said[name] for name in ("unit", "id") if name in said}
    facts["time_precision"] = moment.precision
    named = said.get("id") or f"{moment.at.isoformat()} {description}"
    return Event(
        file=file,
        row=row,
        key=f"{event_type} {country or '-'} {named}",
        event_type=event_type,
        timestamp=moment.at,
        country=country,
        description=description,
        facts=facts,
    )


def _number(text: str) -> float | str:
    """Return a plain number as such; anything else, such as 0.3% or 225K, as it was written."""
    is_plain = re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text)
    return float(text) if is_plain else text
