"""The files of a delivery, wherever they lie: loose, in folders, in zip, tar and gz archives.

1. A path is a file, an archive, or a folder, whose files are taken in the order of their names; hidden
   ones are left out.
2. A member of an archive is unpacked into memory, or beyond a size into a temporary file. Its checksum is
   verified before the first row is read, so what is damaged gives nothing.
3. Each file comes with its digest, its size and a way to open it as often as needed.

A file that can't be taken is an error that names it; where the caller keeps a list of faults, the others
follow.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from prometheus.adapters.archives import (
    DAMAGED,
    Budget,
    Member,
    gunzipped,
    is_hidden,
    said,
    tar_members,
    zip_members,
)
from prometheus.kernel.errors import InputFileError

ARCHIVES = (".zip", ".tar", ".tgz", ".gz")
MAX_DEPTH = 3
_CONVERT = "Save it as one of these, or rename it if only its name is wrong."
_AGAIN = "Fetch it again; its transfer may have broken off."


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """One file of a delivery.

    Attributes
    ----------
    name : str
        Its name in messages, unique in the delivery: below the folder that was given, ``archive!member``.
    member : str
        Its own name, without folders and without ``.gz``.
    origin : Path
        The file on disk that it is, or lies in.
    sha256 : str
        Digest of its unpacked bytes.
    size : int
        In bytes, unpacked.
    """

    name: str
    member: str
    origin: Path
    sha256: str
    size: int
    _opened: Callable[[], BinaryIO] = field(repr=False, compare=False)

    @property
    def suffix(self) -> str:
        """The last part of its name, in lower case."""
        return PurePosixPath(self.member).suffix.lower()

    def open(self) -> BinaryIO:
        """Return its bytes from the beginning, as a stream that can seek."""
        try:
            return self._opened()
        except OSError as error:
            raise InputFileError(
                f"{self.name} can't be read any more: {error.strerror}.",
                remedy="Leave it until it is taken in.",
            ) from error


@dataclass(frozen=True, slots=True)
class FileFault:
    """A file that can't be taken, and why."""

    name: str
    error: InputFileError


def delivered_files(
    paths: Iterable[Path],
    *,
    suffixes: Sequence[str] | None = None,
    faults: list[FileFault] | None = None,
) -> Iterator[DeliveredFile]:
    """Yield the files of a delivery.

    Parameters
    ----------
    paths : iterable of Path
        Files, archives and folders.
    suffixes : sequence of str, optional
        Such as ``(".csv",)``: other files in folders and archives are left out, and one that was named is
        an error. All by default. An archive is always opened.
    faults : list, optional
        Takes the files that can't be taken, while the others follow; the first is raised by default.

    Raises
    ------
    InputFileError
        If a path is missing or unreadable, a file is empty, an archive is damaged, needs a password, or
        unpacks to far more than it should, or a folder holds nothing of these names.
    """
    yield from _Walk(None if suffixes is None else tuple(s.lower() for s in suffixes), faults).files(paths)


