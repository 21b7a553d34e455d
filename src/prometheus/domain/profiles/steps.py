"""Profiles from filings: one for each issuer of which something new became known, on the session it did.

1. Filings come in the order of their acceptance. One accepted at the close of a session or before is known
   on it.
2. On each session the books of the issuers that filed learn; their measures are computed anew.
3. Flags rank them within their sector as it was known then (`sectors.py`), among the latest measures of all
   its issuers that are not too old and whose shares were not all delisted by then (`issues.py`).
4. What a session's profiles rest on is digested: the histories of the sectors' issuers, sectors and market
   values. A filing, or a statement on a sector or an instrument, that comes later changes no digest, and no
   profile, of a session before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from prometheus.domain.profiles.books import Absent, Books, Found
from prometheus.domain.profiles.config import ProfilesConfig
from prometheus.domain.profiles.issues import Issue, is_gone
from prometheus.domain.profiles.measures import Measured, measured
from prometheus.domain.profiles.risk_flags import FLAGS, risk_flags
from prometheus.domain.profiles.sectors import Sectors, SectorStatement
from prometheus.kernel.ids import digest
from prometheus.kernel.sessions import Sessions

NO_MARKET_VALUE = Absent("no market value: shares_outstanding or a price is not known")
UNTOLD_SPLITS = Absent(
    "no market value: its close came in a delivery that tells no splits, and may hold later ones"
)
_FLAG_MEASURES = frozenset(measure for measure, _ in FLAGS.values())


@dataclass(frozen=True, slots=True)
class KnownFiling:
    """A filing that reports facts.

    Attributes
    ----------
    number : int
        Its place, from 1, among the issuer's filings in the order in which they became known.
    name : mapping of str to str
        What finds it among the rows of filings, in any home: ``accepted_at`` and ``content`` of its
        metadata, and for readers its type and accession number.
    facts : sequence of mapping
        The members of ``filings.metadata.facts``.
    """

    number: int
    issuer_id: str
    accepted_at: datetime
    content: str
    name: Mapping[str, str]
    facts: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile: measures, why others are absent, risk flags, and the filings behind it by their numbers."""

    issuer_id: str
    measures: Mapping[str, Measured]
    absent: Mapping[str, str]
    flags: Mapping[str, object]
    filings: Mapping[int, Mapping[str, str]]

    def structured(self, decision: str) -> dict[str, Any]:
        """Return it as it stands in ``profiles.structured``."""
        places = {number: place for place, number in enumerate(self.filings)}
        values: dict[str, Any] = {name: one.as_json(places) for name, one in self.measures.items()}
        filings = [dict(name) for name in self.filings.values()]
        return {**values, "absent": dict(self.absent), "filings": filings, "decision_id": decision}


@dataclass(frozen=True, slots=True)
class DayProfiles:
    """The profiles of a session, and the digest of what they rest on."""

    as_of_date: date
    fingerprint: bytes
    profiles: tuple[Profile, ...]
    n_filings: int


def filings_by_session(filings: Iterable[KnownFiling], sessions: Sessions) -> dict[int, list[KnownFiling]]:
    """Return the filings that each session (by its place) is the first to know, in their order.

    A filing is known on the first session that closes at the moment of its acceptance or after it.
    """
    found: dict[int, list[KnownFiling]] = {}
    closes = sessions.closes.astype("datetime64[us]")
    for filing in filings:
        moment = np.datetime64(filing.accepted_at.astimezone(UTC).replace(tzinfo=None), "us")
        place = int(np.searchsorted(closes, moment))
        if place < len(sessions.dates):
            found.setdefault(place, []).append(filing)
    return dict(sorted(found.items()))


def shares_by_session(
    filings: Mapping[int, Sequence[KnownFiling]], sessions: Sessions
) -> list[tuple[str, date, date, float, int]]:
    """Return for each profile to come the shares it may be valued with.

    Returns
    -------
    list of (issuer_id, as_of_date, date of the count, shares, number of the filing)
        The latest count that is known on the session, of issuers that have one.
    """
    latest: dict[str, tuple[date, float, int]] = {}
    out: list[tuple[str, date, date, float, int]] = []
    for place, new in filings.items():
        day = _date(sessions, place)
        for filing in new:
            for fact in filing.facts:
                if fact["name"] == "shares_outstanding":
                    counted = date.fromisoformat(fact["end"])
                    if filing.issuer_id not in latest or counted >= latest[filing.issuer_id][0]:
                        latest[filing.issuer_id] = (counted, float(fact["value"]), filing.number)
        changed = sorted({filing.issuer_id for filing in new} & set(latest))
        out += [(issuer, day, *latest[issuer]) for issuer in changed]
    return out


