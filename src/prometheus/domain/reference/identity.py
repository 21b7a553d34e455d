"""Which instrument a row of a reference file is about.

Asked in this order; the first answer counts:

1. the id that the row gives;
2. the instrument that its FIGI, ISIN, CUSIP or SEDOL names; another FIGI is of another instrument;
3. the issuer that its CIK names: its instrument with that symbol; else the instrument without a CIK that has
   the symbol; else its only instrument that the file doesn't name otherwise, which was renamed. Names that
   say a class of shares (GOOG was class A until 2014 and is class C since) count more than the symbol;
4. the instrument that had the symbol on the file's day, or last where the file has no day, unless the row
   is of another issuer: then the symbol was reused;
5. none: a new instrument, of the issuer that its CIK names if that is known.

Another CIK alone is no other issuer: companies reorganise under a new one and keep trading. It is another
if the CIK on record goes on under another symbol in the same file, or if the row's firm joined the index
after the firm on record was seen in it under this symbol.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from prometheus.domain.reference.merging import are_known_apart
from prometheus.domain.reference.observations import Observation
from prometheus.domain.reference.register import IDENTIFIERS, Register, ciks_of

_CLASS = re.compile(r"\b(?:class|cl\.?|series)\s+([A-Z])\b|-([A-C])$", re.IGNORECASE)
LASTING = ("identifiers.FIGI", "identifiers.LEAN_SID")
"""Identifiers that an instrument keeps; an ISIN or CUSIP changes with a reverse split or a new seat."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a file names: the symbols of each CIK, the CIK of each symbol, and its class of shares."""

    symbols: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ciks: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """The instrument that a row is about, None for a new one, and its issuer where that is known.

    ``is_reuse`` says that another instrument had the symbol before or has it after; ``same_as`` names one
    that turns out to be the same, as its symbol has the CIK of the match's issuer.
    """

    instrument_id: str | None
    issuer_id: str | None = None
    is_reuse: bool = False
    same_as: str | None = None


def named_in(observations: Iterable[Observation]) -> Named:
    """Return what the rows of one file name."""
    symbols: dict[str, set[str]] = {}
    ciks: dict[str, str] = {}
    classes: dict[str, str] = {}
    for row in observations:
        if (share_class := _class_in(row.instrument_facts.get("security"))) is not None:
            classes[row.symbol] = share_class
        if row.cik is not None:
            symbols.setdefault(row.cik, set()).add(row.symbol)
            ciks[row.symbol] = row.cik
    return Named({cik: frozenset(found) for cik, found in symbols.items()}, ciks, classes)


def matched(row: Observation, register: Register, named: Named) -> Match:
    """Return which instrument a row is about.

    Parameters
    ----------
    row : Observation
    register : Register
    named : Named
        Of the row's file.
    """
    if row.instrument_id is not None:
        is_known = row.instrument_id in register.instruments
        return Match(row.instrument_id if is_known else None, row.issuer_id)
    owners = [
        i
        for i in _holders(row, register)
        if not _outlived(row, i, register) and not _is_other_share(row, i, register)
    ]
    identified = register.with_identifiers(row.instrument_facts)
    if len(identified) == 1:
        return _identified(identified[0], register, owners)
    issuer_id = None if row.cik is None else register.issuer_with(row.cik)
    if issuer_id is not None:
        return _of_issuer(row, issuer_id, register, named, owners)
    if len(owners) == 1 and not _is_other_issuer(row, owners[0], register, named):
        return Match(owners[0], register.instruments[owners[0]].values["issuer_id"])
    return Match(None, row.issuer_id, is_reuse=bool(register.ever_had(row.symbol)))


def _identified(instrument_id: str, register: Register, owners: list[str]) -> Match:
    """Return the instrument that has a row's identifier; who has its symbol and no identifier is the same."""
    issuer_id = register.instruments[instrument_id].values["issuer_id"]
    others = [i for i in owners if i != instrument_id]
    if len(owners) == 1 and others and not _ciks(others[0], register):
        is_bare = not any(
            f in register.instruments[others[0]].metadata.get("stated", {}) for f in IDENTIFIERS
        )
        if is_bare and not are_known_apart(register, instrument_id, others[0]):
            return Match(instrument_id, issuer_id, same_as=others[0])
    return Match(instrument_id, issuer_id)


