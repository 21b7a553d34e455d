"""The source door for macro series and factors: files become rows of factors_daily and an INGEST decision.

1. Read the files; check what they say by the rules; broken values go to a rejects file.
2. Lock the series; compare with what is stored: values are new, unchanged or corrections. What contradicts a
   value that became known later replaces nothing and is set aside.
3. Derive the decision's id from the content that is left and the rule of releases.
4. Write in one transaction of the historical database; corrections keep what they replace.
5. Record the decision in the runtime database. A crash between 4 and 5 is healed by the next delivery, of
   whatever kind: a row of the batch carries the decision, see `store/unrecorded.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl

from prometheus.adapters.batches import BatchIds, batch_ids_of
from prometheus.adapters.factor_files import SeriesDelivery
from prometheus.adapters.ingest_report import examples_of, refusal_of, stem_of
from prometheus.adapters.mendable import kept_table
from prometheus.domain.market.factor_deliveries import (
    Checked,
    IngestFactorsConfig,
    IngestMacroConfig,
    Releases,
    checked,
    mendable_cells,
    without_older,
)
from prometheus.domain.market.release_lags import lags_that_look_ahead
from prometheus.domain.reference.markets import MARKETS
from prometheus.flow.storage import Decision
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.errors import ConfigError, PrometheusError, RejectedBatchError
from prometheus.kernel.ids import digest, short_id, uuid_text
from prometheus.kernel.violations import n_by_rule
from prometheus.store.connections import Databases, connect, driver_errors
from prometheus.store.copying import Connection
from prometheus.store.decisions import record_decision
from prometheus.store.factors import (
    FactorChanges,
    factor_changes,
    lock_factors,
    read_factors,
    registered_markets,
    write_factors,
)
from prometheus.store.revisions import present_time, refuse_future
from prometheus.store.unrecorded import record_lost

CONFIGS: Mapping[str, EngineConfig] = {"MACRO": IngestMacroConfig(), "FACTORS": IngestFactorsConfig()}
"""Settings by what a delivery is about."""


@dataclass(frozen=True, slots=True)
class SeriesReport:
    """What became of a delivery of series.

    Attributes
    ----------
    context_id : {"MACRO", "FACTORS"}
    decision_id, batch : str
        The INGEST decision, and the short form of it that the rows carry.
    n_rows, n_missing, n_new, n_corrected, n_unchanged, n_repeated, n_rejected : int
        Cells that came, those without a value, and what became of the others.
    series : mapping of str to tuple
        First date, last date, number of values and unit of each series that was kept.
    rejected_by_rule : mapping of str to int
    examples : tuple of str
        The first values that were rejected.
    rejects_file : Path or None
        Where all of them are.
    faults : tuple of str
        What is wrong with files that could not be read.
    is_recorded : bool
        Whether a decision was written now.
    healed : tuple of str
        Decisions of earlier deliveries that a crash had lost and that were recorded now.
    """

    context_id: str
    source: str
    decision_id: str
    batch: str
    n_rows: int
    n_missing: int
    n_new: int
    n_corrected: int
    n_unchanged: int
    n_repeated: int
    n_rejected: int
    series: Mapping[str, tuple[date, date, int, str]]
    rejected_by_rule: Mapping[str, int]
    examples: tuple[str, ...]
    rejects_file: Path | None
    faults: tuple[str, ...]
    is_recorded: bool
    is_dry_run: bool = False
    healed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """Both databases while a delivery of series is taken in: no other one is.

    Attributes
    ----------
    runtime, historical : Connection
    moment : datetime
        When the delivery became known.
    markets : frozenset of str
    recorded : set of str or None
        Batches on record, where they were asked for already.
    """

    runtime: Connection
    historical: Connection
    moment: datetime
    markets: frozenset[str]
    recorded: set[str] | None = None


def ingest_series(
    databases: Databases,
    delivery: SeriesDelivery,
    *,
    context_id: str,
    releases: Releases | None = None,
    known_at: datetime | None = None,
    rejects_folder: Path | None = None,
    dry_run: bool = False,
) -> SeriesReport:
    """Take a delivery of macro series or factors in.

    Parameters
    ----------
    databases : Databases
    delivery : SeriesDelivery
    context_id : {"MACRO", "FACTORS"}
    releases : Releases, optional
        When values became known; with their delivery by default.
    known_at : datetime, optional
        When the delivery became known; the server's present time by default.
    rejects_folder : Path, optional
        Where broken values are set aside; nowhere by default.
    dry_run : bool
        Whether to do everything and keep nothing.

    Raises
    ------
    RejectedBatchError
        If every value broke a rule, or there is none.
    """
    folder = None if dry_run else rejects_folder
    with (
        driver_errors(),
        connect(databases.runtime_url) as runtime,
        connect(databases.historical_url) as historical,
    ):
        refuse_future(runtime, known_at)
        lock_factors(historical)
        healed = () if dry_run else record_lost(runtime, historical, "factors_daily")
        moment = known_at or present_time(historical)
        markets = frozenset({m.market_id for m in MARKETS} | set(registered_markets(runtime)))
        held = Held(runtime, historical, moment, markets)
        report, found = taken_series(
            held, delivery, context_id=context_id, releases=releases, dry_run=dry_run
        )
        if report is None:
            raise _refusal(delivery, found, folder)
        rejects = _kept(delivery, found, folder, name=report.batch)
    return replace(report, rejects_file=rejects, healed=healed)


def taken_series(
    held: Held,
    delivery: SeriesDelivery,
    *,
    context_id: str,
    releases: Releases | None = None,
    is_vintage: bool = False,
    dry_run: bool = False,
) -> tuple[SeriesReport | None, Checked]:
    """Take one delivery in while the databases are held; return what became of it, and its values.

    Parameters
    ----------
    held : Held
    delivery, context_id, releases, dry_run
        See `ingest_series`.
    is_vintage : bool
        Whether the values stood so at the moment, which may be long ago: what was believed then already is
        unchanged, even if it was corrected since.

    Returns
    -------
    report : SeriesReport or None
        None where every value broke a rule, or there is none.
    found : Checked
    """
    config, rule = CONFIGS[context_id], releases or Releases()
    found = checked(delivery.cells, moment=held.moment, releases=rule, markets=held.markets)
    if found.rows.is_empty():
        return None, found
    _require_past(found.rows, rule)
    rows = _news(held, found.rows) if is_vintage else found.rows
    changes = factor_changes(held.historical, rows, moment=held.moment)
    n_believed = found.rows.height - rows.height
    changes = replace(changes, n_unchanged=changes.n_unchanged + n_believed)
    found = without_older(found, delivery.cells, changes.older)
    if found.rows.is_empty():
        return None, found
    violations = pl.concat([delivery.violations, found.violations])
    last = found.rows["trade_date"].max()
    assert isinstance(last, date)
    as_of = np.datetime64(last, "D")
    ids = batch_ids_of(held.runtime, config, context_id, as_of, _content(found.rows, rule))
    n_new, n_corrected = changes.new.height, changes.corrected.height
    has_changed = bool(n_new + n_corrected)
    raw_id = ids.decision_id if has_changed or ids.before is None else ids.before
    is_recorded = False
    if has_changed and not dry_run:
        decision = _decision(delivery, config, context_id, rule, ids, found, changes, held.moment)
        write_factors(held.historical, changes, decision, config, held.moment)
        held.historical.commit()
        is_recorded = record_decision(held.runtime, decision, config, created_by="ingest")
        held.runtime.commit()
        if held.recorded is not None:
            held.recorded.add(short_id(raw_id))
    report = SeriesReport(
        context_id=context_id,
        source=delivery.source,
        decision_id=uuid_text(raw_id),
        batch=short_id(raw_id),
        n_rows=_n_cells(delivery),
        n_missing=found.n_missing,
        n_new=n_new,
        n_corrected=n_corrected,
        n_unchanged=changes.n_unchanged,
        n_repeated=found.n_repeated,
        n_rejected=found.n_rejected + delivery.violations.height,
        series=_series(found),
        rejected_by_rule=n_by_rule(violations),
        examples=examples_of(violations),
        rejects_file=None,
        faults=tuple(str(fault.error) for fault in delivery.faults),
        is_recorded=is_recorded,
        is_dry_run=dry_run,
    )
    return report, found


def _require_past(rows: pl.DataFrame, releases: Releases) -> None:
    """Refuse a lag that ends before what the numbers are about."""
    if releases.lag_days is None or releases.calendar:
        return
    for name, days in lags_that_look_ahead(rows, releases.lag_days).items():
        raise ConfigError(
            f"--release-lag {releases.lag_days}: {name} is dated on the first of periods of about {days} "
            "days, and a lag counts from that day: its values would be known before their period has ended.",
            remedy="Give the period and the days until the release, such as 45 for a price index of the "
            "month, and deliver series of other periods apart.",
        )


def _news(held: Held, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the values that were not believed at the moment."""
    names, dates = rows["factor_id"].unique().to_list(), rows["trade_date"]
    first, last = dates.min(), dates.max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    believed = read_factors(
        held.runtime,
        held.historical,
        names,
        first=first,
        last=last,
        known_at=held.moment,
        recorded=held.recorded,
    )
    return rows.join(believed, on=["factor_id", "trade_date", "value"], how="anti", maintain_order="left")


