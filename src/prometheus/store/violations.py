"""What a check of stored rows returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

Connection = psycopg.Connection[Any]

MOST_A_RULE = 100
"""A broken rule is shown by this many rows at most: a million lines help nobody."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A row that breaks a rule.

    Parameters
    ----------
    table : str
        The table it stands in.
    key : str
        Its key, as text.
    column : str
        The column that is wrong.
    rule : str
        Name of the rule, which is the name of the function that checks it.
    detail : str
        What was expected and what was found.
    remedy : str
        What to do about it.
    """

    table: str
    key: str
    column: str
    rule: str
    detail: str
    remedy: str = ""


Check = Callable[[Connection, Connection], Iterator[Violation]]
"""Takes connections to the runtime and the historical database."""


def found_by(
    connection: Connection,
    query: LiteralString,
    table: str,
    column: str,
    rule: str,
    parameters: dict[str, object] | None = None,
) -> Iterator[Violation]:
    """Yield a violation for each row (key, detail) of a query, at most ``MOST_A_RULE``.

    Parameters
    ----------
    connection : psycopg.Connection
        Where to look.
    query : str
        Selects two texts; ends without a limit.
    table, column, rule : str
        As in ``Violation``.
    parameters : dict, optional
        Of the query.
    """
    bounded = f"select * from ({query}) broken limit {MOST_A_RULE}"
    for key, detail in connection.execute(bounded.encode(), parameters or {}):
        yield Violation(table, str(key), column, rule, str(detail))
