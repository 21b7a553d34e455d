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
