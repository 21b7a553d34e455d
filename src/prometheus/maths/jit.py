"""The one door to numba: a typed decorator and the array signatures that the kernels use.

Signatures are explicit for two reasons: a kernel compiles once, whatever the memory layout of what it is
given (strided views, read-only maps, contiguous copies), and one compiled body serves all of them, so the
layout can't change a bit of the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba
import numpy as np
from numba import types

if TYPE_CHECKING:
    from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., Any])

type_f8 = types.float64
type_i8 = types.int64
type_b1 = types.boolean
pair_f8 = types.UniTuple(types.float64, 2)
F1 = types.Array(types.float64, 1, "A", readonly=True)
F2 = types.Array(types.float64, 2, "A", readonly=True)
F3 = types.Array(types.float64, 3, "A", readonly=True)
I1 = types.Array(types.int64, 1, "A", readonly=True)
B2 = types.Array(types.boolean, 2, "A", readonly=True)
I2 = types.Array(types.int64, 2, "A", readonly=True)
OUT_F1 = types.Array(types.float64, 1, "C")
OUT_F2 = types.Array(types.float64, 2, "C")
OUT_F3 = types.Array(types.float64, 3, "C")
OUT_I2 = types.Array(types.int64, 2, "C")


def compiled(returned: Any, *arguments: Any) -> Callable[[F], F]:
    """Compile a function with numba and keep its Python type.

    Parameters
    ----------
    returned : numba type
        Type of the result.
    *arguments : numba type
        Types of the parameters, in order.

    Returns
    -------
    Callable
        A decorator; the decorated function has the signature it was written with.

    Notes
    -----
    ``cache=True`` keeps the machine code between processes. ``fastmath`` stays off: it lets the compiler
    reorder sums, and a result would depend on the machine. ``error_model="numpy"`` gives inf and NaN where
    numpy does instead of raising.
    """

    def decorate(function: F) -> F:
        jitted = numba.njit(returned(*arguments), cache=True, fastmath=False, error_model="numpy")
        return cast("F", jitted(function))

    return decorate


def as_floats(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the array as float64, without a copy where it already is.

    Parameters
    ----------
    values : ndarray of any shape

    Returns
    -------
    ndarray of the same shape
        float64; the same memory when no conversion was needed.

    Examples
    --------
    >>> import numpy as np
    >>> levels = np.array([1.0, 2.0])
    >>> as_floats(levels) is levels, as_floats(np.array([1, 2])).tolist()
    (True, [1.0, 2.0])
    """
    return np.asarray(values, dtype=np.float64)
