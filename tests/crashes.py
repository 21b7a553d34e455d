"""Crashes around the two commits of a delivery of prices, made by a server that refuses one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus.store.connections import Databases, connect

REFUSE = b"""
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the power is gone'; END $$;
"""
REFUSE_DECISIONS = b"""
CREATE TRIGGER refuse BEFORE INSERT ON engine_decisions
    FOR EACH ROW WHEN (new.engine_name = 'INGEST') EXECUTE FUNCTION refuse();
"""
REFUSE_PRICES = b"""
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT OR UPDATE ON prices_daily
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
"""
ALLOW = b"DROP FUNCTION refuse CASCADE"


@contextmanager
def power_cut(databases: Databases) -> Iterator[None]:
    """Let no INGEST decision be written inside: a delivery's rows are committed, and then it fails."""
    with _refused(databases.runtime_url, REFUSE_DECISIONS):
        yield


@contextmanager
def early_power_cut(databases: Databases) -> Iterator[None]:
    """Let no price be committed inside: a delivery waits beside its market, and then it fails."""
    with _refused(databases.historical_url, REFUSE_PRICES):
        yield


@contextmanager
def _refused(url: str, what: bytes) -> Iterator[None]:
    with connect(url) as connection:
        connection.execute(REFUSE + what)
    try:
        yield
    finally:
        with connect(url) as connection:
            connection.execute(ALLOW)
