create function refuse_lost_value() returns trigger language plpgsql as $$
-- The same for factors and macro series of vendors: rows that carry a batch. Derived ones carry none.
declare
    kept constant jsonb := coalesce(old.metadata -> 'revisions', '[]');
    n_kept constant integer := jsonb_array_length(coalesce(old.metadata -> 'revisions', '[]'));
    given jsonb;
    was jsonb;
    n_same integer;
begin
    if tg_op = 'DELETE' then
        if current_setting('prometheus.retention', true) = 'on'
           and pg_has_role(current_user, (select relowner from pg_class where oid = tg_relid), 'MEMBER') then
            return old;
        end if;
        raise exception 'DELETE of % refused: delivered values are never deleted', tg_table_name
            using errcode = 'restrict_violation', table = tg_table_name, constraint = tg_name,
                  hint = 'Retention tools run as the owner role and set local prometheus.retention = ''on'' '
                         'in the transaction that deletes.';
    end if;
    given := case when jsonb_typeof(new.metadata -> 'revisions') = 'array'
                  then new.metadata -> 'revisions' else '[]' end;
    was := given -> n_kept;
    select count(*) into n_same
    from jsonb_array_elements(kept) with ordinality k (revision, place)
    where given -> (place::integer - 1) = revision;
    if (new.factor_id, new.trade_date) = (old.factor_id, old.trade_date)
       and jsonb_array_length(given) > n_kept and n_same = n_kept
       and was ? 'until' and new.metadata ? 'batch'
       and (was ->> 'value')::double precision is not distinct from old.value
       and coalesce(was -> 'known_at', 'null') = coalesce(old.metadata -> 'known_at', 'null')
       and coalesce(was -> 'batch', 'null') = coalesce(old.metadata -> 'batch', 'null') then
        return new;
    end if;
    raise exception 'value of % on %: a correction must keep the version it replaces',
                    old.factor_id, old.trade_date
        using errcode = 'restrict_violation', table = tg_table_name, constraint = tg_name,
              hint = 'Append the old value with "batch", "known_at" and "until" to metadata.revisions, after the earlier ones.';
end;
$$;
comment on function refuse_lost_value() is
    'Lets a delivered factor value change only if its former version is appended to metadata.revisions, and refuses to delete it.';

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

comment on column filings.metadata is
    'Accession number, accepted at (UTC, the moment it became known), period of report, reported facts, "batch". The first row of a batch also carries its "decision", so that a later delivery can record one that a crash lost.';

comment on column earnings_calls.metadata is
    'Further facts, as a JSON object; "batch". The first row of a batch also carries its "decision", so that a later delivery can record one that a crash lost.';

comment on column macro_events.metadata is
    'Actual, previous, forecast, unit, "batch". The first row of a batch also carries its "decision", so that a later delivery can record one that a crash lost.';
