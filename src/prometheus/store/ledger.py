"""What a portfolio did, read back from the runtime tables: its curve, its trades, its positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import psycopg

from prometheus.kernel.arrays import DateArray, FloatArray


@dataclass(frozen=True, slots=True)
class Curve:
    """The risk reports of a portfolio, one row a session.

    Attributes
    ----------
    dates : ndarray of shape (n_days,), datetime64[D]
    value, cash : ndarray of shape (n_days,)
        In the base currency.
    gross_exposure, net_exposure : ndarray of shape (n_days,)
        Over value.
    """

    dates: DateArray
    value: FloatArray
    cash: FloatArray
    gross_exposure: FloatArray
    net_exposure: FloatArray


def read_curve(connection: psycopg.Connection[Any], portfolio_id: str) -> Curve:
    """Return the current risk reports of a portfolio, oldest first."""
    found = connection.execute(
        "SELECT as_of_date, portfolio_value::float8, cash::float8, gross_exposure, net_exposure "
        "FROM current_portfolio_risk_reports WHERE portfolio_id = %s ORDER BY as_of_date",
        [portfolio_id],
    ).fetchall()
    dates = np.array([row[0] for row in found], dtype="datetime64[D]")
    numbers = np.array([row[1:] for row in found], dtype=np.float64).reshape(-1, 4)
    return Curve(dates, *(np.ascontiguousarray(column) for column in numbers.T))


@dataclass(frozen=True, slots=True)
class Trades:
    """Fills, added up by the moment at which they traded.

    Attributes
    ----------
    times : ndarray of shape (n_times,), datetime64[s]
    bought, sold, commission : ndarray of shape (n_times,)
        In the base currency, at the prices of the fills.
    """

    times: DateArray
    bought: FloatArray
    sold: FloatArray
    commission: FloatArray


def read_trades(connection: psycopg.Connection[Any], portfolio_id: str) -> Trades:
    """Return the fills of a portfolio by moment, oldest first."""
    found = connection.execute(
        "SELECT f.timestamp, "
        "coalesce(sum(f.quantity * f.price) FILTER (WHERE f.side = 'BUY'), 0)::float8, "
        "coalesce(sum(f.quantity * f.price) FILTER (WHERE f.side = 'SELL'), 0)::float8, "
        "sum(f.commission)::float8 FROM fills f JOIN orders o USING (order_id) "
        "WHERE o.portfolio_id = %s GROUP BY f.timestamp ORDER BY f.timestamp",
        [portfolio_id],
    ).fetchall()
    numbers = np.array([row[1:] for row in found], dtype=np.float64).reshape(-1, 3)
    return Trades(np.array([_naive(row[0]) for row in found], dtype="datetime64[s]"), *numbers.T)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Holding:
    """What one instrument was to a portfolio over its life.

    Attributes
    ----------
    net_proceeds : float
        Sales less purchases less commission.
    n_sessions_held : int
        Sessions at whose close it was held.
    last_quantity, last_value : float
        At the last close; 0 when it is no longer held.
    """

    instrument_id: str
    name: str
    net_proceeds: float
    n_sessions_held: int
    last_quantity: float
    last_value: float


def read_holdings(connection: psycopg.Connection[Any], portfolio_id: str) -> list[Holding]:
    """Return every instrument that a portfolio held or traded, cash aside, by id."""
    found = connection.execute(
        """
        WITH traded AS (
            SELECT f.instrument_id,
                   sum(CASE f.side WHEN 'SELL' THEN f.quantity * f.price ELSE -f.quantity * f.price END
                       - f.commission) AS net
            FROM fills f JOIN orders o USING (order_id)
            WHERE o.portfolio_id = %(id)s GROUP BY f.instrument_id
        ), held AS (
            SELECT instrument_id, count(*) AS n FROM positions_snapshots
            WHERE portfolio_id = %(id)s GROUP BY instrument_id
        ), final AS (
            SELECT instrument_id, quantity, market_value FROM positions_snapshots
            WHERE portfolio_id = %(id)s AND as_of_date =
                  (SELECT max(as_of_date) FROM positions_snapshots WHERE portfolio_id = %(id)s)
        )
        SELECT i.instrument_id, coalesce(s.name, i.symbol), coalesce(t.net, 0)::float8, coalesce(h.n, 0),
               coalesce(l.quantity, 0)::float8, coalesce(l.market_value, 0)::float8
        FROM instruments i LEFT JOIN issuers s USING (issuer_id)
        LEFT JOIN traded t USING (instrument_id) LEFT JOIN held h USING (instrument_id)
        LEFT JOIN final l USING (instrument_id)
        WHERE i.asset_class <> 'CASH' AND (t.instrument_id IS NOT NULL OR h.instrument_id IS NOT NULL)
        ORDER BY 1
        """,
        {"id": portfolio_id},
    ).fetchall()
    return [Holding(*row) for row in found]


def read_dividends(connection: psycopg.Connection[Any], context_id: str) -> dict[str, float]:
    """Return the cash that a portfolio was paid on what it held, by instrument, as its decisions record it.

    Dividends, and cash in lieu of the fractions of shares that splits left.
    """
    found = connection.execute(
        "SELECT p.instrument_id, sum(p.cash)::float8 FROM engine_decisions e, LATERAL ("
        "SELECT key AS instrument_id, value::numeric AS cash "
        "FROM jsonb_each_text(e.raw_input_summary -> 'dividends') UNION ALL "
        "SELECT key, (value ->> 'cash_in_lieu')::numeric "
        "FROM jsonb_each(e.raw_input_summary -> 'splits') WHERE value ? 'cash_in_lieu') p "
        "WHERE e.engine_name = 'EXECUTION' AND e.context_id = %s GROUP BY 1 ORDER BY 1",
        [context_id],
    )
    return dict(found.fetchall())


def read_name(connection: psycopg.Connection[Any], instrument_id: str) -> str:
    """Return what people call an instrument; nothing where it is not registered."""
    found = connection.execute(
        "SELECT coalesce(s.name, i.symbol) FROM instruments i LEFT JOIN issuers s USING (issuer_id) "
        "WHERE i.instrument_id = %s",
        [instrument_id],
    ).fetchone()
    return "" if found is None else str(found[0])


@dataclass(frozen=True, slots=True)
class OrderState:
    """How many orders of a portfolio ended alike; ``reason`` is empty where there is none."""

    status: str
    reason: str
    n_orders: int


def read_order_states(connection: psycopg.Connection[Any], portfolio_id: str) -> list[OrderState]:
    """Return what became of a portfolio's orders, the most frequent first."""
    found = connection.execute(
        "SELECT status, coalesce(metadata ->> 'reason', ''), count(*) FROM orders WHERE portfolio_id = %s "
        "GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        [portfolio_id],
    )
    return [OrderState(*row) for row in found]


