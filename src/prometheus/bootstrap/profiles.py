"""A market's profiles, from the filings that are stored.

1. All filings that report facts are read in the order in which they became known; for each session the
   profiles that its knowledge gives are computed (`domain.profiles.steps`).
2. A session's decision has an id that follows from what its profiles rest on. The latest on record about the
   session already: nothing to do. On record, with another one since: it is decided again, under an id that
   counts how often.
3. Profiles that say something else than the current ones are written, with their decision, in one transaction
   of the runtime database for a stretch of sessions.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from prometheus.bootstrap.markets import sessions_of_market
from prometheus.kernel.ids import decision_id, digest, uuid_text
from prometheus.store.connections import Databases, connect, driver_errors, open_databases
from prometheus.store.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prometheus.domain.profiles.books import Absent, Found
    from prometheus.domain.profiles.config import ProfilesConfig
    from prometheus.domain.profiles.issues import Issue
    from prometheus.domain.profiles.steps import DayProfiles, KnownFiling
    from prometheus.flow.progress import Progress
    from prometheus.kernel.sessions import Sessions
    from prometheus.store.copying import Connection

STRETCH = 64
"""Sessions a transaction: a crash loses no more than these, and running again makes them anew."""


@dataclass(frozen=True, slots=True)
class ProfilesRecord:
    """What became of a market's profiles.

    Attributes
    ----------
    n_sessions : int
        Sessions between the dates on which something became known.
    n_decisions, n_profiles : int
        Written now.
    n_issuers : int
        Issuers that have filings.
    first, last : datetime.date or None
        Of these sessions.
    """

    market_id: str
    n_sessions: int
    n_decisions: int
    n_profiles: int
    n_issuers: int
    first: date | None
    last: date | None


def build_profiles(
    settings: Settings,
    market_id: str,
    first: np.datetime64 | None = None,
    last: np.datetime64 | None = None,
    *,
    config: ProfilesConfig | None = None,
    progress: Progress | None = None,
) -> ProfilesRecord:
    """Write the profiles of the sessions on which something became known.

    Parameters
    ----------
    settings : Settings
    market_id : str
    first, last : datetime64[D], optional
        Dates to write profiles about; what became known earlier is known on them all the same. All by
        default.
    config : ProfilesConfig, optional
    progress : Progress, optional

    Raises
    ------
    ConfigError
        If the market is not registered.
    """
    from prometheus.domain.profiles.config import ProfilesConfig as Config
    from prometheus.domain.profiles.sectors import SectorStatement
    from prometheus.domain.profiles.steps import filings_by_session, profiles
    from prometheus.flow.progress import Silent
    from prometheus.store.profiles import sector_statements

    config = config or Config()
    hook = progress or Silent()
    databases = open_databases(settings)
    sessions = sessions_of_market(databases, market_id)
    with driver_errors(), connect(databases.runtime_url) as runtime:
        stated = sector_statements(runtime, market_id)
        sectors = {issuer: [SectorStatement(*one) for one in own] for issuer, own in stated.items()}
        filings = filings_by_session(_filings(databases, list(sectors), config), sessions)
        issues = _issues(databases, runtime, market_id)
        values = _market_values(databases, runtime, market_id, issues, filings, sessions)
        days = profiles(filings, sessions, config, sectors=sectors, issues=issues, market_values=values)
        low, high = date.min if first is None else first.astype(object), date.max
        high = high if last is None else last.astype(object)
        n_sessions = n_decisions = n_profiles = 0
        span: list[date] = []
        stretch: list[DayProfiles] = []
        hook.start("sessions", len(filings))
        for day in days:
            hook.advance(1)
            if low <= day.as_of_date <= high:
                n_sessions += 1
                span = [*span[:1], day.as_of_date]
                stretch.append(day)
            if len(stretch) == STRETCH:
                made = _written(runtime, market_id, config, stretch)
                n_decisions, n_profiles = n_decisions + made[0], n_profiles + made[1]
                stretch = []
        made = _written(runtime, market_id, config, stretch)
        hook.finish()
    return ProfilesRecord(
        market_id,
        n_sessions,
        n_decisions + made[0],
        n_profiles + made[1],
        len({filing.issuer_id for new in filings.values() for filing in new}),
        span[0] if span else None,
        span[-1] if span else None,
    )


def _filings(databases: Databases, issuers: Sequence[str], config: ProfilesConfig) -> list[KnownFiling]:
    from prometheus.domain.profiles.steps import KnownFiling as Filing
    from prometheus.store.filings import facts_on_record
    from prometheus.store.unrecorded import recorded_batches

    with driver_errors(), connect(databases.runtime_url) as runtime:
        recorded = recorded_batches(runtime)
    with driver_errors(), connect(databases.historical_url) as historical:
        stored = facts_on_record(historical, issuers, config.accepted_bases, recorded=recorded)
    numbers: Counter[str] = Counter()
    out = []
    for one in stored:
        numbers[one.issuer_id] += 1
        number = numbers[one.issuer_id]
        out.append(Filing(number, one.issuer_id, one.accepted_at, one.content, one.name, one.facts))
    return out


def _issues(databases: Databases, runtime: Connection, market_id: str) -> dict[str, list[Issue]]:
    """Return the shares of the market's issuers, and since when anything tells of them."""
    from prometheus.domain.profiles.issues import Issue as Share
    from prometheus.store.profiles import first_prices, shares_of_issuers

    shares = shares_of_issuers(runtime, market_id)
    with driver_errors(), connect(databases.historical_url) as historical:
        priced = first_prices(historical, [instrument for _, instrument, *_ in shares])
    out: dict[str, list[Issue]] = {}
    for issuer, instrument, since, delisted in shares:
        known = min(since, priced.get(instrument, since))
        out.setdefault(issuer, []).append(Share(instrument, known, delisted))
    return out


