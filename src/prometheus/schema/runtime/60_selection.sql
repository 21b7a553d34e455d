-- Selection: scores of instruments and the universes chosen from them.

-- instrument_scores -------------------------------------------------------------------------------

create table instrument_scores (
    score_id         uuid not null,
    strategy_id      text collate "C" not null,
    market_id        text collate "C" not null,
    instrument_id    text collate "C" not null,
    as_of_date       date not null,
    horizon_days     integer not null,
    expected_return  double precision not null,
    score            double precision not null,
    confidence       double precision not null,
    signal_label     text collate "C" not null,
    alpha_components jsonb not null default '{}'::jsonb,
    metadata         jsonb not null default '{}'::jsonb,
    created_at       timestamptz not null default now(),
    constraint instrument_scores_pkey primary key (score_id),
    constraint instrument_scores_strategy_id_fkey foreign key (strategy_id) references strategies,
    constraint instrument_scores_market_id_fkey foreign key (market_id) references markets,
    constraint instrument_scores_instrument_id_fkey foreign key (instrument_id) references instruments,
    constraint instrument_scores_horizon_days_check check (horizon_days > 0),
    constraint instrument_scores_expected_return_check check (abs(expected_return) < 'Infinity'),
    constraint instrument_scores_score_check check (abs(score) < 'Infinity'),
    constraint instrument_scores_confidence_check check (confidence between 0 and 1),
    constraint instrument_scores_signal_label_check
        check (signal_label in ('STRONG_BUY', 'BUY', 'HOLD', 'SELL', 'STRONG_SELL')),
    constraint instrument_scores_alpha_components_check check (jsonb_typeof(alpha_components) = 'object'),
    constraint instrument_scores_decision_check check (
        (metadata ->> 'decision_id')::uuid is not null and length(metadata ->> 'decision_id') = 36)
);

create index idx_scores_strategy_date on instrument_scores (strategy_id, as_of_date);

create trigger instrument_scores_append_only before update or delete or truncate on instrument_scores
    for each statement execute function refuse_change();

comment on table instrument_scores is
    'What a strategy expects of an instrument over a horizon. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column instrument_scores.score_id is
    'Row id, derived from the decision and the natural key.';
comment on column instrument_scores.strategy_id is
    'The strategy.';
comment on column instrument_scores.market_id is
    'The market.';
comment on column instrument_scores.instrument_id is
    'The instrument.';
comment on column instrument_scores.as_of_date is
    'The session that the row is about; nothing after its close was read.';
comment on column instrument_scores.horizon_days is
    'Horizon in sessions, above 0.';
comment on column instrument_scores.expected_return is
    'Simple return over the horizon.';
comment on column instrument_scores.score is
    'Cross-sectional, for ranking.';
comment on column instrument_scores.confidence is
    'How sure the engine is, 0 to 1.';
comment on column instrument_scores.signal_label is
    'STRONG_BUY | BUY | HOLD | SELL | STRONG_SELL.';
comment on column instrument_scores.alpha_components is
    'Contribution of each alpha family; they add up to the score.';
comment on column instrument_scores.metadata is
    'Further facts. Holds "decision_id", the decision that wrote the row; the row id is derived from it and the natural key, so the primary key lets a decision write a natural key only once.';
comment on column instrument_scores.created_at is
    'When the row was written (UTC).';

create view current_instrument_scores as
select distinct on (o.strategy_id, o.market_id, o.instrument_id, o.as_of_date, o.horizon_days)
       o.score_id, o.strategy_id, o.market_id, o.instrument_id, o.as_of_date, o.horizon_days,
       o.expected_return, o.score, o.confidence, o.signal_label, o.alpha_components, o.metadata,
       o.created_at
from instrument_scores o
join engine_decisions d on d.decision_id = (o.metadata ->> 'decision_id')::uuid
order by o.strategy_id, o.market_id, o.instrument_id, o.as_of_date, o.horizon_days, d.timestamp desc, d.decision_id desc;

comment on view current_instrument_scores is
    'The row of the latest decision for each strategy_id, market_id, instrument_id, as_of_date, horizon_days; of two decisions of one moment the one with the greater id.';