def _decision(
    delivery: SeriesDelivery,
    config: EngineConfig,
    context_id: str,
    rule: Releases,
    ids: BatchIds,
    found: Checked,
    changes: FactorChanges,
    moment: datetime,
) -> Decision:
    violations = pl.concat([delivery.violations, found.violations])
    last = found.rows["trade_date"].max()
    return Decision(
        decision_id=ids.decision_id,
        engine_name=config.engine_name,
        config_id=config.config_id,
        context_id=context_id,
        as_of_date=np.datetime64(str(last), "D"),
        input_refs={
            "fingerprint": ids.fingerprint.hex(),
            "known_at": moment.isoformat(),
            "known_by": rule.said if not rule.calendar else "calendar",
            "source": delivery.source,
            "files": [
                {"name": f.name, "sha256": f.sha256, "layout": f.layout, "n_rows": f.n_rows}
                for f in delivery.files
            ],
            "unreadable_files": [fault.name for fault in delivery.faults],
        },
        raw_input_summary={
            "n_rows": _n_cells(delivery),
            "n_missing": found.n_missing,
            "n_repeated": found.n_repeated,
            "n_rejected": found.n_rejected + delivery.violations.height,
            "rejected_by_rule": dict(n_by_rule(violations)),
            "series": sorted(found.rows["factor_id"].unique()),
            "last_date": str(last),
        },
        proposed_action={
            "table": "factors_daily",
            "batch": short_id(ids.decision_id),
            "n_new": changes.new.height,
            "n_corrected": changes.corrected.height,
            "n_unchanged": changes.n_unchanged,
        },
    )


