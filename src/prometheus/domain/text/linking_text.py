"""A headline as words with their capitals and possessives, and the signs that make an ambiguous name sure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from prometheus.domain.text.linking_names import Needs, plain
from prometheus.domain.text.linking_words import (
    ARMS,
    COMPANY_NOUNS,
    COMPANY_VERBS,
    CONTEXT_BEFORE,
    GIVEN_NAMES,
    LEGAL,
    OTHER_BODIES,
    OTHER_NAMES,
    OTHER_SENSES,
    ordinary_words,
)

LONG = 4
"""Words from this many letters on are capitalised in headlines that capitalise."""
_WORD = re.compile(r"[A-Za-z0-9À-ÿ]+(?:[&*.'’!][A-Za-z0-9À-ÿ]+)*|&")
_START = re.compile(r"(?:^|[.:;?!—–|\"“”‘(])[\s\"'“”‘’(-]*$")
_LIST = re.compile(r"\s*(?:,|/|and|&|or|vs\.?|versus|,\s*(?:and|&|or))\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a headline.

    Attributes
    ----------
    text : str
    start, end : int
        Its place.
    plain, owner : str
        As aliases have it; ``owner`` is without a possessive ending.
    is_capital, is_upper : bool
        Whether it begins with, or consists of, capital letters; digits count as capital.
    is_initial : bool
        Whether it begins a sentence or a quotation.
    """

    text: str
    start: int
    end: int
    plain: str
    owner: str
    is_capital: bool
    is_upper: bool
    is_initial: bool

    @property
    def is_possessive(self) -> bool:
        """Whether something is said to be theirs."""
        return self.owner != self.plain


@dataclass(frozen=True, slots=True)
class Mention:
    """A name found in a headline, words ``start`` to ``stop``."""

    start: int
    stop: int
    issuer_ids: tuple[str, ...]
    needs: Needs
    is_whole: bool
    is_capitals: bool
    sign: str = ""
    is_refused: bool = False

    @property
    def is_sure(self) -> bool:
        """Whether nothing is missing."""
        return not self.is_refused and (self.needs == "nothing" or self.sign != "")

    def with_sign(self, sign: str) -> Mention:
        """Return it with the sign that was missing."""
        return replace(self, sign=sign)

    def is_beside(self, other: Mention, headline: str, words: Sequence[Word]) -> bool:
        """Return whether another stands beside it in a list."""
        if self.is_refused:
            return False
        first, second = (self, other) if self.start < other.start else (other, self)
        if second.start < first.stop:
            return False
        between = headline[words[first.stop - 1].end : words[second.start].start]
        return _LIST.fullmatch(between) is not None


@dataclass(frozen=True, slots=True)
class Form:
    """What can be said of a word without its place, see `Word`."""

    plain: str
    owner: str
    is_capital: bool
    is_upper: bool


@lru_cache(maxsize=1 << 16)
def form_of(text: str) -> Form:
    """Return the form of a word; the same words come again and again."""
    own = next((text[: -len(ending)] for ending in ("'s", "’s") if text.endswith(ending)), text)
    is_capital = text[0].isdigit() or any(char.isupper() for char in text)
    return Form(plain(text), plain(own), is_capital, own.upper() == own)


def forms_in(headline: str) -> list[Form]:
    """Return the forms of a headline's words."""
    return [form_of(text) for text in _WORD.findall(headline)]


def standing_words(headline: str) -> tuple[Word, ...]:
    """Return the words of a headline.

    Examples
    --------
    >>> [(word.plain, word.owner) for word in standing_words("McDonald's & Gap's")]
    [('mcdonalds', 'mcdonald'), ('and', 'and'), ('gaps', 'gap')]
    """
    words = []
    for match in _WORD.finditer(headline):
        form = form_of(match[0])
        is_initial = _START.search(headline, 0, match.start()) is not None
        words.append(
            Word(
                match[0],
                match.start(),
                match.end(),
                form.plain,
                form.owner,
                form.is_capital,
                form.is_upper,
                is_initial,
            )
        )
    return tuple(words)


