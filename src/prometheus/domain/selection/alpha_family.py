"""What an alpha family is: a name, what it reads, and a pure function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prometheus.flow.batch import Panel
from prometheus.flow.step import Read
from prometheus.kernel.arrays import FloatArray

PRICE = "price"
"""Stands in a family's reads for the price column that the settings choose."""

Panels = Mapping[tuple[str, str], Panel]
"""The declared columns by (table, column). Row ``t`` of ``.at(k)`` is ``k`` sessions before day ``t``."""


@dataclass(frozen=True, slots=True)
class AlphaFamily:
    """One way to tell better instruments from worse.

    Attributes
    ----------
    name : str
        As in the weights of the settings and in ``alpha_components``; the name of its file.
    reads : tuple of Read
        Tables, columns and how many sessions back, the day itself included, lag 0. `PRICE` is the
        price column of the settings.
    signal : callable
        The declared panels to raw values of shape (n_days, n_assets): higher is better, NaN where there is
        none. Each day from its own window only.
    """

    name: str
    reads: tuple[Read, ...]
    signal: Callable[[Panels], FloatArray]
