"""Files that are named after their content: matrices, models, texts.

An artifact's URI is its SHA-256 (``sha256:9f86d0...``), so it is the same on every machine and
never goes stale. The folder below the root is made of the first two digits, so no folder grows large.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any
from uuid import uuid4

from prometheus.kernel.errors import ArtifactError, ConfigError

SCHEME = "sha256:"
_URI = re.compile(r"sha256:[0-9a-f]{64}")


class Artifacts:
    """A store of artifacts under any fsspec URL.

    Parameters
    ----------
    url : str
        Root, such as ``file:///srv/desk/artifacts`` or ``s3://bucket/artifacts``.

    Raises
    ------
    ConfigError
        If fsspec knows no such kind of store, or the package for it is not installed.

    Examples
    --------
    >>> artifacts = Artifacts("memory://example")
    >>> uri = artifacts.put(b"eleven bytes")
    >>> artifacts.get(uri)
    b'eleven bytes'
    """

    def __init__(self, url: str) -> None:
        import fsspec  # type: ignore[import-untyped,unused-ignore]

        self.url = url
        try:
            self._files: Any
            self._root: str
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise ConfigError(
                f"PROMETHEUS_ARTIFACTS_URL {url} can't be used: {error}.",
                remedy="Name a folder as file:///..., or install the fsspec package for that store.",
            ) from error

    def put(self, content: bytes) -> str:
        """Store the content, unless it is there already, and return its URI."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        try:
            if not self._is_whole(path, len(content)):
                self._write(path, content)
        except OSError as error:
            raise ArtifactError(
                f"The artifact {SCHEME}{digest} could not be written to {self.url}: {error}.",
                remedy="Check room and permissions there, or PROMETHEUS_ARTIFACTS_URL.",
            ) from error
        return SCHEME + digest

    def get(self, uri: str) -> bytes:
        """Return the content of a URI, after comparing it with its digest.

        Raises
        ------
        ArtifactError
            If there is none, or its content is not what its name says.
        """
        digest = self._digest(uri)
        path = self._path(digest)
        try:
            content: bytes = self._files.cat_file(path)
        except OSError as error:
            raise ArtifactError(
                f"The artifact {uri} is not in {self.url}.",
                remedy="Check PROMETHEUS_ARTIFACTS_URL, or restore that folder from a backup.",
            ) from error
        found = hashlib.sha256(content).hexdigest()
        if found != digest:
            raise ArtifactError(
                f"The artifact {uri} has another content: {path} has the SHA-256 {found}.",
                remedy="Restore the file from a backup; run the step that made it if there is none.",
            )
        return content

    def has(self, uri: str) -> bool:
        """Return whether there is an artifact of this name."""
        return bool(self._files.exists(self._path(self._digest(uri))))

    def _digest(self, uri: str) -> str:
        if not _URI.fullmatch(uri):
            raise ArtifactError(
                f"{uri!r} is not the name of an artifact, expected sha256: and 64 hex digits."
            )
        return uri.removeprefix(SCHEME)

    def _path(self, digest: str) -> str:
        return f"{self._root.rstrip('/')}/{digest[:2]}/{digest}"

    def _is_whole(self, path: str, size: int) -> bool:
        try:
            return bool(self._files.size(path) == size)
        except FileNotFoundError:
            return False

    def _write(self, path: str, content: bytes) -> None:
        """Write beside, then rename: a reader, or a crash, never sees half an artifact."""
        self._files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        # Object stores show a file only when it is whole, and their rename is a slow copy.
        if "file" not in _protocols(self._files):
            self._files.pipe_file(path, content)
            return
        beside = f"{path}.{uuid4().hex}.part"
        try:
            self._files.pipe_file(beside, content)
            self._files.mv(beside, path)
        finally:
            if self._files.exists(beside):
                self._files.rm_file(beside)


def _protocols(files: Any) -> tuple[str, ...]:
    protocol = files.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)
