-- Market data: daily prices and what is derived from them.

-- prices_daily ------------------------------------------------------------------------------------

create table prices_daily (
    instrument_id  text collate "C" not null,
    trade_date     date not null,
    open           double precision,
    high           double precision,
    low            double precision,
    close          double precision not null,
    adjusted_close double precision not null,
    volume         double precision,
    currency       text collate "C" not null,
    metadata       jsonb not null default '{}'::jsonb,
    constraint prices_daily_pkey primary key (instrument_id, trade_date),
    constraint prices_daily_open_check check (open > 0 and open < 'Infinity'),
    constraint prices_daily_high_check check (high > 0 and high < 'Infinity'),
    constraint prices_daily_low_check check (low > 0 and low < 'Infinity'),
    constraint prices_daily_close_check check (close > 0 and close < 'Infinity'),
    constraint prices_daily_adjusted_close_check check (adjusted_close > 0 and adjusted_close < 'Infinity'),
    constraint prices_daily_volume_check check (volume >= 0 and volume < 'Infinity'),
    constraint prices_daily_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint prices_daily_metadata_check check (jsonb_typeof(metadata) = 'object'),
    constraint prices_daily_high_is_highest check (high >= greatest(open, low, close)),
    constraint prices_daily_low_is_lowest check (low <= least(open, high, close))
);

create index idx_prices_date on prices_daily (trade_date);
create index prices_daily_revised on prices_daily (instrument_id, trade_date)
    where metadata ? 'revisions';
create index prices_daily_actions on prices_daily (trade_date)
    where metadata ? 'split' or metadata ? 'dividend';

create trigger prices_daily_corrections_only before update on prices_daily
    for each row execute function refuse_lost_revision();
create trigger prices_daily_never_deleted before delete or truncate on prices_daily
    for each statement execute function refuse_change();

comment on table prices_daily is
    'Daily bars. instrument_id points into the runtime database: `prometheus db check` finds orphans. Corrections only: an update must append the version it replaces to metadata.revisions; rows are never deleted.';
comment on column prices_daily.instrument_id is
    'The instrument.';
comment on column prices_daily.trade_date is
    'The session.';
comment on column prices_daily.open is
    'First price of the session; null where the vendor has none, never filled in. All prices are above 0, high is the highest and low the lowest of those given.';
comment on column prices_daily.high is
    'Highest price of the session; null where the vendor has none.';
comment on column prices_daily.low is
    'Lowest price of the session; null where the vendor has none.';
comment on column prices_daily.close is
    'Last price, as traded.';
comment on column prices_daily.adjusted_close is
    'Close adjusted for splits and dividends.';
comment on column prices_daily.volume is
    'Units traded, 0 or above; null where the vendor has none.';
comment on column prices_daily.currency is
    'ISO 4217 code.';
comment on column prices_daily.metadata is
    '"batch" (last 12 hex digits of the INGEST decision), "split" and "dividend" where they happen, "revisions": the earlier versions, oldest first, each with "batch", "until" (when it ceased to be believed) and "replaced_by".';


-- returns_daily -----------------------------------------------------------------------------------

