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
    select issuer_id, f ->> 'accepted_at', f ->> 'content', min(as_of_date)::text, count(*)
    from profiles, jsonb_array_elements(structured -> 'filings') f
    where jsonb_typeof(structured -> 'filings') = 'array'
    group by 1, 2, 3 order by 1, 2, 3"""
_FILINGS: LiteralString = """
    select w.place from unnest(%(issuers)s::text[], %(moments)s::text[], %(contents)s::text[])
                        with ordinality w (issuer_id, accepted_at, content, place)
    left join (select distinct issuer_id, metadata ->> 'accepted_at' accepted_at,
                      metadata ->> 'content' content from filings) f using (issuer_id, accepted_at, content)
    where f.issuer_id is null order by 1"""
_PLACES: LiteralString = """
    select issuer_id || ' ' || as_of_date, name, place #>> '{}'
    from profiles
    cross join lateral jsonb_each(structured) m (name, measure)
    cross join lateral (
        select measure -> 'filing' place
        union all
        select jsonb_array_elements(
            case jsonb_typeof(measure -> 'filings') when 'array' then measure -> 'filings'
                 else jsonb_build_array(measure -> 'filings') end)
    ) named
    where jsonb_typeof(measure) = 'object' and jsonb_typeof(place) <> 'null'
          and not coalesce(
              case when jsonb_typeof(place) = 'number' and jsonb_typeof(structured -> 'filings') = 'array'
                   then place::numeric = trunc(place::numeric) and place::numeric >= 0
                        and place::numeric < jsonb_array_length(structured -> 'filings') end, false)
    order by 1, 2"""

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
    rule = "profiles_name_filings_of_their_issuers"
    named = runtime.execute(_SOURCES).fetchall()
    parameters = {
        name: [row[place] for row in named] for place, name in enumerate(("issuers", "moments", "contents"))
    }
    for (place,) in historical.execute(_FILINGS, parameters).fetchall()[:MOST_A_RULE]:
        issuer, moment, content, first, n_profiles = named[place - 1]
        yield Violation(
            "profiles",
            f"{issuer} {first}",
            "structured",
            rule,
            f"the issuer has no filing of {moment} with content {str(content)[:12]}, which this profile and"
            f" {n_profiles - 1} others name",
        )
    for key, measure, place in runtime.execute(_PLACES).fetchmany(MOST_A_RULE):
        said = f"{measure} names filing {place} of the profile, which lists none there"
        yield Violation("profiles", key, "structured", rule, said)


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
