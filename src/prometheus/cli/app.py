"""The entry point of ``prometheus``: the list of verbs, and the edge where errors become exit codes.

A verb is one module with a typer application called ``app``. Only the verb that was called is imported,
so that the help of the others costs nothing; an ``app`` of one command becomes that command.

Exit codes: 0 done; 2 to 6 an error of ours (see ``kernel/errors.py``); 70 a defect; 130 interrupted.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import typer

from prometheus import __version__
from prometheus.cli.output import complain, print_json, say
from prometheus.kernel.errors import PrometheusError

DEFECT = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Verb:
    """A word after ``prometheus``: the module that knows it, and its line in the help."""

    name: str
    module: str
    help: str


VERBS = (
    Verb("demo", "prometheus.cli.demo", "See it all at work on real prices, offline."),
    Verb("ingest", "prometheus.cli.ingest", "Take prices, reference data, texts and series from files."),
    Verb("derive", "prometheus.cli.derive", "Compute returns, volatilities, factors and correlations."),
    Verb("profiles", "prometheus.cli.profiles", "Compute ratios and risk flags from the filings."),
    Verb("instruments", "prometheus.cli.instruments", "List who is who, and the bars on record of whom."),
    Verb("prices", "prometheus.cli.prices", "Show a bar with all its versions and their deliveries."),
    Verb("news", "prometheus.cli.news", "Show articles as they were known, and whom they are about."),
    Verb("backtest", "prometheus.cli.backtest", "Run a strategy over the past, every decision on record."),
    Verb(
        "explain", "prometheus.cli.explain", "Follow a fill, an order or a decision back to the price rows."
    ),
    Verb("graph", "prometheus.cli.graph", "Show the steps of a day and the tables between them."),
    Verb("db", "prometheus.cli.db", "Build, upgrade, check and look into the databases."),
)

DESCRIPTION = """Quantitative trading where every number can be explained.

Prices become decisions, orders, fills and positions, all of it rows in two PostgreSQL databases.
An embedded server in PROMETHEUS_HOME (./.prometheus) is started when it is needed.

Begin with `prometheus demo`.
"""


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(sys.argv[1:] if words is None else words))


def run(words: Sequence[str]) -> int:
    """Run the command line with these words and return its exit code."""
    called = next((word for word in words if not word.startswith("-")), None)
    try:
        application(called)(args=list(words), prog_name="prometheus")
    except SystemExit as end:
        return _exit_code(end.code)
    except PrometheusError as error:
        _report(error, as_json="--json" in words)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception:  # noqa: BLE001  the edge of the process
        traceback.print_exc()
        complain("This is a defect of Prometheus. Please report it with the lines above.")
        return DEFECT
    return 0


def application(*called: str | None) -> typer.Typer:
    """Return the command line, with the modules of the called verbs imported and the others' help only."""
    root = typer.Typer(
        help=DESCRIPTION,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,  # drawn boxes would cost half of the time that `--help` takes
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    root.callback()(_root)
    for verb in VERBS:
        if verb.name in called:
            _mount(root, verb)
        else:
            root.command(verb.name, help=verb.help)(_not_called)
    return root


def _mount(root: typer.Typer, verb: Verb) -> None:
    app: typer.Typer = import_module(verb.module).app
    is_single = (
        len(app.registered_commands) == 1 and not app.registered_groups and not app.registered_callback
    )
    if not is_single:
        root.add_typer(app, name=verb.name, help=verb.help, no_args_is_help=True)
        return
    (command,) = app.registered_commands
    command.name = verb.name
    root.registered_commands.append(command)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        say(f"prometheus {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Stand for the options before the verb."""


def _not_called() -> None:
    """Stand in the help for a verb that was not called."""


def _report(error: PrometheusError, *, as_json: bool) -> None:
    if as_json:
        kind = type(error).__name__
        notes = list(getattr(error, "__notes__", ()))
        body = {"kind": kind, "message": error.message, "remedy": error.remedy, "notes": notes}
        print_json({"error": body})
        return
    complain(f"Error: {error.message}")
    if error.remedy:
        complain(f"       {error.remedy}")
    for note in getattr(error, "__notes__", ()):
        complain(f"       {note}")


def _exit_code(code: object) -> int:
    if code is None:
        return 0
    return code if isinstance(code, int) else 1


def __getattr__(name: str) -> Any:
    # The whole tree, for those who walk it (documentation, completion); it imports every verb.
    if name == "app":
        return application(*(verb.name for verb in VERBS))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
