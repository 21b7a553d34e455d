"""Table specs: every table of both databases as Python data, one module a context."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from prometheus.schema.tables import (
    audit,
    embeddings,
    execution,
    market,
    portfolios,
    profiles,
    reference,
    regimes,
    scenarios,
    selection,
    stability,
    text,
)
from prometheus.schema.tables.spec import ColumnSpec, ColumnType, Database, Mutability, TableSpec

_ROOMS = (
    reference,
    audit,
    profiles,
    regimes,
    stability,
    scenarios,
    selection,
    portfolios,
    execution,
    market,
    text,
    embeddings,
)

TABLES: Mapping[str, TableSpec] = MappingProxyType(
    {spec.name: spec for room in _ROOMS for spec in room.SPECS}
)
"""The 38 tables by name, those of the runtime database first."""

__all__ = ["TABLES", "ColumnSpec", "ColumnType", "Database", "Mutability", "TableSpec"]