def has_opens(connection: psycopg.Connection[Any], instrument_ids: Sequence[str]) -> bool:
    """Return whether any price of these instruments has an open."""
    found = connection.execute(
        "SELECT 1 FROM prices_daily WHERE instrument_id = ANY(%s) AND open IS NOT NULL LIMIT 1",
        [list(instrument_ids)],
    )
    return found.fetchone() is not None


def example_fill(connection: psycopg.Connection[Any], portfolio_id: str) -> str | None:
    """Return the id of a portfolio's largest fill, as something to explain; None without fills."""
    found = connection.execute(
        "SELECT f.fill_id FROM fills f JOIN orders o USING (order_id) WHERE o.portfolio_id = %s "
        "ORDER BY f.quantity * f.price DESC, f.fill_id LIMIT 1",
        [portfolio_id],
    ).fetchone()
    return None if found is None else str(found[0])


def read_run(connection: psycopg.Connection[Any], portfolio_id: str) -> Mapping[str, Any] | None:
    """Return the metadata of a portfolio; None when there is no such portfolio."""
    found = connection.execute(
        "SELECT metadata FROM portfolios WHERE portfolio_id = %s", [portfolio_id]
    ).fetchone()
    return None if found is None else dict(found[0])


def price_span(
    connection: psycopg.Connection[Any], instrument_ids: Sequence[str]
) -> tuple[np.datetime64, np.datetime64] | None:
    """Return the first and last date with a price of these instruments; None when there is none."""
    found = connection.execute(
        "SELECT min(p.first), max(p.last) FROM unnest(%s::text[]) AS i (instrument_id), LATERAL "
        "(SELECT min(trade_date) AS first, max(trade_date) AS last FROM prices_daily "
        'WHERE instrument_id = i.instrument_id COLLATE "C") AS p',
        [list(instrument_ids)],
    ).fetchone()
    if found is None or found[0] is None:
        return None
    return np.datetime64(found[0], "D"), np.datetime64(found[1], "D")


def has_new_sessions(
    connection: psycopg.Connection[Any], instrument_ids: Sequence[str], days: Sequence[date]
) -> bool:
    """Return whether there is a day on which none of these instruments has a return yet."""
    query = (
        "SELECT EXISTS (SELECT FROM unnest(%s::date[]) AS d (day) WHERE NOT EXISTS (SELECT FROM returns_daily"
        " WHERE trade_date = d.day AND instrument_id = ANY(%s)))"
    )
    found = connection.execute(query, [list(days), list(instrument_ids)]).fetchone()
    return found is not None and bool(found[0])


def read_closes(
    connection: psycopg.Connection[Any], instrument_id: str, dates: DateArray
) -> tuple[DateArray, FloatArray]:
    """Return the dates, up to the last of ``dates``, and adjusted closes of one instrument."""
    found = connection.execute(
        "SELECT trade_date, adjusted_close FROM prices_daily WHERE instrument_id = %s AND trade_date <= %s "
        "ORDER BY trade_date",
        [instrument_id, str(dates[-1])],
    ).fetchall()
    return (
        np.array([row[0] for row in found], dtype="datetime64[D]"),
        np.array([row[1] for row in found], dtype=np.float64),
    )
