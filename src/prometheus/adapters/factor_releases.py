"""When values were published, as a table says it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

from prometheus.adapters.delivered_files import delivered_files
from prometheus.adapters.series_tables import DATES, NAMES, SUFFIXES, series_table, squeezed_name
from prometheus.domain.market.series_names import macro_id
from prometheus.kernel.errors import InputFileError

RELEASES = ("released", "releasedate", "releasedat", "release", "knownat")


def release_calendar(path: Path) -> dict[tuple[str | None, date], datetime]:
    """Return when values became known, from a table of ``date``, ``released`` and perhaps a series.

    A release is a date, which counts until its last second in UTC, or a time with its zone.

    Raises
    ------
    InputFileError
        If the file can't be read, or a line of it says no two moments.
    """
    (file,) = delivered_files([path], suffixes=SUFFIXES)
    table = series_table(file)
    squeezed = [squeezed_name(header) for header in table.headers]
    about = next((i for i, name in enumerate(squeezed) if name in DATES and name), None)
    released = next((i for i, name in enumerate(squeezed) if name in RELEASES), None)
    named = next((i for i, name in enumerate(squeezed) if name in NAMES), None)
    if about is None or released is None:
        raise InputFileError(
            f"{file.name}: expected the columns date and released, found {', '.join(table.headers)}.",
            remedy="Write date,released, or series_id,date,released.",
        )
    found: dict[tuple[str | None, date], datetime] = {}
    for line, cells in table.rows:
        name = cells[named].strip() if named is not None else ""
        try:
            day = date.fromisoformat(cells[about].strip())
            moment = datetime.fromisoformat(cells[released].strip())
        except ValueError as error:
            raise InputFileError(
                f"{file.name} row {line}: {cells[about]!r} and {cells[released]!r} are no date and release.",
                remedy="Write dates as 2018-02-07 and times as 2018-02-07T16:15:00-05:00.",
            ) from error
        if moment.tzinfo is None and moment.time() != time():
            raise InputFileError(
                f"{file.name} row {line}: released = {cells[released]!r} is in no time zone.",
                remedy="Write it as 2018-02-07T16:15:00-05:00.",
            )
        if moment.tzinfo is None:
            moment = datetime.combine(moment.date(), time(23, 59, 59), UTC)
        key = (macro_id(name) if name else None, day)
        if found.setdefault(key, moment) != moment:
            raise InputFileError(
                f"{file.name} row {line}: {name} {day} is said to be released at two moments.",
                remedy="Leave the first publication in.",
            )
    return found
