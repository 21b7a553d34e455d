"""Reads and writes of profiles, and of what they are valued with."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from prometheus.store.copying import Connection, copy_frame

if TYPE_CHECKING:
    import polars as pl

MOST_DAYS_WITHOUT_A_CLOSE = 7


def sector_statements(
    connection: Connection, market_id: str
) -> dict[str, list[tuple[str, date | None, str | None]]]:
    """Return what was stated on the sector of each issuer that has an instrument on a market.

    Returns
    -------
    dict of str to list of (sector, as_of, source)
        In the order in which they stand on record, which is that of their days. An issuer whose sector nobody
        stated with a day has it with null; one without any sector has an empty list.
    """
    found = connection.execute(
        "SELECT b.issuer_id, CASE WHEN b.metadata #> '{stated,sector}' IS NOT NULL"
        "  THEN b.metadata #> '{stated,sector}' WHEN b.sector IS NOT NULL"
        "  THEN jsonb_build_array(jsonb_build_object('value', b.sector)) ELSE '[]' END"
        " FROM issuers b WHERE EXISTS (SELECT FROM instruments i WHERE i.issuer_id = b.issuer_id"
        "  AND i.market_id = %s) ORDER BY 1",
        [market_id],
    )
    return {
        issuer: [
            (
                str(one["value"]),
                date.fromisoformat(one["as_of"]) if one.get("as_of") else None,
                one.get("source"),
            )
            for one in statements
        ]
        for issuer, statements in found
    }


def shares_of_issuers(connection: Connection, market_id: str) -> list[tuple[str, str, date, date | None]]:
    """Return the shares of each issuer of a market.

    Returns
    -------
    list of (issuer_id, instrument_id, since, delisted)
        ``since`` is the earliest day on which reference data tell of them: that of their listing, the first
        on which a source saw them under a symbol, or that on which they were registered.
    """
    found = connection.execute(
        "SELECT i.issuer_id, i.instrument_id, least((i.metadata ->> 'listed')::date,"
        "  (i.created_at AT TIME ZONE 'UTC')::date,"
        "  (SELECT min(least((e ->> 'first')::date, (e ->> 'seen')::date))"
        "   FROM jsonb_array_elements(coalesce(i.metadata -> 'symbols', '[]')) e)),"
        " (i.metadata ->> 'delisted')::date"
        " FROM instruments i WHERE i.market_id = %s AND i.issuer_id IS NOT NULL AND i.asset_class = 'EQUITY'"
        " ORDER BY 1, 2",
        [market_id],
    )
    return found.fetchall()


def first_prices(connection: Connection, instrument_ids: Sequence[str]) -> dict[str, date]:
    """Return the first day with a price of each instrument that has any."""
    found = connection.execute(
        "SELECT i, (SELECT min(trade_date) FROM prices_daily WHERE instrument_id = i)"
        " FROM unnest(%s::text[]) i",
        [list(instrument_ids)],
    )
    return {row[0]: row[1] for row in found if row[1] is not None}


def closes_and_splits(
    connection: Connection,
    wanted: Sequence[tuple[str, date, date]],
    *,
    batches: Collection[str],
    is_all: bool,
) -> list[tuple[float, float, bool] | None]:
    """Return for instruments the close of a day, and the split between another day and it.

    Parameters
    ----------
    connection : Connection
        To the historical database.
    wanted : sequence of (instrument_id, day, since)
    batches : collection of str
        Deliveries that tell splits, see `splits_told.deliveries_with_splits`; ``is_all`` with them.
    is_all : bool

    Returns
    -------
    list of (float, float, bool) or None
        The last close of the week to the day; the product of the splits after ``since`` until then: new
        shares for an old one; and whether both can be relied on, for this bar and all after ``since`` came in
        deliveries that tell splits. Else the close may hold splits of a later day. None where there is none.
    """
    if not wanted:
        return []
    found = connection.execute(
        "SELECT g.place, p.close,"
        " (SELECT coalesce(exp(sum(ln((s.metadata ->> 'split')::double precision))), 1)"
        "  FROM prices_daily s WHERE s.instrument_id = g.id AND s.trade_date > g.since"
        "  AND s.trade_date <= p.trade_date AND s.metadata ? 'split'),"
        " NOT EXISTS (SELECT FROM prices_daily s WHERE NOT %(is_all)s AND s.instrument_id = g.id"
        "  AND s.trade_date BETWEEN least(g.since + 1, p.trade_date) AND p.trade_date"
        "  AND NOT coalesce((s.metadata ->> 'batch') = ANY(%(batches)s), false))"
        " FROM unnest(%(ids)s::text[], %(days)s::date[], %(since)s::date[])"
        "  WITH ORDINALITY AS g (id, day, since, place)"
        " CROSS JOIN LATERAL (SELECT close, trade_date FROM prices_daily WHERE instrument_id = g.id"
        "  AND trade_date <= g.day AND trade_date > g.day - %(most)s ORDER BY trade_date DESC LIMIT 1) p",
        {
            "is_all": is_all and bool(batches),
            "batches": list(batches),
            "ids": [w[0] for w in wanted],
            "days": [w[1] for w in wanted],
            "since": [w[2] for w in wanted],
            "most": MOST_DAYS_WITHOUT_A_CLOSE,
        },
    )
    out: list[tuple[float, float, bool] | None] = [None] * len(wanted)
    for place, close, split, is_told in found:
        out[place - 1] = (close, split, is_told)
    return out


def decisions_on_record(connection: Connection, engine_name: str, context_id: str) -> dict[bytes, date]:
    """Return the decisions of an engine about a context and their dates, in the order they were made in."""
    found = connection.execute(
        "SELECT decision_id, as_of_date FROM engine_decisions WHERE engine_name = %s AND context_id = %s"
        " ORDER BY timestamp",
        [engine_name, context_id],
    )
    return {row[0].bytes: row[1] for row in found}


def current_profiles(
    connection: Connection, market_id: str, first: date, last: date
) -> dict[tuple[str, date], str]:
    """Return the current profiles of a market's issuers about dates, as texts that can be compared.

    Of two rows about one date the later one is current; the decision that wrote it is left out of the text.
    """
    found = connection.execute(
        "SELECT DISTINCT ON (p.issuer_id, p.as_of_date) p.issuer_id, p.as_of_date,"
        " p.structured - 'decision_id', p.risk_flags FROM profiles p WHERE p.as_of_date BETWEEN %s AND %s"
        " AND EXISTS (SELECT FROM instruments i WHERE i.issuer_id = p.issuer_id AND i.market_id = %s)"
        " ORDER BY p.issuer_id, p.as_of_date, p.created_at DESC",
        [first, last, market_id],
    )
    return {(issuer, day): profile_text(body, flags) for issuer, day, body, flags in found}


def profile_text(structured: Mapping[str, Any], risk_flags: Mapping[str, Any]) -> str:
    """Return what a profile says, as a text that can be compared."""
    body = {name: value for name, value in structured.items() if name != "decision_id"}
    return json.dumps([body, risk_flags], sort_keys=True)


def write_profiles(connection: Connection, rows: pl.DataFrame) -> int:
    """Copy profiles into their table, in the transaction of the caller; return their number.

    ``rows`` has issuer_id, as_of_date, structured and risk_flags.
    """
    return copy_frame(connection, "profiles", rows)
