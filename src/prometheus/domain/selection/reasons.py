"""Tiers as rows: each membership written once, each reason with the value that was found and its limit."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np

from prometheus.domain.selection.config import UniversesConfig
from prometheus.domain.selection.universes import RULES, Membership
from prometheus.flow.batch import Assets
from prometheus.flow.rows import Coded
from prometheus.kernel.arrays import IntArray

TIERS = ("CORE", "EXCLUDED")


@dataclass(frozen=True, slots=True)
class TierRows:
    """Columns of the table universes; ``date`` is the row's place among the dates, ``tier`` in `TIERS`."""

    date: IntArray
    tier: IntArray
    instrument_ids: Coded
    metadata: list[str]


def tier_rows(found: Membership, assets: Assets, config: UniversesConfig) -> TierRows:
    """Return the rows of each date: CORE, and EXCLUDED when a known instrument is left out.

    Parameters
    ----------
    found : Membership
    assets : Assets
    config : UniversesConfig

    Returns
    -------
    TierRows
        CORE's metadata hold the rules, EXCLUDED's the reason of each instrument.
    """
    body = config.canonical_body()
    del body["type"]
    if body["instruments"] is not None:  # the config holds the list; each row needs to know only that it did
        body["instruments"] = f"{len(body['instruments'])} named"
    rules = json.dumps({"rules": body}, sort_keys=True)
    texts = _Reasons(assets, config)
    memberships: dict[bytes, int] = {}
    tuples: list[tuple[str, ...]] = []
    reasons: dict[bytes, str] = {}
    dates: list[int] = []
    tiers: list[int] = []
    codes: list[int] = []
    metadata: list[str] = []

    def coded(mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
        key = mask.tobytes()
        if key not in memberships:
            memberships[key] = len(tuples)
            tuples.append(tuple(assets.ids[j] for j in np.flatnonzero(mask).tolist()))
        return memberships[key]

    for i in range(len(found.rule)):
        is_out = found.rule[i] >= 0
        dates.append(i)
        tiers.append(0)
        codes.append(coded(found.is_known[i] & ~is_out))
        metadata.append(rules)
        if is_out.any():
            key = found.rule[i].tobytes() + found.found[i].tobytes()
            if key not in reasons:
                reasons[key] = texts.of(found.rule[i], found.found[i])
            dates.append(i)
            tiers.append(1)
            codes.append(coded(is_out))
            metadata.append(reasons[key])
    return TierRows(
        np.array(dates, dtype=np.int64),
        np.array(tiers, dtype=np.int64),
        Coded(np.array(codes, dtype=np.int64), tuples),
        metadata,
    )


class _Reasons:
    """Writes the reasons of a date as JSON; texts without a number are made once."""

    def __init__(self, assets: Assets, config: UniversesConfig) -> None:
        self._names = [json.dumps(one) for one in assets.ids]
        self._findings: dict[int, list[str]] = {
            RULES.index("asset_classes"): [json.dumps(one) for one in assets.asset_classes],
            RULES.index("delisted"): [json.dumps(str(one)) for one in assets.delisted],
        }
        self._counts = {RULES.index("max_staleness"), RULES.index("min_history")}
        limits = {
            "asset_classes": list(config.asset_classes),
            "instruments": "named",
            "not_a_member": config.index,
            "max_staleness": config.max_staleness,
            "min_history": config.min_history,
            "min_close": config.min_close,
            "min_dollar_volume": config.min_dollar_volume,
        }
        self._limits = [json.dumps(limits.get(rule)) for rule in RULES]

    def _number(self, rule: int, value: float) -> str:
        return str(int(value)) if rule in self._counts else repr(value)

    def of(self, rules: IntArray, found: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
        parts = []
        values = found.tolist()
        for j, rule in enumerate(rules.tolist()):
            if rule < 0:
                continue
            if rule in self._findings:
                value = self._findings[rule][j]
            else:
                value = "null" if math.isnan(values[j]) else self._number(rule, values[j])
            finding = f'"rule": "{RULES[rule]}", "found": {value}, "limit": {self._limits[rule]}'
            parts.append(f"{self._names[j]}: {{{finding}}}")
        return '{"reasons": {' + ", ".join(parts) + "}}"
