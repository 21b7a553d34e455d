"""Vintages of series: files that say when each value was published become a delivery for each such day.

1. Check the cells of each vintage by the rules; broken ones go to one rejects file.
2. A value that a vintage repeats from the one before it in the delivery says nothing new.
3. Take the others in, the oldest vintage first, each as known at the end (UTC) of its day: what was believed
   by then already is unchanged, so that the same files again write nothing.

A vintage is a batch with its own INGEST decision; what a crash leaves out comes by running again. A value
that contradicts a stored one of a later vintage replaces nothing and is set aside: the oldest comes first.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl

from prometheus.adapters.factor_files import SeriesDelivery
from prometheus.adapters.factors_door import Held, SeriesReport, taken_series
from prometheus.adapters.ingest_report import examples_of, refusal_of, stem_of
from prometheus.adapters.mendable import kept_table
from prometheus.domain.market.factor_deliveries import Checked, Releases, checked, mendable_cells
from prometheus.domain.reference.markets import MARKETS
from prometheus.flow.progress import Progress, Silent
from prometheus.kernel.errors import ConfigError, RejectedBatchError
from prometheus.kernel.violations import n_by_rule
from prometheus.store.connections import Databases, connect, driver_errors
from prometheus.store.factors import lock_factors, registered_markets
from prometheus.store.revisions import present_time, refuse_future
from prometheus.store.unrecorded import record_lost, recorded_batches

CELL = ("file", "row", "factor_id")
KEY = ("factor_id", "trade_date")


def has_vintages(delivery: SeriesDelivery) -> bool:
    """Return whether a delivery says when its values were published."""
    return delivery.cells["vintage"].null_count() < delivery.cells.height


def ingest_vintages(
    databases: Databases,
    delivery: SeriesDelivery,
    *,
    context_id: str,
    releases: Releases | None = None,
    known_at: datetime | None = None,
    rejects_folder: Path | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> SeriesReport:
    """Take a delivery of vintages in; parameters are those of `ingest_series`.

    Returns
    -------
    SeriesReport
        The sums over the vintages; ``decision_id`` is that of the latest one.

    Raises
    ------
    ConfigError
        If ``releases`` say something too.
    RejectedBatchError
        If every value broke a rule, or there is none.
    """
    if releases is not None and (releases.calendar or releases.lag_days is not None):
        raise ConfigError(
            "The files say themselves when each value was published.",
            remedy="Leave --release-lag and --release-calendar out.",
        )
    with (
        driver_errors(),
        connect(databases.runtime_url) as runtime,
        connect(databases.historical_url) as historical,
    ):
        refuse_future(runtime, known_at)
        lock_factors(historical, is_session=True)
        healed = () if dry_run else record_lost(runtime, historical, "factors_daily")
        now = known_at or present_time(historical)
        markets = frozenset({m.market_id for m in MARKETS} | set(registered_markets(runtime)))
        held = Held(runtime, historical, now, markets, set(recorded_batches(runtime)))
        report = _vintages(
            held, delivery, context_id, None if dry_run else rejects_folder, dry_run, progress or Silent()
        )
    return replace(report, healed=healed)


def _vintages(
    held: Held,
    delivery: SeriesDelivery,
    context_id: str,
    folder: Path | None,
    dry_run: bool,
    progress: Progress,
) -> SeriesReport:
    now, markets = held.moment, held.markets
    cells = delivery.cells.with_columns(pl.col("vintage").fill_null(now.astimezone(UTC).date()))
    kept, violations, rejected = [], [delivery.violations], [delivery.broken]
    n_missing = n_repeated = 0
    for vintage in cells["vintage"].unique().sort().to_list():
        of_day = cells.filter(pl.col("vintage") == vintage)
        found = checked(of_day, moment=_moment(vintage, now), releases=Releases(), markets=markets)
        values = found.rows.select(*KEY, "value", pl.lit(vintage).alias("vintage"))
        whole = of_day.join(found.rejected, on=CELL, how="anti", maintain_order="left")
        kept.append(whole.join(values, on=[*KEY, "vintage"], how="inner", maintain_order="left"))
        violations.append(found.violations)
        rejected.append(mendable_cells(found.rejected))
        n_missing, n_repeated = n_missing + found.n_missing, n_repeated + found.n_repeated
    good = pl.concat(kept).unique([*KEY, "vintage"], keep="first").sort(*KEY, "vintage")
    is_later = pl.col("vintage").rank("ordinal").over(KEY) > 1
    says_more = (pl.col("value") != pl.col("value").shift().over(KEY)).fill_null(True)
    news = good.with_columns(is_later=is_later).filter(says_more).drop("value")
    report, older = _taken(held, delivery, news, context_id, dry_run, progress)
    violations += [found.violations for found in older]
    rejected += [mendable_cells(found.rejected) for found in older]
    wrong, left = pl.concat(violations), pl.concat(rejected).sort("file", "row")
    name = stem_of(file.sha256 for file in delivery.files) if report is None else report.batch
    place = None if folder is None or left.is_empty() else kept_table(left, folder, name)
    if report is None:
        if wrong.is_empty():
            raise RejectedBatchError("No cell holds a value.", remedy="Ask for the file again.")
        raise refusal_of(wrong, place)
    return replace(
        report,
        n_rows=delivery.cells.height + delivery.violations.height,
        n_missing=n_missing,
        n_repeated=n_repeated + good.height - news.height,
        n_rejected=left.height,
        rejected_by_rule=n_by_rule(wrong),
        examples=examples_of(wrong),
        rejects_file=place,
        faults=tuple(str(fault.error) for fault in delivery.faults),
    )


def _taken(
    held: Held,
    delivery: SeriesDelivery,
    news: pl.DataFrame,
    context_id: str,
    dry_run: bool,
    progress: Progress,
) -> tuple[SeriesReport | None, list[Checked]]:
    """Take the vintages in one by one; a dry run counts what a later one changes without asking for it.

    Returns
    -------
    report : SeriesReport or None
        Of all of them; None where nothing is left of any.
    found : list of Checked
        What was set aside.
    """
    vintages = news["vintage"].unique().sort().to_list()
    progress.start("vintages", len(vintages))
    total: SeriesReport | None = None
    checks = []
    n_later = 0
    for vintage in vintages:
        progress.advance(1)
        of_day = news.filter(pl.col("vintage") == vintage)
        if dry_run:
            n_later += int(of_day["is_later"].sum())
            of_day = of_day.filter(~pl.col("is_later"))
            if of_day.is_empty():
                continue
        one, found = taken_series(
            replace(held, moment=_moment(vintage, held.moment)),
            replace(delivery, cells=of_day.drop("is_later"), violations=delivery.violations.clear()),
            context_id=context_id,
            is_vintage=True,
            dry_run=dry_run,
        )
        checks.append(found)
        if one is not None:
            total = one if total is None else _sum(total, one)
    progress.finish()
    return (None if total is None else replace(total, n_corrected=total.n_corrected + n_later)), checks


def _moment(vintage: date, now: datetime) -> datetime:
    """Return when a vintage became known: at the end of its day, and not after its delivery."""
    return min(datetime.combine(vintage, time(23, 59, 59), UTC), now.astimezone(UTC))


def _sum(one: SeriesReport, other: SeriesReport) -> SeriesReport:
    series = dict(one.series)
    for name, (first, last, n, unit) in other.series.items():
        was = series.get(name, (first, last, 0, unit))
        series[name] = (min(first, was[0]), max(last, was[1]), n + was[2], unit)
    return replace(
        other,
        n_new=one.n_new + other.n_new,
        n_corrected=one.n_corrected + other.n_corrected,
        n_unchanged=one.n_unchanged + other.n_unchanged,
        series=dict(sorted(series.items())),
        is_recorded=one.is_recorded or other.is_recorded,
    )
