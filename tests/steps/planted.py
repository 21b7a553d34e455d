"""Steps that break the contract on purpose, one promise each. All write the table ``regimes``."""

from __future__ import annotations

import itertools
from typing import ClassVar

import numpy as np

from prometheus.flow.batch import Batch
from prometheus.flow.rows import Coded, Rows
from prometheus.flow.step import Output, Read, Step
from prometheus.kernel.arrays import FloatArray
from prometheus.kernel.config import EngineConfig


class PlantedConfig(EngineConfig):
    """Settings of a planted step; there are none."""

    engine_name: ClassVar[str] = "REGIME"


def _output(batch: Batch, values: FloatArray, *, table: str = "regimes") -> Output:
    """Return a row a date, the value in its metadata."""
    n = len(batch.days)
    rows = Rows(
        table,
        batch.days,
        {
            "region": "US",
            "regime_label": "PLANTED",
            "confidence": 1.0,
            "metadata": [f'{{"value": {value!r}}}' for value in values.tolist()],
        },
        key=Coded(np.zeros(n, dtype=np.int64), ["US"]),
    )
    return Output((rows,), [{} for _ in range(n)], [{} for _ in range(n)])


def _closes(config: PlantedConfig) -> tuple[Read, ...]:
    return (Read("prices_daily", ("close",), sessions=5),)


def _honest(batch: Batch, config: PlantedConfig) -> Output:
    return _output(batch, np.nanmean(batch.panel("prices_daily", "close").windows(), axis=(1, 2)))


def _reads_tomorrow(batch: Batch, config: PlantedConfig) -> Output:
    windows = batch.panel("prices_daily", "close").windows()
    following = np.minimum(np.arange(len(windows)) + 1, len(windows) - 1)
    return _output(batch, np.nanmean(windows[following, -1], axis=1))


def _carries_a_running_sum(batch: Batch, config: PlantedConfig) -> Output:
    today = np.nanmean(batch.panel("prices_daily", "close").at(), axis=1)
    return _output(batch, np.cumsum(today))


def _writes_an_undeclared_table(batch: Batch, config: PlantedConfig) -> Output:
    honest = _honest(batch, config)
    aside = Rows("macro_events", batch.days, {})
    return Output((*honest.rows, aside), honest.proposed_actions, honest.input_summaries)


def _depends_on_row_order(batch: Batch, config: PlantedConfig) -> Output:
    rows = batch.rows("orders")
    values = np.zeros(len(batch.days))
    for at, day in enumerate(batch.days.tolist()):
        today = rows.on(day)
        if len(today):
            values[at] = float(today.codes("instrument_id")[0])  # the first one, whichever that is
    return _output(batch, values)


def _orders(config: PlantedConfig) -> tuple[Read, ...]:
    return (Read("orders"),)


_calls = itertools.count()


def _counts_its_calls(batch: Batch, config: PlantedConfig) -> Output:
    return _output(batch, np.full(len(batch.days), float(next(_calls))))


def _own(config: PlantedConfig) -> tuple[Read, ...]:
    return (Read("regimes", lag=1),)


def _forgets_what_it_carries(batch: Batch, config: PlantedConfig) -> Output:
    return _output(batch, np.full(len(batch.days), float(len(batch.rows("regimes")))))


def _step(name: str, reads: object, compute: object, *, carries_itself: bool = False) -> Step:
    return Step(
        name=name,
        config_type=PlantedConfig,
        reads=reads,  # type: ignore[arg-type]
        writes=("regimes",),
        compute=compute,  # type: ignore[arg-type]
        scope="market",
        carries_itself=carries_itself,
    )


HONEST = _step("honest", _closes, _honest)
READS_TOMORROW = _step("reads_tomorrow", _closes, _reads_tomorrow)
RUNNING_SUM = _step("running_sum", _closes, _carries_a_running_sum)
UNDECLARED = _step("undeclared", _closes, _writes_an_undeclared_table)
ROW_ORDER = _step("row_order", _orders, _depends_on_row_order)
COUNTS_ITS_CALLS = _step("counts_its_calls", _closes, _counts_its_calls)
FORGETS = _step("forgets", _own, _forgets_what_it_carries, carries_itself=True)
