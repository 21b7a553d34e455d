"""The symbol that the name of a file of one instrument says."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_TAILS = re.compile(
    r"(\.us|[_-](data|prices?|1d|us_d|daily(_adjusted)?)| Historical Data| ?\(\d+\))$", re.IGNORECASE
)
_HEADS = re.compile(r"^daily_(adjusted_)?", re.IGNORECASE)


def symbol_in(name: str) -> str:
    """Return the symbol that the name of a file of one instrument says.

    Examples
    --------
    >>> symbol_in("BRK.B_data.csv"), symbol_in("AAPL.csv"), symbol_in("aapl.us.txt")
    ('BRK.B', 'AAPL', 'AAPL')
    >>> symbol_in("AAPL (1).csv"), symbol_in("daily_adjusted_AAPL.csv"), symbol_in("VOD.L.csv")
    ('AAPL', 'AAPL', 'VOD.L')
    """
    stem = PurePosixPath(name).stem
    bare = _HEADS.sub("", _TAILS.sub("", _TAILS.sub("", stem)))
    return bare.upper() if stem.endswith(".us") else bare
