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

create function refuse_lost_revision() returns trigger language plpgsql as $$
-- The revisions of the new row must begin with those of the old row, followed by the old row itself.
declare
    kept constant jsonb := coalesce(old.metadata -> 'revisions', '[]');
    n_kept constant integer := jsonb_array_length(coalesce(old.metadata -> 'revisions', '[]'));
    given constant jsonb := case when jsonb_typeof(new.metadata -> 'revisions') = 'array'
                                 then new.metadata -> 'revisions' else '[]' end;
    was constant jsonb := given -> n_kept;
    n_same integer;
begin
    select count(*) into n_same
    from jsonb_array_elements(kept) with ordinality k (revision, place)
    where given -> (place::integer - 1) = revision;
    if (new.instrument_id, new.trade_date) = (old.instrument_id, old.trade_date)
       and jsonb_array_length(given) > n_kept and n_same = n_kept
       and was ? 'until'
       and (was ->> 'open')::double precision is not distinct from old.open
       and (was ->> 'high')::double precision is not distinct from old.high
       and (was ->> 'low')::double precision is not distinct from old.low
       and (was ->> 'close')::double precision is not distinct from old.close
       and (was ->> 'adjusted_close')::double precision is not distinct from old.adjusted_close
       and (was ->> 'volume')::double precision is not distinct from old.volume
       and coalesce(was -> 'split', 'null') = coalesce(old.metadata -> 'split', 'null')
       and coalesce(was -> 'dividend', 'null') = coalesce(old.metadata -> 'dividend', 'null')
       and coalesce(was -> 'batch', 'null') = coalesce(old.metadata -> 'batch', 'null') then
        return new;
    end if;
    raise exception 'price of % on %: a correction must keep the version it replaces',
                    old.instrument_id, old.trade_date
        using errcode = 'restrict_violation', table = tg_table_name, constraint = tg_name,
              hint = 'Append the old values with "batch" and "until" to metadata.revisions, after the earlier ones.';
end;
$$;
comment on function refuse_lost_revision() is
    'Lets a price change only if its former version is appended to metadata.revisions.';
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

comment on table factors_daily is
    'Daily factor returns and macro series. Derived or ingested anew at will: rows may be replaced.';
comment on column factors_daily.factor_id is
    'MKT, SMB, HML, MOM ... and macro series as MACRO:VIX.';
comment on column factors_daily.trade_date is
    'The session.';
comment on column factors_daily.value is
    'Return of the factor (decimal), or level of the series.';
comment on column factors_daily.metadata is
    'Further facts, as a JSON object.';


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
-- Text and events: news, filings, calls, macro events.

-- news_articles -----------------------------------------------------------------------------------

