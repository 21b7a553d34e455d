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
