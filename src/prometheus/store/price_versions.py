"""A bar with all its versions: what was believed when, and the deliveries that it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from prometheus.store.copying import Connection

FIELDS = ("open", "high", "low", "close", "adjusted_close", "volume", "split", "dividend")


@dataclass(frozen=True, slots=True)
class Delivered:
    """The delivery that brought a version.

    Attributes
    ----------
    batch : str
        Its short id, as rows carry it.
    decision_id : str or None
        None where no decision is on record, as after a crash.
    source : str or None
    known_at : datetime or None
    files : tuple of str
    """

    batch: str
    decision_id: str | None = None
    source: str | None = None
    known_at: datetime | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BarVersion:
    """One version of a bar.

    Attributes
    ----------
    values : mapping of str to float or None
    flags : tuple of str
        What the soft rules said of it.
    delivered : Delivered
    until : datetime or None
        When it ceased to be believed; None of the present version.
    replaced_by : str or None
        The batch that replaced it.
    """

    values: Mapping[str, float | None]
    flags: tuple[str, ...]
    delivered: Delivered
    until: datetime | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar and its history.

    Attributes
    ----------
    instrument_id : str
    trade_date : datetime.date
    currency : str
    versions : tuple of BarVersion
        Oldest first; the last is the present one.
    """

    instrument_id: str
    trade_date: date
    currency: str
    versions: tuple[BarVersion, ...]

    def believed_at(self, moment: datetime) -> BarVersion | None:
        """Return the version that was believed at a moment; None if the bar was not known yet.

        That of a delivery without a decision on record was not, see `store.believed`.
        """
        held = (i for i, one in enumerate(self.versions) if one.until is None or one.until > moment)
        for place in range(next(held), -1, -1):
            delivered = self.versions[place].delivered
            if not delivered.batch or (delivered.known_at is not None and delivered.known_at <= moment):
                return self.versions[place]
        return None


def read_bar(runtime: Connection, historical: Connection, instrument_id: str, trade_date: date) -> Bar | None:
    """Return a bar with all its versions; None where there is none."""
    found = historical.execute(
        "SELECT open, high, low, close, adjusted_close, volume, currency, metadata FROM prices_daily"
        " WHERE instrument_id = %s AND trade_date = %s",
        [instrument_id, trade_date],
    ).fetchone()
    if found is None:
        return None
    *numbers, currency, metadata = found
    present = {**dict(zip(FIELDS, numbers, strict=False)), **metadata}
    said = [*metadata.get("revisions", ()), present]
    deliveries = deliveries_of(runtime, [str(version.get("batch", "")) for version in said])
    return Bar(instrument_id, trade_date, currency, tuple(_version(one, deliveries) for one in said))


@dataclass(frozen=True, slots=True)
class BarsAround:
    """The bars that are on record of an instrument, and those around a date without one.

    Attributes
    ----------
    n_bars : int
    first, last : datetime.date or None
        Of all bars; None where there is none.
    before, after : datetime.date or None
        The nearest bars on either side of the date.
    """

    n_bars: int
    first: date | None
    last: date | None
    before: date | None
    after: date | None


def bars_around(historical: Connection, instrument_id: str, day: date) -> BarsAround:
    """Return which bars of an instrument are on record, of which there is none on a day."""
    found = historical.execute(
        "SELECT count(*), min(trade_date), max(trade_date),"
        " max(trade_date) FILTER (WHERE trade_date < %(day)s),"
        " min(trade_date) FILTER (WHERE trade_date > %(day)s)"
        " FROM prices_daily WHERE instrument_id = %(id)s",
        {"id": instrument_id, "day": day},
    ).fetchone()
    assert found is not None
    return BarsAround(*found)


def _version(said: Mapping[str, Any], deliveries: Mapping[str, Delivered]) -> BarVersion:
    batch = str(said.get("batch", ""))
    until = said.get("until")
    return BarVersion(
        {name: said.get(name) for name in FIELDS},
        tuple(said.get("flags", ())),
        deliveries.get(batch, Delivered(batch)),
        None if until is None else datetime.fromisoformat(str(until).replace("Z", "+00:00")),
        said.get("replaced_by"),
    )


def deliveries_of(runtime: Connection, batches: Sequence[str]) -> Mapping[str, Delivered]:
    """Return the deliveries that batches belong to, by batch; those without a decision are left out."""
    found = runtime.execute(
        "SELECT right(decision_id::text, 12), decision_id::text, input_refs ->> 'source',"
        " coalesce((input_refs ->> 'known_at')::timestamptz, timestamp), input_refs -> 'files'"
        " FROM engine_decisions WHERE engine_name = 'INGEST' AND right(decision_id::text, 12) = ANY(%s)",
        [list(batches)],
    )
    return {
        batch: Delivered(batch, decision, source, known_at, tuple(file["name"] for file in files or ()))
        for batch, decision, source, known_at, files in found
    }
