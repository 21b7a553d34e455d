"""Numbers of profiles as panels: each issuer's latest profile, carried on until it has another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg

from prometheus.flow.batch import Assets
from prometheus.kernel.arrays import DateArray, FloatArray


def read_profiles(
    connection: psycopg.Connection[Any],
    columns: Sequence[str],
    *,
    assets: Assets,
    dates: DateArray,
    known_at: np.datetime64 | None = None,
) -> dict[str, FloatArray]:
    """Return numbers of ``profiles.structured`` as arrays of shape (n_days, n_assets).

    Parameters
    ----------
    connection : psycopg.Connection
        To the runtime database.
    columns : sequence of str
        Paths of numbers, their keys joined by dots: "ratios.return_on_equity"; and "as_of_date", the date of
        the profile in days since 1970.
    assets : Assets
        A profile is about an issuer; all its instruments show it.
    dates : ndarray of shape (n_days,), datetime64[D]
        Ascending.
    known_at : datetime64, optional
        Leaves out what was written after it.

    Returns
    -------
    dict of str to ndarray of shape (n_days, n_assets)
        At each date the number of the latest profile about that date or an earlier one, of several about one
        date the one written last; NaN where there is none, or where it lacks the number.
    """
    out = {name: np.full((len(dates), len(assets)), np.nan) for name in columns}
    if not len(dates) or not len(assets):
        return out
    instruments: dict[str, list[int]] = {}
    for i, issuer in enumerate(assets.issuers):
        if issuer:
            instruments.setdefault(issuer, []).append(i)
    found = connection.execute(
        "SELECT DISTINCT ON (issuer_id, as_of_date) issuer_id, as_of_date, structured FROM profiles "
        "WHERE issuer_id = ANY(%s) AND as_of_date <= %s AND (%s::timestamptz IS NULL OR created_at <= %s) "
        "ORDER BY issuer_id, as_of_date, created_at DESC",
        [list(instruments), str(dates[-1]), *([None if known_at is None else f"{known_at}Z"] * 2)],
    )
    for issuer, date, structured in found:  # in the order of dates, so that a later profile overwrites
        first = int(np.searchsorted(dates, np.datetime64(date, "D")))
        since_1970 = int(np.datetime64(date, "D").astype(np.int64))
        for name in columns:
            value = _number({**structured, "as_of_date": since_1970}, name.split("."))
            for i in instruments[issuer]:
                out[name][first:, i] = value
    return out


def _number(structured: Any, path: Sequence[str]) -> float:
    value = structured
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, dict):  # a number with its period and the filing it was known from
        value = value.get("value")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")
