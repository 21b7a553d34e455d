"""The source door for macro series and factors: files become rows of factors_daily and an INGEST decision.

1. Read the files; check what they say by the rules; broken values go to a rejects file.
2. Derive the decision's id from the content and the rule of releases.
3. Lock the series; compare with what is stored: values are new, unchanged or corrections.
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
)
from prometheus.domain.reference.markets import MARKETS
from prometheus.flow.storage import Decision
from prometheus.kernel.config import EngineConfig
from prometheus.kernel.errors import PrometheusError, RejectedBatchError
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


def ingest_series(
    databases: Databases,
    delivery: SeriesDelivery,
    *,
    context_id: str,
    releases: Releases | None = None,
    known_at: datetime | None = None,
    is_vintage: bool = False,
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
    is_vintage : bool
        Whether the values stood so at ``known_at``, which may be long ago: what was believed then already is
        unchanged, even if it was corrected since.
    rejects_folder : Path, optional
        Where broken values are set aside; nowhere by default.
    dry_run : bool
        Whether to do everything and keep nothing.

    Raises
    ------
    RejectedBatchError
        If every value broke a rule, or there is none.
    ConfigError
        If a correction would have become known before what it corrects.
    """
    config = CONFIGS[context_id]
    rule = releases or Releases()
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
        found = checked(delivery.cells, moment=moment, releases=rule, markets=markets)
        violations = pl.concat([delivery.violations, found.violations])
        if found.rows.is_empty():
            raise _refusal(delivery, found, violations, folder)
        last = found.rows["trade_date"].max()
        assert isinstance(last, date)
        ids = batch_ids_of(runtime, config, context_id, np.datetime64(last, "D"), _content(found.rows, rule))
        rows = _news(runtime, historical, found.rows, moment) if is_vintage else found.rows
        changes = factor_changes(historical, rows, moment=moment)
        n_believed = found.rows.height - rows.height
        changes = replace(changes, n_unchanged=changes.n_unchanged + n_believed)
        n_new, n_corrected = changes.new.height, changes.corrected.height
        has_changed = bool(n_new + n_corrected)
        raw_id = ids.decision_id if has_changed or ids.before is None else ids.before
        is_recorded = False
        if has_changed and not dry_run:
            decision = _decision(delivery, config, context_id, rule, ids, found, changes, violations, moment)
            write_factors(historical, changes, decision, config, moment)
            historical.commit()
            is_recorded = record_decision(runtime, decision, config, created_by="ingest")
        rejects = _kept(delivery, found, folder, name=short_id(raw_id))
    return SeriesReport(
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
        rejects_file=rejects,
        faults=tuple(str(fault.error) for fault in delivery.faults),
        is_recorded=is_recorded,
        is_dry_run=dry_run,
        healed=healed,
    )


def _news(runtime: Connection, historical: Connection, rows: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """Return the values that were not believed at a moment."""
    names, dates = rows["factor_id"].unique().to_list(), rows["trade_date"]
    first, last = dates.min(), dates.max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    believed = read_factors(runtime, historical, names, first=first, last=last, known_at=moment)
    return rows.join(believed, on=["factor_id", "trade_date", "value"], how="anti", maintain_order="left")


def _decision(
    delivery: SeriesDelivery,
    config: EngineConfig,
    context_id: str,
    rule: Releases,
    ids: BatchIds,
    found: Checked,
    changes: FactorChanges,
    violations: pl.DataFrame,
    moment: datetime,
) -> Decision:
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


def _refusal(
    delivery: SeriesDelivery, found: Checked, violations: pl.DataFrame, folder: Path | None
) -> PrometheusError:
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