comment on column current_instrument_scores.score_id is 'As in instrument_scores.';
comment on column current_instrument_scores.strategy_id is 'As in instrument_scores.';
comment on column current_instrument_scores.market_id is 'As in instrument_scores.';
comment on column current_instrument_scores.instrument_id is 'As in instrument_scores.';
comment on column current_instrument_scores.as_of_date is 'As in instrument_scores.';
comment on column current_instrument_scores.horizon_days is 'As in instrument_scores.';
comment on column current_instrument_scores.expected_return is 'As in instrument_scores.';
comment on column current_instrument_scores.score is 'As in instrument_scores.';
comment on column current_instrument_scores.confidence is 'As in instrument_scores.';
comment on column current_instrument_scores.signal_label is 'As in instrument_scores.';
comment on column current_instrument_scores.alpha_components is 'As in instrument_scores.';
comment on column current_instrument_scores.metadata is 'As in instrument_scores.';
comment on column current_instrument_scores.created_at is 'As in instrument_scores.';


-- universes ---------------------------------------------------------------------------------------

create table universes (
    universe_id    uuid not null,
    strategy_id    text collate "C" not null,
    market_id      text collate "C" not null,
    as_of_date     date not null,
    tier           text collate "C" not null,
    instrument_ids text[] collate "C" not null,
    metadata       jsonb not null default '{}'::jsonb,
    created_at     timestamptz not null default now(),
    constraint universes_pkey primary key (universe_id),
    constraint universes_strategy_id_fkey foreign key (strategy_id) references strategies,
    constraint universes_market_id_fkey foreign key (market_id) references markets,
    constraint universes_tier_check check (tier in ('CORE', 'SATELLITE', 'EXCLUDED')),
    constraint universes_instrument_ids_check check (array_position(instrument_ids, null) is null),
    constraint universes_decision_check check (
        (metadata ->> 'decision_id')::uuid is not null and length(metadata ->> 'decision_id') = 36)
);

create index universes_as_of on universes (strategy_id, market_id, as_of_date);

create trigger universes_append_only before update or delete or truncate on universes
    for each statement execute function refuse_change();

comment on table universes is
    'Which instruments a strategy may hold in a market, tier by tier. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column universes.universe_id is
    'Row id, derived from the decision and the natural key.';
comment on column universes.strategy_id is
    'The strategy.';
comment on column universes.market_id is
    'The market.';
comment on column universes.as_of_date is
    'The session that the row is about; nothing after its close was read.';
comment on column universes.tier is
    'CORE | SATELLITE | EXCLUDED.';
comment on column universes.instrument_ids is
    'The instruments of the tier, bytewise ascending.';
comment on column universes.metadata is
    'Per instrument why it is in this tier. Holds "decision_id", the decision that wrote the row; the row id is derived from it and the natural key, so the primary key lets a decision write a natural key only once.';
comment on column universes.created_at is
    'When the row was written (UTC).';

create view current_universes as
select distinct on (o.strategy_id, o.market_id, o.as_of_date, o.tier)
       o.universe_id, o.strategy_id, o.market_id, o.as_of_date, o.tier, o.instrument_ids,
       o.metadata, o.created_at
from universes o
join engine_decisions d on d.decision_id = (o.metadata ->> 'decision_id')::uuid
order by o.strategy_id, o.market_id, o.as_of_date, o.tier, d.timestamp desc, d.decision_id desc;

comment on view current_universes is
    'The row of the latest decision for each strategy_id, market_id, as_of_date, tier; of two decisions of one moment the one with the greater id.';
comment on column current_universes.universe_id is 'As in universes.';
comment on column current_universes.strategy_id is 'As in universes.';
comment on column current_universes.market_id is 'As in universes.';
comment on column current_universes.as_of_date is 'As in universes.';
comment on column current_universes.tier is 'As in universes.';
comment on column current_universes.instrument_ids is 'As in universes.';
comment on column current_universes.metadata is 'As in universes.';
comment on column current_universes.created_at is 'As in universes.';
