"""Transcripts of earnings calls in text files, whose folder or name says when and whose.

``20150226_ANSS/text.txt``  the layout of MAEC: one sentence a line, without the speakers, only sentences that
                            could be aligned with the sound; so these transcripts are partial
``20150226_ANSS.txt``       a file a call, as is ``ANSS_2015-02-26.txt``
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl

from prometheus.adapters.delivered_files import DeliveredFile, FileFault, delivered_files
from prometheus.adapters.documents import Documents, FileReference
from prometheus.domain.text.calls import Completeness, EarningsCall
from prometheus.domain.text.filings import end_of_day
from prometheus.kernel.errors import InputFileError
from prometheus.kernel.violations import VIOLATIONS

_DATE_FIRST = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})[_ -](.+)")
_DATE_LAST = re.compile(r"(.+?)[_ -](\d{4})-?(\d{2})-?(\d{2})")
NAMES = "Name it after the call: 20150226_ANSS.txt, ANSS_2015-02-26.txt or 20150226_ANSS/text.txt."


def call_of(name: str) -> tuple[date, str] | None:
    """Return the day and the symbol that a name says, None if it says no such things.

    Examples
    --------
    >>> call_of("20150226_ANSS"), call_of("BRK.B_2015-02-26")
    ((datetime.date(2015, 2, 26), 'ANSS'), (datetime.date(2015, 2, 26), 'BRK.B'))
    """
    if found := _DATE_FIRST.fullmatch(name):
        year, month, day, symbol = found.groups()
    elif found := _DATE_LAST.fullmatch(name):
        symbol, year, month, day = found.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day)), symbol
    except ValueError:
        return None


def call_delivery(
    paths: Sequence[Path],
    *,
    zone: str,
    keep: Callable[[bytes], str],
    completeness: Completeness | None = None,
) -> Documents:
    """Return the calls whose transcripts files hold.

    Parameters
    ----------
    paths : sequence of Path
        Text files, folders and archives.
    zone : str
        Time zone of the market: a day ends there.
    keep : callable
        Puts a text among the artifacts and returns its URI.
    completeness : Completeness, optional
        What the user knows of the transcripts; by default what the layout says.

    Raises
    ------
    InputFileError
        If there is no text file.
    """
    faults: list[FileFault] = []
    broken: list[tuple[Any, ...]] = []
    calls: list[EarningsCall] = []
    files: list[FileReference] = []
    n_rows = 0
    for file in delivered_files(paths, suffixes=(".txt",), faults=faults):
        n_rows += 1
        folder = _folder(file)
        is_maec = folder is not None and file.member == "text.txt"
        found = call_of(folder or "") if is_maec else call_of(PurePosixPath(file.member).stem)
        if found is None:
            named = f"{folder}/{file.member}" if is_maec else file.member
            broken.append((file.name, 0, None, None, "file", named, "no_call_in_name", NAMES))
            continue
        with file.open() as stream:
            raw = stream.read()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            row = raw[: error.start].count(b"\n") + 1
            fault = (file.name, row, found[1], str(found[0]), "text", str(error.object[error.start :][:4]))
            broken.append((*fault, "not_utf8", "Save the transcript as UTF-8."))
            continue
        said: Completeness = completeness or ("partial" if is_maec else "unknown")
        files.append(FileReference(file.name, file.sha256, 1))
        calls.append(
            EarningsCall(
                file=file.name,
                row=1,
                symbol=found[1],
                call_date=found[0],
                accepted_at=end_of_day(found[0], zone),
                accepted_basis="date",
                transcript_ref=keep(text.encode()),
                completeness=said,
                notes={"n_characters": len(text)},
            )
        )
    n_rows += len(faults)
    broken += [
        (f.name, 0, None, None, "file", f.error.message, "unreadable_file", f.error.remedy) for f in faults
    ]
    if not n_rows:
        raise InputFileError("No transcript is among these files.", remedy=NAMES)
    violations = pl.DataFrame(broken, schema=VIOLATIONS.schema, orient="row")
    return Documents(calls, violations, tuple(files), n_rows)


def _folder(file: DeliveredFile) -> str | None:
    """Return the folder that a file lies in, in its archive or on disk."""
    parts = PurePosixPath(file.name.rpartition("!")[2]).parts
    if len(parts) > 1:
        return parts[-2]
    return None if "!" in file.name else file.origin.absolute().parent.name
