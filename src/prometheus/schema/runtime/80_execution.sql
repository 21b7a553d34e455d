-- Execution: orders, their fills, what was done for each decision, and the positions that follow.

-- orders ------------------------------------------------------------------------------------------

create table orders (
    order_id      uuid not null,
    timestamp     timestamptz not null,
    instrument_id text collate "C" not null,
    side          text collate "C" not null,
    order_type    text collate "C" not null,
    quantity      numeric not null,
    limit_price   numeric,
    stop_price    numeric,
    status        text collate "C" not null,
    mode          text collate "C" not null,
    portfolio_id  text collate "C" not null,
    decision_id   uuid not null,
    metadata      jsonb not null default '{}'::jsonb,
    constraint orders_pkey primary key (order_id),
    constraint orders_instrument_id_fkey foreign key (instrument_id) references instruments,
    constraint orders_portfolio_id_fkey foreign key (portfolio_id) references portfolios,
    constraint orders_decision_id_fkey foreign key (decision_id) references engine_decisions,
    constraint orders_fills_key unique (order_id, instrument_id, side, mode),
    constraint orders_side_check check (side in ('BUY', 'SELL')),
    constraint orders_order_type_check check (order_type in ('MARKET', 'LIMIT', 'STOP', 'STOP_LIMIT')),
    constraint orders_quantity_check check (quantity > 0 and quantity < 'Infinity'),
    constraint orders_limit_price_check check (limit_price > 0 and limit_price < 'Infinity'),
    constraint orders_stop_price_check check (stop_price > 0 and stop_price < 'Infinity'),
    constraint orders_status_check check (status in (
        'PENDING', 'SUBMITTED', 'PARTIALLY_FILLED', 'FILLED', 'CANCELLED', 'REJECTED', 'EXPIRED')),
    constraint orders_mode_check check (mode in ('LIVE', 'PAPER', 'BACKTEST')),
    constraint orders_metadata_check check (jsonb_typeof(metadata) = 'object'),
    constraint orders_limit_price_exactly_when_limit
        check ((limit_price is not null) = (order_type in ('LIMIT', 'STOP_LIMIT'))),
    constraint orders_stop_price_exactly_when_stop
        check ((stop_price is not null) = (order_type in ('STOP', 'STOP_LIMIT')))
);

create index idx_orders_timestamp on orders (timestamp);
create index idx_orders_portfolio on orders (portfolio_id);
create index orders_decision on orders (decision_id);

create trigger orders_forward_only before update on orders
    for each row execute function refuse_backward_order();
create trigger orders_never_deleted before delete or truncate on orders
    for each statement execute function refuse_change();

comment on table orders is
    'Orders, from the decision to the final state. Only status and metadata change, forward along PENDING, SUBMITTED, PARTIALLY_FILLED, FILLED; any live state may become CANCELLED or EXPIRED, PENDING and SUBMITTED also REJECTED; an order in a final state never changes; rows are never deleted.';
comment on column orders.order_id is
    'Derived from the decision, so a restart can''t send it twice.';
comment on column orders.timestamp is
    'When the order was created (UTC).';
comment on column orders.instrument_id is
    'The instrument.';
comment on column orders.side is
    'BUY | SELL.';
comment on column orders.order_type is
    'MARKET | LIMIT | STOP | STOP_LIMIT.';
comment on column orders.quantity is
    'How much, above 0.';
comment on column orders.limit_price is
    'Set exactly when LIMIT or STOP_LIMIT.';
comment on column orders.stop_price is
    'Set exactly when STOP or STOP_LIMIT.';
comment on column orders.status is
    'PENDING | SUBMITTED | PARTIALLY_FILLED | FILLED | CANCELLED | REJECTED | EXPIRED.';
comment on column orders.mode is
    'LIVE | PAPER | BACKTEST.';
comment on column orders.portfolio_id is
    'The portfolio.';
comment on column orders.decision_id is
    'The decision behind it; an order typed by hand belongs to a MANUAL decision.';
comment on column orders.metadata is
    'Broker order id, reject reason, tags.';


-- fills -------------------------------------------------------------------------------------------

