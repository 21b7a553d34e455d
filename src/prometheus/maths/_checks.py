"""Checks of what the kernels are given; each names the parameter, the value and what was expected."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from prometheus.kernel.errors import ConfigError, InvalidRowsError, NotEnoughHistoryError


def require_windows(windows: NDArray[Any], *, at_least: int, name: str = "windows") -> None:
    """Refuse an array that is not (n_dates, window, n_assets) or whose window is too short.

    Parameters
    ----------
    windows : ndarray
    at_least : int
        Shortest window, in sessions.
    name : str
        What the caller calls the array.

    Raises
    ------
    InvalidRowsError
        If the array does not have three axes.
    NotEnoughHistoryError
        If axis 1 is shorter than ``at_least``.
    """
    if windows.ndim != 3:
        raise InvalidRowsError(
            f"{name}: expected three axes (n_dates, window, n_assets), found shape {windows.shape}.",
            remedy="Pass a window view; one series x is x[None, :, None].",
        )
    if windows.shape[1] < at_least:
        raise NotEnoughHistoryError(
            f"{name}: expected a window of at least {at_least} sessions, found {windows.shape[1]}.",
            remedy="Read further back or ask for a shorter window.",
        )


def require_same_shape(first: NDArray[Any], second: NDArray[Any], *, names: str, n_axes: int = 2) -> None:
    """Refuse two arrays of different shapes, or of another number of axes than expected.

    Parameters
    ----------
    first, second : ndarray
    names : str
        What the caller calls them.
    n_axes : int
        Expected number of axes.

    Raises
    ------
    InvalidRowsError
        If the shapes differ or have another number of axes.
    """
    if first.ndim != n_axes or first.shape != second.shape:
        raise InvalidRowsError(
            f"{names}: expected two arrays of one shape with {n_axes} axes, "
            f"found {first.shape} and {second.shape}.",
            remedy="Align both on the same dates and instruments.",
        )


def require_within(value: float, low: float, high: float, *, name: str, bounds: str = "[]") -> None:
    """Refuse a number outside its range.

    Parameters
    ----------
    value : float
    low, high : float
        The range.
    name : str
        What the caller calls the number.
    bounds : {"[]", "[)", "(]", "()"}
        Which ends belong to the range.

    Raises
    ------
    ConfigError
        If the number lies outside, or is NaN.
    """
    above = value >= low if bounds[0] == "[" else value > low
    below = value <= high if bounds[1] == "]" else value < high
    if not (above and below):
        raise ConfigError(
            f"{name}: expected a number in {bounds[0]}{low:g}, {high:g}{bounds[1]}, found {value!r}.",
            remedy=f"Set {name} within that range.",
        )
