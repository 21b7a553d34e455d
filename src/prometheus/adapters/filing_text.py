"""What an HTML filing says: its text as people read it, and the facts that inline XBRL tags in it.

1. Inline XBRL is XHTML, so it is read as XML, where names keep their namespaces; anything else, and what is
   broken, as HTML with the browser's leniency, which gives a text and no facts.
2. The text has a line a block and a line a table row, cells set apart by a blank; what a browser doesn't show
   (scripts, styles, hidden headers) is left out.
3. A fact counts if its context is the whole issuer, without a segment; its value is the number shown, times
   the power of ten that its tag says, with the tag's sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from lxml import etree, html

from prometheus.domain.text.facts import FLOWS, Fact, months_between, unit_of

_IX = "{http://www.xbrl.org/2013/inlineXBRL}"
_XBRLI = "{http://www.xbrl.org/2003/instance}"
_BLOCKS = frozenset(
    {
        "address", "article", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "footer", "form",
        "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre", "section", "table", "tr",
        "ul",
    }
)  # fmt: skip
_UNSEEN = frozenset({"script", "style", "head", "noscript", "template"})
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\r\f\v\u00a0\u2007\u2009\u202f\u200b]+")
_ZERO = frozenset({"fixed-zero", "zerodash", "numdash"})
_COMMA_IS_POINT = frozenset({"num-comma-decimal", "numcommadecimal"})

# Of several tags for one fact the first one that a filing has is taken.
TAGS: Mapping[str, tuple[str, ...]] = {
    "revenue": (
        "Revenues",
        "RevenueFromContractWithCustomerExcludingAssessedTax",
        "RevenueFromContractWithCustomerIncludingAssessedTax",
        "SalesRevenueNet",
    ),
    "cost_of_revenue": ("CostOfRevenue", "CostOfGoodsAndServicesSold", "CostOfGoodsSold"),
    "gross_profit": ("GrossProfit",),
    "sga": ("SellingGeneralAndAdministrativeExpense",),
    "research_and_development": ("ResearchAndDevelopmentExpense",),
    "depreciation": (
        "DepreciationDepletionAndAmortization",
        "DepreciationAmortizationAndAccretionNet",
        "DepreciationAndAmortization",
    ),
    "op_income": ("OperatingIncomeLoss",),
    "interest_expense": ("InterestExpense", "InterestExpenseNonoperating"),
    "pretax_income": (
        "IncomeLossFromContinuingOperationsBeforeIncomeTaxesExtraordinaryItemsNoncontrollingInterest",
        "IncomeLossFromContinuingOperationsBeforeIncomeTaxesMinorityInterestAndIncomeLossFromEquityMethodInvestments",
    ),
    "income_tax": ("IncomeTaxExpenseBenefit",),
    "net_income": ("NetIncomeLoss", "ProfitLoss"),
    "cash_flow_op": ("NetCashProvidedByUsedInOperatingActivities",),
    "cash_flow_inv": ("NetCashProvidedByUsedInInvestingActivities",),
    "cash_flow_fin": ("NetCashProvidedByUsedInFinancingActivities",),
    "capital_expenditure": (
        "PaymentsToAcquirePropertyPlantAndEquipment",
        "PaymentsToAcquireProductiveAssets",
    ),
    "stock_issued": ("ProceedsFromIssuanceOfCommonStock",),
    "eps_basic": ("EarningsPerShareBasic",),
    "eps_diluted": ("EarningsPerShareDiluted",),
    "dividend_per_share": ("CommonStockDividendsPerShareDeclared",),
    "assets": ("Assets",),
    "cur_assets": ("AssetsCurrent",),
    "cash": ("CashAndCashEquivalentsAtCarryingValue",),
    "receivables": ("AccountsReceivableNetCurrent", "ReceivablesNetCurrent"),
    "inventory": ("InventoryNet",),
    "liabilities": ("Liabilities",),
    "cur_liab": ("LiabilitiesCurrent",),
    "short_term_debt": ("DebtCurrent",),
    "taxes_payable": ("AccruedIncomeTaxesCurrent",),
    "long_term_debt": ("LongTermDebtNoncurrent", "LongTermDebtAndCapitalLeaseObligations"),
    "equity": ("StockholdersEquity",),
    "retained_earnings": ("RetainedEarningsAccumulatedDeficit",),
    "shares_outstanding": ("EntityCommonStockSharesOutstanding",),
}
NAMED_TAGS = {tag: (name, rank) for name, tags in TAGS.items() for rank, tag in enumerate(tags)}
"""Our name of each tag, and its place among the tags for that name."""
COVER = {
    "DocumentType": "form",
    "DocumentPeriodEndDate": "period",
    "EntityCentralIndexKey": "cik",
    "TradingSymbol": "symbol",
    "AmendmentFlag": "amended",
}


@dataclass(frozen=True, slots=True)
class ReadFiling:
    """What an HTML filing says.

    ``cover`` has what its cover tags of `COVER`, as text; the first of several.
    """

    text: str
    facts: tuple[Fact, ...]
    cover: Mapping[str, str]


def read_filing(raw: bytes) -> ReadFiling:
    """Return the text, the facts and the cover of an HTML filing; an empty text where it holds none."""
    if b"inlineXBRL" in raw[:100_000]:
        # Entities and networks are for documents one trusts; filings need neither.
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        try:
            tree = etree.fromstring(raw, parser)
        except etree.XMLSyntaxError:
            pass
        else:
            contexts, units = _contexts(tree), _units(tree)
            return ReadFiling(text_of(tree), tuple(_facts(tree, contexts, units)), _cover(tree))
    try:
        tree = html.document_fromstring(raw, parser=html.HTMLParser(encoding=_encoding(raw), huge_tree=True))
    except etree.ParserError:  # blank, or nothing but comments
        return ReadFiling("", (), {})
    return ReadFiling(text_of(tree), (), {})


def text_of(tree: Any) -> str:
    """Return the text of a document as people read it."""
    parts: list[str] = []
    _collect(tree, parts)
    lines = (_BLANKS.sub(" ", line).strip() for line in "".join(parts).split("\n"))
    return "\n".join(line for line in lines if line) + "\n"


def _collect(element: Any, parts: list[str]) -> None:
    # A stack instead of recursion: filings nest deeper than Python likes.
    stack: list[tuple[Any, bool]] = [(element, False)]
    while stack:
        node, is_left = stack.pop()
        if not isinstance(node.tag, str):
            parts.append(_flat(node.tail))
            continue
        name = node.tag.rpartition("}")[2].lower()
        if is_left:
            parts.append("\n" if name in _BLOCKS else " " if name in ("td", "th") else "")
            parts.append(_flat(node.tail))
            continue
        is_unseen = name in _UNSEEN or node.tag == f"{_IX}header" or _HIDDEN.search(node.get("style") or "")
        if is_unseen:
            parts.append(_flat(node.tail))
            continue
        if name in _BLOCKS:
            parts.append("\n")
        parts.append(_flat(node.text))
        stack.append((node, True))
        stack.extend((child, False) for child in reversed(node))


def _flat(text: str | None) -> str:
    return "" if text is None else text.replace("\n", " ")


def _encoding(raw: bytes) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "cp1252"  # what EDGAR's older filings are in
    return "utf-8"


def _contexts(tree: Any) -> dict[str, tuple[date | None, date]]:
    """Return first and last day of each context that is about the whole issuer; a level has no first day."""
    found: dict[str, tuple[date | None, date]] = {}
    for context in tree.iter(f"{_XBRLI}context"):
        if context.find(f".//{_XBRLI}segment") is not None or context.find(f"{_XBRLI}scenario") is not None:
            continue
        instant = context.findtext(f".//{_XBRLI}instant")
        start, end = context.findtext(f".//{_XBRLI}startDate"), context.findtext(f".//{_XBRLI}endDate")
        try:
            if instant:
                found[context.get("id")] = (None, date.fromisoformat(instant.strip()[:10]))
            elif start and end:
                first, last = date.fromisoformat(start.strip()[:10]), date.fromisoformat(end.strip()[:10])
                found[context.get("id")] = (first, last)
        except ValueError:
            continue
    return found


def _units(tree: Any) -> dict[str, str]:
    """Return the currency of each unit of money or of money a share, "" for shares."""
    found = {}
    for unit in tree.iter(f"{_XBRLI}unit"):
        measures = [(m.text or "").strip().rpartition(":")[2] for m in unit.iter(f"{_XBRLI}measure")]
        money = [m for m in measures if re.fullmatch(r"[A-Z]{3}", m)]
        if money or measures == ["shares"]:
            found[unit.get("id")] = money[0] if money else ""
    return found


def _facts(
    tree: Any, contexts: Mapping[str, tuple[date | None, date]], units: Mapping[str, str]
) -> Iterator[Fact]:
    best: dict[tuple[str, date, int], tuple[int, Fact]] = {}
    for element in tree.iter(f"{_IX}nonFraction"):
        name, rank = NAMED_TAGS.get((element.get("name") or "").rpartition(":")[2], (None, 0))
        span, currency = contexts.get(element.get("contextRef")), units.get(element.get("unitRef"))
        if name is None or span is None or currency is None:
            continue
        value = _value(element)
        start, end = span
        months = 0 if start is None else months_between(start, end)
        if value is None or months is None or (months == 0) == (name in FLOWS):
            continue
        fact = Fact(name, value, unit_of(name, currency), end, months)
        key = (name, end, months)
        if key not in best or rank < best[key][0]:
            best[key] = (rank, fact)
    for key in sorted(best):
        yield best[key][1]


def _value(element: Any) -> float | None:
    """Return the number that a tag stands for; None where it says that there is none."""
    if element.get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true":
        return None
    kind = (element.get("format") or "").rpartition(":")[2].lower()
    if kind in _ZERO:
        return 0.0
    text = "".join(element.itertext()).strip().replace("\u00a0", "").replace(" ", "")
    text = text.replace(".", "").replace(",", ".") if kind in _COMMA_IS_POINT else text.replace(",", "")
    try:
        number = float(text)
    except ValueError:
        return None
    scale = int(element.get("scale") or 0)
    # 45,754 at scale 6 is 45754e6: by way of text, so that no binary fraction is multiplied.
    scaled = float(f"{text}e{scale}") if scale else number
    return -scaled if element.get("sign") == "-" else scaled


def _cover(tree: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in tree.iter(f"{_IX}nonNumeric"):
        name = COVER.get((element.get("name") or "").rpartition(":")[2])
        if name is not None and name not in found:
            found[name] = _BLANKS.sub(" ", "".join(element.itertext())).strip()
    return found
