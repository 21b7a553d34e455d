"""The text that people read in an HTML filing, and the facts that inline XBRL tags."""

from datetime import date

import pytest

from prometheus.adapters.filing_text import read_filing
from prometheus.domain.text.facts import Fact

CONTEXTS = """
<ix:header><ix:hidden><ix:nonNumeric name="dei:AmendmentFlag">false</ix:nonNumeric></ix:hidden>
<ix:resources>
<xbrli:context id="year"><xbrli:entity><xbrli:identifier scheme="x">1</xbrli:identifier></xbrli:entity>
 <xbrli:period><xbrli:startDate>2022-10-02</xbrli:startDate><xbrli:endDate>2023-09-30</xbrli:endDate></xbrli:period>
</xbrli:context>
<xbrli:context id="end"><xbrli:entity><xbrli:identifier scheme="x">1</xbrli:identifier></xbrli:entity>
 <xbrli:period><xbrli:instant>2023-09-30</xbrli:instant></xbrli:period></xbrli:context>
<xbrli:context id="part"><xbrli:entity><xbrli:identifier scheme="x">1</xbrli:identifier>
 <xbrli:segment><b>Europe</b></xbrli:segment></xbrli:entity>
 <xbrli:period><xbrli:instant>2023-09-30</xbrli:instant></xbrli:period></xbrli:context>
<xbrli:unit id="usd"><xbrli:measure>iso4217:USD</xbrli:measure></xbrli:unit>
<xbrli:unit id="shares"><xbrli:measure>xbrli:shares</xbrli:measure></xbrli:unit>
<xbrli:unit id="eps"><xbrli:divide><xbrli:unitNumerator><xbrli:measure>iso4217:USD</xbrli:measure>
 </xbrli:unitNumerator><xbrli:unitDenominator><xbrli:measure>xbrli:shares</xbrli:measure>
 </xbrli:unitDenominator></xbrli:divide></xbrli:unit>
</ix:resources></ix:header>
"""
NAMESPACES = (
    'xmlns="http://www.w3.org/1999/xhtml" xmlns:ix="http://www.xbrl.org/2013/inlineXBRL"'
    ' xmlns:xbrli="http://www.xbrl.org/2003/instance"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


def inline(body):
    return f"<html {NAMESPACES}><body><div style='display:none'>{CONTEXTS}</div>{body}</body></html>".encode()


def tag(name, text, *, context="year", unit="usd", scale="6", more=""):
    return (
        f'<ix:nonFraction name="us-gaap:{name}" contextRef="{context}" unitRef="{unit}" scale="{scale}"'
        f' decimals="-6" {more}>{text}</ix:nonFraction>'
    )


@pytest.mark.parametrize(
    ("tagged", "fact"),
    [
        (tag("Revenues", "383,285"), Fact("revenue", 383_285e6, "USD", date(2023, 9, 30), 12)),
        (tag("Assets", "1.5", context="end"), Fact("assets", 1.5e6, "USD", date(2023, 9, 30), 0)),
        (
            tag("NetIncomeLoss", "12", more='sign="-"'),
            Fact("net_income", -12e6, "USD", date(2023, 9, 30), 12),
        ),
        (
            tag("InventoryNet", "-", context="end", more='format="ixt:fixed-zero"'),
            Fact("inventory", 0.0, "USD", date(2023, 9, 30), 0),
        ),
        (
            tag("EarningsPerShareBasic", "6.16", unit="eps", scale="0"),
            Fact("eps_basic", 6.16, "USD/shares", date(2023, 9, 30), 12),
        ),
        (
            tag("Revenues", "1.234,5", scale="0", more='format="ixt:num-comma-decimal"'),
            Fact("revenue", 1234.5, "USD", date(2023, 9, 30), 12),
        ),
    ],
)
def test_a_tag_is_a_fact_with_its_scale_sign_unit_and_period(tagged, fact):
    assert read_filing(inline(f"<p>{tagged}</p>")).facts == (fact,)


@pytest.mark.parametrize(
    "tagged",
    [
        tag("Assets", "5", context="part"),  # a segment is not the issuer
        tag("Assets", "", context="end", more='xsi:nil="true"'),
        tag("Assets", "5", context="gone"),
        tag("Goodwill", "5", context="end"),  # not in the vocabulary
        tag("Assets", "see note", context="end"),
    ],
)
def test_what_is_not_the_issuers_number_is_no_fact(tagged):
    assert read_filing(inline(f"<p>{tagged}</p>")).facts == ()


def test_of_two_tags_for_one_fact_the_first_of_our_list_counts():
    both = tag("RevenueFromContractWithCustomerExcludingAssessedTax", "90") + tag("Revenues", "100")
    (fact,) = read_filing(inline(f"<p>{both}</p>")).facts
    assert fact.value == 100e6


def test_the_text_is_what_people_see():
    body = (
        "<h1>Item 1.</h1><p>Net&#160;sales <b>rose</b>\nagain.</p><table><tr><td>Sales</td><td>"
        + tag("Revenues", "100")
        + "</td></tr><tr><td>Cost</td><td>60</td></tr></table><script>x()</script>"
    )
    assert read_filing(inline(body)).text == "Item 1.\nNet sales rose again.\nSales 100\nCost 60\n"


def test_plain_and_broken_html_give_a_text_and_no_facts():
    found = read_filing(b"<html><p>caf\xe9 &amp; bar<p>second<table><tr><td>1<td>2")
    assert found.text == "café & bar\nsecond\n1 2\n"
    assert found.facts == ()
    broken = inline("<p>first</p>").replace(b"</body>", b"<p>never closed</body>")
    assert "first" in read_filing(broken).text


def test_entities_are_not_fetched():
    raw = b'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY secret SYSTEM "file:///etc/hostname">]>' + inline(
        "<p>a&secret;b</p>"
    )
    assert read_filing(raw).text == "ab\n"


@pytest.mark.parametrize("raw", [b" \n", b"<!-- nothing -->", b"<html></html>"])
def test_a_page_that_holds_nothing_has_an_empty_text(raw):
    assert read_filing(raw).text.strip() == ""
