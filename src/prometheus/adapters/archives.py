"""What archives hold, unpacked into memory or temporary files and never under the names they claim."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import os
import struct
import tarfile
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from prometheus.kernel.errors import InputFileError

IN_MEMORY = 64 << 20
"""Bytes of a member that are held in memory; a larger one goes to a temporary file."""
MAX_RATIO = 200
"""Times its own size an archive may unpack to, beyond `IN_MEMORY`. Prices shrink 3 to 30 times."""
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    gzip.BadGzipFile,
    NotImplementedError,
)
"""What the standard library raises on archives that are broken."""
_PIECE = 1 << 20
_MACHINE_FOLDERS = frozenset({"__MACOSX"})


class Budget:
    """How much more an archive may unpack to."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._left = max(IN_MEMORY, size * MAX_RATIO)

    def spend(self, size: int) -> None:
        """Count bytes that came out; raise InputFileError when it is more than any table unpacks to."""
        self._left -= size
        if self._left < 0:
            raise InputFileError(
                f"{self._name} unpacks to more than {MAX_RATIO} times its size.",
                remedy="No table of prices does; unpack it yourself if you trust it.",
            )


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Taken:
    """The unpacked bytes of a member, in memory or in a temporary file that goes when nobody needs it."""

    sha256: str
    size: int
    data: bytes
    path: Path | None

    def opened(self) -> BinaryIO:
        """Return the bytes from the beginning."""
        return io.BytesIO(self.data) if self.path is None else self.path.open("rb")


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive: its path there, and how to unpack it."""

    path: str
    taken: Callable[[], Taken]


def taken_from(stream: BinaryIO, budget: Budget) -> Taken:
    """Return what a stream unpacks to; its end verifies the checksum."""
    sha256, held, size = hashlib.sha256(), io.BytesIO(), 0
    file: BinaryIO | None = None
    path: Path | None = None
    try:
        while piece := stream.read(_PIECE):
            budget.spend(len(piece))
            sha256.update(piece)
            size += len(piece)
            if file is None and size > IN_MEMORY:
                handle, place = tempfile.mkstemp(prefix="prometheus-")
                file, path = os.fdopen(handle, "wb"), Path(place)
                file.write(held.getbuffer())
                held = io.BytesIO()
            (held if file is None else file).write(piece)
    except BaseException:
        if file is not None and path is not None:
            file.close()
            path.unlink(missing_ok=True)
        raise
    if file is not None:
        file.close()
    taken = Taken(sha256.hexdigest(), size, held.getvalue(), path)
    if path is not None:
        weakref.finalize(taken, path.unlink, missing_ok=True)
    return taken


def gunzipped(raw: BinaryIO, budget: Budget) -> Taken:
    """Return what a gz file holds."""
    with gzip.GzipFile(fileobj=raw) as stream:
        return taken_from(cast("BinaryIO", stream), budget)


def zip_members(raw: BinaryIO, name: str, budget: Budget) -> list[Member]:
    """Return the members of a zip, hidden ones left out, by name."""
    with _as_damaged():
        archive = zipfile.ZipFile(raw)

    def unpack(info: zipfile.ZipInfo) -> Taken:
        if info.flag_bits & 0x1:
            raise InputFileError(f"{name} needs a password.", remedy="Unpack it and give the files.")
        with _as_damaged(), archive.open(info) as stream:
            return taken_from(cast("BinaryIO", stream), budget)

    infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
    return _members(name, [(info.filename, partial(unpack, info)) for info in infos])


@contextmanager
def _as_damaged() -> Iterator[None]:
    """Call what zipfile lets through of broken numbers, names and data by the name of its own error."""
    try:
        yield
    except (ValueError, struct.error) as error:
        raise zipfile.BadZipFile(said(error)) from error
    except OSError as error:
        if error.errno is None:  # so bz2 says that its data are broken
            raise zipfile.BadZipFile(said(error)) from error
        raise


def tar_members(raw: BinaryIO, name: str, budget: Budget) -> list[Member]:
    """Return the members of a tar, hidden ones left out, by name."""
    archive = tarfile.open(fileobj=raw, mode="r:")  # noqa: SIM115, closed with the stream it reads

    def unpack(info: tarfile.TarInfo) -> Taken:
        stream = archive.extractfile(info)
        assert stream is not None
        with stream:
            found = taken_from(cast("BinaryIO", stream), budget)
        if found.size != info.size:
            raise EOFError("it ends too early")
        return found

    infos = [info for info in archive.getmembers() if not info.isdir()]
    strange = [info.name for info in infos if not info.isreg()]
    if strange:
        raise InputFileError(
            f"{name} holds {strange[0]!r}, which is no file.", remedy="Pack the files themselves."
        )
    return _members(name, [(info.name, partial(unpack, info)) for info in infos])


def _members(archive: str, found: list[tuple[str, Callable[[], Taken]]]) -> list[Member]:
    members = []
    for given, taken in found:
        parts = [part for part in PurePosixPath(given.replace("\\", "/")).parts if part not in ("/", ".")]
        if ".." in parts:
            raise InputFileError(
                f"{archive} holds {given!r}, a name that leads out of it.",
                remedy="Pack it anew, without '..'.",
            )
        if not parts:
            raise zipfile.BadZipFile("it holds a file without a name")
        if not is_hidden(parts):
            members.append(Member("/".join(parts), taken))
    return sorted(members, key=lambda member: member.path)


def is_hidden(parts: Sequence[str]) -> bool:
    """Return whether a path leads to what its owner doesn't see."""
    return any(part.startswith(".") or part in _MACHINE_FOLDERS for part in parts)


def said(error: BaseException) -> str:
    """Return what an error says, or else its kind."""
    return str(error).strip().rstrip(".") or type(error).__name__
