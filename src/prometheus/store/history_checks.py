"""Facts of the historical database beside those of the runtime one: listings, revisions, sources, links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

from prometheus.store.invariants import revisions_out_of_order
from prometheus.store.violations import MOST_A_RULE, Check, Connection, Violation, found_by

_LISTED: LiteralString = """
    select instrument_id, (metadata ->> 'listed')::date, (metadata ->> 'delisted')::date from instruments
    where metadata ->> 'listed' is not null or metadata ->> 'delisted' is not null"""
_OUTSIDE: LiteralString = """
    select p.instrument_id || ' ' || min(p.trade_date),
           format('this price and %%s others are outside its listing, from %%s to before %%s', count(*) - 1,
                  coalesce(min(l.listed)::text, '...'), coalesce(min(l.delisted)::text, '...'))
    from unnest(%(ids)s::text[], %(listed)s::date[], %(delisted)s::date[]) l (id, listed, delisted)
    join prices_daily p on p.instrument_id = l.id and (p.trade_date < l.listed or p.trade_date >= l.delisted)
    group by p.instrument_id order by 1"""

# Each version says which batch replaced it: that of the version after it.
_CHAINS: LiteralString = """
    select row_key, format('version %%s was replaced by batch %%s, and the next one is of %%s', place,
                         replaced_by, next_batch)
    from (
        select {key} row_key, r.place, r.revision ->> 'replaced_by' replaced_by,
               coalesce(lead(r.revision ->> 'batch') over (partition by {key} order by r.place),
                        metadata ->> 'batch') next_batch
        from {table}, jsonb_array_elements(metadata -> 'revisions') with ordinality r (revision, place)
        where metadata ? 'revisions' and jsonb_typeof(metadata -> 'revisions') = 'array'
              and metadata ? 'batch'
    ) chain
    where replaced_by is not null and replaced_by is distinct from next_batch
    order by 1"""
_NAMED: LiteralString = """
    select batch, min(row_key), count(*) from (
        select {key} row_key, unnest(array[r ->> 'batch', r ->> 'replaced_by']) batch
        from {table}, jsonb_array_elements(metadata -> 'revisions') r
        where metadata ? 'revisions' and jsonb_typeof(metadata -> 'revisions') = 'array'
    ) named where batch is not null group by 1 order by 1"""
_CORRECTED: dict[str, LiteralString] = {
    "prices_daily": "concat_ws(' ', instrument_id, trade_date)",
    "factors_daily": "concat_ws(' ', factor_id, trade_date)",
}

_LINKS: LiteralString = """
    select n.article_id::text, format('no article %%s, to which %%s links point', n.article_id, count(*))
    from news_links n where not exists (select from news_articles a where a.article_id = n.article_id)
    group by n.article_id order by n.article_id"""

_SOURCES: LiteralString = """
    select distinct f.filing_id, p.issuer_id
    from profiles p
    cross join lateral jsonb_each(p.structured) m
    cross join lateral (
        select m.value ->> 'filing_id' id where jsonb_typeof(m.value -> 'filing_id') = 'number'
        union all
        select jsonb_array_elements_text(m.value -> 'filings')
        where jsonb_typeof(m.value -> 'filings') = 'array'
    ) named
    cross join lateral (select named.id::bigint filing_id) f
    where jsonb_typeof(m.value) = 'object'
    order by 1, 2"""
_FILINGS: LiteralString = """
    select w.place, f.issuer_id from unnest(%(ids)s::bigint[]) with ordinality w (id, place)
    left join filings f on f.filing_id = w.id
    where f.issuer_id is distinct from (%(issuers)s::text[])[w.place] order by 1"""
_FIRST_PROFILE: LiteralString = """
    select min(p.issuer_id || ' ' || p.as_of_date) from profiles p
    cross join lateral jsonb_each(p.structured) m
    where p.issuer_id = %(issuer)s and jsonb_typeof(m.value) = 'object'
      and (m.value ->> 'filing_id' = %(filing)s or m.value -> 'filings' @> to_jsonb(%(filing)s::bigint))"""

_PANELS: LiteralString = """
    select distinct i.id, min(c.panel_id) from correlation_panels c
    cross join lateral jsonb_array_elements_text(
        case jsonb_typeof(c.universe_spec -> 'instruments') when 'array'
             then c.universe_spec -> 'instruments' else '[]' end) i (id)
    group by i.id order by 1"""


def prices_lie_within_the_listing(runtime: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that no price is before its instrument's first session, or after its last one."""
    listed = runtime.execute(_LISTED).fetchall()
    parameters: dict[str, object] = {
        name: [row[place] for row in listed] for place, name in enumerate(("ids", "listed", "delisted"))
    }
    rule = "prices_lie_within_the_listing"
    return found_by(historical, _OUTSIDE, "prices_daily", "trade_date", rule, parameters)


