"""Correlation panels: appended when they differ; of several about one session the one written last counts."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from prometheus.flow.storage import About, Written
from prometheus.kernel.arrays import FloatArray
from prometheus.store.copying import Connection, copy_frame

if TYPE_CHECKING:
    import polars as pl


def _file_of(matrix: FloatArray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, matrix, allow_pickle=False)
    return buffer.getvalue()


NO_MATRIX = _file_of(np.empty((0, 0)))
"""A matrix without rows, in numpy's file format."""
_LATEST = """
SELECT split_part(panel_id, '/', 1), start_date, end_date, universe_spec
FROM correlation_panels
WHERE end_date BETWEEN %s AND %s AND universe_spec @> ANY(%s::jsonb[])
ORDER BY created_at, panel_id
"""


def append_panels(
    connection: Connection, frame: pl.DataFrame, about: About, *, no_matrix: Callable[[], str]
) -> Written:
    """Append correlation panels that differ from their session's latest, and withdraw those that are gone.

    Parameters
    ----------
    connection : Connection
        To the historical database; the transaction is the caller's.
    frame : polars.DataFrame
        The columns of correlation_panels but for ``created_at``; ``panel_id`` says what is in the row. All of
        one market and one set of settings.
    about : About
        Its values are what ``universe_spec`` of such panels contains, as JSON.
    no_matrix : callable
        Stores a matrix without rows and returns its URI.

    Notes
    -----
    A panel that comes back after another one took its place, because a correction was undone, is a new
    version: its id ends with its number then. A session that had a panel and has too few names for one now
    gets a version without instruments.
    """
    import polars as pl

    connection.execute("LOCK TABLE correlation_panels IN SHARE ROW EXCLUSIVE MODE")
    stored = connection.execute(_LATEST, [str(about.first), str(about.last), list(about.values)]).fetchall()
    n_versions = Counter(content for content, *_ in stored)
    latest = {end: (content, start, spec) for content, start, end, spec in stored}
    rows = list(frame.iter_rows(named=True))
    gone = [
        {
            "panel_id": f"{spec['market_id']}:{end}:none",
            "start_date": start,
            "end_date": end,
            "universe_spec": json.dumps({**spec, "shrinkage": None, "n_observations": 0, "instruments": []}),
            "matrix_ref": no_matrix(),
        }
        for end, (_, start, spec) in latest.items()
        if spec["instruments"] and end not in {row["end_date"] for row in rows}
    ]
    new = [row for row in rows if latest.get(row["end_date"], (None,))[0] != row["panel_id"]]
    for row in new + gone:
        if n_versions[row["panel_id"]]:
            row["panel_id"] = f"{row['panel_id']}/{n_versions[row['panel_id']] + 1}"
    if new or gone:
        copy_frame(connection, "correlation_panels", pl.DataFrame(new + gone, schema=frame.schema))
    return Written(n_new=len(new), n_same=len(rows) - len(new), n_removed=len(gone))