def _refusal(delivery: SeriesDelivery, found: Checked, folder: Path | None) -> PrometheusError:
    violations = pl.concat([delivery.violations, found.violations])
    if violations.is_empty():
        names = ", ".join(file.name for file in delivery.files)
        return RejectedBatchError(f"{names}: no cell holds a value.", remedy="Ask for the file again.")
    rejects = _kept(delivery, found, folder, name=stem_of(file.sha256 for file in delivery.files))
    return refusal_of(violations, rejects)


def _kept(delivery: SeriesDelivery, found: Checked, folder: Path | None, *, name: str) -> Path | None:
    """Keep what was rejected as a table of one value a row; return its file."""
    rejected = pl.concat([delivery.broken, mendable_cells(found.rejected)]).sort(
        "file", "row", maintain_order=True
    )
    return None if folder is None or rejected.is_empty() else kept_table(rejected, folder, name)


def _content(rows: pl.DataFrame, releases: Releases) -> bytes:
    """Return the digest of what a delivery says, whatever file and order it came in."""
    said = rows.select("factor_id", "trade_date", "value").write_csv(include_header=False)
    return digest(releases.said, said)


def _n_cells(delivery: SeriesDelivery) -> int:
    return delivery.cells.height + delivery.violations.height


def _series(found: Checked) -> Mapping[str, tuple[date, date, int, str]]:
    date_ = pl.col("trade_date")
    summary = (
        found.rows.group_by("factor_id")
        .agg(date_.min().alias("first"), date_.max().alias("last"), pl.len(), pl.col("unit").first())
        .sort("factor_id")
    )
    return {name: (first, last, n, unit) for name, first, last, n, unit in summary.iter_rows()}
