"""Where the databases and the artifacts are, read from the environment once.

==========================  ==============================================================
PROMETHEUS_HOME             folder of the embedded server and of the artifacts (./.prometheus)
PROMETHEUS_RUNTIME_URL      runtime database on a server of your own
PROMETHEUS_HISTORICAL_URL   historical database on a server of your own
PROMETHEUS_ARTIFACTS_URL    any fsspec URL (the folder ``artifacts`` in the home)
==========================  ==============================================================
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from prometheus.kernel.errors import ConfigError

DEFAULT_HOME = ".prometheus"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where this program keeps its data.

    Parameters
    ----------
    home : Path
        Absolute folder of the embedded server and, by default, of the artifacts.
    artifacts_url : str
        Root of the content-addressed artifacts.
    runtime_url, historical_url : str or None
        Databases on a server of the user's own; both or neither. They may hold a password, so they
        are not part of the representation.
    """

    home: Path
    artifacts_url: str
    runtime_url: str | None = field(default=None, repr=False)
    historical_url: str | None = field(default=None, repr=False)

    @property
    def is_embedded(self) -> bool:
        """Whether the databases live in the embedded server."""
        return self.runtime_url is None


def settings_from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings that the environment asks for.

    Parameters
    ----------
    environment : mapping of str to str, optional
        The environment of the process by default. An empty value counts as absent.

    Raises
    ------
    ConfigError
        If a URL is not one of PostgreSQL, if only one of both is given, or if both are the same.

    Examples
    --------
    >>> settings_from_environment({"PROMETHEUS_HOME": "/srv/desk"}).artifacts_url
    'file:///srv/desk/artifacts'
    """
    given = os.environ if environment is None else environment
    home = Path(given.get("PROMETHEUS_HOME") or DEFAULT_HOME).expanduser().absolute()
    runtime_url = _database_url(given, "PROMETHEUS_RUNTIME_URL")
    historical_url = _database_url(given, "PROMETHEUS_HISTORICAL_URL")
    if (runtime_url is None) != (historical_url is None):
        present, absent = "PROMETHEUS_RUNTIME_URL", "PROMETHEUS_HISTORICAL_URL"
        if runtime_url is None:
            present, absent = absent, present
        raise ConfigError(
            f"{present} is set but {absent} is not.",
            remedy="Set both to use a server of your own, or neither to use the embedded one.",
        )
    if runtime_url is not None and runtime_url == historical_url:
        raise ConfigError(
            "PROMETHEUS_RUNTIME_URL and PROMETHEUS_HISTORICAL_URL name the same database.",
            remedy="Create two databases and name one in each.",
        )
    artifacts_url = given.get("PROMETHEUS_ARTIFACTS_URL") or f"file://{home / 'artifacts'}"
    return Settings(home, artifacts_url, runtime_url, historical_url)


def without_password(url: str) -> str:
    """Return the URL as it may be shown: its password, if any, is replaced by ``***``.

    Examples
    --------
    >>> without_password("postgresql://desk:secret@db.example/runtime")
    'postgresql://desk:***@db.example/runtime'
    """
    parts = urlsplit(url)
    if parts.password is None:
        return url
    account, _, address = parts.netloc.rpartition("@")
    user = account.split(":", 1)[0]
    return urlunsplit(parts._replace(netloc=f"{user}:***@{address}"))


def _database_url(environment: Mapping[str, str], name: str) -> str | None:
    url = environment.get(name) or None
    if url is None:
        return None
    expected = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  a port that is no number is found only when it is asked for
    except ValueError as error:
        raise ConfigError(f"{name} is not a URL ({error}).", remedy=f"Write it as {expected}.") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise ConfigError(
            f"{name} starts with {parts.scheme or 'no scheme'!r}, expected 'postgresql'.",
            remedy=f"Write it as {expected}.",
        )
    if not parts.path.strip("/"):
        raise ConfigError(f"{name} names no database.", remedy=f"Write it as {expected}.")
    return url
