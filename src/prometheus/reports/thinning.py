"""Fewer points that draw the same line."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


def thinned(values: NDArray[np.float64], n_blocks: int = 700) -> NDArray[np.intp]:
    """Return the places of the points that a line of some hundred pixels needs.

    Parameters
    ----------
    values : ndarray of shape (n,)
        NaN is left out of a block's extremes.
    n_blocks : int, default 700
        About one a pixel of the printed width.

    Returns
    -------
    ndarray of intp
        Ascending; the first and last point, and the lowest and highest of each block, so no peak or trough
        is lost. All places when there are no more than two a block.

    Examples
    --------
    >>> import numpy as np
    >>> thinned(np.array([1.0, 5.0, 2.0, 3.0, 0.0, 4.0]), n_blocks=2).tolist()
    [0, 1, 4, 5]
    """
    n = values.size
    if n <= 2 * n_blocks:
        return np.arange(n)
    kept = {0, n - 1}
    edges = np.linspace(0, n, n_blocks + 1).astype(np.int64)
    for start, end in pairwise(edges.tolist()):
        block = values[start:end]
        if not np.isnan(block).all():
            kept.update((int(start + np.nanargmin(block)), int(start + np.nanargmax(block))))
    return np.array(sorted(kept), dtype=np.intp)