create table returns_daily (
    instrument_id text collate "C" not null,
    trade_date    date not null,
    ret_1d        double precision not null,
    ret_5d        double precision,
    ret_21d       double precision,
    metadata      jsonb not null default '{}'::jsonb,
    constraint returns_daily_pkey primary key (instrument_id, trade_date),
    constraint returns_daily_ret_1d_check check (ret_1d >= -1 and ret_1d < 'Infinity'),
    constraint returns_daily_ret_5d_check check (ret_5d >= -1 and ret_5d < 'Infinity'),
    constraint returns_daily_ret_21d_check check (ret_21d >= -1 and ret_21d < 'Infinity'),
    constraint returns_daily_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create index idx_returns_date on returns_daily (trade_date);

comment on table returns_daily is
    'Simple total returns, derived from prices_daily. Derived or ingested anew at will: rows may be replaced.';
comment on column returns_daily.instrument_id is
    'The instrument.';
comment on column returns_daily.trade_date is
    'The session.';
comment on column returns_daily.ret_1d is
    'Simple total return over 1 session.';
comment on column returns_daily.ret_5d is
    'Simple total return over 5 sessions; null while history is short.';
comment on column returns_daily.ret_21d is
    'Simple total return over 21 sessions; null while history is short.';
comment on column returns_daily.metadata is
    'Further facts, as a JSON object.';


-- factors_daily -----------------------------------------------------------------------------------

create table factors_daily (
    factor_id  text collate "C" not null,
    trade_date date not null,
    value      double precision not null,
    metadata   jsonb not null default '{}'::jsonb,
    constraint factors_daily_pkey primary key (factor_id, trade_date),
    constraint factors_daily_value_check check (abs(value) < 'Infinity'),
    constraint factors_daily_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create index factors_daily_date on factors_daily (trade_date);

create trigger factors_daily_delivered_kept before update or delete on factors_daily
    for each row when (old.metadata ? 'batch') execute function refuse_lost_value();

comment on table factors_daily is
    'Daily factor returns and macro series. Derived rows may be replaced; delivered ones carry a batch and take corrections only: an update must append the version it replaces to metadata.revisions.';
comment on column factors_daily.factor_id is
    'MKT, SMB, HML, MOM ... and macro series as MACRO:VIX.';
comment on column factors_daily.trade_date is
    'The session, or the date that a macro number is about; never the day of its publication.';
comment on column factors_daily.value is
    'Return of the factor (decimal), or level of the series.';
comment on column factors_daily.metadata is
    'Of delivered rows: "batch" (last 12 hex digits of the INGEST decision), "known_at" and "known_basis" (when the value became known, and how that is known), "unit", "revisions": the earlier versions, oldest first, each with "value", "batch", "known_at", "until" and "replaced_by". The first row of a batch also carries its "decision", so that a later delivery can record one that a crash lost.';


-- instrument_factors_daily ------------------------------------------------------------------------

create table instrument_factors_daily (
    instrument_id text collate "C" not null,
    trade_date    date not null,
    factor_id     text collate "C" not null,
    exposure      double precision not null,
    constraint instrument_factors_daily_pkey primary key (instrument_id, trade_date, factor_id),
    constraint instrument_factors_daily_exposure_check check (abs(exposure) < 'Infinity')
);

comment on table instrument_factors_daily is
    'Exposure of an instrument to a factor. Derived or ingested anew at will: rows may be replaced.';
comment on column instrument_factors_daily.instrument_id is
    'The instrument.';
comment on column instrument_factors_daily.trade_date is
    'The session.';
comment on column instrument_factors_daily.factor_id is
    'The factor.';
comment on column instrument_factors_daily.exposure is
    'Exposure of the instrument to the factor.';


-- volatility_daily --------------------------------------------------------------------------------

create table volatility_daily (
    instrument_id text collate "C" not null,
    trade_date    date not null,
    vol_21d       double precision,
    vol_63d       double precision,
    metadata      jsonb not null default '{}'::jsonb,
    constraint volatility_daily_pkey primary key (instrument_id, trade_date),
    constraint volatility_daily_vol_21d_check check (vol_21d >= 0 and vol_21d < 'Infinity'),
    constraint volatility_daily_vol_63d_check check (vol_63d >= 0 and vol_63d < 'Infinity'),
    constraint volatility_daily_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create index volatility_daily_date on volatility_daily (trade_date);

comment on table volatility_daily is
    'Realised volatility, derived from returns_daily. Derived or ingested anew at will: rows may be replaced.';
comment on column volatility_daily.instrument_id is
    'The instrument.';
comment on column volatility_daily.trade_date is
    'The session.';
comment on column volatility_daily.vol_21d is
    'Sample standard deviation over 21 sessions, annualised with 252; null with fewer than 14 returns among them.';
comment on column volatility_daily.vol_63d is
    'The same over 63 sessions; null with fewer than 42 returns among them.';
comment on column volatility_daily.metadata is
    'Further facts, as a JSON object.';


-- correlation_panels ------------------------------------------------------------------------------

create table correlation_panels (
    panel_id      text collate "C" not null,
    start_date    date not null,
    end_date      date not null,
    universe_spec jsonb not null default '{}'::jsonb,
    matrix_ref    text collate "C" not null,
    created_at    timestamptz not null default now(),
    constraint correlation_panels_pkey primary key (panel_id),
    constraint correlation_panels_universe_spec_check check (jsonb_typeof(universe_spec) = 'object'),
    constraint correlation_panels_dates_check check (end_date >= start_date)
);

create trigger correlation_panels_append_only before update or delete or truncate on correlation_panels
    for each statement execute function refuse_change();

comment on table correlation_panels is
    'Correlation matrices; the matrix itself is an artifact. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column correlation_panels.panel_id is
    'The panel.';
comment on column correlation_panels.start_date is
    'First session.';
comment on column correlation_panels.end_date is
    'Last session.';
comment on column correlation_panels.universe_spec is
    'Instruments in order, estimator, shrinkage.';
comment on column correlation_panels.matrix_ref is
    'Artifact URI of the matrix.';
comment on column correlation_panels.created_at is
    'When the row was written (UTC).';
