"""What always holds inside one database beyond its constraints: one function and one query a rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

from prometheus.store.violations import Check, Connection, Violation, found_by

_FILLED_AGAINST_STATUS = """
    select o.order_id::text, format('status %%s, quantity %%s, fills add up to %%s',
                                    o.status, o.quantity, coalesce(f.filled, 0))
    from orders o
    left join (select order_id, sum(quantity) filled from fills group by order_id) f
           on f.order_id = o.order_id
    where not case o.status
                  when 'FILLED' then coalesce(f.filled, 0) = o.quantity
                  when 'PARTIALLY_FILLED' then f.filled > 0 and f.filled < o.quantity
                  when 'CANCELLED' then coalesce(f.filled, 0) < o.quantity
                  when 'EXPIRED' then coalesce(f.filled, 0) < o.quantity
                  else f.filled is null
              end
       or (o.status = 'PARTIALLY_FILLED' and f.filled is null)
    order by o.order_id"""

_ACTIONS_AGAINST_FILLS = """
    select concat_ws(' ', decision_id, portfolio_id, instrument_id, side),
           format('fills: %%s units for %%s, actions: %%s units for %%s', fq, round(fv, 6), aq, round(av, 6))
    from (
        select decision_id, portfolio_id, instrument_id, side,
               sum(fq) fq, sum(fv) fv, sum(aq) aq, sum(av) av
        from (
            select o.decision_id, o.portfolio_id, f.instrument_id, f.side,
                   f.quantity fq, f.quantity * f.price fv, 0 aq, 0 av
            from fills f join orders o on o.order_id = f.order_id
            union all
            select decision_id, portfolio_id, instrument_id, side, 0, 0, quantity, quantity * price
            from executed_actions
        ) both_sides
        group by decision_id, portfolio_id, instrument_id, side
    ) sums
    where fq <> aq or abs(fv - av) > 0.000001 * greatest(1, abs(fv))
    order by 1"""

_COMPONENTS_AGAINST_SCORE = """
    select s.score_id::text, format('score %%s, components add up to %%s', s.score, c.total)
    from instrument_scores s
    cross join lateral (
        select coalesce(sum(part), 0) total, coalesce(sum(abs(part)), 0) size
        from (select case when jsonb_typeof(value) = 'number' then value::double precision end part
              from jsonb_each(s.alpha_components)) parts
    ) c
    where abs(s.score - c.total) > 1e-9 * greatest(1, c.size)"""

_UNIVERSE_INSTRUMENTS = """
    with unknown as (
        select instrument_id from (select distinct unnest(instrument_ids) instrument_id from universes) named
        where not exists (select from instruments i where i.instrument_id = named.instrument_id)
    )
    select u.universe_id::text, format('unknown instrument %%s', n.instrument_id)
    from unknown n join universes u on n.instrument_id = any (u.instrument_ids)
    order by 1, 2"""

_TARGET_INSTRUMENTS = """
    with unknown as (
        select instrument_id
        from (select distinct jsonb_object_keys(target_positions) instrument_id from target_portfolios) named
        where not exists (select from instruments i where i.instrument_id = named.instrument_id)
    )
    select t.target_id::text, format('unknown instrument %%s', n.instrument_id)
    from unknown n join target_portfolios t on t.target_positions ? n.instrument_id
    order by 1, 2"""

# Of several snapshots of a session the last one counts. Portfolios that hold other currencies than
# their own are left out: a snapshot doesn't say at which rate it was valued.
_VALUE_AGAINST_POSITIONS = """
    with last as (
        select portfolio_id, mode, as_of_date, max(timestamp) timestamp
        from positions_snapshots group by portfolio_id, mode, as_of_date
    ), held as (
        select s.portfolio_id, s.as_of_date, s.mode, sum(s.market_value) value,
               coalesce(sum(s.market_value) filter (where i.asset_class = 'CASH'), 0) cash,
               bool_and(i.currency = p.base_currency) one_currency
        from positions_snapshots s
        join last using (portfolio_id, mode, as_of_date, timestamp)
        join instruments i on i.instrument_id = s.instrument_id
        join portfolios p on p.portfolio_id = s.portfolio_id
        group by s.portfolio_id, s.as_of_date, s.mode
    )
    select r.report_id::text, format('value %%s of which cash %%s, positions %%s of which cash %%s',
                                     r.portfolio_value, r.cash, min(h.value), min(h.cash))
    from current_portfolio_risk_reports r
    join held h on h.portfolio_id = r.portfolio_id and h.as_of_date = r.as_of_date
    where h.one_currency
    group by r.report_id, r.portfolio_value, r.cash
    having not bool_or(
        abs(h.value - r.portfolio_value) <= 0.000001 * greatest(1, abs(h.value))
        and abs(h.cash - r.cash) <= 0.000001 * greatest(1, abs(h.value)))
    order by 1"""

_REVISIONS: LiteralString = r"""
    select concat_ws(' ', {key}, trade_date), format('revisions are %%s', metadata -> 'revisions')
    from {table}
    where metadata ? 'revisions'
      and (jsonb_typeof(metadata -> 'revisions') <> 'array'
           or metadata -> 'revisions' = '[]'
           or exists (
               select from (
                   select revision, lag(revision ->> 'until') over (order by place) before
                   from jsonb_array_elements(case jsonb_typeof(metadata -> 'revisions') when 'array'
                                                  then metadata -> 'revisions' else '[]' end)
                        with ordinality r (revision, place)
               ) ordered
               where jsonb_typeof(revision) <> 'object'
                  or {no_numbers}
                  or coalesce(revision ->> 'until', '') !~ '^\d\d\d\d-\d\d-\d\d[T ]\d\d:\d\d'
                  or revision ->> 'until' < before))
    order by 1"""


def revisions_out_of_order(
    table: LiteralString, key: LiteralString, *numbers: LiteralString
) -> LiteralString:
    """Return the query for rows whose earlier versions lack a number or a moment, or are out of order."""
    absent = " or ".join(f"jsonb_typeof(revision -> '{name}') is distinct from 'number'" for name in numbers)
    return _REVISIONS.format(table=table, key=key, no_numbers=absent)


def fills_add_up_to_what_the_status_says(runtime: Connection, _: Connection) -> Iterator[Violation]:
    """Check that FILLED orders are filled to the last unit, partly filled ones partly, others not at all."""
    rule = "fills_add_up_to_what_the_status_says"
    return found_by(runtime, _FILLED_AGAINST_STATUS, "orders", "status", rule)


def executed_actions_say_what_the_fills_say(runtime: Connection, _: Connection) -> Iterator[Violation]:
    """Check for each decision and instrument that actions and fills agree in units and in money."""
    rule = "executed_actions_say_what_the_fills_say"
    return found_by(runtime, _ACTIONS_AGAINST_FILLS, "executed_actions", "quantity", rule)


def components_add_up_to_the_score(runtime: Connection, _: Connection) -> Iterator[Violation]:
    """Check that the contributions of the alpha families add up to the score, to 1e-9."""
    rule = "components_add_up_to_the_score"
    return found_by(runtime, _COMPONENTS_AGAINST_SCORE, "instrument_scores", "alpha_components", rule)


def universes_name_known_instruments(runtime: Connection, _: Connection) -> Iterator[Violation]:
    """Check that every instrument of a universe is on record."""
    rule = "universes_name_known_instruments"
    return found_by(runtime, _UNIVERSE_INSTRUMENTS, "universes", "instrument_ids", rule)


def targets_name_known_instruments(runtime: Connection, _: Connection) -> Iterator[Violation]:
    """Check that every instrument of a target portfolio is on record."""
    rule = "targets_name_known_instruments"
    return found_by(runtime, _TARGET_INSTRUMENTS, "target_portfolios", "target_positions", rule)


def reported_value_is_cash_and_positions(runtime: Connection, _: Connection) -> Iterator[Violation]:
    """Check that a risk report says what the positions of its session add up to, to a millionth."""
    rule = "reported_value_is_cash_and_positions"
    return found_by(runtime, _VALUE_AGAINST_POSITIONS, "portfolio_risk_reports", "portfolio_value", rule)


def price_revisions_are_well_formed(_: Connection, historical: Connection) -> Iterator[Violation]:
    """Check that each earlier version of a price has its values and its end, in order of time."""
    rule = "price_revisions_are_well_formed"
    return found_by(
        historical,
        revisions_out_of_order("prices_daily", "instrument_id", "close", "adjusted_close"),
        "prices_daily",
        "metadata",
        rule,
    )


INVARIANTS: tuple[Check, ...] = (
    fills_add_up_to_what_the_status_says,
    executed_actions_say_what_the_fills_say,
    components_add_up_to_the_score,
    universes_name_known_instruments,
    targets_name_known_instruments,
    reported_value_is_cash_and_positions,
    price_revisions_are_well_formed,
)