def is_sentence_case(words: Sequence[Word], mentions: Sequence[Mention] = ()) -> bool:
    """Return whether a headline is written like a sentence: a capital inside it means something.

    Names say nothing of that, so words of mentions don't count.
    """
    named = {i for mention in mentions for i in range(mention.start, mention.stop)}
    long = [
        word
        for i, word in enumerate(words)
        if i not in named and len(word.text) >= LONG and not word.is_initial and word.text.isalpha()
    ]
    n_small = sum(not word.is_capital for word in long)
    return n_small >= 1 and 2 * n_small >= len(long)


def is_all_capitals(words: Sequence[Word]) -> bool:
    """Return whether a headline shouts: capitals mean nothing there."""
    long = [word for word in words if len(word.text) >= LONG and word.text.isalpha()]
    return len(long) > 0 and sum(word.is_upper for word in long) * 2 > len(long)


def sign_of(mention: Mention, headline: str, words: Sequence[Word], *, is_sentence: bool) -> Mention:
    """Return a mention with the sign that makes it sure, if there is one, or refused as a person's name."""
    before = words[mention.start - 1] if mention.start else None
    after = words[mention.stop] if mention.stop < len(words) else None
    first, last = words[mention.start], words[mention.stop - 1]
    gap_before = headline[before.end : first.start] if before else ""
    gap_after = headline[last.end : after.start] if after else ""
    is_one = mention.stop - mention.start == 1
    if is_one and before and not gap_before.strip() and _is_given_name(before):
        return replace(mention, is_refused=True)
    if _is_of_another(mention, headline, words, is_sentence=is_sentence):
        return replace(mention, is_refused=True)
    if mention.needs == "nothing":
        return mention
    if after and gap_after == " " and mention.is_whole and after.plain in LEGAL and after.is_capital:
        return mention.with_sign("ending")
    if mention.needs == "ending":
        return mention
    if after and gap_after.isspace() and after.plain in COMPANY_NOUNS:
        return mention.with_sign("noun")
    if mention.needs == "noun" or "-" in gap_before or "-" in gap_after:
        return mention
    if last.is_possessive:
        return mention.with_sign("possessive")
    if after and gap_after.isspace() and after.plain in COMPANY_VERBS:
        return mention.with_sign("verb")
    if before and gap_before.isspace() and before.plain in CONTEXT_BEFORE:
        return mention.with_sign("context")
    is_alone = (before is None or not before.is_capital or gap_before.strip() != "") and (
        after is None or not after.is_capital or gap_after.strip() != ""
    )
    is_telling = (
        not first.is_initial or not is_one
    )  # a sentence gives its first word a capital, not its second
    if is_sentence and is_alone and is_telling:
        return mention.with_sign("capital")
    return mention


def _is_of_another(mention: Mention, headline: str, words: Sequence[Word], *, is_sentence: bool) -> bool:
    """Return whether the words beside a name make it part of another one, or say that it is no company's."""
    first, last = words[mention.start], words[mention.stop - 1]
    if mention.start:
        before = words[mention.start - 1]
        is_joined = not headline[before.end : first.start].strip()
        if is_joined and first is last and (before.plain, last.owner) in OTHER_NAMES:
            return True
    if mention.stop == len(words) or last.is_possessive:
        return False
    after = words[mention.stop]
    if headline[last.end : after.start].strip(" -"):
        return False
    if first is last and after.plain in OTHER_SENSES.get(last.plain, ()):
        return True
    if not after.is_capital:
        return False
    if after.plain in OTHER_BODIES:
        return True
    if not is_sentence or after.plain in LEGAL:
        return False
    following = _capitals_from(mention.stop, headline, words)
    return (len(following) == 1 and after.plain in ARMS) or following[-1].owner in LEGAL | OTHER_BODIES


def _capitals_from(i: int, headline: str, words: Sequence[Word]) -> list[Word]:
    """Return the capital words that stand together from a place on: in a sentence, the rest of a name."""
    found = [words[i]]
    for word in words[i + 1 :]:
        if not word.is_capital or headline[found[-1].end : word.start].strip(" -"):
            break
        found.append(word)
    return found


def _is_given_name(word: Word) -> bool:
    return word.is_capital and word.plain in GIVEN_NAMES and word.plain not in ordinary_words()
