"""Whom an article is about: tickers, cashtags and company names to issuers and instruments, at its date.

1. Tickers that the delivery names, cashtags ($AAPL), tickers behind an exchange ("NASDAQ: AAPL") and in
   parentheses behind their company's name ("Apple (AAPL)") go to the instrument that had them on that day.
2. Names are looked for in the headline alone: a body names competitors, customers and critics too. The
   longest name wins; it must be capitalised, and its issuer listed on that day.
3. A name that may mean something else needs a second sign: an ending ("Target Corp"), a word that only
   companies have beside it ("Ford shares"), a possessive ("Gap's"), a company beside it in a list
   ("Walmart and Target"), or a capital where the headline has no other reason for one.
4. A name of several companies is nobody's: precision before recall.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from html import unescape
from itertools import combinations, groupby, pairwise
from typing import get_args

from prometheus.domain.text.linking_names import Alias, Needs, aliases_of, core_of, is_same_name
from prometheus.domain.text.linking_text import (
    Mention,
    Word,
    forms_in,
    is_all_capitals,
    is_sentence_case,
    sign_of,
    standing_words,
)
from prometheus.domain.text.linking_words import ACRONYMS, ordinary_words

EXCHANGES = {
    "US_": r"NYSE(?:\s?(?:American|MKT|Arca))?|Nasdaq(?:[GC][SM])?|AMEX|BATS|CBOE",
    "UK_": "LSE|LON|AIM",
    "EU_": "XETRA|ETR|FRA|FWB",
    "JP_": "TSE|TYO",
    "HK_": "HKEX|SEHK|HKG|HKSE",
}
"""How news names the exchanges of our markets, by the first letters of the market's id."""
_SYMBOL = r"[A-Z]{1,5}(?:[./-][A-Z])?"
_CASHTAG = re.compile(rf"(?<![\w$])\$({_SYMBOL})(?!\w)")
_PARENTHESES = re.compile(rf"\(({_SYMBOL})\)")
_BETWEEN_TICKERS = re.compile(r"[\s,;|\[\]'\"]+")


