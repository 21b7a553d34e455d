"""What the verbs print: tables for people, JSON for programs, never both."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

WIDTH_OF_A_PIPE = 200  # a file or a pipe has no width; nothing is cut there

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def say(text: str = "") -> None:
    """Print a line for people."""
    typer.echo(text)


def complain(text: str) -> None:
    """Print a line to the error stream."""
    typer.echo(text, err=True)


def print_json(value: object) -> None:
    """Print a value as JSON: dataclasses as objects; dates, decimals and ids as text."""
    typer.echo(json.dumps(value, default=_plain, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """Print rows under their headings; numbers stand to the right.

    Parameters
    ----------
    columns : sequence of str
        Headings.
    rows : iterable of sequence
        One value a column. None is left blank, whole numbers get thousands separators.
    title : str
        Printed above.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    kept = [list(row) for row in rows]
    table = Table(title=title or None, title_justify="left", title_style="bold", header_style="bold")
    for position, column in enumerate(columns):
        values = [row[position] for row in kept if row[position] is not None]
        is_number = bool(values) and all(isinstance(value, int | float) for value in values)
        table.add_column(Text(column), justify="right" if is_number else "left", overflow="fold")
    for row in kept:
        table.add_row(*(Text(_shown(value)) for value in row))
    width = None if sys.stdout.isatty() else WIDTH_OF_A_PIPE
    Console(width=width, highlight=False).print(table)


def shown_bytes(count: int) -> str:
    """Return a size as people read it.

    Examples
    --------
    >>> shown_bytes(7_340_032)
    '7.0 MB'
    """
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1024:
            return f"{size:.0f} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TB"


def shown_program() -> str:
    """Return how this program can be called from here: by its name if it is on the PATH."""
    called = Path(sys.argv[0])
    found = shutil.which("prometheus")
    if called.name != "prometheus" or (found is not None and Path(found).samefile(called)):
        return "prometheus"
    return str(shown_path(called.absolute()))


def shown_path(path: Path) -> Path:
    """Return a path as seen from the current folder, where it lies in it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)
