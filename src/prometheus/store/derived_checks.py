"""What is derived, beside what it rests on: prices under it, and the DERIVE decisions that made it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import LiteralString

from prometheus.store.violations import MOST_A_RULE, Check, Connection, Violation, found_by

# Dates of a derived table, and which of its rows are a decision's: its market's or its instruments'.
_DAY: dict[str, tuple[LiteralString, LiteralString]] = {
    "returns_daily": ("trade_date", "instrument_id"),
    "volatility_daily": ("trade_date", "instrument_id"),
    "instrument_factors_daily": ("trade_date", "instrument_id"),
    "factors_daily": ("trade_date", "split_part(factor_id, ':', 1)"),
    "correlation_panels": ("end_date", "universe_spec ->> 'market_id'"),
}
_OF_MARKET = ("factors_daily", "correlation_panels")

_REACH = {"returns_daily": 0, "volatility_daily": 400, "instrument_factors_daily": 400}
"""Calendar days: a window of a year or less goes on over a gap in the prices, a return doesn't."""
_WITHOUT_PRICE: LiteralString = """
    select t.instrument_id || ' ' || min(t.trade_date), format('no price under this row and %%s others',
                                                               count(*) - 1)
    from {table} t
    where not exists (select from prices_daily p
                      where p.instrument_id = t.instrument_id and p.trade_date = t.trade_date)
      and not exists (select from prices_daily p
                      where p.instrument_id = t.instrument_id and p.trade_date > t.trade_date - %(reach)s
                            and p.trade_date < t.trade_date)
    group by t.instrument_id order by 1"""

_DAYS: LiteralString = """
    select {day}, min({key}), count(*) from {table}
    where {kept} group by 1 order by 1"""

_DECISIONS: LiteralString = """
    select decision_id::text, context_id, said.key, (said.value #>> '{}')::bigint,
           (raw_input_summary ->> 'first')::date, (raw_input_summary ->> 'last')::date,
           case when %(with_instruments)s then (input_refs -> 'instruments')::text end
    from engine_decisions d cross join lateral jsonb_each(d.proposed_action) said
    where d.engine_name = 'DERIVE' and raw_input_summary ? 'first' and raw_input_summary ? 'last'
          and jsonb_typeof(said.value) = 'number'
    order by d.timestamp desc, d.decision_id"""

_COUNTS: dict[str, LiteralString] = {
    **{
        table: f"""
    select c.place, count(t.instrument_id)
    from unnest(%(firsts)s::date[], %(lasts)s::date[], %(about)s::jsonb[]) with ordinality
         c (first, last, about, place)
    cross join lateral jsonb_array_elements_text(c.about) i (id)
    left join {table} t on t.instrument_id = i.id and t.trade_date between c.first and c.last
    group by c.place"""
        for table in ("returns_daily", "volatility_daily", "instrument_factors_daily")
    },
    **{
        table: f"""
    select c.place, (select count(*) from {table} t
                     where {day} between c.first and c.last and {whose} = c.about #>> '{{}}')
    from unnest(%(firsts)s::date[], %(lasts)s::date[], %(about)s::jsonb[]) with ordinality
         c (first, last, about, place)"""
        for table, (day, whose) in _DAY.items()
        if table in ("factors_daily", "correlation_panels")
    },
}


@dataclass(frozen=True, slots=True)
class _Derivation:
    """What a decision says of a table: so many rows between two dates, about instruments or a market."""

    decision: str
    table: str
    n_rows: int
    first: date
    last: date
    market: str
    instruments: str | None

    @property
    def about(self) -> str:
        """What its rows are about, as JSON: instruments, or the market."""
        return json.dumps(self.market) if self.table in _OF_MARKET else self.instruments or "[]"


def derived_rows_have_prices(_: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that a return has a price on its day, and what comes from windows of returns one in a window."""
    rule = "derived_rows_have_prices"
    for table, reach in _REACH.items():
        query = _WITHOUT_PRICE.replace("{table}", table)
        yield from found_by(historical, query, table, "trade_date", rule, {"reach": reach})


def derived_rows_belong_to_a_derivation(runtime: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that each day of a derived table is one that a DERIVE decision was about."""
    covered: dict[str, set[date]] = {}
    for one in _derivations(runtime):
        covered.setdefault(one.table, set()).update(_days(one))
    markets = [row[0] for row in runtime.execute("select market_id from markets")]
    for table, (day, whose) in _DAY.items():
        # Factors of vendors stand in the same table, and come in batches.
        kept = "split_part(factor_id, ':', 1) = any (%(markets)s)" if table == "factors_daily" else "true"
        key = "panel_id" if table == "correlation_panels" else whose
        query = _DAYS.format(day=day, key=key, table=table, kept=kept)
        found = historical.execute(query.encode(), {"markets": markets})
        strange = [row for row in found if row[0] not in covered.get(table, set())]
        for on, first, n_rows in strange[:MOST_A_RULE]:
            yield Violation(
                table,
                f"{first} {on}",
                day,
                "derived_rows_belong_to_a_derivation",
                f"no DERIVE decision is about {on}, the date of this row and {n_rows - 1} others",
            )


def derivations_are_whole(runtime: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that the tables hold as many rows as DERIVE decisions wrote, where no later one wrote there."""
    latest: dict[str, list[_Derivation]] = {}
    covered: dict[tuple[str, str], set[date]] = {}
    for one in _derivations(runtime, with_instruments=True):
        taken = covered.setdefault((one.table, one.market), set())
        days = _days(one)
        is_counted = one.table in _OF_MARKET or one.instruments not in (None, "null")
        if taken.isdisjoint(days) and one.table in _COUNTS and is_counted:
            latest.setdefault(one.table, []).append(one)
        taken.update(days)
    for table, decisions in latest.items():
        parameters = {
            "firsts": [one.first for one in decisions],
            "lasts": [one.last for one in decisions],
            "about": [one.about for one in decisions],
        }
        found = dict(historical.execute(_COUNTS[table].encode(), parameters).fetchall())
        for place, one in enumerate(decisions, start=1):
            n_found = found.get(place, 0)
            # Panels are append-only: those of an earlier state stay beside the later ones.
            if n_found < one.n_rows or (n_found > one.n_rows and table != "correlation_panels"):
                yield Violation(
                    "engine_decisions",
                    one.decision,
                    "proposed_action",
                    "derivations_are_whole",
                    f"wrote {one.n_rows} rows of {table} from {one.first} to {one.last}; there are {n_found}",
                )


def _derivations(runtime: Connection, *, with_instruments: bool = False) -> list[_Derivation]:
    """Return what DERIVE decisions say, the latest first; ``instruments`` is a JSON list, and long."""
    found = runtime.execute(_DECISIONS, {"with_instruments": with_instruments})
    return [
        _Derivation(decision, table, n_rows, first, last, market, instruments)
        for decision, market, table, n_rows, first, last, instruments in found
    ]


def _days(one: _Derivation) -> set[date]:
    return {one.first + timedelta(days=n) for n in range((one.last - one.first).days + 1)}


DERIVED_CHECKS: tuple[Check, ...] = (
    derived_rows_have_prices,
    derived_rows_belong_to_a_derivation,
    derivations_are_whole,
)
