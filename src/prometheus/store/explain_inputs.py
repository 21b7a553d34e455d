"""The rows that a decision read, as they were believed then, and whether they still give its fingerprint."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import numpy as np
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from prometheus.flow.batch import Assets
from prometheus.flow.factors import is_series
from prometheus.flow.fingerprints import day_digests, series_digests, window_digest
from prometheus.flow.storage import Storage
from prometheus.kernel.ids import decision_id as decision_id_of
from prometheus.kernel.ids import digest
from prometheus.kernel.sessions import Sessions
from prometheus.schema.tables import TABLES
from prometheus.store import believed
from prometheus.store.panels import ACTIONS
from prometheus.store.splits_told import SPLITS_TOLD

Connection = psycopg.Connection[Any]
Verdict = Literal["same", "changed", "not kept"]


@dataclass(frozen=True, slots=True)
class InputRow:
    """A row of a daily table as a decision read it.

    Attributes
    ----------
    trade_date : str
    values : mapping of str to float or None
        By column, as believed at the moment.
    batch : str or None
        Short id of the delivery that brought this version; prices_daily alone.
    is_corrected : bool
        Whether a later delivery replaced it.
    now : mapping of str to float or None
        The values of today, where they differ; empty otherwise.
    """

    trade_date: str
    values: Mapping[str, float | None]
    batch: str | None = None
    is_corrected: bool = False
    now: Mapping[str, float | None] | None = None


@dataclass(frozen=True, slots=True)
class InputCheck:
    """Whether what a decision read is still what the tables hold.

    Attributes
    ----------
    table, columns, first, last
        The read.
    recorded, found : str or None
        Digests, then and now.
    verdict : {"same", "changed", "not kept"}
    """

    table: str
    columns: tuple[str, ...]
    first: str
    last: str
    recorded: str | None
    found: str | None
    verdict: Verdict


def moment_of(refs: Mapping[str, Any], recorded_at: datetime) -> datetime:
    """Return the moment as of which a decision read: its ``known_at``, else when it was recorded."""
    known_at = refs.get("known_at")
    if not known_at:
        return recorded_at
    return believed.moment_of(str(known_at))


def rows_read(
    runtime: Connection,
    historical: Connection,
    table: str,
    columns: Sequence[str],
    *,
    instrument_id: str,
    first: str,
    last: str,
    moment: datetime,
) -> list[InputRow]:
    """Return an instrument's rows of a read, oldest first, as they were believed at a moment.

    Parameters
    ----------
    runtime, historical : Connection
    table : str
        A daily table by instrument.
    columns : sequence of str
    instrument_id, first, last : str
    moment : datetime
    """
    if "instrument_id" not in TABLES[table].column_names or "trade_date" not in TABLES[table].column_names:
        return []
    is_priced = table == "prices_daily"
    columns = [name for name in columns if name != SPLITS_TOLD]  # what a delivery says, not a row
    plain = [name for name in columns if not (is_priced and name in ACTIONS)]
    statement = sql.SQL(
        "SELECT {} FROM {} WHERE instrument_id = %s AND trade_date BETWEEN %s AND %s ORDER BY trade_date"
    ).format(
        sql.SQL(", ").join(
            sql.Identifier(name) for name in ("trade_date", *plain, *(("metadata",) if is_priced else ()))
        ),
        sql.Identifier(table),
    )
    with historical.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(statement, [instrument_id, first, last]).fetchall()
    unknown = believed.batches_unknown(runtime, moment) if is_priced else {}
    rows = [_believed(row, columns, moment, unknown) for row in found]
    return [row for row in rows if row is not None]


def _believed(
    row: Mapping[str, Any], columns: Sequence[str], moment: datetime, unknown: Collection[str]
) -> InputRow | None:
    metadata = row.get("metadata") or {}
    current = {name: row[name] if name in row else metadata.get(name) for name in columns}
    revisions = metadata.get("revisions", ())
    place = believed.believed_of(metadata, moment, unknown)
    if place is None:
        return None
    if place == len(revisions):
        return InputRow(str(row["trade_date"]), current, metadata.get("batch"))
    version = revisions[place]
    then = {name: version.get(name) for name in columns}
    now = None if then == current else current
    return InputRow(str(row["trade_date"]), then, version.get("batch"), True, now)


def checked_inputs(
    row: Mapping[str, Any], *, storage: Storage, assets: Assets, sessions: Sessions
) -> list[InputCheck]:
    """Return, for each read of a decision, whether the tables still hold what it read.

    A panel's digest is taken anew over the market's instruments, as known at the decision's ``known_at``
    if it had one. Rows of other steps are told by their decision's id, which is a digest of its own inputs.
    A derivation keeps one digest for all its reads and dates.
    """
    refs = row["input_refs"]
    reads = refs.get("reads", ())
    if reads and not any("digest" in read for read in reads):
        return [_checked_derivation(row, storage, assets, sessions)]
    upstream = refs.get("upstream", {})
    checks = []
    for read in reads:
        columns = tuple(read["columns"])
        recorded = read.get("digest")
        found: str | None = None
        if columns and recorded:
            days = _days(read, refs, storage, assets, sessions)
            found = window_digest(days, 0, len(days) - 1).hex()
        elif read["table"] in upstream and read["first"] == read["last"]:
            found = digest(UUID(upstream[read["table"]]).bytes).hex()
        verdict: Verdict = "not kept" if found is None else "same" if found == recorded else "changed"
        checks.append(
            InputCheck(read["table"], columns, read["first"], read["last"], recorded, found, verdict)
        )
    return checks


def _days(
    read: Mapping[str, Any],
    refs: Mapping[str, Any],
    storage: Storage,
    assets: Assets,
    sessions: Sessions,
) -> list[bytes]:
    """Return the digest of each day of a read, as the tables are now."""
    known_at = refs.get("known_at")
    at = None if not known_at else np.datetime64(str(known_at).rstrip("Z").removesuffix("+00:00"))
    days = sessions.between(np.datetime64(read["first"], "D"), np.datetime64(read["last"], "D"))
    dates = sessions.dates[days]
    columns = sorted(read["columns"])
    panels = storage.panels(read["table"], columns, assets=assets, dates=dates, known_at=at)
    if is_series(read["table"]):
        return series_digests(panels)
    return day_digests(panels, assets, dates, following=sessions.after(int(days[0]), int(days[-1])))


def _checked_derivation(
    row: Mapping[str, Any], storage: Storage, assets: Assets, sessions: Sessions
) -> InputCheck:
    """Take the digest of all windows of a derivation anew, see ``flow/derivation.py``."""
    refs, span = row["input_refs"], row["raw_input_summary"]
    batch = sessions.between(np.datetime64(span["first"], "D"), np.datetime64(span["last"], "D"))
    days_with_rows = sessions.rebalances(batch, frequency=refs.get("frequency", "daily"))
    if refs.get("instruments") is not None:
        assets = assets.chosen(frozenset(refs["instruments"]))
    parts: list[bytes] = []
    for read in refs["reads"]:
        days = _days(read, refs, storage, assets, sessions)
        start = sessions.index(np.datetime64(read["first"], "D"))
        lag = int(days_with_rows[-1]) - sessions.index(np.datetime64(read["last"], "D"))
        length = read.get("sessions", int(days_with_rows[0]) - start - lag + 1)
        parts += [
            window_digest(days, day - lag - start - length + 1, day - lag - start)
            for day in days_with_rows.tolist()
        ]
    content = digest(*parts)
    found = (digest(content, str(refs["n_before"])) if refs.get("n_before") else content).hex()
    recorded = refs.get("fingerprint")
    return InputCheck(
        table=" ".join(dict.fromkeys(read["table"] for read in refs["reads"])),
        columns=tuple(column for read in refs["reads"] for column in read["columns"]),
        first=min(read["first"] for read in refs["reads"]),
        last=max(read["last"] for read in refs["reads"]),
        recorded=recorded,
        found=found,
        verdict="same" if found == recorded else "changed",
    )


def is_id_consistent(row: Mapping[str, Any]) -> bool | None:
    """Return whether a decision's id follows from its engine, config, context, date and fingerprint.

    None for a decision without a fingerprint, such as one that people made by hand.
    """
    fingerprint = row["input_refs"].get("fingerprint")
    if not fingerprint:
        return None
    expected = decision_id_of(
        engine_name=row["engine_name"],
        config_id=row["config_id"],
        context_id=row["context_id"],
        as_of_date=np.datetime64(row["as_of_date"], "D"),
        fingerprint=bytes.fromhex(fingerprint),
    )
    return bool(row["decision_id"].bytes == expected)
