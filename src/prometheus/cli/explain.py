"""``prometheus explain``: from a fill, an order or a decision back to the price rows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from prometheus.cli.output import WIDTH_OF_A_PIPE, JsonOption, print_json
from prometheus.kernel.errors import UsageError

if TYPE_CHECKING:
    from prometheus.store.explain import Kind

app = typer.Typer()

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="Its id, or as many first digits as no other has (8 at least).")
]
RowsOption = Annotated[
    str | None,
    typer.Option(
        "--rows",
        metavar="N|all",
        help="Price rows of each read: the last N, or all. Without it the first, the last and those that "
        "the alpha families used.",
    ),
]


@app.command(short_help="Explain a fill.")
def fill(identifier: IdArgument, rows: RowsOption = None, as_json: JsonOption = False) -> None:
    """Follow a fill to its order, decisions, scores, universe, settings and the price rows that were read.

    Everything is shown as it was known then. The inputs are read again and compared with the digests on
    record, so the page also says whether the decision could be made again today.
    """
    _explain("fill", identifier, rows, as_json)


@app.command(short_help="Explain an order.")
def order(identifier: IdArgument, rows: RowsOption = None, as_json: JsonOption = False) -> None:
    """Follow an order to what it became, and back to the decisions and price rows it came from."""
    _explain("order", identifier, rows, as_json)


@app.command(short_help="Explain a decision of any engine.")
def decision(identifier: IdArgument, rows: RowsOption = None, as_json: JsonOption = False) -> None:
    """Show what a decision of any engine read, with which settings, and what it came to.

    The short id that price rows carry as their batch (12 digits) is taken too.
    """
    _explain("decision", identifier, rows, as_json)


def _explain(kind: Kind, identifier: str, rows: str | None, as_json: bool) -> None:
    from prometheus.reports.explanation import explanation_of
    from prometheus.reports.explanation_page import explanation_page
    from prometheus.store.connections import open_databases
    from prometheus.store.settings import settings_from_environment

    n_rows = _n_rows(rows)
    found = explanation_of(open_databases(settings_from_environment()), kind, identifier)
    if as_json:
        print_json(found)
        return
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_PIPE, highlight=False, markup=False)
    for part in explanation_page(found, n_rows=n_rows):
        console.print(part)


def _n_rows(text: str | None) -> int:
    from prometheus.reports.explanation_page import ALL_ROWS, KEY_ROWS

    if text is None:
        return KEY_ROWS
    if text == "all":
        return ALL_ROWS
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(
            f"--rows {text}: expected a whole number from 1, or all.", remedy="For instance --rows 30."
        )
    return int(text)
