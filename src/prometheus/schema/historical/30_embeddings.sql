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
