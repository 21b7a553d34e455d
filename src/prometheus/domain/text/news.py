"""News as delivered: the columns of a file, and its rows as articles or as what is wrong with them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from prometheus.domain.text.times import Unreadable, moment_of_text
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.ids import digest

SPELLINGS = {
    "headline": ("headline", "headlines", "title", "newstitle", "articletitle", "newsheadline"),
    "time": (
        "datetime", "timestamp", "publishedat", "published", "publishedutc", "publisheddate", "publishdate",
        "publicationdate", "publicationtime", "pubdate", "datepublished", "createdat", "releasedate",
        "versioncreated", "time", "date",
    ),
    "body": (
        "body", "content", "text", "articletext", "description", "summary", "abstract", "snippet", "teaser",
    ),
    "external_id": ("id", "articleid", "newsid", "guid", "uuid", "externalid"),
    "url": ("url", "link", "href", "articleurl", "newsurl"),
    "tickers": ("tickers", "ticker", "symbols", "symbol", "stock", "stocks", "relatedtickers"),
    "source": ("source", "publisher", "provider", "site", "sitename"),
    "author": ("author", "authors", "byline", "creator"),
    "language": ("language", "lang"),
}  # fmt: skip
"""Names that files give the columns, the surest first; case, blanks and punctuation don't matter."""
EMPTY = frozenset({"", "\\N", "nan", "NaN", "None", "null", "NULL"})
"""Cells that hold nothing, as files and databases write it."""
REMEDIES = {
    "headline_missing": "An article needs a headline.",
    "time_missing": "An article needs a time of publication.",
    "unparsable_time": "Write times as 2020-07-17T19:51:00-04:00.",
    "ambiguous_date": "Day or month first? Write dates as 2020-07-03.",
    "no_such_time": "The clocks were put forward over this time: is --zone right?",
    "unknown_zone": "Write the zone as an offset, e.g. -04:00.",
    "zone_missing": "Say what zone the times are in, e.g. --zone America/New_York or --zone UTC.",
    "not_yet": "Published after the delivery became known: is --known-at, or --zone, right?",
    "unknown_language": "Write a BCP 47 tag such as en or en-US.",
    "not_utf8": "Save the file as UTF-8.",
    "control_character": "Take the zero bytes out.",
    "wrong_number_of_fields": "Quote fields that hold the delimiter.",
    "broken_quotes": "Close the quotation, and double quotes inside of it.",
    "not_json": "One JSON object a line.",
    "changed_article": "The first version stays; another headline, time or body needs an id of its own.",
}
"""The rules that a row may break, and what to do."""
_SURROGATES = re.compile("[\ud800-\udfff]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_DAY = timedelta(days=1)

Row = Mapping[str, str | None]
"""The cells of a row by the names of `SPELLINGS`."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a file are read.

    Attributes
    ----------
    chosen : mapping of str to tuple of str
        Headers by name; a time may stand in two, a date and a time of day.
    unread : tuple of str
        The other headers.
    """

    chosen: Mapping[str, tuple[str, ...]]
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row can't be taken."""

    field: str
    found: str
    rule: str

    @property
    def remedy(self) -> str:
        """What to do."""
        return REMEDIES[self.rule]


@dataclass(frozen=True, slots=True)
class Article:
    """An article as it will be stored, but for the batch and the moment it became known.

    Attributes
    ----------
    timestamp : datetime
        In UTC.
    time_precision : {"second", "minute", "day"}
    source, language, headline : str
    body, external_id, url, tickers, publisher, author : str or None
    """

    timestamp: datetime
    time_precision: str
    source: str
    language: str
    headline: str
    body: str | None = None
    external_id: str | None = None
    url: str | None = None
    tickers: str | None = None
    publisher: str | None = None
    author: str | None = None

    @property
    def identity(self) -> str | None:
        """What it is known by at its source; None where headline and time must do."""
        return self.external_id or self.url

    @property
    def key(self) -> str:
        """Digest of what makes it one article of its source."""
        if self.identity is not None:
            return digest(self.source, "id", self.identity).hex()
        return digest(self.source, "headline", self.headline, self.timestamp.isoformat()).hex()

    @property
    def content(self) -> str:
        """Digest of all that it says, however exactly its time was written."""
        said = (self.source, self.timestamp.isoformat(), self.language, self.headline)
        more = (self.body, self.external_id, self.url, self.tickers, self.publisher, self.author)
        return digest(*said, *(value or "" for value in more)).hex()

    @property
    def metadata(self) -> str:
        """Its metadata as JSON."""
        said = {
            "external_id": self.external_id,
            "url": self.url,
            "tickers": self.tickers,
            "publisher": self.publisher,
            "author": self.author,
            "time_precision": self.time_precision,
        }
        return json.dumps({name: value for name, value in said.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Reading:
    """How the rows of a delivery are to be read.

    Attributes
    ----------
    zone : tzinfo or None
        Of times without one.
    language : str
        Of rows that don't say theirs.
    source : str or None
        Who delivers; the file's own column where None, ``files`` without one.
    known_at : datetime or None
        When the delivery became known; None where each article was known when it was published.
    """

    zone: tzinfo | None
    language: str
    source: str | None
    known_at: datetime | None


def news_columns(headers: Sequence[str], *, file: str) -> Columns:
    """Return which columns of a file are read; the others are left out.

    Raises
    ------
    InputFileError
        If none holds headlines, or none times.

    Examples
    --------
    >>> dict(news_columns(["", "Headlines", "Date", "Time", "shares"], file="a.csv").chosen)
    {'headline': ('Headlines',), 'time': ('Date', 'Time')}
    """
    by_spelling: dict[str, str] = {}
    for header in headers:
        by_spelling.setdefault(_squeezed(header), header)
    chosen: dict[str, tuple[str, ...]] = {}
    for name, spellings in SPELLINGS.items():
        found = [by_spelling[spelling] for spelling in spellings if spelling in by_spelling]
        if found:
            is_pair = name == "time" and [_squeezed(header) for header in found] == ["time", "date"]
            chosen[name] = (found[1], found[0]) if is_pair else (found[0],)
    missing = [name for name in ("headline", "time") if name not in chosen]
    if missing:
        known = "; ".join(f"{name}: {', '.join(SPELLINGS[name])}" for name in missing)
        raise InputFileError(
            f"{file}: no column for {' and '.join(missing)} among {', '.join(map(repr, headers)) or 'none'}.",
            remedy=f"The first line must name the columns. Names that are known: {known}.",
        )
    read = {header for found in chosen.values() for header in found}
    return Columns(chosen, tuple(header for header in headers if header not in read and header.strip()))


def cells(columns: Columns, values: Mapping[str, str | None]) -> Row:
    """Return the cells of a row that are read, without what stands for nothing."""
    row: dict[str, str | None] = {}
    for name, headers in columns.chosen.items():
        given = [(values.get(header) or "").strip() for header in headers]
        said = " ".join(part for part in given if part not in EMPTY)
        row[name] = said or None
    return row


def article_of(row: Row, reading: Reading) -> Article | Fault:
    """Return a row as an article, or why it is none."""
    for name in ("headline", "time"):
        if row.get(name) is None:
            return Fault(name, "", f"{name}_missing")
    for name, value in row.items():
        if value is not None and "\x00" in value:
            return Fault(name, value.replace("\x00", "\\0")[:80], "control_character")
        if value is not None and _SURROGATES.search(value):
            return Fault(name, value.encode("utf-8", "backslashreplace").decode()[:80], "not_utf8")
    text = str(row["time"])
    moment = moment_of_text(text, reading.zone)
    if isinstance(moment, Unreadable):
        return Fault("time", text, moment.rule)
    # Of a date alone only the beginning must have come by then.
    begun = moment.at - _DAY if moment.precision == "day" else moment.at
    if reading.known_at is not None and begun > reading.known_at:
        return Fault("time", text, "not_yet")
    language = row.get("language") or reading.language
    if not _LANGUAGE.fullmatch(language):
        return Fault("language", language, "unknown_language")
    own = row.get("source")
    return Article(
        timestamp=moment.at,
        time_precision=moment.precision,
        source=reading.source or own or "files",
        language=language,
        headline=str(row["headline"]),
        body=row.get("body"),
        external_id=row.get("external_id"),
        url=row.get("url"),
        tickers=row.get("tickers"),
        publisher=own if reading.source else None,
        author=row.get("author"),
    )


def _squeezed(header: str) -> str:
    return "".join(char for char in header.lower() if char.isalnum())
