"""A column of JSON objects whose members are records of numbers, kept as numbers until it is stored."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from prometheus.kernel.errors import InvalidRowsError

Numbers = list[int] | list[float] | list[int | float]


@dataclass(frozen=True, slots=True)
class JsonRecords:
    """A JSON object a row: its keys are among ``names``, each member an object of the same fields.

    Attributes
    ----------
    names : tuple of str
        Ascending.
    fields : tuple of str
    places : list of list of int
        For each row its keys, as places among ``names``, ascending.
    values : list of tuple of list of number
        For each row and field the numbers of its keys, all finite: a key without a value is left out. An int
        stays one.
    """

    names: tuple[str, ...]
    fields: tuple[str, ...]
    places: list[list[int]]
    values: list[tuple[Numbers, ...]]

    def __len__(self) -> int:
        return len(self.places)

    def taken(self, index: Any) -> JsonRecords:
        """Return the column at an index or under a mask."""
        chosen = np.arange(len(self))[index].tolist()
        return JsonRecords(
            self.names, self.fields, [self.places[i] for i in chosen], [self.values[i] for i in chosen]
        )

    def only(self, fields: tuple[str, ...]) -> JsonRecords:
        """Return the column with some of its fields."""
        at = [self.fields.index(field) for field in fields]
        return JsonRecords(
            self.names, fields, self.places, [tuple([columns[k] for k in at]) for columns in self.values]
        )

    def texts(self) -> list[str]:
        """Return the JSON of each row.

        Examples
        --------
        >>> JsonRecords(("A", "B"), ("weight", "quantity"), [[1]], [([0.5], [3])]).texts()
        ['{"B": {"weight": 0.5, "quantity": 3}}']
        """
        names = _quoted(self.names)
        member = "%s: {" + ", ".join(f"{json.dumps(field)}: %r" for field in self.fields) + "}"
        return [
            "{"
            + ", ".join([member % one for one in zip(map(names.__getitem__, at), *columns, strict=True)])
            + "}"
            for at, columns in zip(self.places, self.values, strict=True)
        ]

    def joined_with(self, others: Sequence[JsonRecords]) -> JsonRecords:
        """Return the rows with those of others behind them; all of the same names and fields."""
        parts = [self, *others]
        return JsonRecords(
            self.names,
            self.fields,
            [one for part in parts for one in part.places],
            [one for part in parts for one in part.values],
        )


def parsed(
    texts: Sequence[str], names: tuple[str, ...], fields: tuple[str, ...], *, what: str
) -> JsonRecords:
    """Return the column that JSON texts stand for.

    Parameters
    ----------
    texts : sequence of str
    names : tuple of str
        Ascending; every key must be among them.
    fields : tuple of str
        What is taken of each member.
    what : str
        Table and column, for the error.

    Raises
    ------
    InvalidRowsError
        For a key that is not among the names.
    """
    places: list[list[int]] = []
    values: list[tuple[Numbers, ...]] = []
    for text in texts:
        body = json.loads(text)
        at = sorted((bisect_left(names, key), key) for key in body)  # jsonb has an order of its own
        for place, key in at:
            if place == len(names) or names[place] != key:
                raise InvalidRowsError(
                    f"{what}: {key} is not among the {len(names)} instruments of the run.",
                    remedy="Run with the market that the row was made for.",
                )
        places.append([place for place, _ in at])
        values.append(tuple([body[key][field] for _, key in at] for field in fields))
    return JsonRecords(names, fields, places, values)


@lru_cache(maxsize=4)
def _quoted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(json.dumps(one) for one in names)
