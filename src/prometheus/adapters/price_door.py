"""The source door for prices: a delivery from anywhere becomes rows of prices_daily and an INGEST decision.

1. Look up the market and its instruments; with ``create``, unknown symbols become instruments.
2. Check the delivery by the hard rules; broken rows go to a rejects file.
3. Derive the decision's id from the content: the same delivery has the same id, unless it undoes a
   correction of itself.
4. Write what is new or corrected, in one transaction of the historical database.
5. Record the decision in the runtime database. A crash between 4 and 5 is healed by running again: the
   rows carry the batch, so the decision that is missing is seen and written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from prometheus.adapters.batches import batch_ids_of
from prometheus.adapters.ingest_report import (
    N_NAMED,
    IngestReport,
    examples_of,
    refusal_of,
    set_aside,
    stem_of,
)
from prometheus.domain.market.adjusted import with_adjusted_close, with_normal_actions
from prometheus.domain.market.config import IngestPricesConfig
from prometheus.domain.market.delivery import CheckedPrices, Delivery, checked_prices, content_digest
from prometheus.domain.reference.markets import known_market
from prometheus.domain.reference.specs import Instrument, Issuer, instrument_id_of
from prometheus.flow.storage import Decision
from prometheus.kernel.errors import ConfigError, RejectedBatchError
from prometheus.kernel.ids import short_id, uuid_text
from prometheus.kernel.sessions import sessions_of
from prometheus.store.connections import Databases, connect, driver_errors
from prometheus.store.copying import Connection
from prometheus.store.decisions import latest_known_at, record_decision
from prometheus.store.prices import (
    SAME_ADJUSTMENT,
    PriceCounts,
    adjustment_factors,
    rows_of_batch,
    server_time,
    write_prices,
)
from prometheus.store.reference import (
    instruments_of,
    market_row,
    register_instruments,
    register_issuers,
    register_markets,
)


@dataclass(frozen=True, slots=True)
class _Market:
    calendar_spec: Mapping[str, Any]
    metadata: Mapping[str, Any]
    instruments: pl.DataFrame


def ingest_prices(
    databases: Databases,
    delivery: Delivery,
    *,
    market_id: str,
    create: bool = False,
    known_at: datetime | None = None,
    rejects_folder: Path | None = None,
    dry_run: bool = False,
) -> IngestReport:
    """Take a delivery of daily prices in.

    Parameters
    ----------
    databases : Databases
    delivery : Delivery
        From files, or from anything that makes such a frame.
    market_id : str
        The market of its instruments.
    create : bool
        Whether symbols that are not known become instruments.
    known_at : datetime, optional
        When the delivery became known; the server's present time by default.
    rejects_folder : Path, optional
        Where broken rows are set aside; nowhere by default.
    dry_run : bool
        Whether to do everything and keep nothing.

    Raises
    ------
    UnknownInstrumentError
        If no row is of a known instrument.
    RejectedBatchError
        If every row broke a rule, or adjusted closes that we compute do not meet those stored after them.
    ConfigError
        If the market is not known, or a correction would have become known before what it corrects.
    RuleBrokenError
        If the database refused a row.
    """
    with driver_errors(), connect(databases.runtime_url) as runtime:
        market = _market(runtime, market_id)
        checked = checked_prices(
            delivery.rows,
            sessions=sessions_of(market.calendar_spec),
            symbols=None if create else market.instruments["symbol"],
            known_on=(known_at or server_time(runtime)).astimezone(UTC).date(),
            delistings=market.instruments.select("symbol", "delisted").drop_nulls(),
        )
        if checked.prices.is_empty():
            name = stem_of(file.sha256 for file in delivery.files)
            rejects = set_aside(checked.violations, None if dry_run else rejects_folder, name=name)
            raise refusal_of(checked.violations, rejects)
        created: tuple[str, ...] = ()
        if create:
            created = _create(runtime, market_id, market.metadata, market.instruments, checked.prices)
            market = _market(runtime, market_id)
        prices = _identified(checked.prices, market.instruments)
        config = IngestPricesConfig()
        first, last = _span(prices)
        last_date = np.datetime64(last, "D")
        batch_ids = batch_ids_of(runtime, config, market_id, last_date, content_digest(prices))
        before, raw_id, fingerprint = batch_ids.before, batch_ids.decision_id, batch_ids.fingerprint
        if not dry_run:  # instruments first: prices must never point at one that is not there
            runtime.commit()
        with connect(databases.historical_url) as historical:
            counts, moment = _written(
                historical, runtime, prices, market_id, short_id(raw_id), known_at, dry_run
            )
        if before is not None and not counts.has_changed:
            raw_id = before
        batch = short_id(raw_id)
        rejects = set_aside(checked.violations, None if dry_run else rejects_folder, name=batch)
        needs_record = counts.has_changed and not dry_run
        was_recorded = False
        if needs_record:
            decision = _decision(
                raw_id, config, market_id, last_date, delivery, checked, counts, fingerprint, moment, created
            )
            was_recorded = record_decision(runtime, decision, config, created_by="ingest")
        if dry_run:
            runtime.rollback()
    return IngestReport(
        market_id=market_id,
        source=delivery.source,
        decision_id=uuid_text(raw_id),
        batch=batch,
        n_rows=delivery.rows.height,
        n_new=counts.n_new,
        n_corrected=counts.n_corrected,
        n_unchanged=counts.n_unchanged,
        n_repeated=checked.n_repeated,
        n_rejected=checked.n_rejected,
        rejected_by_rule=checked.n_by_rule,
        examples=examples_of(checked.violations),
        rejects_file=rejects,
        created=created,
        first_date=first,
        last_date=last,
        is_recorded=was_recorded,
        is_dry_run=dry_run,
    )


def _market(runtime: Connection, market_id: str) -> _Market:
    found = market_row(runtime, market_id)
    if found is None:
        register_markets(runtime, [known_market(market_id)])
        found = market_row(runtime, market_id)
        assert found is not None
    return _Market(found[0], found[1], instruments_of(runtime, market_id))


def _span(prices: pl.DataFrame) -> tuple[date, date]:
    first, last = prices["trade_date"].min(), prices["trade_date"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    return first, last


def _identified(prices: pl.DataFrame, instruments: pl.DataFrame) -> pl.DataFrame:
    named = instruments.select("symbol", "instrument_id", "currency")
    joined = prices.join(named, on="symbol", how="left").sort("instrument_id", "trade_date")
    return with_normal_actions(joined.drop("symbol"))


def _create(
    runtime: Connection,
    market_id: str,
    metadata: Mapping[str, Any],
    known: pl.DataFrame,
    prices: pl.DataFrame,
) -> tuple[str, ...]:
    present = prices["symbol"].unique().sort()
    symbols = present.filter(~present.is_in(known["symbol"].implode())).to_list()
    asset_class = str(metadata.get("asset_class", "EQUITY"))
    issuer_type = "INDEX" if asset_class == "INDEX" else "COMPANY"
    ids = {symbol: instrument_id_of(market_id, symbol) for symbol in symbols}
    register_issuers(runtime, [Issuer(ids[s], s, issuer_type=issuer_type) for s in symbols])
    register_instruments(
        runtime,
        [
            Instrument(
                ids[symbol],
                market_id,
                symbol,
                asset_class=asset_class,
                currency=str(metadata.get("currency", "USD")),
                issuer_id=ids[symbol],
            )
            for symbol in symbols
        ],
    )
    return tuple(ids.values())


def _written(
    historical: Connection,
    runtime: Connection,
    prices: pl.DataFrame,
    market_id: str,
    batch: str,
    known_at: datetime | None,
    dry_run: bool,
) -> tuple[PriceCounts, datetime]:
    moment = known_at or server_time(historical)
    full = with_adjusted_close(prices, _factors(historical, prices))
    _require_one_chain(historical, full)
    counts = write_prices(historical, full, market_id=market_id, batch=batch, known_at=moment)
    if counts.n_corrected:
        _require_order(runtime, market_id, moment)
    if dry_run:
        historical.rollback()
    elif not counts.has_changed:  # a crash may have lost the decision of what is there
        counts, corrected_at = rows_of_batch(historical, prices, batch=batch)
        moment = corrected_at or moment
    return counts, moment


def _factors(historical: Connection, prices: pl.DataFrame) -> pl.DataFrame:
    computed = prices.filter(pl.col("adjusted_close").is_null())
    if computed.is_empty():
        return pl.DataFrame(schema={"instrument_id": pl.String, "factor": pl.Float64})
    return adjustment_factors(historical, computed, side="before")


def _require_one_chain(historical: Connection, prices: pl.DataFrame) -> None:
    """Refuse adjusted closes of ours that do not meet those that are stored after them."""
    ends = prices.group_by("instrument_id", maintain_order=True).agg(
        pl.col("trade_date").max(),
        (pl.col("adjusted_close") / pl.col("close")).last().alias("end"),
        pl.col("is_computed").last(),
    )
    computed = ends.filter("is_computed")
    if computed.is_empty():
        return
    later = adjustment_factors(historical, computed, side="after")
    apart = computed.join(later, on="instrument_id").filter(
        (pl.col("end") - pl.col("factor")).abs() > SAME_ADJUSTMENT * pl.col("factor")
    )
    if apart.height:
        names = ", ".join(apart["instrument_id"].head(N_NAMED).to_list())
        raise RejectedBatchError(
            f"Later prices of {names} are stored, with another adjustment than these end with.",
            remedy="Deliver the whole history of these instruments at once, or give their adjusted closes.",
        )


def _require_order(runtime: Connection, market_id: str, moment: datetime) -> None:
    latest = latest_known_at(runtime, market_id)
    if latest is not None and moment < latest:
        raise ConfigError(
            f"A correction can't have become known at {moment.isoformat()}: "
            f"prices that became known at {latest.isoformat()} are stored.",
            remedy="Deliver in the order in which deliveries became known, or leave --known-at out.",
        )


def _decision(
    raw_id: bytes,
    config: IngestPricesConfig,
    market_id: str,
    last_date: np.datetime64,
    delivery: Delivery,
    checked: CheckedPrices,
    counts: PriceCounts,
    fingerprint: bytes,
    known_at: datetime,
    created: tuple[str, ...],
) -> Decision:
    prices = checked.prices
    return Decision(
        decision_id=raw_id,
        engine_name=config.engine_name,
        config_id=config.config_id,
        context_id=market_id,
        as_of_date=last_date,
        input_refs={
            "fingerprint": fingerprint.hex(),
            "known_at": known_at.isoformat(),
            "source": delivery.source,
            "files": [{"name": f.name, "sha256": f.sha256, "n_rows": f.n_rows} for f in delivery.files],
        },
        raw_input_summary={
            "n_rows": delivery.rows.height,
            "n_repeated": checked.n_repeated,
            "n_rejected": checked.n_rejected,
            "rejected_by_rule": dict(checked.n_by_rule),
            "n_instruments": prices["symbol"].n_unique(),
            "first_date": str(prices["trade_date"].min()),
            "last_date": str(prices["trade_date"].max()),
        },
        proposed_action={
            "table": "prices_daily",
            "batch": short_id(raw_id),
            "n_new": counts.n_new,
            "n_corrected": counts.n_corrected,
            "n_unchanged": counts.n_unchanged,
            "n_instruments_created": len(created),
        },
    )
