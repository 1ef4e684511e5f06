-- Runs right after the migration of this name where the database is to be partitioned: both tables are still empty, so each
-- is made anew from itself, by month of the time in its id. Whatever the migration gives them they keep, column by column.

do $$
declare
  plain record;
  definition text;
  definitions text[];
begin
  -- A trace id is its suggestion's id in hexadecimal: it sorts like it, but only byte by byte.
  alter table ai_traces alter column trace_id type text collate "C";
  for plain in select * from (values ('ai_suggestions', 'id'), ('ai_traces', 'trace_id')) p (name, key) loop
    definitions := array(
      select pg_get_indexdef(i.indexrelid) from pg_index i where i.indrelid = plain.name::regclass and not i.indisprimary
    );
    execute format('alter table %I drop constraint %I', plain.name, plain.name || '_pkey');
    execute format('alter table %I rename to uptake_plain', plain.name);
    execute format('create table %I (like uptake_plain including all excluding indexes) partition by range (%I)',
      plain.name, plain.key);
    drop table uptake_plain;
    execute format('alter table %I add primary key (%I)', plain.name, plain.key);
    foreach definition in array definitions loop
      execute definition;
    end loop;
  end loop;
end $$;

-- The least id of that moment: six bytes of milliseconds, then nothing. No UUID version 7 of an earlier moment is above it.
create function uptake_id_floor(at timestamptz) returns uuid language sql stable as $$
  select (lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- A UUID version 7, for plain inserts without an id. Postgres 15 has none: a random one, with the time in its first six
-- bytes and its version, 4, made 7.
create function uptake_new_id() returns uuid language sql volatile as $$
  select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
    from 1 for 6), 52, 1), 53, 1), 'hex')::uuid
$$;
alter table ai_suggestions alter column id set default uptake_new_id();

-- A statement on a partition passes by the triggers of its table: it would be neither mirrored nor counted.
create function uptake_refuse_partition() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('uptake.writes_partitions', true), '') <> 'on' then
    raise exception '% is a partition: % refused', tg_table_name, lower(tg_op)
      using hint = 'Name the table itself, ai_suggestions or ai_traces; its triggers mirror and count.',
        errcode = 'restrict_violation';
  end if;
  return null;
end $$;

-- A table that can be attached to its parent without anybody waiting.
create function uptake_create_partition(parent text, part text) returns void language plpgsql as $$
begin
  execute format('create table %I (like %I including all excluding indexes)', part, parent);
  if parent = 'ai_suggestions' then
    execute format('alter table %I set (toast_tuple_target = 128)', part); -- a partitioned table cannot hand it on
  end if;
  execute format('create trigger %I before insert or update or delete on %I for each statement
    execute function uptake_refuse_partition()', part || '_direct', part);
end $$;

-- Where a month begins in the ids of that table.
create function uptake_month_bound(parent text, month date) returns text language sql stable as $$
  select case parent when 'ai_traces' then replace(floor_id::text, '-', '') else floor_id::text end
  from uptake_id_floor(month::timestamp at time zone 'UTC') floor_id
$$;

-- Makes the partition of a month: 'made', 'there' already, or 'crowded'. Writers of other months do not wait, since the parent is
-- only kept from being changed by others. The default partition is locked, so it must be small and quick to look through:
-- it holds ids of months that nobody has made and of no others. What it has of this month comes along; where that
-- is more than is moved in an instant, the month stays where it is.
create function uptake_make_month(parent text, month date) returns text
  language plpgsql set search_path = public, pg_temp as $$
declare
  key constant text := case parent when 'ai_traces' then 'trace_id' else 'id' end;
  part constant text := parent || to_char(month, '_YYYY_MM');
  other constant text := parent || '_other';
  from_bound constant text := uptake_month_bound(parent, month);
  to_bound constant text := uptake_month_bound(parent, (month + interval '1 month')::date);
  moved_at_most constant integer := 10000;
  found_count integer;
begin
  if to_regclass(part) is not null then
    return 'there';
  end if;
  execute format('lock table only %I in share update exclusive mode', parent);
  if to_regclass(part) is not null then
    return 'there'; -- by another worker, while this one waited
  end if;
  execute format('lock table only %I in access exclusive mode', other);
  execute format('select count(*) from (select from %I where %I >= %L and %I < %L limit %s) x',
    other, key, from_bound, key, to_bound, moved_at_most + 1) into found_count;
  if found_count > moved_at_most then
    return 'crowded';
  end if;
  perform uptake_create_partition(parent, part);
  if found_count > 0 then
    perform set_config('uptake.writes_partitions', 'on', true);
    execute format('with moved as (delete from %I where %I >= %L and %I < %L returning *) insert into %I select * from moved',
      other, key, from_bound, key, to_bound, part);
    perform set_config('uptake.writes_partitions', '', true);
  end if;
  execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, part, from_bound, to_bound);
  return 'made';
end $$;

-- Ids that are no version 7 (or of a wrong clock) lie anywhere: one version 4 in 160 before this month, 98 in 100 after the year
-- 2100. Those have partitions of their own, so the default one, which making a month locks, holds less than 1 in 100.
do $$
declare
  parent text;
  this_month constant date := date_trunc('month', now() at time zone 'UTC');
begin
  foreach parent in array array['ai_suggestions', 'ai_traces'] loop
    perform uptake_create_partition(parent, parent || '_early');
    perform uptake_create_partition(parent, parent || '_late');
    perform uptake_create_partition(parent, parent || '_other');
    execute format('alter table %I attach partition %I for values from (minvalue) to (%L)',
      parent, parent || '_early', uptake_month_bound(parent, this_month));
    execute format('alter table %I attach partition %I for values from (%L) to (maxvalue)',
      parent, parent || '_late', uptake_month_bound(parent, date '2100-01-01'));
    execute format('alter table %I attach partition %I default', parent, parent || '_other');
    for ahead in 0..3 loop
      perform uptake_make_month(parent, (this_month + make_interval(months => ahead))::date);
    end loop;
  end loop;
end $$;
