"""The page on bringing data names every rule, and its example comes out as it says."""

import re

from prometheus.store.connections import connect
from tests.docs import book

PAGE = book.ROOT / "docs" / "how-to" / "bring-your-own-data.md"
PRICE_RULES = (
    "domain/market/rules.py", "domain/market/parsing.py", "domain/reference/symbols.py",
    "adapters/price_files.py", "adapters/price_tables.py", "adapters/text_tables.py",
)  # fmt: skip


def test_every_hard_rule_of_prices_is_in_the_table():
    named = set(re.findall(r"`([a-z_]+)`", PAGE.read_text("utf-8")))
    found = {"unparsable_date", "unparsable_number", "unreadable_file", "wrong_header", "wrong_encoding"}
    for file in PRICE_RULES:
        text = (book.SOURCE / file).read_text("utf-8")
        found |= set(re.findall(r'(?:rule=|Rule\()\s*"([a-z_]+)"', text))
    assert {"wrong_number_of_fields", "not_positive", "not_yet"} <= named
    assert sorted(found - named) == []


def test_every_soft_rule_is_in_the_table_with_its_severity():
    from prometheus.domain.market.quality.flags import SOFT_RULES

    rows = re.findall(r"^\| `([a-z_]+)` \| (suspect|notice) \|", PAGE.read_text("utf-8"), flags=re.M)
    assert rows == [(rule.name, rule.severity) for rule in SOFT_RULES]


def test_what_is_refused_whole_is_said_as_it_is_set():
    from prometheus.domain.market.config import QualityConfig

    config = QualityConfig()
    assert (config.min_rows, config.max_rejected_share, config.max_flagged_share) == (100, 0.25, 0.25)
    assert "at least 100 rows of which more than a quarter" in PAGE.read_text("utf-8")


def test_the_example_comes_out_as_the_page_says(at_databases, prometheus, tmp_path):
    text = PAGE.read_text("utf-8")
    csv, choice, warning = re.findall(r"^```text\n(.*?)^```", text, flags=re.M | re.S)
    (mapping,) = re.findall(r"^```toml\n(.*?)^```", text, flags=re.M | re.S)
    (tmp_path / "prices.csv").write_text(csv)
    (tmp_path / "acme.toml").write_text(mapping)
    words = ("--market", "US_EQ", "--mapping", tmp_path / "acme.toml", "--create", "--no-derive")
    done = prometheus("ingest", "prices", tmp_path / "prices.csv", *words)
    assert done.exit_code == 0
    said = " ".join((done.out + done.err).split())
    assert " ".join(choice.split()) in said
    for line in warning.strip().splitlines():
        assert " ".join(line.split()) in said
    with connect(at_databases.historical_url) as connection:
        rows = connection.execute("SELECT trade_date::text, close FROM prices_daily ORDER BY 1").fetchall()
    assert rows == [("2018-02-05", 101.0), ("2018-02-13", 100.0)]
