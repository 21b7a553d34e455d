-- Scenarios: sets of imagined or remembered return paths.

-- scenario_sets -----------------------------------------------------------------------------------

create table scenario_sets (
    scenario_set_id   uuid not null,
    set_type          text collate "C" not null,
    generated_date    date not null,
    generation_params jsonb not null default '{}'::jsonb,
    num_scenarios     integer not null,
    metadata          jsonb not null default '{}'::jsonb,
    created_at        timestamptz not null default now(),
    constraint scenario_sets_pkey primary key (scenario_set_id),
    constraint scenario_sets_set_type_check check (set_type in (
        'HISTORICAL', 'BOOTSTRAP', 'FACTOR_BOOTSTRAP', 'SHOCK_OVERLAY', 'ADVERSARIAL',
        'REGULATORY', 'CUSTOM')),
    constraint scenario_sets_generation_params_check check (jsonb_typeof(generation_params) = 'object'),
    constraint scenario_sets_num_scenarios_check check (num_scenarios > 0),
    constraint scenario_sets_metadata_check check (jsonb_typeof(metadata) = 'object')
);

create trigger scenario_sets_append_only before update or delete or truncate on scenario_sets
    for each statement execute function refuse_change();

comment on table scenario_sets is
    'A set of scenarios and everything needed to generate it again. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column scenario_sets.scenario_set_id is
    'The set.';
comment on column scenario_sets.set_type is
    'HISTORICAL | BOOTSTRAP | FACTOR_BOOTSTRAP | SHOCK_OVERLAY | ADVERSARIAL | REGULATORY | CUSTOM.';
comment on column scenario_sets.generated_date is
    'The date it was generated for; nothing after it was read.';
comment on column scenario_sets.generation_params is
    'Everything needed to generate it again, the seed and data fingerprint included.';
comment on column scenario_sets.num_scenarios is
    'How many scenarios, above 0.';
comment on column scenario_sets.metadata is
    'Further facts, as a JSON object.';
comment on column scenario_sets.created_at is
    'When the row was written (UTC).';


-- scenario_paths ----------------------------------------------------------------------------------

create table scenario_paths (
    path_id         bigint generated always as identity not null,
    scenario_set_id uuid not null,
    scenario_index  integer not null,
    instrument_id   text collate "C" not null,
    start_date      date not null,
    end_date        date not null,
    returns_series  double precision[] not null,
    metadata        jsonb not null default '{}'::jsonb,
    constraint scenario_paths_pkey primary key (path_id),
    constraint scenario_paths_scenario_set_id_fkey foreign key (scenario_set_id) references scenario_sets,
    constraint scenario_paths_instrument_id_fkey foreign key (instrument_id) references instruments,
    constraint scenario_paths_key unique (scenario_set_id, scenario_index, instrument_id),
    constraint scenario_paths_scenario_index_check check (scenario_index >= 0),
    constraint scenario_paths_returns_series_check check (array_position(returns_series, null) is null
               and '-Infinity' < all (returns_series) and 'Infinity' > all (returns_series)),
    constraint scenario_paths_metadata_check check (jsonb_typeof(metadata) = 'object'),
    constraint scenario_paths_dates_check check (end_date >= start_date)
);

create trigger scenario_paths_append_only before update or delete or truncate on scenario_paths
    for each statement execute function refuse_change();

comment on table scenario_paths is
    'The returns of one instrument in one scenario. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.';
comment on column scenario_paths.path_id is
    'Row id.';
comment on column scenario_paths.scenario_set_id is
    'The set it belongs to.';
comment on column scenario_paths.scenario_index is
    'Number of the scenario in its set, from 0.';
comment on column scenario_paths.instrument_id is
    'The instrument.';
comment on column scenario_paths.start_date is
    'First session.';
comment on column scenario_paths.end_date is
    'Last session.';
comment on column scenario_paths.returns_series is
    'Simple daily returns, one a session.';
comment on column scenario_paths.metadata is
    'Further facts, as a JSON object.';
