"""What a table spec is: the columns, keys and rules of one table as frozen data.

The SQL beside this package is the source; a test proves the specs against the live catalog.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal[
    "bigint", "bytea", "date", "integer", "json", "money", "real8", "real8[]", "text", "text[]",
    "timestamptz", "unit", "uuid",
]  # fmt: skip
Database = Literal["runtime", "historical"]
Mutability = Literal["append", "entity", "forward", "corrections", "recomputed"]


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column.

    Parameters
    ----------
    name : str
        As in the database.
    type : ColumnType
        In the words of the data dictionary: ``money`` is numeric, ``real8`` a finite double,
        ``unit`` a double between 0 and 1, ``json`` a jsonb object.
    nullable : bool
        Whether it may be null.
    default : str, optional
        What the database fills in: ``now()``, ``{}``, a number, or ``identity`` for a row id
        that only the database gives.
    references : str, optional
        The table whose key it holds.
    """

    name: str
    type: ColumnType
    nullable: bool = False
    default: str | None = None
    references: str | None = None


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table.

    Parameters
    ----------
    name : str
        As in the database.
    database : Database
        Which of the two databases holds it.
    columns : tuple of ColumnSpec
        In the order of the table.
    key : tuple of str
        Primary key; empty for ``news_links``, which has a unique constraint with nulls instead.
    mutability : Mutability
        What may happen to a row once it is written.
    natural : tuple of str
        For an engine output, the key that stands once within a decision; view ``current_<name>``
        shows the row of the latest decision for each.
    as_of : str, optional
        The column that says which date or moment a row is about.
    """

    name: str
    database: Database
    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...]
    mutability: Mutability
    natural: tuple[str, ...] = ()
    as_of: str | None = None

    @property
    def column_names(self) -> tuple[str, ...]:
        """Return the names of all columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def insert_columns(self) -> tuple[str, ...]:
        """Return the names of the columns that a writer gives: all but identities."""
        return tuple(column.name for column in self.columns if column.default != "identity")

    def column(self, name: str) -> ColumnSpec:
        """Return the column of that name.

        Raises
        ------
        KeyError
            If the table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")
