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
