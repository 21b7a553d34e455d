"""Risk flags: where an issuer stands among its sector, from 0 (the least risk of all) to 1 (the most)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from prometheus.domain.profiles.sectors import KnownSector

FLAGS: Mapping[str, tuple[str, bool]] = MappingProxyType(
    {
        "leverage": ("liabilities_to_assets", True),
        "liquidity": ("current_ratio", False),
        "coverage": ("interest_coverage", False),
        "profitability": ("roa", False),
        "earnings_quality": ("accruals_cash_flow", True),
        "distress": ("altman_z2", False),
    }
)
"""For each flag the measure it ranks, and whether more of it is more risk."""


def rank_within(value: float, peers: Sequence[float], *, more_is_riskier: bool) -> float:
    """Return the share of the peers that are less risky; ties count half.

    Parameters
    ----------
    value : float
    peers : sequence of float
        The others, ascending; without the value itself, at least one.
    more_is_riskier : bool

    Examples
    --------
    >>> rank_within(0.5, [0.1, 0.4, 0.9], more_is_riskier=True)
    0.6666666666666666
    >>> rank_within(0.5, [0.5, 0.5], more_is_riskier=False)
    0.5
    """
    less = bisect_left(peers, value)
    same = bisect_right(peers, value) - less
    rank = (less + 0.5 * same) / len(peers)
    return rank if more_is_riskier else 1.0 - rank


def risk_flags(
    own: Mapping[str, float],
    peers: Mapping[str, Sequence[float]],
    *,
    sector: KnownSector,
    as_of_date: str,
    min_peers: int,
) -> dict[str, object]:
    """Return the flags of an issuer, with what they rest on under ``basis``.

    Parameters
    ----------
    own : mapping of str to float
        Its measures.
    peers : mapping of str to sequence of float
        The same measures of the other issuers of its sector, ascending.
    sector : KnownSector
        Where none is known on the date there is nobody to compare with, and no flag.
    as_of_date : str
    min_peers : int
        How many issuers, itself included, a rank needs.
    """
    flags: dict[str, object] = {}
    n: dict[str, int] = {}
    absent: dict[str, str] = {}
    for flag, (measure, more_is_riskier) in FLAGS.items():
        others = peers.get(measure, ())
        if measure not in own:
            absent[flag] = f"no {measure}"
        elif sector.sector is None:
            absent[flag] = f"no sector of the issuer is known on {as_of_date}"
        elif len(others) + 1 < min_peers:
            absent[flag] = f"{len(others) + 1} of its sector have {measure}, {min_peers} are needed"
        else:
            flags[flag] = rank_within(own[measure], others, more_is_riskier=more_is_riskier)
            n[flag] = len(others) + 1
    flags["basis"] = {**sector.as_json(), "as_of_date": as_of_date, "n": n, "absent": absent}
    return flags
