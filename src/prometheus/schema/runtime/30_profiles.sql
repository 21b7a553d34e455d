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