def profiles(
    filings: Mapping[int, Sequence[KnownFiling]],
    sessions: Sessions,
    config: ProfilesConfig,
    *,
    sectors: Mapping[str, Sequence[SectorStatement]],
    issues: Mapping[str, Sequence[Issue]],
    market_values: Mapping[tuple[str, date], Found | Absent],
) -> Iterator[DayProfiles]:
    """Yield the profiles of each session on which something became known.

    Parameters
    ----------
    filings : mapping of int to sequence of KnownFiling
        See `filings_by_session`: all that is known, from the first filing on.
    sessions : Sessions
    config : ProfilesConfig
    sectors : mapping of str to sequence of SectorStatement
        By issuer, oldest first.
    issues : mapping of str to sequence of Issue
        By issuer.
    market_values : mapping of (str, date) to Found or Absent
        By issuer and session; absent with a reason of its own.
    """
    books: dict[str, Books] = {}
    histories: dict[str, bytes] = {}
    names: dict[str, dict[int, Mapping[str, str]]] = {}
    latest: dict[str, dict[str, Measured]] = {}
    known = Sectors(sectors, assume_first=config.assume_first_sector)
    of_sector: dict[str | None, set[str]] = {}
    for place, new in filings.items():
        day = _date(sessions, place)
        for issuer, (before, after) in known.advance(day).items():
            if issuer in books:
                of_sector[before.sector].discard(issuer)
                of_sector.setdefault(after.sector, set()).add(issuer)
        for filing in new:
            issuer = filing.issuer_id
            books.setdefault(issuer, Books()).learn(filing.number, filing.facts)
            names.setdefault(issuer, {})[filing.number] = filing.name
            histories[issuer] = digest(
                histories.get(issuer, b""), filing.accepted_at.isoformat(), filing.content
            )
            of_sector.setdefault(known.of(issuer).sector, set()).add(issuer)
        changed = sorted({filing.issuer_id for filing in new})
        reasons: dict[str, dict[str, str]] = {}
        for issuer in changed:
            sector = known.of(issuer).sector
            latest[issuer], reasons[issuer] = measured(
                books[issuer],
                is_financial=None if sector is None else sector in config.financial_sectors,
                market_value=market_values.get((issuer, day), NO_MARKET_VALUE),
            )
        touched = {known.of(issuer).sector for issuer in changed} - {None}
        peers = {
            one: [issuer for issuer in of_sector[one] if not is_gone(issues.get(issuer, ()), day)]
            for one in touched
        }
        values = {one: _values(latest, issuers, day, config.max_age_days) for one, issuers in peers.items()}
        found = []
        for issuer in changed:
            flags = risk_flags(
                {name: one.value for name, one in latest[issuer].items()},
                _peers(values.get(known.of(issuer).sector, {}), issuer),
                sector=known.of(issuer),
                as_of_date=str(day),
                min_peers=config.min_peers,
            )
            rests_on = sorted({number for one in latest[issuer].values() for number in one.filings})
            filed = {number: names[issuer][number] for number in rests_on}
            found.append(Profile(issuer, latest[issuer], reasons[issuer], flags, filed))
        concerned = set(changed).union(*peers.values())
        parts: list[bytes | str] = []
        for issuer in sorted(concerned):
            parts += [issuer, histories[issuer], known.of(issuer).sector or ""]
        for issuer in changed:
            value = market_values.get((issuer, day))
            parts += [
                issuer,
                value.reason if isinstance(value, Absent) else repr(value.value) if value else "",
            ]
            parts += [part or "" for part in known.of(issuer).as_json().values()]
        yield DayProfiles(day, digest(*parts), tuple(found), len(new))


def _values(
    latest: Mapping[str, Mapping[str, Measured]], issuers: Iterable[str], day: date, max_age_days: int
) -> dict[str, list[tuple[float, str]]]:
    """Return the measures that flags rank, ascending, of these issuers, without those that are too old."""
    values: dict[str, list[tuple[float, str]]] = {name: [] for name in _FLAG_MEASURES}
    for issuer in issuers:
        known = latest[issuer]
        for name, ranked in values.items():
            one = known.get(name)
            if one is not None and (day - one.end).days <= max_age_days:
                ranked.append((one.value, issuer))
    return {name: sorted(ranked) for name, ranked in values.items()}


def _peers(values: Mapping[str, Sequence[tuple[float, str]]], issuer: str) -> dict[str, list[float]]:
    """Return the measures of the others, ascending."""
    return {name: [value for value, whose in ranked if whose != issuer] for name, ranked in values.items()}


def _date(sessions: Sessions, place: int) -> date:
    found: date = sessions.dates[place].astype(object)
    return found
