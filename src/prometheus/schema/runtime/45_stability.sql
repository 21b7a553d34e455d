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
