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
    'Further facts, as a JSON object; "pending": by batch, INGEST decisions of prices whose rows are being written, recorded by the next delivery if a crash comes between.';
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
