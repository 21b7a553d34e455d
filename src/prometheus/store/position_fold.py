"""Positions are a fold over fills: what is held is what was held before, plus what was filled."""

from __future__ import annotations

import json
from collections.abc import Iterator

from prometheus.store.violations import Connection, Violation, found_by

_SPLITS = """
    select instrument_id, trade_date::text, (metadata ->> 'split')::numeric::text
    from prices_daily where metadata ? 'split' and jsonb_typeof(metadata -> 'split') = 'number'"""

# 1. A fill belongs to the first snapshot of its portfolio at or after it.
# 2. Lay what is held at a snapshot, what was held one snapshot before (after splits) and what was filled
#    in between on one heap, and add it up for each instrument: now = before + filled.
# Windows instead of joins of a table with itself: a million fills cost a sort. Cash has flows of its own
# and is left out. A split may leave a fraction that is paid out in cash, so where there was one, less
# than one unit may be missing.
_FOLD = """
    with moments as materialized (
        select portfolio_id, mode, timestamp as moment, max(as_of_date) as_of_date,
               lead(timestamp) over later next_moment, lead(max(as_of_date)) over later next_as_of
        from positions_snapshots group by portfolio_id, mode, timestamp
        window later as (partition by portfolio_id, mode order by timestamp)
    ), lines as (
        select o.portfolio_id, f.mode, f.timestamp, f.instrument_id, null::timestamptz as moment,
               case f.side when 'BUY' then f.quantity else -f.quantity end quantity
        from fills f join orders o on o.order_id = f.order_id
        union all
        select portfolio_id, mode, moment, null, moment, null from moments
    ), placed as (
        select portfolio_id, mode, instrument_id, quantity,
               min(moment) over (partition by portfolio_id, mode
                                 order by timestamp desc, moment nulls last) as moment
        from lines
    ), factors as materialized (
        select m.portfolio_id, m.mode, m.moment, s.instrument_id, exp(sum(ln(s.split))) factor
        from jsonb_to_recordset(%(splits)s::jsonb) s (instrument_id text, trade_date date, split numeric)
        join moments m on s.trade_date > m.as_of_date and s.trade_date <= m.next_as_of
        group by m.portfolio_id, m.mode, m.moment, s.instrument_id
    ), held as materialized (
        select s.portfolio_id, s.mode, s.timestamp as moment, s.as_of_date, s.instrument_id, s.quantity
        from positions_snapshots s
        join instruments i on i.instrument_id = s.instrument_id
        where i.asset_class <> 'CASH'
    ), heap as (
        select portfolio_id, mode, moment, as_of_date, instrument_id,
               quantity as now, 0 as before, 0 as filled, false as was_split
        from held
        union all
        select h.portfolio_id, h.mode, m.next_moment, m.next_as_of, h.instrument_id,
               0, h.quantity * coalesce(f.factor, 1), 0, f.factor is not null
        from held h
        join moments m on m.portfolio_id = h.portfolio_id and m.mode = h.mode and m.moment = h.moment
        left join factors f on f.portfolio_id = h.portfolio_id and f.mode = h.mode
                           and f.moment = h.moment and f.instrument_id = h.instrument_id
        where m.next_moment is not null
        union all
        select portfolio_id, mode, moment, null, instrument_id, 0, 0, quantity, false
        from placed where instrument_id is not null and moment is not null
    )
    select concat_ws(' ', portfolio_id, mode,
                     coalesce(max(as_of_date), (moment at time zone 'UTC')::date), instrument_id),
           format('held %%s, before %%s, filled %%s', sum(now), round(sum(before), 6), sum(filled))
    from heap
    group by portfolio_id, mode, moment, instrument_id
    having case when bool_or(was_split) then abs(sum(now) - sum(before) - sum(filled)) >= 1
                else sum(now) <> sum(before) + sum(filled) end
    order by 1"""


def positions_are_a_fold_over_fills(runtime: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that each position is the one before, times a split, plus the fills in between."""
    named = ("instrument_id", "trade_date", "split")
    splits = [dict(zip(named, row, strict=True)) for row in historical.execute(_SPLITS)]
    parameters: dict[str, object] = {"splits": json.dumps(splits)}
    rule = "positions_are_a_fold_over_fills"
    return found_by(runtime, _FOLD, "positions_snapshots", "quantity", rule, parameters)
