"""What the kinds of documents (filings, calls, reported facts) say when they are taken in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from prometheus.cli.ingest.arguments import complain_of
from prometheus.cli.output import complain, print_json, print_table, say

if TYPE_CHECKING:
    from prometheus.adapters.documents import DocumentsReport

CreateOption = Annotated[bool, typer.Option("--create", help="Register symbols that are not known.")]


def show_documents(report: DocumentsReport, *, as_json: bool) -> None:
    """Print what became of a delivery of documents."""
    if as_json:
        print_json(report)
        return
    verb = "would be" if report.is_dry_run else "were"
    print_table(
        ["table", "read", "new", "unchanged", "repeated", "rejected", "first", "last"],
        [
            (report.table, report.n_rows, report.n_new, report.n_unchanged, report.n_repeated,
             report.n_rejected, report.first_date, report.last_date)
        ],
    )  # fmt: skip
    if report.created:
        say(f"{len(report.created):,} instruments {verb} registered")
    if report.is_recorded:
        say(f"decision {report.decision_id}")
    for lost in report.healed:
        say(f"decision {lost} of an earlier delivery, which a crash had lost, is on record now")
    complain_of(report)
    for path in report.more_rejects:
        complain(f"         Those of another layout are in {path}.")
