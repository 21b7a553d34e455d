"""Days as words of a command."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from prometheus.kernel.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np


def day_of(text: str, *, option: str = "") -> date:
    """Return a day that was written as 2015-06-09.

    Raises
    ------
    ConfigError
        If it is none; ``option`` is named.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        where = f"{option}: " if option else ""
        raise ConfigError(f"{where}{text!r} is no date.", remedy="Write it as 2015-06-09.") from error


def datetime64_of(text: str | None, option: str) -> np.datetime64 | None:
    """Return the day of an option as arrays hold it, None where it was not given. See `day_of`."""
    import numpy as np

    return None if text is None else np.datetime64(day_of(text, option=option), "D")