def _market_values(
    databases: Databases,
    runtime: Connection,
    market_id: str,
    issues: Mapping[str, Sequence[Issue]],
    filings: Mapping[int, list[KnownFiling]],
    sessions: Sessions,
) -> dict[tuple[str, date], Found | Absent]:
    """Return what the shares of issuers with one class of them were worth on the days of their profiles.

    Where a close may hold splits that came later, the value is absent: it would tell of the future.
    """
    from prometheus.domain.profiles.books import Found as Number
    from prometheus.domain.profiles.issues import single_issue
    from prometheus.domain.profiles.steps import UNTOLD_SPLITS, shares_by_session
    from prometheus.store.profiles import closes_and_splits
    from prometheus.store.splits_told import deliveries_with_splits

    counted = [
        (single, one)
        for one in shares_by_session(filings, sessions)
        if (single := single_issue(issues.get(one[0], ()), one[1])) is not None
    ]
    batches, is_all = deliveries_with_splits(runtime, market_id=market_id)
    wanted = [(single, one[1], one[2]) for single, one in counted]
    with driver_errors(), connect(databases.historical_url) as historical:
        prices = closes_and_splits(historical, wanted, batches=batches, is_all=is_all)
    return {
        (issuer, day): Number(shares * price[0] * price[1], day, (filing,), note="close * shares_outstanding")
        if price[2]
        else UNTOLD_SPLITS
        for (_, (issuer, day, _, shares, filing)), price in zip(counted, prices, strict=True)
        if price is not None
    }


def _written(
    runtime: Connection, market_id: str, config: ProfilesConfig, days: list[DayProfiles]
) -> tuple[int, int]:
    """Write the profiles of sessions and their decisions; return how many of each.

    What is the latest decision about its session already is left out. What was decided before and something
    else since (a sector that was changed and changed back) counts again, as in `adapters.batches`.
    """
    import polars as pl

    from prometheus.flow.storage import Decision
    from prometheus.store.decisions import record_decision
    from prometheus.store.profiles import current_profiles, decisions_on_record, profile_text, write_profiles

    if not days:
        return 0, 0
    recorded = decisions_on_record(runtime, config.engine_name, market_id)
    latest = {day: raw_id for raw_id, day in recorded.items()}
    current = current_profiles(runtime, market_id, days[0].as_of_date, days[-1].as_of_date)
    rows: list[tuple[str, str, str, str]] = []
    n_decisions = 0
    for day in days:
        as_of = np.datetime64(day.as_of_date, "D")
        before, raw_id, fingerprint = _ids(config, market_id, day, recorded)
        if before is not None and latest[day.as_of_date] == before:
            continue
        n_before = len(rows)
        for profile in day.profiles:
            body = profile.structured(uuid_text(raw_id))
            text = profile_text(body, dict(profile.flags))
            if current.get((profile.issuer_id, day.as_of_date)) != text:
                rows.append(
                    (
                        profile.issuer_id,
                        str(day.as_of_date),
                        json.dumps(body),
                        json.dumps(dict(profile.flags)),
                    )
                )
        decision = Decision(
            decision_id=raw_id,
            engine_name=config.engine_name,
            config_id=config.config_id,
            context_id=market_id,
            as_of_date=as_of,
            input_refs={"fingerprint": fingerprint.hex(), "known_at": None, "table": "filings"},
            raw_input_summary={"n_filings": day.n_filings, "n_issuers": len(day.profiles)},
            proposed_action={"profiles": len(rows) - n_before},
        )
        n_decisions += record_decision(runtime, decision, config, created_by="profiles")
    names = ("issuer_id", "as_of_date", "structured", "risk_flags")
    write_profiles(runtime, pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row"))
    runtime.commit()
    return n_decisions, len(rows)


def _ids(
    config: ProfilesConfig, market_id: str, day: DayProfiles, recorded: Mapping[bytes, date]
) -> tuple[bytes | None, bytes, bytes]:
    """Return the last decision on record on a session's content, and the id and fingerprint of a new one."""
    before: bytes | None = None
    n_before = 0
    while True:
        fingerprint = digest(day.fingerprint, str(n_before)) if n_before else day.fingerprint
        raw_id = decision_id(
            engine_name=config.engine_name,
            config_id=config.config_id,
            context_id=market_id,
            as_of_date=np.datetime64(day.as_of_date, "D"),
            fingerprint=fingerprint,
        )
        if raw_id not in recorded:
            return before, raw_id, fingerprint
        before = raw_id
        n_before += 1
