"""Read what a live database is made of, and compare two of them.

Works alike on every supported server: what only newer ones store (NOT NULL as constraints, since 18) is
left out, because the columns say it already. Definitions are rendered with the schema first in
``search_path``, so that equal things in different schemas read alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, LiteralString

import psycopg

from prometheus.schema.ddl import ddl
from prometheus.schema.tables.spec import Database

_COLUMNS = """
    select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull,
           pg_get_expr(d.adbin, d.adrelid, true), a.attidentity = 'a',
           case when a.attcollation <> t.typcollation then k.collname end,
           col_description(c.oid, a.attnum)
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    left join pg_collation k on k.oid = a.attcollation
    where c.relnamespace = %s::regnamespace and c.relkind = any (%s::"char"[])
    order by c.relname, a.attnum"""

_RELATIONS = """
    select c.relname, c.relkind = 'v', obj_description(c.oid, 'pg_class'),
           case when c.relkind = 'v' then pg_get_viewdef(c.oid, true) end
    from pg_class c where c.relnamespace = %s::regnamespace and c.relkind in ('r', 'p', 'v')
    order by c.relname"""

_CONSTRAINTS = """
    select c.relname, n.conname, pg_get_constraintdef(n.oid, true)
    from pg_constraint n join pg_class c on c.oid = n.conrelid
    where c.relnamespace = %s::regnamespace and n.contype in ('p', 'u', 'f', 'c', 'x')
    order by c.relname, n.conname"""

_INDEXES = """
    select c.relname, i.relname,
           pg_get_indexdef(x.indexrelid, 0, true) || case when x.indisvalid then '' else ' INVALID' end
    from pg_index x
    join pg_class c on c.oid = x.indrelid
    join pg_class i on i.oid = x.indexrelid
    where c.relnamespace = %s::regnamespace
      and not exists (select from pg_constraint n
                      where n.conindid = x.indexrelid and n.contype in ('p', 'u', 'x'))
    order by c.relname, i.relname"""

_TRIGGERS = """
    select c.relname, g.tgname,
           pg_get_triggerdef(g.oid, true) || case g.tgenabled when 'O' then '' else ' DISABLED' end
    from pg_trigger g join pg_class c on c.oid = g.tgrelid
    where c.relnamespace = %s::regnamespace and not g.tgisinternal
    order by c.relname, g.tgname"""

_FUNCTIONS = """
    select p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
           concat_ws(' ', pg_get_function_result(p.oid), l.lanname, 'volatility', p.provolatile,
                     'strict', p.proisstrict, p.prosrc),
           obj_description(p.oid, 'pg_proc')
    from pg_proc p join pg_language l on l.oid = p.prolang
    where p.pronamespace = %s::regnamespace
      and not exists (select from pg_depend e where e.objid = p.oid and e.deptype = 'e')
    order by 1"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it stands in a database."""

    name: str
    type: str
    nullable: bool
    default: str | None
    identity: bool
    collation: str | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it stands in a database; constraints, indexes and triggers by name."""

    name: str
    columns: Mapping[str, Column]
    constraints: Mapping[str, str]
    indexes: Mapping[str, str]
    triggers: Mapping[str, str]
    comment: str | None


@dataclass(frozen=True, slots=True)
class View:
    """A view as it stands in a database."""

    name: str
    columns: Mapping[str, Column]
    definition: str
    comment: str | None


@dataclass(frozen=True, slots=True)
class Function:
    """A function as it stands in a database, named with its arguments."""

    name: str
    definition: str
    comment: str | None


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that one schema of a database is made of, by name."""

    tables: Mapping[str, Table]
    views: Mapping[str, View]
    functions: Mapping[str, Function]


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where two catalogs disagree; None where one of them has nothing.

    Parameters
    ----------
    place : str
        Dotted path, e.g. ``tables.orders.columns.side.nullable``.
    expected, found : str or None
        What the first and the second catalog have there.
    """

    place: str
    expected: str | None
    found: str | None


def read_catalog(connection: psycopg.Connection[Any], *, schema: str = "public") -> Catalog:
    """Return what a schema of a database is made of.

    Parameters
    ----------
    connection : psycopg.Connection
        Open; its transaction, if any, goes on.
    schema : str
        Where to look.
    """
    with connection.transaction():
        before = connection.execute("select current_setting('search_path')").fetchone()
        connection.execute("select set_config('search_path', %s, true)", [_quoted(connection, schema)])
        try:
            return _read(connection, _quoted(connection, schema))
        finally:
            connection.execute("select set_config('search_path', %s, true)", before)


def expected_catalog(connection: psycopg.Connection[Any], database: Database) -> Catalog:
    """Return the catalog that the DDL of this program makes on this server.

    The DDL runs in a schema of its own inside a transaction that is rolled back: every server renders
    definitions in its own words, so only the same server can say what to expect.
    """
    schema = "prometheus_expected"
    with connection.transaction(force_rollback=True):
        connection.execute(f"create schema {schema}".encode())
        connection.execute(f"set local search_path to {schema}".encode())
        connection.execute(ddl(database).encode())
        return _read(connection, schema)


def differences(expected: Catalog, found: Catalog) -> tuple[Difference, ...]:
    """Return every place where two catalogs disagree, in order; none if they are equal."""
    return tuple(_differences("", _plain(expected), _plain(found)))


def _quoted(connection: psycopg.Connection[Any], schema: str) -> str:
    row = connection.execute("select quote_ident(%s)", [schema]).fetchone()
    return str(row[0]) if row else schema


def _read(connection: psycopg.Connection[Any], schema: str) -> Catalog:
    def by_relation(query: LiteralString) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for relation, name, definition in connection.execute(query, [schema]):
            found.setdefault(relation, {})[name] = definition
        return found

    columns: dict[str, dict[str, Column]] = {}
    for relation, *column in connection.execute(_COLUMNS, [schema, ["r", "p", "v"]]):
        columns.setdefault(relation, {})[column[0]] = Column(*column)
    constraints, indexes, triggers = map(by_relation, (_CONSTRAINTS, _INDEXES, _TRIGGERS))
    tables: dict[str, Table] = {}
    views: dict[str, View] = {}
    for name, is_view, comment, definition in connection.execute(_RELATIONS, [schema]):
        own = columns.get(name, {})
        if is_view:
            views[name] = View(name, own, definition, comment)
        else:
            tables[name] = Table(
                name,
                own,
                constraints.get(name, {}),
                indexes.get(name, {}),
                triggers.get(name, {}),
                comment,
            )
    functions = {row[0]: Function(*row) for row in connection.execute(_FUNCTIONS, [schema])}
    return Catalog(tables, views, functions)


def _plain(part: object) -> object:
    """Return nested dictionaries; the order of columns becomes a number in them."""
    if isinstance(part, Mapping):
        columns = {name: _plain(value) for name, value in part.items()}
        for place, column in enumerate(columns.values(), start=1):
            if isinstance(column, dict) and "nullable" in column:
                column["place"] = place
        return columns
    if isinstance(part, (Catalog, Table, View, Function, Column)):
        return {field.name: _plain(getattr(part, field.name)) for field in fields(part)}
    return part


def _differences(place: str, expected: object, found: object) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in sorted(expected.keys() | found.keys()):
            inner = f"{place}.{name}" if place else str(name)
            if name not in found:
                yield Difference(inner, _said(expected[name]), None)
            elif name not in expected:
                yield Difference(inner, None, _said(found[name]))
            else:
                yield from _differences(inner, expected[name], found[name])
    elif expected != found:
        yield Difference(place, _said(expected), _said(found))


def _said(part: object) -> str:
    return "present" if isinstance(part, dict) else str(part)
