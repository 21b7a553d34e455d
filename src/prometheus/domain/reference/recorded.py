"""What reference files say, written into the register: the rules of who is who, applied row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from prometheus.domain.reference.histories import with_sighting, with_spans
from prometheus.domain.reference.identity import Match, matched, named_in
from prometheus.domain.reference.merging import INSTRUMENT_COLUMNS, ISSUER_COLUMNS, merge
from prometheus.domain.reference.observations import IndexSpan, Life, Observation, Origin, SymbolSpan
from prometheus.domain.reference.recorded_memberships import MembershipRecorder
from prometheus.domain.reference.register import Entity, Json, Register
from prometheus.domain.reference.rules import Fault
from prometheus.domain.reference.specs import instrument_id_of
from prometheus.domain.reference.statements import Difference, hold, said_by, stated_value

ISSUER_TYPES = {"INDEX": "INDEX", "ETF": "FUND", "CASH": "SOVEREIGN", "FX": "SOVEREIGN"}
"""Who issues what isn't issued by a company."""
AMBIGUOUS = (
    "ambiguous_symbol",
    "Several instruments claim this symbol that day. Give the dates on which each had it.",
)


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes what files say into a register.

    Attributes
    ----------
    register : Register
    next_session : callable
        A date to the first session of the market after it.
    in_use : callable
        Pairs of an instrument and its issuer to those instruments on record that other tables name, in
        either way: they keep their ids.
    differences : list of Difference
        Statements that don't agree with one that is on record.
    faults : list of (Origin, symbol, Fault)
        Rows that could not be taken.
    memberships : MembershipRecorder
    """

    register: Register
    next_session: Callable[[date], date]
    in_use: Callable[[Sequence[tuple[str, str]]], frozenset[str]] = lambda _: frozenset()
    differences: list[Difference] = field(default_factory=list)
    faults: list[tuple[Origin, str, Fault]] = field(default_factory=list)
    memberships: MembershipRecorder = field(init=False)

    def __post_init__(self) -> None:
        """Let memberships be recorded in the same register."""
        object.__setattr__(self, "memberships", MembershipRecorder(self.register, self.differences))

    def lives(self, lives: Iterable[Life]) -> None:
        """Record the symbols of instruments, those first whose symbol nobody has had since."""
        claimed: set[str] = set()
        for life in sorted(lives, key=lambda one: (one.is_former, one.key)):
            claimed.add(self._life(life, claimed))

    def observations(self, rows: Iterable[Observation]) -> None:
        """Record the rows of one file."""
        kept = list(rows)
        named = named_in(kept)
        # Symbols that went to another firm first, so that the former one is free to be found by its CIK.
        matches = [(row, matched(row, self.register, named)) for row in kept if row.cik is not None]
        for row in [row for row, match in matches if match.instrument_id is None and match.is_reuse]:
            self._observation(row, matched(row, self.register, named))
            kept.remove(row)
        for row in kept:
            self._observation(row, matched(row, self.register, named))

    def index_spans(self, spans: Iterable[IndexSpan]) -> None:
        """Record memberships; a symbol that nobody has becomes an instrument."""
        all_spans = list(spans)
        plain = {span.symbol for span in all_spans if span.gone is None}
        for span in sorted(all_spans, key=lambda one: one.gone is None):
            owners = self.register.owners(span.symbol, span.last or span.origin.as_of)
            if span.gone is not None:
                self.memberships.add_span(self._former(span, span.gone, owners, plain), span)
                continue
            if len(owners) > 1:
                self.faults.append((span.origin, span.symbol, Fault("symbol", span.symbol, *AMBIGUOUS)))
                continue
            owner = owners[0] if owners else self._member(span)
            self.memberships.add_span(owner, span)

    def _member(self, span: IndexSpan) -> str:
        """Return a new instrument; one whose symbol another has had matters by its days."""
        is_reuse = bool(self.register.ever_had(span.symbol))
        entity = self._new(span.symbol, span.first, None)
        if is_reuse:
            seen = with_sighting((), span.symbol, span.first)
            entity.metadata["symbols"] = with_sighting(seen, span.symbol, span.last or span.origin.as_of)
        return str(entity.values["instrument_id"])

    def _former(self, span: IndexSpan, gone: date, owners: list[str], plain: set[str]) -> str:
        """Return the instrument that had a symbol until a day, by which it has left."""
        kept = []
        for owner in owners:
            history = self.register.instruments[owner].metadata.get("symbols", ())
            entries = [e for e in history if e["symbol"] == span.symbol]
            goes_on = any(max(e["first"] or "", e.get("seen_until", "")) > str(gone) for e in entries)
            is_open = not any(e["last"] for e in entries)
            if not goes_on and not (is_open and span.symbol in plain):
                kept.append(owner)
        if len(kept) == 1:
            entity = self.register.instruments[kept[0]]
        else:
            entity = self._new(span.symbol, span.first, None)
        history = with_sighting(entity.metadata.get("symbols", ()), span.symbol, span.first)
        if not any(e["symbol"] == span.symbol and e["last"] for e in history):
            history = with_spans(history, [SymbolSpan(span.symbol, None, gone)])
        entity.metadata["symbols"] = with_sighting(history, span.symbol, span.last or gone)
        if gone < span.origin.as_of:
            entity.values["status"] = "DELISTED"
        return str(entity.values["instrument_id"])

    def settle(self) -> None:
        """Draw the conclusions that need all statements: who has a symbol now, who was a member when."""
        self.register.settle()
        self.memberships.settle()

    def _observation(self, row: Observation, match: Match) -> None:
        if match.same_as is not None:
            match = self._merged(row, match, match.same_as)
        since = row.added if match.is_reuse and row.added is not None else row.begins
        if match.instrument_id is None:
            entity = self._new(row.symbol, since, match.issuer_id, row.instrument_id)
            if match.is_reuse:
                self._date_the_other(row, entity.values["instrument_id"])
        else:
            entity = self.register.instruments[match.instrument_id]
        if (match.issuer_id or entity.values["issuer_id"]) is None:
            entity.values["issuer_id"] = instrument_id_of(self.register.market_id, row.symbol)
        elif match.issuer_id is not None:
            entity.values["issuer_id"] = match.issuer_id
        is_reuse = match.instrument_id is None and match.is_reuse
        self._symbols(entity, row, since if is_reuse else None)
        for name, value in row.instrument_facts.items():
            self._state(entity, INSTRUMENT_COLUMNS, name, value, row.symbol, row.origin)
        if "delisted" in entity.metadata:
            entity.values["status"] = "DELISTED"
        issuer_type = ISSUER_TYPES.get(entity.values["asset_class"], "COMPANY")
        issuer = self.register.add_issuer(entity.values["issuer_id"], row.symbol, issuer_type)
        if issuer.before is None:
            issuer.values["issuer_type"] = issuer_type
        for name, value in row.issuer_facts.items():
            self._state(issuer, ISSUER_COLUMNS, name, value, row.symbol, row.origin)
        self.register.index(entity.values["instrument_id"])
        self.register.index_issuer(entity.values["issuer_id"])
        if row.added is not None:
            stated_value(entity.metadata, "added", str(row.added), row.origin, current=None)
        if row.index is not None and row.added is not None and row.added <= row.origin.as_of:
            statement: Json = {"index": row.index, "first": str(row.added), "last": None, "in_list": True}
            self.memberships.add(entity, statement, row.origin)
        elif row.index is not None:
            self.memberships.add(
                entity, {"index": row.index, "on": str(row.origin.as_of), "in_list": True}, row.origin
            )

    def _merged(self, row: Observation, match: Match, other: str) -> Match:
        """Make one instrument of two, under the id that other tables name; where they name both, none."""
        assert match.instrument_id is not None
        instruments = self.register.instruments
        both = (match.instrument_id, other)
        used = self.in_use([(i, instruments[i].values["issuer_id"]) for i in both])
        if len(used) == len(both):
            said = f"{row.origin.source} of {row.origin.as_of}"
            self.differences.append(
                Difference(row.symbol, "instrument", match.instrument_id, said, other, "on record")
            )
            return Match(other, match.issuer_id)
        kept, gone = (other, match.instrument_id) if other in used else both
        merge(self.register, kept, gone)
        return Match(kept, instruments[kept].values["issuer_id"])

    def _date_the_other(self, row: Observation, instrument_id: str) -> None:
        """Say since when the firm is known that has the symbol of an older row today."""
        for other in self.register.ever_had(row.symbol):
            entity = self.register.instruments[other]
            added = [s["value"] for s in entity.metadata.get("stated", {}).get("added", ())]
            if other != instrument_id and added and min(added) > str(row.origin.as_of):
                day = date.fromisoformat(min(added))
                history = entity.metadata.get("symbols", ())
                entity.metadata["symbols"] = with_sighting(history, row.symbol, day)

    def _symbols(self, entity: Entity, row: Observation, since: date | None) -> None:
        metadata = entity.metadata
        known = metadata.get("symbols", [])
        is_other = row.symbol != entity.values["symbol"]
        if is_other and not known:
            known = [{"symbol": entity.values["symbol"], "first": None, "last": None}]
        if row.first is not None or row.last is not None:
            metadata["symbols"] = with_spans(known, [SymbolSpan(row.symbol, row.first, row.last)])
            return
        if since is not None:  # another instrument had the symbol, so that it matters since when this one has
            metadata["symbols"] = known = with_sighting(known, row.symbol, since)
        if row.origin.is_dated or is_other:
            metadata["symbols"] = with_sighting(known, row.symbol, row.day)

    def _life(self, life: Life, claimed: set[str]) -> str:
        register = self.register
        found = [
            i
            for i, entity in register.instruments.items()
            if entity.metadata.get("identifiers", {}).get("LEAN") == life.key
        ]
        if not found and not life.is_former:
            owners = register.owners(life.symbol, life.spans[-1].last or life.origin.as_of)
            found = [i for i in owners if i not in claimed]
        if len(found) == 1:
            entity = register.instruments[found[0]]
        else:
            since = life.spans[0].first or life.origin.as_of
            plain = instrument_id_of(register.market_id, life.symbol)
            own = f"{plain}@{since}" if life.is_former else None
            known = register.instruments.get(own or "")
            entity = known or self._new(life.symbol, since, None, own)
        entity.metadata["symbols"] = with_spans(entity.metadata.get("symbols", []), life.spans)
        last = life.spans[-1].last
        facts = dict(life.facts) | ({"delisted": str(self.next_session(last))} if last is not None else {})
        for name, value in facts.items():
            self._state(entity, INSTRUMENT_COLUMNS, name, value, life.symbol, life.origin)
        if "delisted" in entity.metadata:
            entity.values["status"] = "DELISTED"
        register.index(entity.values["instrument_id"])
        return str(entity.values["instrument_id"])

    def _new(
        self, symbol: str, since: date, issuer_id: str | None, instrument_id: str | None = None
    ) -> Entity:
        found = instrument_id or self.register.new_id(symbol, since)
        # An id that a file gives may be any text; the issuer is called as its first instrument's symbol is.
        plain = instrument_id_of(self.register.market_id, symbol)
        issuer = issuer_id or (plain if instrument_id and plain not in self.register.issuers else found)
        entity = self.register.add_instrument(found, symbol, issuer)
        issuer_type = ISSUER_TYPES.get(entity.values["asset_class"], "COMPANY")
        self.register.add_issuer(issuer, symbol, issuer_type)
        return entity

    def _state(
        self, entity: Entity, columns: tuple[str, ...], name: str, value: str, symbol: str, origin: Origin
    ) -> None:
        if name in columns:
            current = entity.values[name]
            if name == "name" and current == symbol:
                current = None  # nobody has said its name yet
            elif entity.before is None and name not in entity.metadata.get("stated", ()):
                current = None  # what the market's instruments are by default
        elif name.startswith("identifiers."):
            current = entity.metadata.get("identifiers", {}).get(name.partition(".")[2])
        else:
            current = entity.metadata.get(name)
        holds, differs = stated_value(entity.metadata, name, value, origin, current=current)
        hold(entity.values, entity.metadata, columns, name, holds)
        if differs is not None:
            later, earlier = differs["later"], differs["earlier"]
            self.differences.append(
                Difference(symbol, name, later["value"], said_by(later), earlier["value"], said_by(earlier))
            )
