"""The issuers and instruments of a market as they are on record, and as files change them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from prometheus.domain.reference.claims import DAY, Claim, settled_claims
from prometheus.domain.reference.histories import current_symbol, former_day, in_time
from prometheus.domain.reference.specs import instrument_id_of

Json = dict[str, Any]
IDENTIFIERS = tuple(f"identifiers.{name}" for name in ("FIGI", "ISIN", "CUSIP", "SEDOL", "LEAN_SID"))
"""Of an instrument, whatever its symbol becomes."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A row of issuers or instruments that may change.

    Attributes
    ----------
    values : dict
        By column; ``metadata`` is a dict of its own.
    before : dict or None
        As it is on record; None for a new one.
    """

    values: Json
    before: Json | None = None

    @property
    def metadata(self) -> Json:
        """What has no column."""
        found: Json = self.values["metadata"]
        return found

    @property
    def has_changed(self) -> bool:
        """Whether it differs from what is on record."""
        return self.values != self.before

    def row(self) -> Mapping[str, Any]:
        """Return the values by column."""
        return self.values


@dataclass(frozen=True, slots=True)
class Register:
    """What is known of a market, with the ways to find it.

    Attributes
    ----------
    market_id : str
    defaults : mapping
        ``asset_class`` and ``currency`` of instruments of which no file says them.
    issuers, instruments : dict of str to Entity
        By id; issuers of all markets.
    removed : dict of str to list of str
        Ids of ``instruments`` and ``issuers`` that are on record and turned out to be others.
    """

    market_id: str
    defaults: Mapping[str, Any]
    issuers: dict[str, Entity]
    instruments: dict[str, Entity]
    removed: dict[str, list[str]] = field(default_factory=lambda: {"instruments": [], "issuers": []})
    _by_symbol: dict[str, set[str]] = field(init=False, default_factory=dict)
    _by_cik: dict[str, str] = field(init=False, default_factory=dict)
    _by_issuer: dict[str, set[str]] = field(init=False, default_factory=dict)
    _by_identifier: dict[tuple[str, str], set[str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index what is on record."""
        for instrument_id in self.instruments:
            self.index(instrument_id)
        for issuer_id in self.issuers:
            self.index_issuer(issuer_id)

    def index(self, instrument_id: str) -> None:
        """Make an instrument be found by its symbols and its issuer; call it again after either changed."""
        entity = self.instruments[instrument_id]
        for symbol in (entity.values["symbol"], *(e["symbol"] for e in entity.metadata.get("symbols", ()))):
            self._by_symbol.setdefault(symbol, set()).add(instrument_id)
        self._by_issuer.setdefault(entity.values["issuer_id"] or "", set()).add(instrument_id)
        for field_name, statements in entity.metadata.get("stated", {}).items():
            if field_name.startswith("identifiers."):
                for statement in statements:
                    key = (field_name, statement["value"])
                    self._by_identifier.setdefault(key, set()).add(instrument_id)

    def index_issuer(self, issuer_id: str) -> None:
        """Make an issuer be found by every CIK that was ever stated of it."""
        metadata = self.issuers[issuer_id].metadata
        for cik in ciks_of(metadata):
            self._by_cik.setdefault(cik, issuer_id)

    def remove(self, instrument_id: str) -> Entity:
        """Take an instrument out; it is on record no more when the register has been written."""
        entity = self.instruments.pop(instrument_id)
        for index in (self._by_symbol, self._by_issuer, self._by_identifier):
            for ids in index.values():
                ids.discard(instrument_id)
        if entity.before is not None:
            self.removed["instruments"].append(instrument_id)
        return entity

    def remove_issuer(self, issuer_id: str) -> Entity:
        """Take an issuer without instruments out."""
        entity = self.issuers.pop(issuer_id)
        for cik in [cik for cik, owner in self._by_cik.items() if owner == issuer_id]:
            del self._by_cik[cik]
        if entity.before is not None:
            self.removed["issuers"].append(issuer_id)
        return entity

    def issuer_with(self, cik: str) -> str | None:
        """Return the issuer of which a CIK was stated."""
        return self._by_cik.get(cik)

    def with_identifiers(self, facts: Mapping[str, str]) -> list[str]:
        """Return the instruments of which an identifier among facts was stated, by id."""
        return sorted(
            {i for key in facts.items() if key[0] in IDENTIFIERS for i in self._by_identifier.get(key, ())}
        )

    def instruments_of(self, issuer_id: str) -> list[str]:
        """Return the instruments of an issuer, by id."""
        return sorted(
            i
            for i in self._by_issuer.get(issuer_id, ())
            if self.instruments[i].values["issuer_id"] == issuer_id
        )

    def ever_had(self, symbol: str) -> list[str]:
        """Return the instruments that have or had a symbol, by id."""
        return sorted(self._by_symbol.get(symbol, ()))

    def owners(self, symbol: str, day: date) -> list[str]:
        """Return the instruments that had a symbol on a day: one, none, or several where it is contested."""
        return sorted(
            {
                c.instrument_id
                for c in self.claims_on(symbol)
                if (c.first or date.min) <= day <= (c.last or date.max)
                and (c.listed or date.min) <= day < (c.delisted or date.max)
            }
        )

    def claims_on(self, symbol: str) -> list[Claim]:
        """Return the claims on a symbol, settled where several instruments had it.

        A file may be of a day on which an instrument is between two symbols: the later one can be its own.
        """
        claims = [claim for i in self.ever_had(symbol) for claim in self._claims(i, symbol)]
        claims = [_earliest(claim, claims) for claim in claims]
        return settled_claims(claims) if len({claim.instrument_id for claim in claims}) > 1 else claims

    def last_day(self, instrument_id: str) -> date | None:
        """Return the last day on which an instrument that has left can have had any symbol, where known."""
        entity = self.instruments[instrument_id]
        if entity.values["status"] == "ACTIVE":
            return None
        delisted = _day(entity.metadata.get("delisted"))
        if delisted is not None:
            return delisted - DAY
        symbols = {entity.values["symbol"], *(e["symbol"] for e in entity.metadata.get("symbols", ()))}
        ends = [c.last for s in symbols for c in self.claims_on(s) if c.instrument_id == instrument_id]
        return max((end for end in ends if end is not None), default=None) if None not in ends else None

    def _claims(self, instrument_id: str, symbol: str) -> Iterable[Claim]:
        metadata = self.instruments[instrument_id].metadata
        entries = [e for e in metadata.get("symbols", ()) if e["symbol"] == symbol]
        listed, delisted = _day(metadata.get("listed")), _day(metadata.get("delisted"))
        for entry in entries or [{"first": None, "last": None}]:
            yield Claim(
                instrument_id,
                _day(entry["first"]),
                _day(entry["last"]),
                listed,
                delisted,
                _day(entry.get("seen")),
                _day(former_day(metadata.get("symbols", ()), entry)),
            )

    def new_id(self, symbol: str, since: date) -> str:
        """Return the id of an instrument seen first: its symbol's, with a day where that is taken.

        ``US_EQ:FB``, and ``US_EQ:FB@1999-09-29`` for another instrument with that symbol.
        """
        plain = instrument_id_of(self.market_id, symbol)
        found, n = plain, 1
        while found in self.instruments:
            found, n = f"{plain}@{since}" + (f".{n}" if n > 1 else ""), n + 1
        return found

    def add_issuer(self, issuer_id: str, name: str, issuer_type: str) -> Entity:
        """Return the issuer with an id, a new one where there is none."""
        if issuer_id not in self.issuers:
            self.issuers[issuer_id] = Entity(
                {
                    "issuer_id": issuer_id,
                    "issuer_type": issuer_type,
                    "name": name,
                    "country": None,
                    "sector": None,
                    "industry": None,
                    "metadata": {},
                }
            )
        return self.issuers[issuer_id]

    def add_instrument(self, instrument_id: str, symbol: str, issuer_id: str) -> Entity:
        """Return a new instrument."""
        entity = self.instruments[instrument_id] = Entity(
            {
                "instrument_id": instrument_id,
                "issuer_id": issuer_id,
                "market_id": self.market_id,
                "asset_class": str(self.defaults.get("asset_class", "EQUITY")),
                "symbol": symbol,
                "exchange": None,
                "currency": str(self.defaults.get("currency", "USD")),
                "status": "ACTIVE",
                "metadata": {},
            }
        )
        self.index(instrument_id)
        return entity

    def settle(self) -> None:
        """Give every symbol to one active instrument: who lost it to another and has no other is delisted.

        Two instruments on two exchanges may have one symbol.
        """
        for entity in self.instruments.values():
            symbols = entity.metadata.get("symbols")
            if symbols:
                entity.metadata["symbols"] = in_time(symbols)
                entity.values["symbol"] = current_symbol(symbols, entity.values["symbol"])
        active: dict[str, list[str]] = {}
        for instrument_id, entity in self.instruments.items():
            if entity.values["status"] == "ACTIVE":
                active.setdefault(entity.values["symbol"], []).append(instrument_id)
        for symbol, ids in active.items():
            exchanges = [self.instruments[i].values["exchange"] for i in ids]
            if len(ids) == 1 or (None not in exchanges and len(set(exchanges)) == len(ids)):
                continue
            if not any(self.instruments[i].has_changed for i in ids):
                continue
            claims = settled_claims([claim for i in ids for claim in self._claims(i, symbol)])
            open_ended = [claim.instrument_id for claim in claims if claim.last is None]
            for instrument_id in set(ids) - set(open_ended[-1:]) if len(set(open_ended)) == 1 else ():
                self.instruments[instrument_id].values["status"] = "DELISTED"

    def changed(self) -> tuple[list[Entity], list[Entity]]:
        """Return the issuers and instruments that differ from what is on record, those that left first."""
        instruments = [entity for entity in self.instruments.values() if entity.has_changed]
        instruments.sort(key=lambda entity: entity.values["status"] == "ACTIVE")
        return [entity for entity in self.issuers.values() if entity.has_changed], instruments


def register_of(
    market_id: str, defaults: Mapping[str, Any], issuers: Iterable[Json], instruments: Iterable[Json]
) -> Register:
    """Return the register of a market from the rows that are on record."""
    return Register(
        market_id,
        defaults,
        {row["issuer_id"]: Entity(copy.deepcopy(row), row) for row in issuers},
        {row["instrument_id"]: Entity(copy.deepcopy(row), row) for row in instruments},
    )


def ciks_of(metadata: Mapping[str, Any]) -> list[str]:
    """Return every CIK that was stated of an issuer, the one that holds first."""
    now = metadata.get("identifiers", {}).get("CIK")
    stated = [s["value"] for s in metadata.get("stated", {}).get("identifiers.CIK", ())]
    return list(dict.fromkeys([*([now] if now else []), *stated]))


def _earliest(claim: Claim, claims: Iterable[Claim]) -> Claim:
    """Return a claim on a later symbol from the first day on which it can be right."""
    if not claim.is_later or claim.former is None or claim.seen is None:
        return claim
    others = [day for c in claims if c.instrument_id != claim.instrument_id for day in (c.start, c.end)]
    known = [day for day in others if day is not None and day < claim.seen]
    return replace(claim, first=max([claim.former, *known]) + DAY)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
