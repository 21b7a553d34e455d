"""What a company is called: short names from the full one, by rule.

1. The name is cut into words; parentheses, share classes and articles go, hyphens separate.
2. Legal endings go; what is left is the core.
3. The core without trailing words that say what a company does ("Hormel Foods"), its first word where it is
   nobody's word but theirs ("JPMorgan Chase"), the last one behind a given name ("Walt Disney"), initials
   ("General Electric" with the ticker GE, "Johnson & Johnson") and hyphenated parts are aliases.
4. An alias of ordinary words, of a surname or a place, or of two letters needs a second sign.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from prometheus.domain.text.linking_words import (
    ACRONYMS,
    DESCRIPTORS,
    GENERIC,
    GIVEN_NAMES,
    INDICES,
    LEGAL,
    NOT_INITIALS,
    PLACES,
    SHARE_CLASS,
    SURNAMES,
    ordinary_words,
)

Needs = Literal["nothing", "sign", "noun", "ending"]

SHORTEST = 4
"""A first word stands for the whole name from this many letters on."""
_WORD = re.compile(r"[A-Za-z0-9À-ÿ]+(?:[&*.'’!][A-Za-z0-9À-ÿ]+)*|&")
_APOSTROPHES = str.maketrans("", "", "'’.*!")
_INITIALS = re.compile(r"\b(?:[A-Za-z]\.\s?){2,}")


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that a text may use.

    Attributes
    ----------
    words : tuple of str
        Lower case, without apostrophes and dots.
    needs : {"nothing", "sign", "noun", "ending"}
        The second sign without which it does not count: any, for an ordinary word; a word that only companies
        have, for a person's or a place's name; the legal ending, for what many names begin with.
    is_whole : bool
        Whether it is the whole name, legal endings aside.
    is_capitals : bool
        Whether it only counts in capital letters: initials.
    """

    words: tuple[str, ...]
    needs: Needs
    is_whole: bool
    is_capitals: bool = False


def plain(word: str) -> str:
    """Return a word of a text as aliases have it.

    Examples
    --------
    >>> plain("McDonald's"), plain("Yum!"), plain("&"), plain("Amazon.com")
    ('mcdonalds', 'yum', 'and', 'amazon')
    """
    lowered = word.lower()
    if lowered == "&":
        return "and"
    return lowered.removesuffix(".com").translate(_APOSTROPHES)


def core_of(name: str) -> tuple[str, ...]:
    """Return the words of a company's name without legal endings, share classes, articles.

    Examples
    --------
    >>> core_of("The Goldman Sachs Group, Inc."), core_of("Lilly (Eli) & Co.")
    (('goldman', 'sachs'), ('eli', 'lilly'))
    """
    text = re.sub(SHARE_CLASS, "", name.strip(), flags=re.IGNORECASE)
    found = re.search(r"\(([^)]*)\)", text)
    if found:
        inside = found.group(1).strip()
        text = text[: found.start()] + " " + text[found.end() :]
        is_given = inside[:1].isupper() and len(inside.split()) == 1 and inside.lower() != "the"
        if is_given and not {plain(word) for word in _WORD.findall(inside)} & LEGAL:
            text = f"{inside} {text}"
    text = _INITIALS.sub(lambda match: match.group(0).replace(".", "").replace(" ", "") + " ", text)
    words = [plain(word) for word in _WORD.findall(text.replace("-", " "))]
    while len(words) > 1 and words[0] == "the":
        words.pop(0)
    while len(words) > 1 and (words[-1] in LEGAL or words[-1] == "and"):
        words.pop()
    return tuple(words)


def is_same_name(name: str, other: str) -> bool:
    """Return whether two names are one in two spellings: one begins with the letters of the other.

    Examples
    --------
    >>> is_same_name("Exxon Mobil Corp.", "ExxonMobil"), is_same_name("Facebook, Inc.", "Meta Platforms")
    (True, False)
    """
    mine, theirs = "".join(core_of(name)), "".join(core_of(other))
    return mine.startswith(theirs) or theirs.startswith(mine)


def aliases_of(name: str, symbols: tuple[str, ...] = ()) -> tuple[Alias, ...]:
    """Return what a company may be called in a headline, the whole name first.

    Parameters
    ----------
    name : str
        As reference data has it.
    symbols : tuple of str
        Its tickers: one that is the initials of the name is a name too.

    Examples
    --------
    >>> [" ".join(alias.words) for alias in aliases_of("JPMorgan Chase & Co.", ("JPM",))]
    ['jpmorgan chase', 'jpmorgan']
    >>> [(" ".join(alias.words), alias.needs) for alias in aliases_of("Ford Motor Co", ("F",))]
    [('ford motor', 'nothing'), ('ford', 'noun')]
    """
    core = core_of(name)
    if not core or not any(char.isalnum() for char in "".join(core)):
        return ()
    found = {core: Alias(core, _needs(core), is_whole=True, is_capitals=_is_capitals(core, name))}

    def add(words: tuple[str, ...], needs: Needs, *, is_capitals: bool = False) -> None:
        if needs != "ending":
            found.setdefault(words, Alias(words, needs, is_whole=False, is_capitals=is_capitals))

    short = core
    while len(short) > 1 and (short[-1] in DESCRIPTORS or short[-1] == "and"):
        short = short[:-1]
    if short != core and not (len(short) == 1 and (len(short[0]) < SHORTEST or short[0] in PLACES)):
        add(short, _needs(short))
    first = core[0]
    if len(core) > 1 and len(first) >= SHORTEST and _needs((first,)) == "nothing":
        add((first,), "nothing")
    if len(core) == 2 and first in GIVEN_NAMES and _needs((core[1],)) == "nothing":
        add((core[1],), "nothing")
    if len(core) == 3 and core[1] == "and":
        initials = f"{core[0][0]}&{core[2][0]}"
        if initials not in NOT_INITIALS:
            add((initials,), "nothing", is_capitals=True)
    for halves in re.findall(r"([A-Za-z]+)-([A-Za-z]{3,})", name):  # what was Wal-Mart is Walmart now
        word = "".join(halves).lower()
        add((word,), _needs((word,)))
        pair = (plain(halves[0]), plain(halves[1]))
        if not set(pair) & (ordinary_words() | DESCRIPTORS):
            add(pair, _needs(pair))
    letters = "".join(word[0] for word in core if word != "and")
    for symbol in symbols:
        word = symbol.lower()
        if len(word) > 1 and word in (letters, first) and _needs((word,)) in ("nothing", "sign"):
            add((word,), "sign" if len(word) == 2 else _needs((word,)), is_capitals=True)
    return tuple(found.values())


def _needs(words: tuple[str, ...]) -> Needs:
    if len(words) > 1:
        said = ordinary_words() | DESCRIPTORS
        if all(word in PLACES for word in words):
            return "noun"
        return "sign" if all(word in said or word == "and" for word in words) else "nothing"
    word = words[0]
    if word in GENERIC or word in DESCRIPTORS or word in INDICES or word in ACRONYMS:
        return "ending"
    if word in SURNAMES or word in GIVEN_NAMES or word in PLACES:
        return "noun"
    if word in ordinary_words() or (len(word) == 2 and word.isalpha()):
        return "sign"
    return "nothing"


def _is_capitals(words: tuple[str, ...], name: str) -> bool:
    if len(words) != 1 or len(words[0]) > SHORTEST:
        return False
    shown = "".join(char for char in name if char.isalnum() or char == "&")
    return shown.startswith(words[0].upper())
