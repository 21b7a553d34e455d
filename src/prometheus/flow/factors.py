"""How reads name factors.

A table whose key holds a factor id shows one column a factor: `factors_daily` its returns or levels, a series
of shape (n_days, 1), and `instrument_factors_daily` each instrument's exposures. A column is called by the
factor's id ("MACRO:VIX"); one that begins with a colon (":MKT") is the factor of the market that the run is
about, which a step derives. A session shows what it learnt of a delivered series; a column that ends in
"@last" shows what was known last, where a session learnt nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from prometheus.flow.rows import Coded, Rows
from prometheus.kernel.arrays import FloatArray, IntArray
from prometheus.kernel.errors import InvalidRowsError

FACTOR_VALUES: Mapping[str, str] = MappingProxyType(
    {"factors_daily": "value", "instrument_factors_daily": "exposure"}
)
"""Tables whose key holds a factor id, and the column that holds the factor's number."""


CARRIED = "@last"
"""The end of a column that carries the last value that was known forward."""


def is_carried(column: str) -> bool:
    """Return whether a column shows the value that was known last."""
    return column.endswith(CARRIED)


def is_series(table: str) -> bool:
    """Return whether a table's panels are about no instrument."""
    return table == "factors_daily"


def is_derived(table: str, column: str) -> bool:
    """Return whether a column of a derived table comes from its step, and not from a delivery."""
    return not is_series(table) or column.startswith(":")


def factor_id_of(column: str, *, market_id: str) -> str:
    """Return the id of the factor that a column names.

    Examples
    --------
    >>> factor_id_of(":MKT", market_id="US_EQ"), factor_id_of("MACRO:VIX@last", market_id="US_EQ")
    ('US_EQ:MKT', 'MACRO:VIX')
    """
    column = column.removesuffix(CARRIED)
    return market_id + column if column.startswith(":") else column


def factor_panels(
    rows: Rows, columns: Sequence[str], *, market_id: str, days: IntArray, n_assets: int
) -> dict[str, FloatArray]:
    """Return rows of a table in `FACTOR_VALUES` as panels, one a factor, over days that ascend."""
    factors = rows.columns["factor_id"]
    if not isinstance(factors, Coded):
        raise InvalidRowsError(
            f"{rows.table}.factor_id is not a coded column.", remedy="Make it a `Coded` in its step."
        )
    place = {factor: code for code, factor in enumerate(factors.values)}
    value = FACTOR_VALUES[rows.table]
    out = {}
    for name in columns:
        own = rows.taken(factors.codes == place.get(factor_id_of(name, market_id=market_id), -1))
        if is_series(rows.table):
            series = np.full((len(days), 1), np.nan)
            series[np.searchsorted(days, own.day), 0] = own.floats(value)
            out[name] = series
        else:
            out[name] = own.panel(value, days=days, n_assets=n_assets)
    return out
