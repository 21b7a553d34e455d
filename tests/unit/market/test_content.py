"""Digests of what prices say."""

from datetime import date

import polars as pl

from prometheus.domain.market.columns import VALUES
from prometheus.domain.market.content import content_digest, instrument_digests

BAR = {"instrument_id": "A", "trade_date": date(2018, 2, 7), "open": 10.0, "close": 11.0}


def digest_of(*changes):
    schema = {"instrument_id": pl.String, "trade_date": pl.Date} | dict.fromkeys(VALUES, pl.Float64)
    rows = [{**dict.fromkeys(VALUES), **BAR, **change} for change in changes]
    prices = pl.DataFrame(rows, schema=schema).sort("instrument_id", "trade_date")
    return content_digest(instrument_digests(prices).items())


def test_the_digest_is_of_the_content_alone():
    other = {"instrument_id": "B", "volume": 5.0}
    assert digest_of({}, other) == digest_of(other, {})
    assert digest_of({"volume": 0.0}) == digest_of({"volume": -0.0})
    changes = ({"volume": 6.0}, {"volume": None}, {"trade_date": date(2018, 2, 6)}, {"split": 2.0})
    others = {digest_of({}, {**other, **change}) for change in (*changes, {"adjusted_close": 11.0})}
    assert len(others | {digest_of({}, other)}) == 6


def test_instruments_in_parts_have_the_digest_that_they_have_together():
    def of(*changes):
        schema = {"instrument_id": pl.String, "trade_date": pl.Date} | dict.fromkeys(VALUES, pl.Float64)
        rows = [{**dict.fromkeys(VALUES), **BAR, **change} for change in changes]
        return instrument_digests(pl.DataFrame(rows, schema=schema))

    a, b = {"dividend": 0.5}, {"instrument_id": "B"}
    assert content_digest(of(a, b).items()) == content_digest([*of(b).items(), *of(a).items()])
