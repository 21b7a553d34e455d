-- Functions behind the checks and triggers. Names are unqualified on purpose: the whole DDL can be
-- built in any schema that stands first in search_path, which is how `prometheus db check` finds drift.

create function refuse_change() returns trigger language plpgsql as $$
-- Behind the append-only triggers. One way through, for retention tools: the role owns the table and
-- says so in its transaction, `set local prometheus.retention = 'on'`; and then only to delete.
begin
    if tg_op <> 'UPDATE'
       and current_setting('prometheus.retention', true) = 'on'
       and pg_has_role(current_user, (select relowner from pg_class where oid = tg_relid), 'MEMBER') then
        return null;
    end if;
    raise exception '% of % refused: its rows are never %', tg_op, tg_table_name,
                    case tg_op when 'UPDATE' then 'updated' else 'deleted' end
        using errcode = 'restrict_violation', table = tg_table_name, constraint = tg_name,
              hint = 'Write a new row beside the old one. Retention tools run as the owner role and '
                     'set local prometheus.retention = ''on'' in the transaction that deletes.';
end;
$$;
comment on function refuse_change() is
    'Refuses UPDATE, and DELETE and TRUNCATE except to the owner under prometheus.retention.';

create function keep_updated_at() returns trigger language plpgsql as $$
begin
    new.created_at := old.created_at;
    new.updated_at := now();
    return new;
end;
$$;
comment on function keep_updated_at() is 'Sets updated_at of a changed entity and keeps its created_at.';

create function are_units(components jsonb) returns boolean
    language sql immutable strict parallel safe as $$
    select jsonb_typeof(components) = 'object'
           and not jsonb_path_exists(components, '$.* ? (@.type() != "number" || @ < 0 || @ > 1)');
$$;
comment on function are_units(jsonb) is 'Whether it is an object of numbers between 0 and 1.';

create function are_unit_scores(flags jsonb) returns boolean
    language sql immutable strict parallel safe as $$
    select jsonb_typeof(flags) = 'object'
           and not jsonb_path_exists(flags, '$.* ? (@.type() == "number" && (@ < 0 || @ > 1))');
$$;
comment on function are_unit_scores(jsonb) is
    'Whether it is an object whose numbers are between 0 and 1; other members say what they rest on.';

create function refuse_backward_order() returns trigger language plpgsql as $$
-- PENDING -> SUBMITTED -> PARTIALLY_FILLED -> FILLED, steps may be skipped, never taken back;
-- any live state -> CANCELLED | EXPIRED; PENDING or SUBMITTED -> REJECTED; a final state stays.
declare
    allowed record := old;
    ahead constant text[] := array['PENDING', 'SUBMITTED', 'PARTIALLY_FILLED', 'FILLED'];
    was_live constant boolean := old.status in ('PENDING', 'SUBMITTED', 'PARTIALLY_FILLED');
begin
    if new is not distinct from old then
        return new;
    end if;
    allowed.status := new.status;
    allowed.metadata := new.metadata;
    if new is distinct from allowed then
        raise exception 'order %: only status and metadata may change', old.order_id
            using errcode = 'restrict_violation', table = tg_table_name, constraint = tg_name,
                  hint = 'Cancel the order and write another one.';
    end if;
    if was_live and (new.status = old.status
                     or array_position(ahead, new.status) > array_position(ahead, old.status)
                     or new.status in ('CANCELLED', 'EXPIRED')
                     or new.status = 'REJECTED' and old.status <> 'PARTIALLY_FILLED') then
        return new;
    end if;
    raise exception 'order %: status can''t go from % to %', old.order_id, old.status, new.status
        using errcode = 'restrict_violation', table = tg_table_name, constraint = tg_name,
              hint = 'States only go forward, and an order in a final state never changes.';
end;
$$;
comment on function refuse_backward_order() is
    'Lets only status and metadata of a live order change, and the status only forward.';

create function refuse_overfill() returns trigger language plpgsql as $$
-- One grouped query a statement, so that a COPY of many fills costs one pass. The lock on the orders
-- makes a second writer wait, and then count the fills of the first; under REPEATABLE READ and
-- SERIALIZABLE its snapshot would be older than the wait and miss them, so both are refused.
-- Orders of this very transaction need no lock, nobody else can see them. Dynamic SQL, because a
-- cached plan for one fill is wrong for many, and the other way round.
declare
    order_quantity numeric;
    filled numeric;
    overfilled uuid;
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception 'fills can''t be written under %', upper(current_setting('transaction_isolation'))
            using errcode = 'restrict_violation', table = tg_table_name, constraint = tg_name,
                  hint = 'Write them under READ COMMITTED.';
    end if;
    execute 'select from orders where order_id in (select order_id from added)
             and xmin <> pg_current_xact_id()::xid order by order_id for no key update';
    execute 'select o.order_id, o.quantity, sum(f.quantity)
             from fills f join orders o on o.order_id = f.order_id
             where f.order_id in (select order_id from added)
             group by o.order_id having sum(f.quantity) > o.quantity limit 1'
        into overfilled, order_quantity, filled;
    if overfilled is not null then
        raise exception 'fills of order % add up to %, its quantity is %', overfilled, filled, order_quantity
            using errcode = 'check_violation', table = tg_table_name, constraint = tg_name,
                  hint = 'A report that was replayed keeps its fill_id and is skipped by key.';
    end if;
    return null;
end;
$$;
comment on function refuse_overfill() is 'Refuses fills that add up to more than the quantity of their order.';
-- Reference: what is traded, by whom it is issued, where, and for which portfolio and strategy.

-- markets -----------------------------------------------------------------------------------------

