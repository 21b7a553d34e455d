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

create function keep_updated_at() returns trigger language plpgsql as $$
begin
    new.created_at := old.created_at;
    new.updated_at := now();
    return new;
end;
$$;
comment on function keep_updated_at() is 'Sets updated_at of a changed entity and keeps its created_at.';

create function are_units(components jsonb) returns boolean
    language sql immutable strict parallel safe as $$
    select jsonb_typeof(components) = 'object'
           and not jsonb_path_exists(components, '$.* ? (@.type() != "number" || @ < 0 || @ > 1)');
$$;
comment on function are_units(jsonb) is 'Whether it is an object of numbers between 0 and 1.';

create function are_unit_scores(flags jsonb) returns boolean
    language sql immutable strict parallel safe as $$
    select jsonb_typeof(flags) = 'object'
           and not jsonb_path_exists(flags, '$.* ? (@.type() == "number" && (@ < 0 || @ > 1))');
$$;
comment on function are_unit_scores(jsonb) is
    'Whether it is an object whose numbers are between 0 and 1; other members say what they rest on.';

create function refuse_backward_order() returns trigger language plpgsql as $$
-- PENDING -> SUBMITTED -> PARTIALLY_FILLED -> FILLED, steps may be skipped, never taken back;
-- any live state -> CANCELLED | EXPIRED; PENDING or SUBMITTED -> REJECTED; a final state stays.
declare
    allowed record := old;
    ahead constant text[] := array['PENDING', 'SUBMITTED', 'PARTIALLY_FILLED', 'FILLED'];
    was_live constant boolean := old.status in ('PENDING', 'SUBMITTED', 'PARTIALLY_FILLED');
begin
    if new is not distinct from old then
        return new;
    end if;
    allowed.status := new.status;
    allowed.metadata := new.metadata;
    if new is distinct from allowed then
        raise exception 'order %: only status and metadata may change', old.order_id
            using errcode = 'restrict_violation', table = tg_table_name, constraint = tg_name,
                  hint = 'Cancel the order and write another one.';
    end if;
    if was_live and (new.status = old.status
                     or array_position(ahead, new.status) > array_position(ahead, old.status)
                     or new.status in ('CANCELLED', 'EXPIRED')
                     or new.status = 'REJECTED' and old.status <> 'PARTIALLY_FILLED') then
        return new;
    end if;
    raise exception 'order %: status can''t go from % to %', old.order_id, old.status, new.status
        using errcode = 'restrict_violation', table = tg_table_name, constraint = tg_name,
              hint = 'States only go forward, and an order in a final state never changes.';
end;
$$;
comment on function refuse_backward_order() is
    'Lets only status and metadata of a live order change, and the status only forward.';

create function refuse_overfill() returns trigger language plpgsql as $$
-- One grouped query a statement, so that a COPY of many fills costs one pass. The lock on the orders
-- makes a second writer wait, and then count the fills of the first; under REPEATABLE READ and
-- SERIALIZABLE its snapshot would be older than the wait and miss them, so both are refused.
-- Orders of this very transaction need no lock, nobody else can see them. Dynamic SQL, because a
-- cached plan for one fill is wrong for many, and the other way round.
declare
    order_quantity numeric;
    filled numeric;
    overfilled uuid;
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception 'fills can''t be written under %', upper(current_setting('transaction_isolation'))
            using errcode = 'restrict_violation', table = tg_table_name, constraint = tg_name,
                  hint = 'Write them under READ COMMITTED.';
    end if;
    execute 'select from orders where order_id in (select order_id from added)
             and xmin <> pg_current_xact_id()::xid order by order_id for no key update';
    execute 'select o.order_id, o.quantity, sum(f.quantity)
             from fills f join orders o on o.order_id = f.order_id
             where f.order_id in (select order_id from added)
             group by o.order_id having sum(f.quantity) > o.quantity limit 1'
        into overfilled, order_quantity, filled;
    if overfilled is not null then
        raise exception 'fills of order % add up to %, its quantity is %', overfilled, filled, order_quantity
            using errcode = 'check_violation', table = tg_table_name, constraint = tg_name,
                  hint = 'A report that was replayed keeps its fill_id and is skipped by key.';
    end if;
    return null;
end;
$$;
comment on function refuse_overfill() is 'Refuses fills that add up to more than the quantity of their order.';