create table news_articles (
    article_id bigint generated always as identity not null,
    timestamp  timestamptz not null,
    source     text collate "C" not null,
    language   text collate "C" not null,
    headline   text not null,
    body       text,
    metadata   jsonb not null default '{}'::jsonb,
    constraint news_articles_pkey primary key (article_id),
    constraint news_articles_source_check check (source <> ''),
    constraint news_articles_language_check check (language ~ '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$'),
    constraint news_articles_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create unique index news_articles_external_key on news_articles
    (source, (coalesce(metadata ->> 'external_id', metadata ->> 'url')))
    where coalesce(metadata ->> 'external_id', metadata ->> 'url') is not null;
create unique index news_articles_headline_key on news_articles (source, md5(headline), timestamp)
    where coalesce(metadata ->> 'external_id', metadata ->> 'url') is null;
create index news_articles_timestamp on news_articles (timestamp);

create trigger news_articles_append_only before update or delete or truncate on news_articles
    for each statement execute function refuse_change();

comment on table news_articles is
    'News as published. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column news_articles.article_id is
    'Row id.';
comment on column news_articles.timestamp is
    'When it was published (UTC).';
comment on column news_articles.source is
    'Who delivered it.';
comment on column news_articles.language is
    'BCP 47 tag.';
comment on column news_articles.headline is
    'Headline.';
comment on column news_articles.body is
    'Text; null where only the headline was delivered.';
comment on column news_articles.metadata is
    '"external_id" or "url", "first_seen", "batch". Within a source an article stands once by external id or url, else by headline and timestamp.';


-- news_links --------------------------------------------------------------------------------------

create table news_links (
    article_id    bigint not null,
    issuer_id     text collate "C",
    instrument_id text collate "C",
    constraint news_links_article_id_fkey foreign key (article_id) references news_articles,
    constraint news_links_key unique nulls not distinct (article_id, issuer_id, instrument_id),
    constraint news_links_linked_check check (num_nonnulls(issuer_id, instrument_id) >= 1)
);

create index news_links_issuer on news_links (issuer_id);
create index news_links_instrument on news_links (instrument_id);

create trigger news_links_append_only before update or delete or truncate on news_links
    for each statement execute function refuse_change();

comment on table news_links is
    'Which issuer or instrument an article is about; at least one of the two is set. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column news_links.article_id is
    'The article.';
comment on column news_links.issuer_id is
    'The issuer.';
comment on column news_links.instrument_id is
    'The instrument.';


-- filings -----------------------------------------------------------------------------------------

create table filings (
    filing_id   bigint generated always as identity not null,
    issuer_id   text collate "C" not null,
    filing_type text collate "C" not null,
    filing_date date not null,
    text_ref    text collate "C",
    metadata    jsonb not null default '{}'::jsonb,
    constraint filings_pkey primary key (filing_id),
    constraint filings_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create index filings_issuer on filings (issuer_id, filing_date);

create trigger filings_append_only before update or delete or truncate on filings
    for each statement execute function refuse_change();

comment on table filings is
    'Regulatory filings; what was known when follows from metadata.accepted_at. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column filings.filing_id is
    'Row id.';
comment on column filings.issuer_id is
    'The issuer.';
comment on column filings.filing_type is
    '10-K, 10-Q, 8-K, 20-F ...';
comment on column filings.filing_date is
    'Date of the filing.';
comment on column filings.text_ref is
    'Artifact URI; null when only the reported facts were delivered.';
comment on column filings.metadata is
    'Accession number, accepted at (UTC, the moment it became known), period of report, reported facts.';


-- earnings_calls ----------------------------------------------------------------------------------

create table earnings_calls (
    call_id        bigint generated always as identity not null,
    issuer_id      text collate "C" not null,
    call_date      date not null,
    transcript_ref text collate "C" not null,
    metadata       jsonb not null default '{}'::jsonb,
    constraint earnings_calls_pkey primary key (call_id),
    constraint earnings_calls_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create index earnings_calls_issuer on earnings_calls (issuer_id, call_date);

create trigger earnings_calls_append_only before update or delete or truncate on earnings_calls
    for each statement execute function refuse_change();

comment on table earnings_calls is
    'Transcripts of earnings calls. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column earnings_calls.call_id is
    'Row id.';
comment on column earnings_calls.issuer_id is
    'The issuer.';
comment on column earnings_calls.call_date is
    'Date of the call.';
comment on column earnings_calls.transcript_ref is
    'Artifact URI of the transcript.';
comment on column earnings_calls.metadata is
    'Further facts, as a JSON object.';


-- macro_events ------------------------------------------------------------------------------------

create table macro_events (
    event_id    bigint generated always as identity not null,
    event_type  text collate "C" not null,
    timestamp   timestamptz not null,
    country     text collate "C",
    description text not null,
    text_ref    text collate "C",
    metadata    jsonb not null default '{}'::jsonb,
    constraint macro_events_pkey primary key (event_id),
    constraint macro_events_country_check check (country ~ '^[A-Z]{2}$'),
    constraint macro_events_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create index macro_events_type on macro_events (event_type, timestamp);

create trigger macro_events_append_only before update or delete or truncate on macro_events
    for each statement execute function refuse_change();

comment on table macro_events is
    'Scheduled and unscheduled macro-economic events. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column macro_events.event_id is
    'Row id.';
comment on column macro_events.event_type is
    'FOMC, CPI, PAYROLLS, ECB_MEETING ...';
comment on column macro_events.timestamp is
    'When it happens or happened (UTC).';
comment on column macro_events.country is
    'ISO 3166 alpha-2.';
comment on column macro_events.description is
    'Description for people.';
comment on column macro_events.text_ref is
    'Artifact URI of the text.';
comment on column macro_events.metadata is
    'Actual, previous, forecast, unit.';
-- Embeddings: a vector is float32 little endian in `vector`, or an artifact URI in `vector_ref`: exactly one.

-- text_embeddings ---------------------------------------------------------------------------------

create table text_embeddings (
    embedding_id bigint generated always as identity not null,
    source_type  text collate "C" not null,
    source_id    text collate "C" not null,
    model_id     text collate "C" not null,
    vector       bytea,
    vector_ref   text collate "C",
    created_at   timestamptz not null default now(),
    constraint text_embeddings_pkey primary key (embedding_id),
    constraint text_embeddings_key unique (source_type, source_id, model_id),
    constraint text_embeddings_source_type_check
        check (source_type in ('NEWS', 'FILING', 'CALL', 'MACRO_EVENT', 'PROFILE')),
    constraint text_embeddings_vector_check check (octet_length(vector) > 0 and octet_length(vector) % 4 = 0),
    constraint text_embeddings_vector_or_ref_check check (num_nonnulls(vector, vector_ref) = 1)
);

create trigger text_embeddings_append_only before update or delete or truncate on text_embeddings
    for each statement execute function refuse_change();

comment on table text_embeddings is
    'Vectors of texts. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column text_embeddings.embedding_id is
    'Row id.';
comment on column text_embeddings.source_type is
    'NEWS | FILING | CALL | MACRO_EVENT | PROFILE.';
comment on column text_embeddings.source_id is
    'Id of the text in the table that source_type names.';
comment on column text_embeddings.model_id is
    'The model that made the vector; an id of runtime.models.';
comment on column text_embeddings.vector is
    'The vector, float32 little endian; exactly one of vector and vector_ref is set.';
comment on column text_embeddings.vector_ref is
    'Artifact URI of the vector; exactly one of vector and vector_ref is set.';
comment on column text_embeddings.created_at is
    'When the row was written (UTC).';


-- numeric_window_embeddings -----------------------------------------------------------------------

create table numeric_window_embeddings (
    embedding_id bigint generated always as identity not null,
    entity_type  text collate "C" not null,
    entity_id    text collate "C" not null,
    window_spec  jsonb not null default '{}'::jsonb,
    as_of_date   date not null,
    model_id     text collate "C" not null,
    vector       bytea,
    vector_ref   text collate "C",
    created_at   timestamptz not null default now(),
    constraint numeric_window_embeddings_pkey primary key (embedding_id),
    constraint numeric_window_embeddings_key
        unique (entity_type, entity_id, as_of_date, model_id, window_spec),
    constraint numeric_window_embeddings_window_spec_check check (jsonb_typeof(window_spec) = 'object'),
    constraint numeric_window_embeddings_vector_check
        check (octet_length(vector) > 0 and octet_length(vector) % 4 = 0),
    constraint numeric_window_embeddings_vector_or_ref_check check (num_nonnulls(vector, vector_ref) = 1)
);

create trigger numeric_window_embeddings_append_only before update or delete or truncate on numeric_window_embeddings
    for each statement execute function refuse_change();

comment on table numeric_window_embeddings is
    'Vectors of windows of numbers. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column numeric_window_embeddings.embedding_id is
    'Row id.';
comment on column numeric_window_embeddings.entity_type is
    'What entity_id is an id of, e.g. INSTRUMENT or MARKET.';
comment on column numeric_window_embeddings.entity_id is
    'Id of the entity, in the table that entity_type names.';
comment on column numeric_window_embeddings.window_spec is
    'Series, length and scaling of the window.';
comment on column numeric_window_embeddings.as_of_date is
    'The session that the row is about; nothing after its close was read.';
comment on column numeric_window_embeddings.model_id is
    'The model that made the vector; an id of runtime.models.';
comment on column numeric_window_embeddings.vector is
    'The vector, float32 little endian; exactly one of vector and vector_ref is set.';
comment on column numeric_window_embeddings.vector_ref is
    'Artifact URI of the vector; exactly one of vector and vector_ref is set.';
comment on column numeric_window_embeddings.created_at is
    'When the row was written (UTC).';


-- joint_embeddings --------------------------------------------------------------------------------

create table joint_embeddings (
    joint_id     bigint generated always as identity not null,
    joint_type   text collate "C" not null,
    as_of_date   date not null,
    entity_scope jsonb not null default '{}'::jsonb,
    model_id     text collate "C" not null,
    vector       bytea,
    vector_ref   text collate "C",
    created_at   timestamptz not null default now(),
    constraint joint_embeddings_pkey primary key (joint_id),
    constraint joint_embeddings_key unique (joint_type, as_of_date, model_id, entity_scope),
    constraint joint_embeddings_joint_type_check
        check (joint_type in ('REGIME_WINDOW', 'EPISODE', 'PROFILE', 'PORTFOLIO')),
    constraint joint_embeddings_entity_scope_check check (jsonb_typeof(entity_scope) = 'object'),
    constraint joint_embeddings_vector_check check (octet_length(vector) > 0 and octet_length(vector) % 4 = 0),
    constraint joint_embeddings_vector_or_ref_check check (num_nonnulls(vector, vector_ref) = 1)
);

create trigger joint_embeddings_append_only before update or delete or truncate on joint_embeddings
    for each statement execute function refuse_change();

comment on table joint_embeddings is
    'Vectors of several sources together. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column joint_embeddings.joint_id is
    'Row id.';
comment on column joint_embeddings.joint_type is
    'REGIME_WINDOW | EPISODE | PROFILE | PORTFOLIO.';
comment on column joint_embeddings.as_of_date is
    'The session that the row is about; nothing after its close was read.';
comment on column joint_embeddings.entity_scope is
    'What the vector is about.';
comment on column joint_embeddings.model_id is
    'The model that made the vector; an id of runtime.models.';
comment on column joint_embeddings.vector is
    'The vector, float32 little endian; exactly one of vector and vector_ref is set.';
comment on column joint_embeddings.vector_ref is
    'Artifact URI of the vector; exactly one of vector and vector_ref is set.';
comment on column joint_embeddings.created_at is
    'When the row was written (UTC).';
