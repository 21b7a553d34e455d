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