create table markets (
    market_id     text collate "C" not null,
    name          text not null,
    region        text collate "C" not null,
    timezone      text collate "C" not null,
    calendar_spec jsonb not null default '{}'::jsonb,
    metadata      jsonb not null default '{}'::jsonb,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    constraint markets_pkey primary key (market_id),
    constraint markets_market_id_check check (market_id <> ''),
    constraint markets_region_check check (region in ('US', 'EU', 'JP', 'ASIA', 'GLOBAL')),
    constraint markets_timezone_check check (timezone <> ''),
    constraint markets_calendar_spec_check check (jsonb_typeof(calendar_spec) = 'object'),
    constraint markets_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create trigger markets_updated before update on markets
    for each row execute function keep_updated_at();

comment on table markets is
    'A market: where instruments trade, in which time zone and by which calendar. Current state, updated in place; a trigger keeps updated_at.';
comment on column markets.market_id is
    'The market, e.g. US_EQ, EU_EQ, JP_EQ, FX_GLOB.';
comment on column markets.name is
    'Name for people.';
comment on column markets.region is
    'US, EU, JP, ASIA or GLOBAL.';
comment on column markets.timezone is
    'IANA zone name.';
comment on column markets.calendar_spec is
    '{"calendar":"XNYS"} an exchange calendar code, plus extra closures and early closes.';
comment on column markets.metadata is
    'Further facts, as a JSON object.';
comment on column markets.created_at is
    'When the row was written (UTC).';
comment on column markets.updated_at is
    'When the row last changed (UTC), kept by a trigger.';


-- issuers -----------------------------------------------------------------------------------------

create table issuers (
    issuer_id   text collate "C" not null,
    issuer_type text collate "C" not null,
    name        text not null,
    country     text collate "C",
    sector      text collate "C",
    industry    text collate "C",
    metadata    jsonb not null default '{}'::jsonb,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    constraint issuers_pkey primary key (issuer_id),
    constraint issuers_issuer_id_check check (issuer_id <> ''),
    constraint issuers_issuer_type_check
        check (issuer_type in ('COMPANY', 'SOVEREIGN', 'SECTOR', 'INDEX', 'FUND', 'OTHER')),
    constraint issuers_country_check check (country ~ '^[A-Z]{2}$'),
    constraint issuers_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create trigger issuers_updated before update on issuers
    for each row execute function keep_updated_at();

comment on table issuers is
    'Who stands behind an instrument: a company, a state, a sector, an index, a fund. Current state, updated in place; a trigger keeps updated_at.';
comment on column issuers.issuer_id is
    'The issuer, stable across changes of name.';
comment on column issuers.issuer_type is
    'COMPANY | SOVEREIGN | SECTOR | INDEX | FUND | OTHER.';
comment on column issuers.name is
    'Name for people.';
comment on column issuers.country is
    'ISO 3166 alpha-2.';
comment on column issuers.sector is
    'Sector, in the words of the source.';
comment on column issuers.industry is
    'Industry, in the words of the source.';
comment on column issuers.metadata is
    'Identifiers (LEI, CIK), rating, groupings.';
comment on column issuers.created_at is
    'When the row was written (UTC).';
comment on column issuers.updated_at is
    'When the row last changed (UTC), kept by a trigger.';


-- instruments -------------------------------------------------------------------------------------

create table instruments (
    instrument_id            text collate "C" not null,
    issuer_id                text collate "C",
    market_id                text collate "C" not null,
    asset_class              text collate "C" not null,
    symbol                   text collate "C" not null,
    exchange                 text collate "C",
    currency                 text collate "C" not null,
    multiplier               numeric not null default 1,
    maturity_date            date,
    underlying_instrument_id text collate "C",
    status                   text collate "C" not null,
    metadata                 jsonb not null default '{}'::jsonb,
    created_at               timestamptz not null default now(),
    updated_at               timestamptz not null default now(),
    constraint instruments_pkey primary key (instrument_id),
    constraint instruments_issuer_id_fkey foreign key (issuer_id) references issuers,
    constraint instruments_market_id_fkey foreign key (market_id) references markets,
    constraint instruments_underlying_instrument_id_fkey
        foreign key (underlying_instrument_id) references instruments,
    constraint instruments_instrument_id_check check (instrument_id <> ''),
    constraint instruments_asset_class_check check (asset_class in (
        'EQUITY', 'ETF', 'INDEX', 'FUTURE', 'OPTION', 'BOND', 'CDS', 'FX', 'CRYPTO', 'COMMODITY',
        'CASH')),
    constraint instruments_symbol_check check (symbol <> ''),
    constraint instruments_exchange_check check (exchange ~ '^[A-Z0-9]{4}$'),
    constraint instruments_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint instruments_multiplier_check check (multiplier > 0 and multiplier < 'Infinity'),
    constraint instruments_status_check check (status in ('ACTIVE', 'SUSPENDED', 'DELISTED', 'EXPIRED')),
    constraint instruments_metadata_check check (jsonb_typeof(metadata) = 'object'),
    constraint instruments_maturity_required
        check (maturity_date is not null or asset_class not in ('FUTURE', 'OPTION', 'BOND', 'CDS')),
    constraint instruments_underlying_required
        check (underlying_instrument_id is not null or asset_class <> 'OPTION'),
    constraint instruments_underlying_other check (underlying_instrument_id <> instrument_id)
);

create index idx_instruments_issuer on instruments (issuer_id);
create index idx_instruments_market on instruments (market_id);
create index idx_instruments_status on instruments (status);
create unique index instruments_active_key on instruments (market_id, symbol, exchange)
    nulls not distinct where status = 'ACTIVE';

create trigger instruments_updated before update on instruments
    for each row execute function keep_updated_at();

comment on table instruments is
    'What can be held or watched. Cash is an instrument of asset_class CASH. Current state, updated in place; a trigger keeps updated_at.';
comment on column instruments.instrument_id is
    'Stable across ticker changes.';
comment on column instruments.issuer_id is
    'Who issued it; null where nobody did.';
comment on column instruments.market_id is
    'Where it trades.';
comment on column instruments.asset_class is
    'EQUITY | ETF | INDEX | FUTURE | OPTION | BOND | CDS | FX | CRYPTO | COMMODITY | CASH.';
comment on column instruments.symbol is
    'Current ticker in its market; former ones are in metadata.';
comment on column instruments.exchange is
    'ISO 10383 MIC of the exchange.';
comment on column instruments.currency is
    'ISO 4217 code of the currency it is quoted in.';
comment on column instruments.multiplier is
    'Money per point of price and unit of quantity, above 0.';
comment on column instruments.maturity_date is
    'Required for FUTURE, OPTION, BOND, CDS.';
comment on column instruments.underlying_instrument_id is
    'Required for OPTION.';
comment on column instruments.status is
    'ACTIVE | SUSPENDED | DELISTED | EXPIRED.';
comment on column instruments.metadata is
    'Identifiers (ISIN, FIGI), listed and delisted dates, former symbols and index memberships with their dates.';
comment on column instruments.created_at is
    'When the row was written (UTC).';
comment on column instruments.updated_at is
    'When the row last changed (UTC), kept by a trigger.';


-- portfolios --------------------------------------------------------------------------------------

create table portfolios (
    portfolio_id  text collate "C" not null,
    name          text not null,
    description   text,
    base_currency text collate "C" not null,
    metadata      jsonb not null default '{}'::jsonb,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    constraint portfolios_pkey primary key (portfolio_id),
    constraint portfolios_portfolio_id_check check (portfolio_id <> ''),
    constraint portfolios_base_currency_check check (base_currency ~ '^[A-Z]{3}$'),
    constraint portfolios_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create trigger portfolios_updated before update on portfolios
    for each row execute function keep_updated_at();

comment on table portfolios is
    'What holds positions. A backtest run is a portfolio of its own. Current state, updated in place; a trigger keeps updated_at.';
comment on column portfolios.portfolio_id is
    'A backtest run is a portfolio of its own.';
comment on column portfolios.name is
    'Name for people.';
comment on column portfolios.description is
    'Description for people.';
comment on column portfolios.base_currency is
    'ISO 4217 code of the currency it is valued in.';
comment on column portfolios.metadata is
    'Mandate; for a backtest run its whole specification, data fingerprint, code version, seed and final statistics.';
comment on column portfolios.created_at is
    'When the row was written (UTC).';
comment on column portfolios.updated_at is
    'When the row last changed (UTC), kept by a trigger.';


-- strategies --------------------------------------------------------------------------------------

create table strategies (
    strategy_id text collate "C" not null,
    name        text not null,
    description text,
    metadata    jsonb not null default '{}'::jsonb,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    constraint strategies_pkey primary key (strategy_id),
    constraint strategies_strategy_id_check check (strategy_id <> ''),
    constraint strategies_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create trigger strategies_updated before update on strategies
    for each row execute function keep_updated_at();

comment on table strategies is
    'A way of choosing: scores, universes and targets belong to one. Current state, updated in place; a trigger keeps updated_at.';
comment on column strategies.strategy_id is
    'The strategy.';
comment on column strategies.name is
    'Name for people.';
comment on column strategies.description is
    'Description for people.';
comment on column strategies.metadata is
    'Further facts, as a JSON object.';
comment on column strategies.created_at is
    'When the row was written (UTC).';
comment on column strategies.updated_at is
    'When the row last changed (UTC), kept by a trigger.';
-- Audit: configurations, models, the decision log and what became of each decision.

-- engine_configs ----------------------------------------------------------------------------------

create table engine_configs (
    config_id   text collate "C" not null,
    engine_name text collate "C" not null,
    version     text collate "C" not null,
    config_body jsonb not null default '{}'::jsonb,
    created_at  timestamptz not null default now(),
    created_by  text collate "C" not null,
    constraint engine_configs_pkey primary key (config_id),
    constraint engine_configs_config_id_check check (config_id <> ''),
    constraint engine_configs_config_body_check check (jsonb_typeof(config_body) = 'object')
);

create trigger engine_configs_append_only before update or delete or truncate on engine_configs
    for each statement execute function refuse_change();

comment on table engine_configs is
    'Every configuration an engine ever decided with; the id is a hash of the body. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column engine_configs.config_id is
    'Engine, version and a short hash of the canonical body.';
comment on column engine_configs.engine_name is
    'The engine that it configures.';
comment on column engine_configs.version is
    'Version of the configuration model.';
comment on column engine_configs.config_body is
    'The whole configuration, canonical.';
comment on column engine_configs.created_at is
    'When the row was written (UTC).';
comment on column engine_configs.created_by is
    'Who or what wrote it.';


-- models ------------------------------------------------------------------------------------------

create table models (
    model_id           text collate "C" not null,
    engine_name        text collate "C" not null,
    type               text collate "C" not null,
    artifact_ref       text collate "C" not null,
    training_data_spec jsonb not null default '{}'::jsonb,
    metrics            jsonb not null default '{}'::jsonb,
    created_at         timestamptz not null default now(),
    created_by         text collate "C" not null,
    constraint models_pkey primary key (model_id),
    constraint models_model_id_check check (model_id <> ''),
    constraint models_type_check check (type in (
        'TEXT_ENCODER', 'NUMERIC_ENCODER', 'JOINT_ENCODER', 'REGIME_MODEL', 'ALPHA_MODEL',
        'RISK_MODEL')),
    constraint models_training_data_spec_check check (jsonb_typeof(training_data_spec) = 'object'),
    constraint models_metrics_check check (jsonb_typeof(metrics) = 'object')
);

create index models_engine on models (engine_name);

create trigger models_append_only before update or delete or truncate on models
    for each statement execute function refuse_change();

comment on table models is
    'Trained models and encoders, each with what it was trained on. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column models.model_id is
    'The model.';
comment on column models.engine_name is
    'The engine that uses it.';
comment on column models.type is
    'TEXT_ENCODER | NUMERIC_ENCODER | JOINT_ENCODER | REGIME_MODEL | ALPHA_MODEL | RISK_MODEL.';
comment on column models.artifact_ref is
    'Artifact URI, content addressed.';
comment on column models.training_data_spec is
    'Cutoff date, universe, features, fingerprint, seed, library versions.';
comment on column models.metrics is
    'How well it did in training and validation.';
comment on column models.created_at is
    'When the row was written (UTC).';
comment on column models.created_by is
    'Who or what wrote it.';


-- engine_decisions --------------------------------------------------------------------------------

create table engine_decisions (
    decision_id       uuid not null,
    timestamp         timestamptz not null default now(),
    engine_name       text collate "C" not null,
    config_id         text collate "C" not null,
    context_id        text collate "C" not null,
    as_of_date        date not null,
    input_refs        jsonb not null default '{}'::jsonb,
    raw_input_summary jsonb not null default '{}'::jsonb,
    proposed_action   jsonb not null default '{}'::jsonb,
    constraint engine_decisions_pkey primary key (decision_id),
    constraint engine_decisions_config_id_fkey foreign key (config_id) references engine_configs,
    constraint engine_decisions_engine_name_check check (engine_name in (
        'INGEST', 'DERIVE', 'EMBED', 'PROFILE', 'REGIME', 'STABILITY', 'SCENARIO', 'FRAGILITY',
        'SOFT_TARGET', 'ASSESSMENT', 'UNIVERSE', 'PORTFOLIO', 'RISK', 'EXECUTION', 'OUTCOME',
        'MANUAL')),
    constraint engine_decisions_context_id_check check (context_id <> ''),
    constraint engine_decisions_input_refs_check check (jsonb_typeof(input_refs) = 'object'),
    constraint engine_decisions_raw_input_summary_check check (jsonb_typeof(raw_input_summary) = 'object'),
    constraint engine_decisions_proposed_action_check check (jsonb_typeof(proposed_action) = 'object')
);

create index idx_decisions_context on engine_decisions (context_id);
create index idx_decisions_as_of on engine_decisions (as_of_date);
create index idx_decisions_engine on engine_decisions (engine_name);
create index engine_decisions_lookup on engine_decisions (engine_name, context_id, as_of_date);

create trigger engine_decisions_append_only before update or delete or truncate on engine_decisions
    for each statement execute function refuse_change();

comment on table engine_decisions is
    'The decision log: one row for each thing an engine decided, with what it read. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column engine_decisions.decision_id is
    'Derived from engine, config, context, as_of_date and the fingerprint of the inputs, so the same decision always has the same id.';
comment on column engine_decisions.timestamp is
    'When the decision was recorded (UTC).';
comment on column engine_decisions.engine_name is
    'INGEST | DERIVE | EMBED | PROFILE | REGIME | STABILITY | SCENARIO | FRAGILITY | SOFT_TARGET | ASSESSMENT | UNIVERSE | PORTFOLIO | RISK | EXECUTION | OUTCOME | MANUAL.';
comment on column engine_decisions.config_id is
    'The configuration it was made with.';
comment on column engine_decisions.context_id is
    'What the decision is about, e.g. US_EQ, or strategy and portfolio.';
comment on column engine_decisions.as_of_date is
    'The session that the decision is about; nothing after its close was read.';
comment on column engine_decisions.input_refs is
    'Fingerprint of the inputs, known_at, upstream decision ids, model ids.';
comment on column engine_decisions.raw_input_summary is
    'What the inputs looked like, in short.';
comment on column engine_decisions.proposed_action is
    'The engine''s output in short.';


-- decision_outcomes -------------------------------------------------------------------------------

create table decision_outcomes (
    decision_id  uuid not null,
    horizon_days integer not null,
    eval_date    date not null,
    pnl          numeric,
    return       double precision,
    drawdown     double precision,
    risk_metrics jsonb not null default '{}'::jsonb,
    label        text collate "C",
    constraint decision_outcomes_pkey primary key (decision_id, horizon_days),
    constraint decision_outcomes_decision_id_fkey foreign key (decision_id) references engine_decisions,
    constraint decision_outcomes_horizon_days_check check (horizon_days > 0),
    constraint decision_outcomes_pnl_check check (pnl > '-Infinity' and pnl < 'Infinity'),
    constraint decision_outcomes_return_check check (abs(return) < 'Infinity'),
    constraint decision_outcomes_drawdown_check check (drawdown <= 0 and drawdown > '-Infinity'),
    constraint decision_outcomes_risk_metrics_check check (jsonb_typeof(risk_metrics) = 'object'),
    constraint decision_outcomes_label_check check (label in ('GOOD', 'NEUTRAL', 'BAD'))
);

create trigger decision_outcomes_append_only before update or delete or truncate on decision_outcomes
    for each statement execute function refuse_change();

comment on table decision_outcomes is
    'What became of a decision after some sessions. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column decision_outcomes.decision_id is
    'The decision that is judged.';
comment on column decision_outcomes.horizon_days is
    'After how many sessions, above 0.';
comment on column decision_outcomes.eval_date is
    'The session on which the horizon ends.';
comment on column decision_outcomes.pnl is
    'In the portfolio''s base currency; null where the decision carries no money.';
comment on column decision_outcomes.return is
    'Simple return over the horizon.';
comment on column decision_outcomes.drawdown is
    'Worst loss from a peak within the horizon, 0 or below.';
comment on column decision_outcomes.risk_metrics is
    'Further measures over the horizon.';
comment on column decision_outcomes.label is
    'GOOD | NEUTRAL | BAD.';
-- Profiles: what was known about an issuer as of a date.

-- profiles ----------------------------------------------------------------------------------------

create table profiles (
    profile_id           bigint generated always as identity not null,
    issuer_id            text collate "C" not null,
    as_of_date           date not null,
    structured           jsonb not null default '{}'::jsonb,
    embedding_vector_ref text collate "C",
    risk_flags           jsonb not null default '{}'::jsonb,
    created_at           timestamptz not null default now(),
    constraint profiles_pkey primary key (profile_id),
    constraint profiles_issuer_id_fkey foreign key (issuer_id) references issuers,
    constraint profiles_key unique (issuer_id, as_of_date, created_at),
    constraint profiles_structured_check check (jsonb_typeof(structured) = 'object'),
    constraint profiles_risk_flags_check check (are_unit_scores(risk_flags))
);

create trigger profiles_append_only before update or delete or truncate on profiles
    for each statement execute function refuse_change();

comment on table profiles is
    'What was known about an issuer as of a date; of two rows for one date the later created_at is current. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column profiles.profile_id is
    'Row id.';
comment on column profiles.issuer_id is
    'The issuer.';
comment on column profiles.as_of_date is
    'The session that the row is about; nothing after its close was read.';
comment on column profiles.structured is
    'Fundamentals and ratios, each with its period and the filing it was known from.';
comment on column profiles.embedding_vector_ref is
    'Artifact URI.';
comment on column profiles.risk_flags is
    'Scores in 0..1, e.g. leverage, earnings_quality, with "basis".';
comment on column profiles.created_at is
    'When the row was written (UTC).';
-- Regimes: the state of a region as of a date.

-- regimes -----------------------------------------------------------------------------------------

create table regimes (
    regime_record_id uuid not null,
    as_of_date       date not null,
    region           text collate "C" not null,
    regime_label     text collate "C" not null,
    regime_embedding bytea,
    embedding_ref    text collate "C",
    confidence       double precision not null,
    metadata         jsonb not null default '{}'::jsonb,
    created_at       timestamptz not null default now(),
    constraint regimes_pkey primary key (regime_record_id),
    constraint regimes_region_check check (region <> ''),
    constraint regimes_regime_label_check check (regime_label <> ''),
    constraint regimes_regime_embedding_check
        check (octet_length(regime_embedding) > 0 and octet_length(regime_embedding) % 4 = 0),
    constraint regimes_confidence_check check (confidence between 0 and 1),
    constraint regimes_decision_check check (
        (metadata ->> 'decision_id')::uuid is not null and length(metadata ->> 'decision_id') = 36)
);

create index regimes_as_of on regimes (region, as_of_date);

create trigger regimes_append_only before update or delete or truncate on regimes
    for each statement execute function refuse_change();

comment on table regimes is
    'The regime of a region as of a date. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column regimes.regime_record_id is
    'Row id, derived from the decision and the natural key.';
comment on column regimes.as_of_date is
    'The session that the row is about; nothing after its close was read.';
comment on column regimes.region is
    'The region, as in markets.region.';
comment on column regimes.regime_label is
    'Name of the regime.';
comment on column regimes.regime_embedding is
    'Float32, little endian.';
comment on column regimes.embedding_ref is
    'Artifact URI of the embedding.';
comment on column regimes.confidence is
    'How sure the engine is, 0 to 1.';
comment on column regimes.metadata is
    'Further facts. Holds "decision_id", the decision that wrote the row; the row id is derived from it and the natural key, so the primary key lets a decision write a natural key only once.';
comment on column regimes.created_at is
    'When the row was written (UTC).';

create view current_regimes as
select distinct on (o.region, o.as_of_date)
       o.regime_record_id, o.as_of_date, o.region, o.regime_label, o.regime_embedding,
       o.embedding_ref, o.confidence, o.metadata, o.created_at
from regimes o
join engine_decisions d on d.decision_id = (o.metadata ->> 'decision_id')::uuid
order by o.region, o.as_of_date, d.timestamp desc, d.decision_id desc;

comment on view current_regimes is
    'The row of the latest decision for each region, as_of_date; of two decisions of one moment the one with the greater id.';
comment on column current_regimes.regime_record_id is 'As in regimes.';
comment on column current_regimes.as_of_date is 'As in regimes.';
comment on column current_regimes.region is 'As in regimes.';
comment on column current_regimes.regime_label is 'As in regimes.';
comment on column current_regimes.regime_embedding is 'As in regimes.';
comment on column current_regimes.embedding_ref is 'As in regimes.';
comment on column current_regimes.confidence is 'As in regimes.';
comment on column current_regimes.metadata is 'As in regimes.';
comment on column current_regimes.created_at is 'As in regimes.';
-- Stability: how steady, fragile or exposed an entity is.

-- stability_vectors -------------------------------------------------------------------------------

create table stability_vectors (
    stability_id      uuid not null,
    entity_type       text collate "C" not null,
    entity_id         text collate "C" not null,
    as_of_date        date not null,
    vector_components jsonb not null default '{}'::jsonb,
    overall_score     double precision not null,
    metadata          jsonb not null default '{}'::jsonb,
    created_at        timestamptz not null default now(),
    constraint stability_vectors_pkey primary key (stability_id),
    constraint stability_vectors_entity_type_check
        check (entity_type in ('MARKET', 'ISSUER', 'SECTOR', 'INSTRUMENT', 'PORTFOLIO')),
    constraint stability_vectors_vector_components_check check (are_units(vector_components)),
    constraint stability_vectors_overall_score_check check (overall_score between 0 and 1),
    constraint stability_vectors_decision_check check (
        (metadata ->> 'decision_id')::uuid is not null and length(metadata ->> 'decision_id') = 36)
);

create index stability_vectors_as_of on stability_vectors (entity_type, entity_id, as_of_date);

create trigger stability_vectors_append_only before update or delete or truncate on stability_vectors
    for each statement execute function refuse_change();

comment on table stability_vectors is
    'How stable an entity is, component by component. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column stability_vectors.stability_id is
    'Row id, derived from the decision and the natural key.';
comment on column stability_vectors.entity_type is
    'MARKET | ISSUER | SECTOR | INSTRUMENT | PORTFOLIO.';
comment on column stability_vectors.entity_id is
    'Id of the entity, in the table that entity_type names.';
comment on column stability_vectors.as_of_date is
    'The session that the row is about; nothing after its close was read.';
comment on column stability_vectors.vector_components is
    'Each in 0..1, higher is more stable.';
comment on column stability_vectors.overall_score is
    '0 to 1, higher is more stable.';
comment on column stability_vectors.metadata is
    'Further facts. Holds "decision_id", the decision that wrote the row; the row id is derived from it and the natural key, so the primary key lets a decision write a natural key only once.';
comment on column stability_vectors.created_at is
    'When the row was written (UTC).';

create view current_stability_vectors as
select distinct on (o.entity_type, o.entity_id, o.as_of_date)
       o.stability_id, o.entity_type, o.entity_id, o.as_of_date, o.vector_components,
       o.overall_score, o.metadata, o.created_at
from stability_vectors o
join engine_decisions d on d.decision_id = (o.metadata ->> 'decision_id')::uuid
order by o.entity_type, o.entity_id, o.as_of_date, d.timestamp desc, d.decision_id desc;

comment on view current_stability_vectors is
    'The row of the latest decision for each entity_type, entity_id, as_of_date; of two decisions of one moment the one with the greater id.';
comment on column current_stability_vectors.stability_id is 'As in stability_vectors.';
comment on column current_stability_vectors.entity_type is 'As in stability_vectors.';
comment on column current_stability_vectors.entity_id is 'As in stability_vectors.';
comment on column current_stability_vectors.as_of_date is 'As in stability_vectors.';
comment on column current_stability_vectors.vector_components is 'As in stability_vectors.';
comment on column current_stability_vectors.overall_score is 'As in stability_vectors.';
comment on column current_stability_vectors.metadata is 'As in stability_vectors.';
comment on column current_stability_vectors.created_at is 'As in stability_vectors.';


-- fragility_measures ------------------------------------------------------------------------------

create table fragility_measures (
    fragility_id    uuid not null,
    entity_type     text collate "C" not null,
    entity_id       text collate "C" not null,
    as_of_date      date not null,
    fragility_score double precision not null,
    scenario_losses jsonb not null default '{}'::jsonb,
    metadata        jsonb not null default '{}'::jsonb,
    created_at      timestamptz not null default now(),
    constraint fragility_measures_pkey primary key (fragility_id),
    constraint fragility_measures_entity_type_check
        check (entity_type in ('MARKET', 'ISSUER', 'SECTOR', 'INSTRUMENT', 'PORTFOLIO')),
    constraint fragility_measures_fragility_score_check check (fragility_score between 0 and 1),
    constraint fragility_measures_scenario_losses_check check (jsonb_typeof(scenario_losses) = 'object'),
    constraint fragility_measures_decision_check check (
        (metadata ->> 'decision_id')::uuid is not null and length(metadata ->> 'decision_id') = 36)
);

create index fragility_measures_as_of on fragility_measures (entity_type, entity_id, as_of_date);

create trigger fragility_measures_append_only before update or delete or truncate on fragility_measures
    for each statement execute function refuse_change();

comment on table fragility_measures is
    'How much an entity loses under the scenario sets. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column fragility_measures.fragility_id is
    'Row id, derived from the decision and the natural key.';
comment on column fragility_measures.entity_type is
    'MARKET | ISSUER | SECTOR | INSTRUMENT | PORTFOLIO.';
comment on column fragility_measures.entity_id is
    'Id of the entity, in the table that entity_type names.';
comment on column fragility_measures.as_of_date is
    'The session that the row is about; nothing after its close was read.';
comment on column fragility_measures.fragility_score is
    '0 to 1, higher is more fragile.';
comment on column fragility_measures.scenario_losses is
    'Per scenario set: expected shortfall, worst loss, its scenario.';
comment on column fragility_measures.metadata is
    'Further facts. Holds "decision_id", the decision that wrote the row; the row id is derived from it and the natural key, so the primary key lets a decision write a natural key only once.';
comment on column fragility_measures.created_at is
    'When the row was written (UTC).';

create view current_fragility_measures as
select distinct on (o.entity_type, o.entity_id, o.as_of_date)
       o.fragility_id, o.entity_type, o.entity_id, o.as_of_date, o.fragility_score,
       o.scenario_losses, o.metadata, o.created_at
from fragility_measures o
join engine_decisions d on d.decision_id = (o.metadata ->> 'decision_id')::uuid
order by o.entity_type, o.entity_id, o.as_of_date, d.timestamp desc, d.decision_id desc;

comment on view current_fragility_measures is
    'The row of the latest decision for each entity_type, entity_id, as_of_date; of two decisions of one moment the one with the greater id.';
comment on column current_fragility_measures.fragility_id is 'As in fragility_measures.';
comment on column current_fragility_measures.entity_type is 'As in fragility_measures.';
comment on column current_fragility_measures.entity_id is 'As in fragility_measures.';
comment on column current_fragility_measures.as_of_date is 'As in fragility_measures.';
comment on column current_fragility_measures.fragility_score is 'As in fragility_measures.';
comment on column current_fragility_measures.scenario_losses is 'As in fragility_measures.';
comment on column current_fragility_measures.metadata is 'As in fragility_measures.';
comment on column current_fragility_measures.created_at is 'As in fragility_measures.';


-- soft_target_classes -----------------------------------------------------------------------------

create table soft_target_classes (
    soft_target_id     uuid not null,
    entity_type        text collate "C" not null,
    entity_id          text collate "C" not null,
    as_of_date         date not null,
    soft_target_class  text collate "C" not null,
    soft_target_score  double precision not null,
    weak_profile       double precision not null,
    instability        double precision not null,
    high_fragility     double precision not null,
    complacent_pricing double precision not null,
    metadata           jsonb not null default '{}'::jsonb,
    created_at         timestamptz not null default now(),
    constraint soft_target_classes_pkey primary key (soft_target_id),
    constraint soft_target_classes_entity_type_check
        check (entity_type in ('MARKET', 'ISSUER', 'SECTOR', 'INSTRUMENT', 'PORTFOLIO')),
    constraint soft_target_classes_soft_target_class_check
        check (soft_target_class in ('NONE', 'WATCHLIST', 'SOFT_TARGET')),
    constraint soft_target_classes_soft_target_score_check check (soft_target_score between 0 and 1),
    constraint soft_target_classes_weak_profile_check check (weak_profile between 0 and 1),
    constraint soft_target_classes_instability_check check (instability between 0 and 1),
    constraint soft_target_classes_high_fragility_check check (high_fragility between 0 and 1),
    constraint soft_target_classes_complacent_pricing_check check (complacent_pricing between 0 and 1),
    constraint soft_target_classes_decision_check check (
        (metadata ->> 'decision_id')::uuid is not null and length(metadata ->> 'decision_id') = 36)
);

create index soft_target_classes_as_of on soft_target_classes (entity_type, entity_id, as_of_date);

create trigger soft_target_classes_append_only before update or delete or truncate on soft_target_classes
    for each statement execute function refuse_change();

comment on table soft_target_classes is
    'Entities that are weak, unstable, fragile and priced as if nothing could happen. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column soft_target_classes.soft_target_id is
    'Row id, derived from the decision and the natural key.';
comment on column soft_target_classes.entity_type is
    'MARKET | ISSUER | SECTOR | INSTRUMENT | PORTFOLIO.';
comment on column soft_target_classes.entity_id is
    'Id of the entity, in the table that entity_type names.';
comment on column soft_target_classes.as_of_date is
    'The session that the row is about; nothing after its close was read.';
comment on column soft_target_classes.soft_target_class is
    'NONE | WATCHLIST | SOFT_TARGET.';
comment on column soft_target_classes.soft_target_score is
    '0 to 1, higher is softer.';
comment on column soft_target_classes.weak_profile is
    '0 to 1, part of the score.';
comment on column soft_target_classes.instability is
    '0 to 1, part of the score.';
comment on column soft_target_classes.high_fragility is
    '0 to 1, part of the score.';
comment on column soft_target_classes.complacent_pricing is
    '0 to 1, part of the score.';
comment on column soft_target_classes.metadata is
    'Further facts. Holds "decision_id", the decision that wrote the row; the row id is derived from it and the natural key, so the primary key lets a decision write a natural key only once.';
comment on column soft_target_classes.created_at is
    'When the row was written (UTC).';

create view current_soft_target_classes as
select distinct on (o.entity_type, o.entity_id, o.as_of_date)
       o.soft_target_id, o.entity_type, o.entity_id, o.as_of_date, o.soft_target_class,
       o.soft_target_score, o.weak_profile, o.instability, o.high_fragility, o.complacent_pricing,
       o.metadata, o.created_at
from soft_target_classes o
join engine_decisions d on d.decision_id = (o.metadata ->> 'decision_id')::uuid
order by o.entity_type, o.entity_id, o.as_of_date, d.timestamp desc, d.decision_id desc;

comment on view current_soft_target_classes is
    'The row of the latest decision for each entity_type, entity_id, as_of_date; of two decisions of one moment the one with the greater id.';
comment on column current_soft_target_classes.soft_target_id is 'As in soft_target_classes.';
comment on column current_soft_target_classes.entity_type is 'As in soft_target_classes.';
comment on column current_soft_target_classes.entity_id is 'As in soft_target_classes.';
comment on column current_soft_target_classes.as_of_date is 'As in soft_target_classes.';
comment on column current_soft_target_classes.soft_target_class is 'As in soft_target_classes.';
comment on column current_soft_target_classes.soft_target_score is 'As in soft_target_classes.';
comment on column current_soft_target_classes.weak_profile is 'As in soft_target_classes.';
comment on column current_soft_target_classes.instability is 'As in soft_target_classes.';
comment on column current_soft_target_classes.high_fragility is 'As in soft_target_classes.';
comment on column current_soft_target_classes.complacent_pricing is 'As in soft_target_classes.';
comment on column current_soft_target_classes.metadata is 'As in soft_target_classes.';
comment on column current_soft_target_classes.created_at is 'As in soft_target_classes.';
-- Scenarios: sets of imagined or remembered return paths.

-- scenario_sets -----------------------------------------------------------------------------------

create table scenario_sets (
    scenario_set_id   uuid not null,
    set_type          text collate "C" not null,
    generated_date    date not null,
    generation_params jsonb not null default '{}'::jsonb,
    num_scenarios     integer not null,
    metadata          jsonb not null default '{}'::jsonb,
    created_at        timestamptz not null default now(),
    constraint scenario_sets_pkey primary key (scenario_set_id),
    constraint scenario_sets_set_type_check check (set_type in (
        'HISTORICAL', 'BOOTSTRAP', 'FACTOR_BOOTSTRAP', 'SHOCK_OVERLAY', 'ADVERSARIAL',
        'REGULATORY', 'CUSTOM')),
    constraint scenario_sets_generation_params_check check (jsonb_typeof(generation_params) = 'object'),
    constraint scenario_sets_num_scenarios_check check (num_scenarios > 0),
    constraint scenario_sets_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create trigger scenario_sets_append_only before update or delete or truncate on scenario_sets
    for each statement execute function refuse_change();

comment on table scenario_sets is
    'A set of scenarios and everything needed to generate it again. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column scenario_sets.scenario_set_id is
    'The set.';
comment on column scenario_sets.set_type is
    'HISTORICAL | BOOTSTRAP | FACTOR_BOOTSTRAP | SHOCK_OVERLAY | ADVERSARIAL | REGULATORY | CUSTOM.';
comment on column scenario_sets.generated_date is
    'The date it was generated for; nothing after it was read.';
comment on column scenario_sets.generation_params is
    'Everything needed to generate it again, the seed and data fingerprint included.';
comment on column scenario_sets.num_scenarios is
    'How many scenarios, above 0.';
comment on column scenario_sets.metadata is
    'Further facts, as a JSON object.';
comment on column scenario_sets.created_at is
    'When the row was written (UTC).';


-- scenario_paths ----------------------------------------------------------------------------------

create table scenario_paths (
    path_id         bigint generated always as identity not null,
    scenario_set_id uuid not null,
    scenario_index  integer not null,
    instrument_id   text collate "C" not null,
    start_date      date not null,
    end_date        date not null,
    returns_series  double precision[] not null,
    metadata        jsonb not null default '{}'::jsonb,
    constraint scenario_paths_pkey primary key (path_id),
    constraint scenario_paths_scenario_set_id_fkey foreign key (scenario_set_id) references scenario_sets,
    constraint scenario_paths_instrument_id_fkey foreign key (instrument_id) references instruments,
    constraint scenario_paths_key unique (scenario_set_id, scenario_index, instrument_id),
    constraint scenario_paths_scenario_index_check check (scenario_index >= 0),
    constraint scenario_paths_returns_series_check check (array_position(returns_series, null) is null
               and '-Infinity' < all (returns_series) and 'Infinity' > all (returns_series)),
    constraint scenario_paths_metadata_check check (jsonb_typeof(metadata) = 'object'),
    constraint scenario_paths_dates_check check (end_date >= start_date)
);

create trigger scenario_paths_append_only before update or delete or truncate on scenario_paths
    for each statement execute function refuse_change();

comment on table scenario_paths is
    'The returns of one instrument in one scenario. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column scenario_paths.path_id is
    'Row id.';
comment on column scenario_paths.scenario_set_id is
    'The set it belongs to.';
comment on column scenario_paths.scenario_index is
    'Number of the scenario in its set, from 0.';
comment on column scenario_paths.instrument_id is
    'The instrument.';
comment on column scenario_paths.start_date is
    'First session.';
comment on column scenario_paths.end_date is
    'Last session.';
comment on column scenario_paths.returns_series is
    'Simple daily returns, one a session.';
comment on column scenario_paths.metadata is
    'Further facts, as a JSON object.';
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
-- Portfolios: what a portfolio should hold, and what it risks.

-- target_portfolios -------------------------------------------------------------------------------

create table target_portfolios (
    target_id        uuid not null,
    strategy_id      text collate "C" not null,
    portfolio_id     text collate "C" not null,
    as_of_date       date not null,
    target_positions jsonb not null default '{}'::jsonb,
    metadata         jsonb not null default '{}'::jsonb,
    created_at       timestamptz not null default now(),
    constraint target_portfolios_pkey primary key (target_id),
    constraint target_portfolios_strategy_id_fkey foreign key (strategy_id) references strategies,
    constraint target_portfolios_portfolio_id_fkey foreign key (portfolio_id) references portfolios,
    constraint target_portfolios_target_positions_check check (jsonb_typeof(target_positions) = 'object'),
    constraint target_portfolios_decision_check check (
        (metadata ->> 'decision_id')::uuid is not null and length(metadata ->> 'decision_id') = 36)
);

create index target_portfolios_as_of on target_portfolios (portfolio_id, strategy_id, as_of_date);

create trigger target_portfolios_append_only before update or delete or truncate on target_portfolios
    for each statement execute function refuse_change();

comment on table target_portfolios is
    'What a portfolio should hold after the close of as_of_date. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column target_portfolios.target_id is
    'Row id, derived from the decision and the natural key.';
comment on column target_portfolios.strategy_id is
    'The strategy.';
comment on column target_portfolios.portfolio_id is
    'The portfolio.';
comment on column target_portfolios.as_of_date is
    'The session that the row is about; nothing after its close was read.';
comment on column target_portfolios.target_positions is
    'Instrument_id to {"weight", "quantity"}.';
comment on column target_portfolios.metadata is
    'Objective, binding constraints, expected return and volatility, solver status. Holds "decision_id", the decision that wrote the row; the row id is derived from it and the natural key, so the primary key lets a decision write a natural key only once.';
comment on column target_portfolios.created_at is
    'When the row was written (UTC).';

create view current_target_portfolios as
select distinct on (o.strategy_id, o.portfolio_id, o.as_of_date)
       o.target_id, o.strategy_id, o.portfolio_id, o.as_of_date, o.target_positions, o.metadata,
       o.created_at
from target_portfolios o
join engine_decisions d on d.decision_id = (o.metadata ->> 'decision_id')::uuid
order by o.strategy_id, o.portfolio_id, o.as_of_date, d.timestamp desc, d.decision_id desc;

comment on view current_target_portfolios is
    'The row of the latest decision for each strategy_id, portfolio_id, as_of_date; of two decisions of one moment the one with the greater id.';
comment on column current_target_portfolios.target_id is 'As in target_portfolios.';
comment on column current_target_portfolios.strategy_id is 'As in target_portfolios.';
comment on column current_target_portfolios.portfolio_id is 'As in target_portfolios.';
comment on column current_target_portfolios.as_of_date is 'As in target_portfolios.';
comment on column current_target_portfolios.target_positions is 'As in target_portfolios.';
comment on column current_target_portfolios.metadata is 'As in target_portfolios.';
comment on column current_target_portfolios.created_at is 'As in target_portfolios.';


-- portfolio_risk_reports --------------------------------------------------------------------------

create table portfolio_risk_reports (
    report_id           uuid not null,
    portfolio_id        text collate "C" not null,
    as_of_date          date not null,
    portfolio_value     numeric not null,
    cash                numeric not null,
    net_exposure        double precision not null,
    gross_exposure      double precision not null,
    leverage            double precision not null,
    risk_metrics        jsonb not null default '{}'::jsonb,
    scenario_pnl        jsonb not null default '{}'::jsonb,
    exposures_by_sector jsonb not null default '{}'::jsonb,
    exposures_by_factor jsonb not null default '{}'::jsonb,
    metadata            jsonb not null default '{}'::jsonb,
    created_at          timestamptz not null default now(),
    constraint portfolio_risk_reports_pkey primary key (report_id),
    constraint portfolio_risk_reports_portfolio_id_fkey foreign key (portfolio_id) references portfolios,
    constraint portfolio_risk_reports_portfolio_value_check
        check (portfolio_value > '-Infinity' and portfolio_value < 'Infinity'),
    constraint portfolio_risk_reports_cash_check check (cash > '-Infinity' and cash < 'Infinity'),
    constraint portfolio_risk_reports_net_exposure_check check (abs(net_exposure) < 'Infinity'),
    constraint portfolio_risk_reports_gross_exposure_check
        check (gross_exposure >= 0 and gross_exposure < 'Infinity'),
    constraint portfolio_risk_reports_leverage_check check (leverage >= 0 and leverage < 'Infinity'),
    constraint portfolio_risk_reports_risk_metrics_check check (jsonb_typeof(risk_metrics) = 'object'),
    constraint portfolio_risk_reports_scenario_pnl_check check (jsonb_typeof(scenario_pnl) = 'object'),
    constraint portfolio_risk_reports_exposures_by_sector_check
        check (jsonb_typeof(exposures_by_sector) = 'object'),
    constraint portfolio_risk_reports_exposures_by_factor_check
        check (jsonb_typeof(exposures_by_factor) = 'object'),
    constraint portfolio_risk_reports_decision_check check (
        (metadata ->> 'decision_id')::uuid is not null and length(metadata ->> 'decision_id') = 36)
);

create index portfolio_risk_reports_as_of on portfolio_risk_reports (portfolio_id, as_of_date);

create trigger portfolio_risk_reports_append_only before update or delete or truncate on portfolio_risk_reports
    for each statement execute function refuse_change();

comment on table portfolio_risk_reports is
    'Value, exposures and risk of a portfolio at the close of as_of_date. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column portfolio_risk_reports.report_id is
    'Row id, derived from the decision and the natural key.';
comment on column portfolio_risk_reports.portfolio_id is
    'The portfolio.';
comment on column portfolio_risk_reports.as_of_date is
    'The session that the row is about; nothing after its close was read.';
comment on column portfolio_risk_reports.portfolio_value is
    'Cash and positions at the close, in the base currency.';
comment on column portfolio_risk_reports.cash is
    'Cash at the close, in the base currency.';
comment on column portfolio_risk_reports.net_exposure is
    'Over portfolio value.';
comment on column portfolio_risk_reports.gross_exposure is
    'Over portfolio value.';
comment on column portfolio_risk_reports.leverage is
    'Gross exposure over what the owners put at risk, 0 or above.';
comment on column portfolio_risk_reports.risk_metrics is
    'Volatility, VaR, ES, drawdown, beta, liquidity.';
comment on column portfolio_risk_reports.scenario_pnl is
    'Per scenario set.';
comment on column portfolio_risk_reports.exposures_by_sector is
    'Sector to weight over portfolio value.';
comment on column portfolio_risk_reports.exposures_by_factor is
    'Factor to exposure.';
comment on column portfolio_risk_reports.metadata is
    'Further facts. Holds "decision_id", the decision that wrote the row; the row id is derived from it and the natural key, so the primary key lets a decision write a natural key only once.';
comment on column portfolio_risk_reports.created_at is
    'When the row was written (UTC).';

create view current_portfolio_risk_reports as
select distinct on (o.portfolio_id, o.as_of_date)
       o.report_id, o.portfolio_id, o.as_of_date, o.portfolio_value, o.cash, o.net_exposure,
       o.gross_exposure, o.leverage, o.risk_metrics, o.scenario_pnl, o.exposures_by_sector,
       o.exposures_by_factor, o.metadata, o.created_at
from portfolio_risk_reports o
join engine_decisions d on d.decision_id = (o.metadata ->> 'decision_id')::uuid
order by o.portfolio_id, o.as_of_date, d.timestamp desc, d.decision_id desc;

comment on view current_portfolio_risk_reports is
    'The row of the latest decision for each portfolio_id, as_of_date; of two decisions of one moment the one with the greater id.';
comment on column current_portfolio_risk_reports.report_id is 'As in portfolio_risk_reports.';
comment on column current_portfolio_risk_reports.portfolio_id is 'As in portfolio_risk_reports.';
comment on column current_portfolio_risk_reports.as_of_date is 'As in portfolio_risk_reports.';
comment on column current_portfolio_risk_reports.portfolio_value is 'As in portfolio_risk_reports.';
comment on column current_portfolio_risk_reports.cash is 'As in portfolio_risk_reports.';
comment on column current_portfolio_risk_reports.net_exposure is 'As in portfolio_risk_reports.';
comment on column current_portfolio_risk_reports.gross_exposure is 'As in portfolio_risk_reports.';
comment on column current_portfolio_risk_reports.leverage is 'As in portfolio_risk_reports.';
comment on column current_portfolio_risk_reports.risk_metrics is 'As in portfolio_risk_reports.';
comment on column current_portfolio_risk_reports.scenario_pnl is 'As in portfolio_risk_reports.';
comment on column current_portfolio_risk_reports.exposures_by_sector is 'As in portfolio_risk_reports.';
comment on column current_portfolio_risk_reports.exposures_by_factor is 'As in portfolio_risk_reports.';
comment on column current_portfolio_risk_reports.metadata is 'As in portfolio_risk_reports.';
comment on column current_portfolio_risk_reports.created_at is 'As in portfolio_risk_reports.';
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