def _of_issuer(
    row: Observation, issuer_id: str, register: Register, named: Named, owners: list[str]
) -> Match:
    own = register.instruments_of(issuer_id)
    share_class = _class_in(row.instrument_facts.get("security"))
    of_class = [
        i
        for i in own
        if share_class is not None
        and _class_of(i, register) == share_class
        # A firm may have several stocks of one class: those that the file names are not renamed.
        and named.classes.get(register.instruments[i].values["symbol"]) != share_class
    ]
    with_symbol = [
        i
        for i in own
        if i in owners and (share_class is None or _class_of(i, register) in (None, share_class))
    ]
    if share_class is not None and not with_symbol and any(i in own for i in owners):
        # The symbol went from one class of the firm's shares to another, as GOOG did in 2014.
        return Match(of_class[0] if len(of_class) == 1 else None, issuer_id, is_reuse=True)
    if share_class is not None and not owners and len(of_class) == 1:
        return Match(of_class[0], issuer_id, is_reuse=bool(register.ever_had(row.symbol)))
    if len(with_symbol) == 1:
        return Match(with_symbol[0], issuer_id)
    assert row.cik is not None
    symbols = named.symbols.get(row.cik, frozenset())
    unnamed = [i for i in own if register.instruments[i].values["symbol"] not in symbols]
    new = [s for s in symbols if not any(i in own for i in register.ever_had(s))]
    is_renamed = len(unnamed) == 1 and len(new) == 1 and not with_symbol
    if len(owners) == 1 and not _ciks(owners[0], register):
        if is_renamed and not are_known_apart(register, unnamed[0], owners[0]):
            return Match(unnamed[0], issuer_id, same_as=owners[0])
        return Match(owners[0], issuer_id)
    if is_renamed:
        return Match(unnamed[0], issuer_id, is_reuse=bool(register.ever_had(row.symbol)))
    return Match(None, issuer_id, is_reuse=bool(register.ever_had(row.symbol)))


def _holders(row: Observation, register: Register) -> list[str]:
    """Return who had the symbol on the row's day; for a row without one, else who had it last.

    One's own file may add to what is known of an instrument that has left, or mend it. A row of another time
    is of another.
    """
    owners = register.owners(row.symbol, row.day)
    ever = register.claims_on(row.symbol)
    if owners or not ever or row.origin.is_dated:
        return owners
    last = ever[-1]
    listed, delisted = (row.instrument_facts.get(name) for name in ("listed", "delisted"))
    is_later = listed is not None and last.end is not None and str(last.end) < listed
    is_earlier = delisted is not None and last.listed is not None and delisted <= str(last.listed)
    return [] if is_later or is_earlier else [last.instrument_id]


def _outlived(row: Observation, owner: str, register: Register) -> bool:
    """Return whether an instrument was seen under the symbol after the row's had left."""
    if "delisted" not in row.instrument_facts:
        return False
    entries = register.instruments[owner].metadata.get("symbols", ())
    seen = [e["seen_until"] for e in entries if e["symbol"] == row.symbol and "seen_until" in e]
    return any(day >= row.instrument_facts["delisted"] for day in seen)


def _is_other_share(row: Observation, owner: str, register: Register) -> bool:
    """Return whether a row has another identifier than an instrument, of those that never change."""
    stated = register.instruments[owner].metadata.get("stated", {})
    return any(
        name in row.instrument_facts
        and name in stated
        and row.instrument_facts[name] not in [statement["value"] for statement in stated[name]]
        for name in LASTING
    )


def _is_other_issuer(row: Observation, owner: str, register: Register, named: Named) -> bool:
    known = _ciks(owner, register)
    if row.cik is None or not known or row.cik in known:
        return False
    if any(named.symbols.get(cik, frozenset()) - {row.symbol} for cik in known):
        return True
    metadata = register.instruments[owner].metadata
    seen = [e for e in metadata.get("symbols", ()) if e["symbol"] == row.symbol and "seen" in e]
    if row.added is not None and any(date.fromisoformat(e["seen"]) < row.added for e in seen):
        return True
    # The other way round: the firm on record joined after this row's was seen under the symbol.
    joined = [statement["value"] for statement in metadata.get("stated", {}).get("added", ())]
    return bool(joined) and min(joined) > str(row.origin.as_of)


def _class_of(instrument_id: str, register: Register) -> str | None:
    return _class_in(register.instruments[instrument_id].metadata.get("security"))


def _class_in(security: str | None) -> str | None:
    """Return the letter of the class of shares that the name of a security says."""
    found = _CLASS.search(security or "")
    return None if found is None else (found.group(1) or found.group(2)).upper()


def _ciks(instrument_id: str, register: Register) -> list[str]:
    issuer_id = register.instruments[instrument_id].values["issuer_id"]
    return ciks_of(register.issuers[issuer_id].metadata) if issuer_id in register.issuers else []
