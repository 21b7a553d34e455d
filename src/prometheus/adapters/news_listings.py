"""Whose symbol and whose name it was on a day: the reference data that news is linked and shown by."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from prometheus.domain.reference.claims import settled_spans
from prometheus.domain.text.linking import Link, Linker, Listing
from prometheus.store.copying import Connection
from prometheus.store.news import Held, names_of_issuers
from prometheus.store.news_changes import LinkChange
from prometheus.store.news_stage import OpenLink
from prometheus.store.reference import symbol_spans


def news_listings(runtime: Connection, market_id: str) -> list[Listing]:
    """Return which instrument of a market had which symbol and name when.

    Claims of several instruments on a symbol are cut against each other as for prices; a symbol under which
    an instrument was seen after another one is its own from then on.
    """
    names = names_of_issuers(runtime, market_id)
    rows = _spans(runtime, market_id).join(names, on="instrument_id", how="left")
    wanted = rows.select("issuer_id", "instrument_id", "symbol", "name", "first", "last", "since")
    return [
        Listing(market_id=market_id, **row)
        for row in wanted.sort("symbol", "instrument_id", "name", "first").iter_rows(named=True)
    ]


def holders_of(runtime: Connection, market_id: str, symbol: str) -> list[Held]:
    """Return who had a symbol when; an instrument's id stands for itself on all days."""
    spans = _spans(runtime, market_id)
    if symbol in spans["instrument_id"]:
        return [Held(symbol)]
    mine = spans.filter(pl.col("symbol") == symbol).sort("first", "instrument_id", nulls_last=False)
    return [Held(*row) for row in mine.select("instrument_id", "first", "last").iter_rows()]


def withdrawn_links(linker: Linker, links: Sequence[OpenLink]) -> list[LinkChange]:
    """Return those links that nothing leads to any more: neither the article, nor a ticker it came with.

    A link to an instrument that the linker doesn't know is left as it is, and one of which nobody said how it
    was found.
    """
    withdrawn: list[LinkChange] = []
    again: dict[int, set[tuple[str | None, str | None]]] = {}
    for one in links:
        if not one.is_explained or not linker.knows(one.instrument_id):
            continue
        if one.article_id not in again:
            found: Sequence[Link] = linker.links(
                one.headline, on=one.timestamp.date(), body=one.body, tickers=one.tickers
            )
            again[one.article_id] = {(link.issuer_id, link.instrument_id) for link in found}
        if (one.issuer_id, one.instrument_id) not in again[one.article_id]:
            withdrawn.append(LinkChange(one.article_id, one.issuer_id, one.instrument_id, False, {}))
    return withdrawn


def _spans(runtime: Connection, market_id: str) -> pl.DataFrame:
    """Return settled claims on symbols, inside the listings of their instruments."""
    day_before = pl.col("delisted") - pl.duration(days=1)
    return settled_spans(symbol_spans(runtime, market_id)).select(
        "symbol",
        "instrument_id",
        pl.max_horizontal("first", "listed").alias("first"),
        pl.min_horizontal("last", day_before).alias("last"),
    )
