"""The instruments of a run, as the flow sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import psycopg

from prometheus.flow.batch import Assets
from prometheus.flow.memberships import index_members
from prometheus.kernel.errors import UnknownInstrumentError
from prometheus.kernel.ids import key_digests

TOLD_SINCE = (
    "least((i.metadata ->> 'listed')::date, (i.created_at AT TIME ZONE 'UTC')::date,"
    " (SELECT min(least((e ->> 'first')::date, (e ->> 'seen')::date))"
    " FROM jsonb_array_elements(coalesce(i.metadata -> 'symbols', '[]')) e))"
)
"""The first day on which reference data tell of an instrument: as in `store.profiles.shares_of_issuers`."""


def read_assets(
    connection: psycopg.Connection[Any],
    *,
    market_id: str,
    cash_instrument_id: str | None = None,
    known_at: datetime | None = None,
) -> Assets:
    """Return the instruments of a market and, for a portfolio, its cash, bytewise by id.

    Sectors, memberships and ends of listings are those that were known at a moment, the present ones by
    default: `metadata.revisions` keeps the earlier ones.

    Raises
    ------
    UnknownInstrumentError
        If the market has no instruments.
    """
    found = connection.execute(
        "SELECT i.instrument_id, i.symbol, coalesce(i.issuer_id, ''), coalesce(s.sector, ''), i.asset_class, "
        "i.currency, i.metadata ->> 'delisted', i.metadata -> 'memberships', "
        f"{TOLD_SINCE}, i.metadata -> 'revisions', s.metadata -> 'revisions', i.created_at, s.created_at "
        "FROM instruments i LEFT JOIN issuers s USING (issuer_id) "
        "WHERE i.market_id = %s OR i.instrument_id = %s",
        [market_id, cash_instrument_id],
    ).fetchall()
    rows = sorted(found, key=lambda row: row[0].encode())
    if not any(row[4] != "CASH" for row in rows):
        raise UnknownInstrumentError(
            f"Market {market_id} has no instruments.",
            remedy="`prometheus ingest instruments PATH --market ...` adds them.",
        )
    if known_at is not None:
        rows = [_as_known(row, known_at) for row in rows]
    ids, symbols, issuers, sectors, classes, currencies, delisted, memberships, since, *_ = zip(
        *rows, strict=True
    )
    return Assets(
        ids=ids,
        symbols=symbols,
        digests=key_digests(ids, space="instrument"),
        issuers=issuers,
        sectors=sectors,
        asset_classes=classes,
        currencies=currencies,
        delisted=np.array([d or "NaT" for d in delisted], dtype="datetime64[D]"),
        members=index_members(
            (place, span["index"], span["first"], span["last"])
            for place, spans in enumerate(memberships)
            for span in spans or ()
        ),
        told_since=np.array(since, dtype="datetime64[D]"),
    )


def _as_known(row: tuple[Any, ...], known_at: datetime) -> tuple[Any, ...]:
    """Return an instrument with what was known of it and of its issuer at a moment."""
    *facts, own, issuers, made, issuer_made = row
    sources = (("sector", 3, issuers, issuer_made), ("delisted", 6, own, made), ("memberships", 7, own, made))
    for name, place, revisions, since in sources:
        changes = [r for r in revisions or () if name in r]
        later = [r for r in changes if datetime.fromisoformat(r["until"]) > known_at]
        if later:
            facts[place] = later[0][name]
        elif not changes and since is not None and since > known_at:
            facts[place] = None
    facts[3] = facts[3] or ""
    return tuple(facts)
