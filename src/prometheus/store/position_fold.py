"""Positions are a fold over fills: what is held is what was held before, plus what was filled."""

from __future__ import annotations

import json
from collections.abc import Iterator

from prometheus.store.violations import Connection, Violation, found_by

_SPLITS = """
    select instrument_id, trade_date::text, (metadata ->> 'split')::numeric::text
    from prices_daily where metadata ? 'split' and jsonb_typeof(metadata -> 'split') = 'number'"""

# 1. Number the snapshots of a portfolio; a fill belongs to the first snapshot at or after it.
# 2. Lay what is held now, what was held one snapshot before (after splits) and what was filled in
#    between on one heap, and add it up for each instrument: now = before + filled.
# Cash has flows of its own and is left out. A split may leave a fraction that is paid out in cash, so
# where there was one, less than one unit may be missing.
_FOLD = """
    with moments as (
        select portfolio_id, mode, timestamp, max(as_of_date) as_of_date,
               row_number() over (partition by portfolio_id, mode order by timestamp) n
        from positions_snapshots group by portfolio_id, mode, timestamp
    ), lines as (
        select o.portfolio_id, f.mode, f.timestamp, f.instrument_id,
               case f.side when 'BUY' then f.quantity else -f.quantity end quantity, false is_moment
        from fills f join orders o on o.order_id = f.order_id
        union all
        select portfolio_id, mode, timestamp, null, null, true from moments
    ), numbered as (
        select lines.*, 1 + count(*) filter (where is_moment)
                                over (partition by portfolio_id, mode order by timestamp, is_moment
                                      rows between unbounded preceding and current row) n
        from lines
    ), splits as (
        select instrument_id, trade_date, split
        from jsonb_to_recordset(%(splits)s::jsonb) s (instrument_id text, trade_date date, split numeric)
    ), held as (
        select s.portfolio_id, s.mode, m.n, s.instrument_id, s.quantity
        from positions_snapshots s
        join moments m using (portfolio_id, mode, timestamp)
        join instruments i on i.instrument_id = s.instrument_id
        where i.asset_class <> 'CASH'
    ), carried as (
        select h.portfolio_id, h.mode, h.n + 1 n, h.instrument_id, h.quantity, f.factor
        from held h
        join moments a on (a.portfolio_id, a.mode, a.n) = (h.portfolio_id, h.mode, h.n)
        join moments b on (b.portfolio_id, b.mode, b.n) = (h.portfolio_id, h.mode, h.n + 1)
        left join lateral (
            select exp(sum(ln(split))) factor from splits x
            where x.instrument_id = h.instrument_id
              and x.trade_date > a.as_of_date and x.trade_date <= b.as_of_date
        ) f on h.instrument_id in (select instrument_id from splits)
    ), heap as (
        select portfolio_id, mode, n, instrument_id, quantity now, 0 before, 0 filled, 0 slack from held
        union all
        select portfolio_id, mode, n, instrument_id, 0, quantity * coalesce(factor, 1), 0,
               case when factor is null then 0 else 1 end
        from carried
        union all
        select portfolio_id, mode, n, instrument_id, 0, 0, quantity, 0 from numbered where not is_moment
    )
    select concat_ws(' ', h.portfolio_id, h.mode, m.as_of_date, h.instrument_id),
           format('held %%s, before %%s, filled %%s', sum(now), round(sum(before), 6), sum(filled))
    from heap h
    join moments m using (portfolio_id, mode, n)
    group by h.portfolio_id, h.mode, h.n, m.as_of_date, h.instrument_id
    having case when max(slack) = 0 then sum(now) <> sum(before) + sum(filled)
                else abs(sum(now) - sum(before) - sum(filled)) >= 1 end
    order by 1"""


def positions_are_a_fold_over_fills(runtime: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that each position is the one before, times a split, plus the fills in between."""
    named = ("instrument_id", "trade_date", "split")
    splits = [dict(zip(named, row, strict=True)) for row in historical.execute(_SPLITS)]
    parameters: dict[str, object] = {"splits": json.dumps(splits)}
    rule = "positions_are_a_fold_over_fills"
    return found_by(runtime, _FOLD, "positions_snapshots", "quantity", rule, parameters)
