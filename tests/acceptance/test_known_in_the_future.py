"""No delivery becomes known after the server's present time: every kind refuses it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

AHEAD = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%MZ}"
KINDS = {
    "prices": ("bars.csv", "date,close,symbol\n2018-02-05,11,AAA\n", ("--market", "US_EQ", "--create")),
    "instruments": ("us_2018-02-05.csv", "symbol,sector\nAAA,Energy\n", ("--market", "US_EQ")),
    "macro": ("DGS10.csv", "DATE,DGS10\n2018-02-05,2.77\n", ()),
    "factors": ("factors.csv", "date,QUALITY\n2018-02-05,0.001\n", ()),
    "news": ("news.csv", "headline,time\nMarkets fall,2018-02-05T10:00Z\n", ("--market", "US_EQ")),
    "events": ("events.csv", "event_type,timestamp\nCPI,2018-02-14T13:30Z\n", ()),
    "fundamentals": (
        "facts.csv",
        "symbol,period_end,months,accepted_at,revenue\nAAA,2017-12-31,12,2018-02-05T21:00Z,5\n",
        ("--market", "US_EQ", "--create"),
    ),
}
VINTAGES = "DATE,CPIAUCSL_20180112\n2017-12-01,246.5\n"


@pytest.mark.parametrize("kind", KINDS)
def test_a_delivery_that_is_known_in_the_future_is_refused(prometheus, at_databases, tmp_path, kind):
    name, text, words = KINDS[kind]
    path = tmp_path / name
    path.write_text(text)
    refused = prometheus("ingest", kind, path, *words, "--known-at", AHEAD)
    assert refused.exit_code == 2, refused.err
    assert "is still to come" in refused.err
    assert "Leave --known-at out" in refused.err
    taken = prometheus("ingest", kind, path, *words, "--json")
    assert taken.exit_code == 0, taken.err
    report = json.loads(taken.out)
    assert report.get("n_new") == 1 or report["written"]["instruments"] == 1


def test_vintages_that_are_known_in_the_future_are_refused(prometheus, at_databases, tmp_path):
    path = tmp_path / "CPIAUCSL.csv"
    path.write_text(VINTAGES)
    refused = prometheus("ingest", "macro", path, "--known-at", AHEAD)
    assert refused.exit_code == 2
    assert "is still to come" in refused.err
    assert prometheus("ingest", "macro", path).exit_code == 0