class _Walk:
    """One pass over the paths: what is wanted, which names are taken, what was wrong."""

    def __init__(self, suffixes: tuple[str, ...] | None, faults: list[FileFault] | None) -> None:
        self._suffixes = suffixes
        self._faults = faults
        self._names: set[str] = set()
        self._n_seen = 0

    def files(self, paths: Iterable[Path]) -> Iterator[DeliveredFile]:
        for path in paths:
            if not path.is_dir():
                yield from self._file(path, path.name, is_named=True)
                continue
            before = self._n_seen
            for inside in sorted(p for p in path.rglob("*") if not p.is_dir()):
                relative = inside.relative_to(path)
                if not is_hidden(relative.parts):
                    yield from self._file(inside, relative.as_posix(), is_named=False)
            if self._n_seen == before:
                self._fail(path.name, f"{path.name} holds no {self._wanted_names()} file", "Name the files.")

    def _file(self, path: Path, name: str, *, is_named: bool) -> Iterator[DeliveredFile]:
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                self._fail(name, f"{path} is neither a file nor a folder", "Name a file.")
                return
            if _is_archive(path.name):
                before = self._n_seen
                with path.open("rb") as raw:
                    yield from self._unpacked(raw, name, path, Budget(name, path.stat().st_size), depth=1)
                if is_named and self._n_seen == before:
                    self._fail(
                        name, f"{name} holds no {self._wanted_names()} file", "Name what holds the table."
                    )
                return
            if not self._is_wanted(path.name):
                if is_named:
                    self._fail(name, f"{name}: expected a name that ends in {self._wanted_names()}", _CONVERT)
                return
            with path.open("rb") as raw:
                sha256 = hashlib.file_digest(raw, "sha256").hexdigest()
                size = raw.tell()
        except OSError as error:
            self._fail(name, f"{path} can't be read: {error.strerror}", "Check the path and its permissions.")
            return
        yield from self._found(name, path.name, path, sha256, size, lambda: path.open("rb"))

    def _unpacked(
        self, raw: BinaryIO, name: str, origin: Path, budget: Budget, *, depth: int
    ) -> Iterator[DeliveredFile]:
        """Yield what an archive holds; archives in it too, to a depth."""
        lowered = name.lower()
        try:
            if lowered.endswith(".zip"):
                members = zip_members(raw, name, budget)
            elif lowered.endswith((".tgz", ".tar.gz")):
                tar = gunzipped(raw, budget)
                budget = Budget(name, tar.size)
                members = tar_members(tar.opened(), name, budget)
            elif lowered.endswith(".tar"):
                members = tar_members(raw, name, budget)
            else:
                inner = name[:-3].rpartition("!")[2]
                members = [Member(inner, partial(gunzipped, raw, budget))]
            kept = [m for m in members if self._is_wanted(m.path) or _is_archive(m.path)]
            outer = _n_outer_folders([m.path for m in kept])
            for member in kept:
                below = "/".join(PurePosixPath(member.path).parts[outer:])
                full = name if _is_single(lowered) else f"{name}!{below}"
                try:
                    taken = member.taken()
                except DAMAGED as error:
                    self._fail(full, f"{full} is damaged: {said(error)}", _AGAIN)
                    continue
                if not _is_archive(below):
                    base = PurePosixPath(below).name
                    yield from self._found(full, base, origin, taken.sha256, taken.size, taken.opened)
                elif depth < MAX_DEPTH:
                    inside = full if not _is_single(lowered) else name[:-3]
                    yield from self._unpacked(taken.opened(), inside, origin, budget, depth=depth + 1)
                else:
                    self._fail(full, f"{full}: archives in archives, too deep", "Unpack the outer one.")
        except DAMAGED as error:
            self._fail(name, f"{name} is damaged or not the archive its name says: {said(error)}", _AGAIN)
        except InputFileError as error:
            self._fail_with(name, error)

    def _found(
        self,
        name: str,
        member: str,
        origin: Path,
        sha256: str,
        size: int,
        opened: Callable[[], BinaryIO],
    ) -> Iterator[DeliveredFile]:
        self._n_seen += 1
        if size == 0:
            self._fail(name, f"{name} is empty", "Ask for the file again, or leave it out.")
            return
        if name in self._names:
            name = f"{origin.parent.name}/{name}"
        number = 2
        while name in self._names:
            name, number = f"{name.removesuffix(f' ({number - 1})')} ({number})", number + 1
        self._names.add(name)
        yield DeliveredFile(name, member, origin, sha256, size, opened)

    def _is_wanted(self, name: str) -> bool:
        return self._suffixes is None or PurePosixPath(name).suffix.lower() in self._suffixes

    def _wanted_names(self) -> str:
        return " or ".join(self._suffixes) if self._suffixes else "readable"

    def _fail(self, name: str, message: str, remedy: str) -> None:
        self._fail_with(name, InputFileError(f"{message}.", remedy=remedy))

    def _fail_with(self, name: str, error: InputFileError) -> None:
        self._n_seen += 1
        if self._faults is None:
            raise error
        self._faults.append(FileFault(name, error))


def _n_outer_folders(paths: Sequence[str]) -> int:
    """Return how many folders all paths begin with in common."""
    folders = [PurePosixPath(path).parts[:-1] for path in paths]
    count = 0
    while folders and all(len(f) > count and f[count] == folders[0][count] for f in folders):
        count += 1
    return count


def _is_archive(name: str) -> bool:
    return name.lower().endswith(ARCHIVES)


def _is_single(name: str) -> bool:
    return name.endswith(".gz") and not name.endswith(".tar.gz")