@dataclass(frozen=True, slots=True)
class Listing:
    """One instrument under one ticker, for as long as it had it.

    Attributes
    ----------
    issuer_id : str or None
    instrument_id, market_id, symbol : str
    name : str or None
        Of its issuer; one with several names has a row for each.
    first, last : datetime.date or None
        First and last day; None where the reference data don't say.
    since : datetime.date or None
        The first day on which the issuer is known by the name; None for its first one.
    """

    issuer_id: str | None
    instrument_id: str
    market_id: str
    symbol: str
    name: str | None
    first: date | None = None
    last: date | None = None
    since: date | None = None

    def is_on(self, day: date) -> bool:
        """Return whether it was listed on a day."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """That an article is about an issuer, an instrument.

    Attributes
    ----------
    issuer_id, instrument_id : str or None
    how : {"ticker", "cashtag", "exchange", "parentheses", "name"}
    found : str
        The words of the article, or of its ticker column.
    sign : str
        What made an ambiguous name sure; empty for others.
    """

    issuer_id: str | None
    instrument_id: str | None
    how: str
    found: str
    sign: str = ""


@dataclass(frozen=True, slots=True)
class _Named:
    alias: Alias
    issuer_id: str
    core: tuple[str, ...]
    since: date | None


class Linker:
    """The names and tickers of reference data, ready to be found in text.

    Parameters
    ----------
    listings : iterable of Listing
        One row an instrument, ticker and name.

    Examples
    --------
    >>> linker = Linker([Listing("I1", "US_EQ:AAPL", "US_EQ", "AAPL", "Apple Inc.")])
    >>> [link.how for link in linker.links("Apple unveils a phone", on=date(2020, 7, 17))]
    ['name']
    """

    def __init__(self, listings: Iterable[Listing]) -> None:
        rows = sorted(
            (_as_written(row) for row in listings),
            key=lambda row: (row.symbol, row.instrument_id, row.first or date.min),
        )
        self._instruments = {row.instrument_id for row in rows}
        self._by_symbol = {symbol: tuple(own) for symbol, own in groupby(rows, key=lambda row: row.symbol)}
        by_issuer: dict[str, list[Listing]] = {}
        for row in rows:
            if row.issuer_id is not None:
                by_issuer.setdefault(row.issuer_id, []).append(row)
        self._by_issuer: Mapping[str, Sequence[Listing]] = by_issuer
        self._named: dict[str, list[tuple[tuple[str, ...], list[_Named]]]] = {}
        together: dict[tuple[str, ...], list[_Named]] = {}
        for issuer_id, own in by_issuer.items():
            symbols = tuple(dict.fromkeys(row.symbol for row in own))
            for name, since in _names_since(own, symbols).items():
                for alias in aliases_of(name, symbols):
                    named = _Named(alias, issuer_id, core_of(name), since)
                    together.setdefault(alias.words, []).append(named)
        for words in sorted(together, key=len, reverse=True):
            self._named.setdefault(words[0], []).append((words, together[words]))
        self._beginnings = self._named.keys() | {symbol.lower() for symbol in self._by_symbol}
        prefixes = {row.market_id[:3] for row in rows}
        self._exchanges = {
            prefix: re.compile(rf"\b(?i:{names})\s*:\s*({_SYMBOL}|\d{{4,5}})(?!\w)")
            for prefix, names in EXCHANGES.items()
            if prefix in prefixes
        }

    def knows(self, instrument_id: str | None) -> bool:
        """Return whether it could find an instrument."""
        return instrument_id in self._instruments

    @property
    def n_instruments(self) -> int:
        """How many instruments it knows."""
        return len(self._instruments)

    def links(
        self, headline: str, *, on: date, body: str | None = None, tickers: str | None = None
    ) -> tuple[Link, ...]:
        """Return whom an article is about, each issuer and instrument once, by the surest finding.

        Parameters
        ----------
        headline : str
        on : datetime.date
            The article's date: tickers and names are those of that day.
        body : str, optional
            Searched for cashtags and tickers behind an exchange only.
        tickers : str, optional
            What the delivery says; several are separated by commas, semicolons, bars or blanks.
        """
        headline, body = _without_entities(headline), _without_entities(body or "")
        found: list[Link] = []
        for ticker in _BETWEEN_TICKERS.split(tickers or ""):
            found += self._of_symbol(ticker.lstrip("$").rpartition(":")[2].upper(), on, "ticker")
        for text in (headline, body):
            if "$" in text:
                for match in _CASHTAG.finditer(text):
                    found += self._of_symbol(match[1], on, "cashtag")
            if ":" in text:
                for prefix, shape in self._exchanges.items():
                    for match in shape.finditer(text):
                        found += self._of_symbol(match[1], on, "exchange", prefix)
        if "(" in headline or self._may_name(headline):
            words = standing_words(headline)
            found += self._in_parentheses(headline, words, on)
            found += self._by_name(headline, words, on)
        once: dict[tuple[str | None, str | None], Link] = {}
        for link in found:
            once.setdefault((link.issuer_id, link.instrument_id), link)
        return tuple(once[key] for key in sorted(once, key=lambda key: (key[0] or "", key[1] or "")))

    def _of_symbol(self, symbol: str, on: date, how: str, prefix: str = "") -> list[Link]:
        by_market: dict[str, dict[str, str | None]] = {}
        for row in self._by_symbol.get(_dotted(symbol), ()):
            if row.is_on(on) and row.market_id.startswith(prefix):
                by_market.setdefault(row.market_id, {})[row.instrument_id] = row.issuer_id
        return [
            Link(issuer_id, instrument_id, how, symbol)
            for own in by_market.values()
            if len(own) == 1  # of several in one market nobody knows whose it is
            for instrument_id, issuer_id in own.items()
        ]

    def _in_parentheses(self, headline: str, words: Sequence[Word], on: date) -> list[Link]:
        found: list[Link] = []
        for match in _PARENTHESES.finditer(headline):
            links = self._of_symbol(match[1], on, "parentheses")
            before = {word.plain for word in words if word.end <= match.start()}
            for link in links:
                listed = self._by_symbol[_dotted(match[1])]
                cores = [core_of(row.name) for row in listed if row.name]
                is_named = any(core and core[0] in before for core in cores)
                is_plain = len(match[1]) > 3 and match[1].lower() not in ordinary_words() | ACRONYMS
                if is_named or is_plain:
                    found.append(link)
        return found

    def _may_name(self, headline: str) -> bool:
        """Return whether a headline holds any word that begins a name, or is a ticker; most don't."""
        known = self._beginnings
        return any(
            form.is_capital and (form.plain in known or form.owner in known) for form in forms_in(headline)
        )

    def _by_name(self, headline: str, words: Sequence[Word], on: date) -> list[Link]:
        sure: list[Mention] = []
        open_: list[Mention] = []
        is_shouted = is_all_capitals(words)
        mentions: list[Mention] = []
        i = 0
        while i < len(words):
            mention = self._mention_at(headline, words, i, on, is_shouted=is_shouted)
            if mention is not None:
                mentions.append(mention)
            i = i + 1 if mention is None else mention.stop
        if not mentions:
            return []
        is_sentence = not is_shouted and is_sentence_case(words, mentions)
        for mention in mentions:
            mention = sign_of(mention, headline, words, is_sentence=is_sentence)
            (sure if mention.is_sure else open_).append(mention)
        for one, other in combinations(open_, 2):
            # "GM and Ford": initials beside a name are a pair of firms, and rarely two other things.
            if one.is_beside(other, headline, words) and (one.is_capitals or other.is_capitals):
                sure += [m.with_sign("list") for m in (one, other) if m.needs != "ending"]
        for mention in open_:
            if any(mention.is_beside(other, headline, words) for other in sure) and mention.needs != "ending":
                sure.append(mention.with_sign("list"))
        found: list[Link] = []
        for mention in sorted(sure, key=lambda mention: mention.start):
            text = headline[words[mention.start].start : words[mention.stop - 1].end]
            for issuer_id in mention.issuer_ids:
                rows = [row for row in self._by_issuer[issuer_id] if row.is_on(on)]
                ids = dict.fromkeys(row.instrument_id for row in rows)
                found += [Link(issuer_id, instrument_id, "name", text, mention.sign) for instrument_id in ids]
        return found

    def _mention_at(
        self, headline: str, words: Sequence[Word], i: int, on: date, *, is_shouted: bool
    ) -> Mention | None:
        word = words[i]
        if not word.is_capital:
            return None
        keys = {word.plain, word.owner}
        candidates = [entry for key in keys for entry in self._named.get(key, ())]
        for alias_words, named in sorted(candidates, key=lambda entry: -len(entry[0])):
            stop = i + len(alias_words)
            if stop > len(words) or not _reads(headline, words[i:stop], alias_words):
                continue
            chosen = self._bearers([n for n in named if _fits(n.alias, words[i:stop], is_shouted)], on)
            if chosen:
                issuer_ids = tuple(dict.fromkeys(entry.issuer_id for entry in chosen))
                alias = chosen[0].alias
                return Mention(i, stop, issuer_ids, alias.needs, alias.is_whole, alias.is_capitals)
        symbol = word.text[: len(word.owner)]
        if len(symbol) < 3 or is_shouted or symbol.lower() in ACRONYMS or symbol.lower() in ordinary_words():
            return None
        links = self._of_symbol(symbol, on, "name") if symbol.isupper() else []
        if links and links[0].issuer_id is not None:
            return Mention(i, i + 1, (links[0].issuer_id,), "sign", is_whole=False, is_capitals=True)
        return None

    def _bearers(self, named: Sequence[_Named], on: date) -> Sequence[_Named]:
        """Return who had a name on a day: one company, or nobody where several had it."""
        present = [
            n
            for n in named
            if (n.since is None or n.since <= on)
            and any(row.is_on(on) for row in self._by_issuer[n.issuer_id])
        ]
        if len({n.issuer_id for n in present}) > 1:
            present = [n for n in present if n.alias.is_whole] or present
            if len({n.core for n in present}) > 1:
                return ()
        return sorted(present, key=lambda n: get_args(Needs).index(n.alias.needs))