def revisions_name_known_batches(runtime: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that the batches that corrections name are those of INGEST decisions."""
    known = {
        row[0]
        for row in runtime.execute(
            "select right(decision_id::text, 12) from engine_decisions where engine_name = 'INGEST'"
        )
    }
    for table, key in _CORRECTED.items():
        for batch, first, n_rows in historical.execute(_NAMED.format(key=key, table=table).encode()):
            if batch not in known:
                yield Violation(
                    table,
                    first,
                    "metadata",
                    "revisions_name_known_batches",
                    f"no INGEST decision ends with {batch!r}, which this row and {n_rows - 1} others name",
                )


def revisions_follow_each_other(_: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that each version was replaced by the batch of the version after it."""
    for table, key in _CORRECTED.items():
        query = _CHAINS.replace("{key}", key).replace("{table}", table)
        yield from found_by(historical, query, table, "metadata", "revisions_follow_each_other")


def factor_revisions_are_well_formed(_: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that what corrections of factors replaced is a value, in the order in which it was believed."""
    rule = "factor_revisions_are_well_formed"
    return found_by(
        historical,
        revisions_out_of_order("factors_daily", "factor_id", "value"),
        "factors_daily",
        "metadata",
        rule,
    )


def links_point_to_articles(_: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that every link of news is one of an article."""
    return found_by(historical, _LINKS, "news_links", "article_id", "links_point_to_articles")


def profiles_name_filings_of_their_issuers(
    runtime: Connection, historical: Connection
) -> Iterator[Violation]:
    """Check that the filings behind the numbers of a profile are there, and its issuer's."""
    named = runtime.execute(_SOURCES).fetchall()
    parameters = {"ids": [row[0] for row in named], "issuers": [row[1] for row in named]}
    rule = "profiles_name_filings_of_their_issuers"
    for place, owner in historical.execute(_FILINGS, parameters).fetchall()[:MOST_A_RULE]:
        filing, issuer = named[place - 1]
        found = runtime.execute(_FIRST_PROFILE, {"issuer": issuer, "filing": str(filing)}).fetchone()
        said = f"there is no filing {filing}" if owner is None else f"filing {filing} is one of {owner}"
        yield Violation("profiles", str(found[0] if found else issuer), "structured", rule, said)


def panels_name_known_instruments(runtime: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that every instrument of a correlation panel is on record."""
    known = {row[0] for row in runtime.execute("select instrument_id from instruments")}
    for instrument, first in historical.execute(_PANELS):
        if instrument not in known:
            yield Violation(
                "correlation_panels",
                first,
                "universe_spec",
                "panels_name_known_instruments",
                f"the runtime database has no instrument_id {instrument}",
            )


HISTORY_CHECKS: tuple[Check, ...] = (
    prices_lie_within_the_listing,
    revisions_name_known_batches,
    revisions_follow_each_other,
    factor_revisions_are_well_formed,
    links_point_to_articles,
    profiles_name_filings_of_their_issuers,
    panels_name_known_instruments,
)
