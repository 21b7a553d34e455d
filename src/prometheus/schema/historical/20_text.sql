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
    'Accession number, accepted at (UTC, the moment it became known), period of report, reported facts, "batch". The first row of a batch also carries its "decision", so that a later delivery can record one that a crash lost.';


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
    'Further facts, as a JSON object; "batch". The first row of a batch also carries its "decision", so that a later delivery can record one that a crash lost.';


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
    'Actual, previous, forecast, unit, "batch". The first row of a batch also carries its "decision", so that a later delivery can record one that a crash lost.';
