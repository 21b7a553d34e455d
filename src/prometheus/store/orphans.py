"""What points across the databases, or out of JSON, where no foreign key can reach."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus.schema.tables import TABLES
from prometheus.store.violations import MOST_A_RULE, Check, Connection, Violation

# Distinct values by hopping over the index: one look-up a value instead of one a row. Names of tables
# and columns are from the table specs.
_HOP = """
    with recursive hop (id) as (
        (select {column} from {table} where {column} is not null order by {column} limit 1)
        union all
        select (select {column} from {table} where {column} > hop.id order by {column} limit 1)
        from hop where hop.id is not null
    )
    select id from hop where id is not null"""

_DECISIONS = """
    select {key}::text, metadata ->> 'decision_id' from {table} o
    where not exists (select from engine_decisions d
                      where d.decision_id = (o.metadata ->> 'decision_id')::uuid)
    limit {limit}"""

_BATCHES = """
    select coalesce(metadata ->> 'batch', ''), min(instrument_id || ' ' || trade_date), count(*)
    from prices_daily group by 1 order by 1"""

_MODELS = "select distinct model_id from {table} order by 1"


def instruments_are_known(runtime: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that every instrument of the historical database is in runtime.instruments."""
    known = {row[0] for row in runtime.execute("select instrument_id from instruments")}
    return _unknown(historical, "instrument_id", known, "instruments_are_known")


def issuers_are_known(runtime: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that every issuer of the historical database is in runtime.issuers."""
    known = {row[0] for row in runtime.execute("select issuer_id from issuers")}
    return _unknown(historical, "issuer_id", known, "issuers_are_known")


def models_are_known(runtime: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that every embedding was made by a model of runtime.models."""
    known = {row[0] for row in runtime.execute("select model_id from models")}
    for spec in TABLES.values():
        if spec.database == "historical" and "model_id" in spec.column_names:
            for (found,) in historical.execute(_MODELS.format(table=spec.name).encode()):
                if found not in known:
                    yield Violation(
                        spec.name, found, "model_id", "models_are_known", f"runtime.models has no {found}"
                    )


def outputs_belong_to_a_decision(runtime: Connection, _: Connection) -> Iterator[Violation]:
    """Check that the decision that an engine output names in its metadata is on record."""
    for spec in TABLES.values():
        if spec.natural:
            query = _DECISIONS.format(key=spec.key[0], table=spec.name, limit=MOST_A_RULE)
            for key, decision in runtime.execute(query.encode()):
                yield Violation(
                    spec.name,
                    key,
                    "metadata",
                    "outputs_belong_to_a_decision",
                    f"no decision {decision} in engine_decisions",
                )


def price_batches_belong_to_an_ingest(runtime: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that the batch of every price is the end of the id of an INGEST decision."""
    ingests = runtime.execute(
        "select right(decision_id::text, 12) from engine_decisions where engine_name = 'INGEST'"
    )
    known = {row[0] for row in ingests}
    waiting = {
        row[0] for row in runtime.execute("select jsonb_object_keys(metadata -> 'pending') from markets")
    }
    for batch, first, n_rows in historical.execute(_BATCHES):
        if batch not in known:
            yield Violation(
                "prices_daily",
                first,
                "metadata",
                "price_batches_belong_to_an_ingest",
                f"no INGEST decision ends with {batch!r}, the batch of this row and {n_rows - 1} others"
                + ("; the next delivery to its market puts it on record" if batch in waiting else ""),
            )


def _unknown(historical: Connection, column: str, known: set[str], rule: str) -> Iterator[Violation]:
    for spec in TABLES.values():
        if spec.database == "historical" and column in spec.column_names:
            query = _HOP.format(table=spec.name, column=column)
            for (found,) in historical.execute(query.encode()):
                if found not in known:
                    yield Violation(
                        spec.name, found, column, rule, f"the runtime database has no {column} {found}"
                    )


ORPHANS: tuple[Check, ...] = (
    instruments_are_known,
    issuers_are_known,
    models_are_known,
    outputs_belong_to_a_decision,
    price_batches_belong_to_an_ingest,
)
