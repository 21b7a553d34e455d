"""What went wrong with the embedded server, in words that help."""

from __future__ import annotations

from pathlib import Path

from prometheus.kernel.errors import DiskFullError, ServerStartError
from prometheus.store.server_account import REMEDY_OWN_SERVER


def file_error(folder: Path, error: OSError) -> ServerStartError | DiskFullError:
    """Return the error for a file or folder that the operating system refuses."""
    reason = error.strerror or str(error)
    if "No space left" in reason or "quota" in reason.lower():
        return DiskFullError(f"No room left for {folder}.", remedy="Free some room and try again.")
    return ServerStartError(
        f"The folder {folder} can't be used: {reason}{_named(folder, error)}.",
        remedy="Make it writable, or name another home in PROMETHEUS_HOME.",
    )


def _named(folder: Path, error: OSError) -> str:
    return "" if error.filename in (None, str(folder)) else f" ({error.filename})"


def program_error(message: str, said: str) -> ServerStartError | DiskFullError:
    """Return the error for what a program of the server said before it gave up."""
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return DiskFullError(f"{message} No room is left.", remedy="Free some room and try again.")
    tail = "\n".join(said.strip().splitlines()[-8:])
    return ServerStartError(f"{message}\n{tail}\n", remedy=REMEDY_OWN_SERVER)