create table fills (
    fill_id       uuid not null,
    order_id      uuid not null,
    timestamp     timestamptz not null,
    instrument_id text collate "C" not null,
    side          text collate "C" not null,
    quantity      numeric not null,
    price         numeric not null,
    commission    numeric not null default 0,
    mode          text collate "C" not null,
    metadata      jsonb not null default '{}'::jsonb,
    constraint fills_pkey primary key (fill_id),
    constraint fills_order_fkey foreign key (order_id, instrument_id, side, mode)
        references orders (order_id, instrument_id, side, mode),
    constraint fills_quantity_check check (quantity > 0 and quantity < 'Infinity'),
    constraint fills_price_check check (price >= 0 and price < 'Infinity'),
    constraint fills_commission_check check (commission > '-Infinity' and commission < 'Infinity'),
    constraint fills_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create index idx_fills_timestamp on fills (timestamp);
create index fills_order on fills (order_id);

create trigger fills_within_order after insert on fills
    referencing new table as added
    for each statement execute function refuse_overfill();

create trigger fills_append_only before update or delete or truncate on fills
    for each statement execute function refuse_change();

comment on table fills is
    'Executions of orders. Statement trigger fills_within_order refuses fills beyond the quantity of their order. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column fills.fill_id is
    'Derived from the broker''s execution id, so a replayed report can''t count twice.';
comment on column fills.order_id is
    'The order.';
comment on column fills.timestamp is
    'When it was executed (UTC).';
comment on column fills.instrument_id is
    'As in the order: a composite foreign key holds them together.';
comment on column fills.side is
    'BUY or SELL, as in the order.';
comment on column fills.quantity is
    'How much was executed, above 0; the fills of an order never exceed its quantity.';
comment on column fills.price is
    'Price per unit as executed, costs of slippage included; 0 only for what is closed out worthless.';
comment on column fills.commission is
    'Paid to the broker; negative for a rebate.';
comment on column fills.mode is
    'LIVE, PAPER or BACKTEST, as in the order.';
comment on column fills.metadata is
    'Further facts, as a JSON object.';


-- executed_actions --------------------------------------------------------------------------------

create table executed_actions (
    action_id     uuid not null,
    decision_id   uuid not null,
    timestamp     timestamptz not null,
    portfolio_id  text collate "C" not null,
    instrument_id text collate "C" not null,
    side          text collate "C" not null,
    quantity      numeric not null,
    price         numeric not null,
    metadata      jsonb not null default '{}'::jsonb,
    constraint executed_actions_pkey primary key (action_id),
    constraint executed_actions_decision_id_fkey foreign key (decision_id) references engine_decisions,
    constraint executed_actions_portfolio_id_fkey foreign key (portfolio_id) references portfolios,
    constraint executed_actions_instrument_id_fkey foreign key (instrument_id) references instruments,
    constraint executed_actions_side_check check (side in ('BUY', 'SELL')),
    constraint executed_actions_quantity_check check (quantity > 0 and quantity < 'Infinity'),
    constraint executed_actions_price_check check (price >= 0 and price < 'Infinity'),
    constraint executed_actions_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create index executed_actions_decision on executed_actions (decision_id);
create index executed_actions_portfolio on executed_actions (portfolio_id, timestamp);

create trigger executed_actions_append_only before update or delete or truncate on executed_actions
    for each statement execute function refuse_change();

comment on table executed_actions is
    'What was really done for a decision, one row an instrument and side. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column executed_actions.action_id is
    'Row id, derived from the order.';
comment on column executed_actions.decision_id is
    'The decision that was carried out.';
comment on column executed_actions.timestamp is
    'When its last fill happened (UTC).';
comment on column executed_actions.portfolio_id is
    'The portfolio it was done for.';
comment on column executed_actions.instrument_id is
    'The instrument.';
comment on column executed_actions.side is
    'BUY | SELL.';
comment on column executed_actions.quantity is
    'How much was bought or sold, above 0.';
comment on column executed_actions.price is
    'Volume-weighted over the fills; 0 only for what was closed out worthless.';
comment on column executed_actions.metadata is
    'Order and fill ids, mode.';


-- positions_snapshots -----------------------------------------------------------------------------

create table positions_snapshots (
    snapshot_id    bigint generated always as identity not null,
    portfolio_id   text collate "C" not null,
    timestamp      timestamptz not null,
    as_of_date     date not null,
    instrument_id  text collate "C" not null,
    quantity       numeric not null,
    avg_cost       numeric not null,
    market_value   numeric not null,
    unrealized_pnl numeric not null,
    mode           text collate "C" not null,
    constraint positions_snapshots_pkey primary key (snapshot_id),
    constraint positions_snapshots_portfolio_id_fkey foreign key (portfolio_id) references portfolios,
    constraint positions_snapshots_instrument_id_fkey foreign key (instrument_id) references instruments,
    constraint positions_snapshots_key unique (portfolio_id, mode, as_of_date, instrument_id, timestamp),
    constraint positions_snapshots_quantity_check check (quantity > '-Infinity' and quantity < 'Infinity'),
    constraint positions_snapshots_avg_cost_check check (avg_cost > '-Infinity' and avg_cost < 'Infinity'),
    constraint positions_snapshots_market_value_check
        check (market_value > '-Infinity' and market_value < 'Infinity'),
    constraint positions_snapshots_unrealized_pnl_check
        check (unrealized_pnl > '-Infinity' and unrealized_pnl < 'Infinity'),
    constraint positions_snapshots_mode_check check (mode in ('LIVE', 'PAPER', 'BACKTEST'))
);

create trigger positions_snapshots_append_only before update or delete or truncate on positions_snapshots
    for each statement execute function refuse_change();

comment on table positions_snapshots is
    'The whole state of a portfolio at the close of a session, cash included. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column positions_snapshots.snapshot_id is
    'Row id.';
comment on column positions_snapshots.portfolio_id is
    'The portfolio.';
comment on column positions_snapshots.timestamp is
    'When the snapshot was taken (UTC).';
comment on column positions_snapshots.as_of_date is
    'The session that the row is about; nothing after its close was read.';
comment on column positions_snapshots.instrument_id is
    'The instrument.';
comment on column positions_snapshots.quantity is
    'Units held at the close, negative when short; for cash the amount.';
comment on column positions_snapshots.avg_cost is
    'Average price paid per unit held.';
comment on column positions_snapshots.market_value is
    'Quantity at the close, times multiplier.';
comment on column positions_snapshots.unrealized_pnl is
    'Market value less cost.';
comment on column positions_snapshots.mode is
    'LIVE | PAPER | BACKTEST.';