def _names_since(rows: Sequence[Listing], symbols: Sequence[str]) -> dict[str, date | None]:
    """Return the names of an issuer and since when it had them; another spelling of a name is no new one."""
    since: dict[str, date | None] = {}
    ordered = sorted(
        (row for row in rows if row.name), key=lambda row: (row.since or date.min, row.name or "")
    )
    for row in ordered:
        if row.name is not None and row.name not in symbols and row.name not in since:
            same = [day for name, day in since.items() if is_same_name(name, row.name)]
            since[row.name] = same[0] if same else row.since
    return since


def _dotted(symbol: str) -> str:
    """Return a symbol with its share class behind a dot, however it is written: BRK.B, BRK-B, BRK/B."""
    return symbol.replace("-", ".").replace("/", ".")


def _as_written(row: Listing) -> Listing:
    return row if row.symbol.isalnum() else replace(row, symbol=_dotted(row.symbol))


def _without_entities(text: str) -> str:
    """Return a text with ``&amp;`` and its like as the signs they stand for; many feeds leave them in."""
    return unescape(text) if "&" in text and ";" in text else text


def _reads(headline: str, words: Sequence[Word], alias: tuple[str, ...]) -> bool:
    """Return whether words are an alias, with nothing but blanks and hyphens between them."""
    last = words[-1]
    if any(word.plain != said for word, said in zip(words[:-1], alias[:-1], strict=True)):
        return False
    if alias[-1] not in (last.plain, last.owner):
        return False
    return all(not headline[a.end : b.start].strip(" -‐‑\u00a0") for a, b in pairwise(words))


def _fits(alias: Alias, words: Sequence[Word], is_shouted: bool) -> bool:
    """Return whether the letters are as large as the alias asks."""
    if alias.is_capitals:
        return not is_shouted and all(word.is_upper for word in words)
    return all(word.is_capital or word.plain in ("and", "of", "the") for word in words)
