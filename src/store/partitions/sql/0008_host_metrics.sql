-- How retention drops what is old. Emptied first, by truncate, which locks nothing but the month itself; the empty table goes
-- afterwards, whenever the parent's lock can be had at once. "detach … concurrently", which would take no such lock, Postgres
-- refuses where there is a default partition. No trigger fires, so what was counted stays counted.

-- Whether a message still has to reach Langfuse that needs one of these suggestions. Dead letters wait for nobody.
create function uptake_waiting_count(from_id uuid, to_id uuid) returns bigint language sql stable as $$
  select
    (select count(*) from langfuse_outbox o
     where o.kind = 'trace' and o.ref >= from_id and o.ref < to_id and o.dead_at is null)
    + (select count(*) from langfuse_outbox o join ai_feedback_events e on e.id = o.ref
       where o.kind = 'feedback' and o.dead_at is null and e.suggestion_id >= from_id and e.suggestion_id < to_id)
$$;

-- Empties a month, or says why not: 'dropped', 'empty', or kept for its 'waiting' messages, its 'newer' suggestions (by
-- created_at, which a caller gives) or its 'unwritten' hours; and of how many that is so. Whoever writes to that month
-- waits meanwhile; whoever reads it, for the last moment only.
create function uptake_empty_month(month date) returns table (result text, amount bigint)
  language plpgsql set search_path = public, pg_temp as $$
declare
  suggestions constant text := 'ai_suggestions' || to_char(month, '_YYYY_MM');
  traces constant text := 'ai_traces' || to_char(month, '_YYYY_MM');
  has_traces constant boolean := to_regclass(traces) is not null;
  month_end constant timestamptz := (month + interval '1 month') at time zone 'UTC';
  from_id constant uuid := uptake_id_floor(month::timestamp at time zone 'UTC');
  to_id constant uuid := uptake_id_floor(month_end);
  newest timestamptz;
  frozen integer;
  has_rows boolean;
begin
  if to_regclass(suggestions) is null then
    return query select 'empty', 0::bigint; -- by another worker, or it was never made
    return;
  end if;
  execute format('lock table only %I in share mode', suggestions);
  execute format('select exists (select from %I)', suggestions) into has_rows;
  if not has_rows then
    return query select 'empty', 0::bigint;
    return;
  end if;

  amount := uptake_waiting_count(from_id, to_id);
  if amount > 0 then
    return query select 'waiting', amount;
    return;
  end if;
  -- An id and its created_at are taken one after the other, so at midnight the second may be of the next month.
  execute format('select count(*) from %I where created_at >= $1', suggestions) into amount using month_end + interval '1 day';
  if amount > 0 then
    return query select 'newer', amount;
    return;
  end if;
  execute format('select max(created_at) from %I where created_at >= $1', suggestions) into newest using month_end;
  frozen := floor(extract(epoch from month_end) / 3600);
  if newest is not null then
    frozen := floor(extract(epoch from newest) / 3600) + 1;
  end if;
  amount := uptake_unwritten_count(frozen);
  if amount > 0 then
    return query select 'unwritten', amount;
    return;
  end if;

  execute format('select count(*) from %I', suggestions) into amount;
  insert into retention_drops as d (part, from_id, to_id, suggestion_count, frozen_before)
  values (suggestions, from_id, to_id, amount, frozen)
  on conflict (part) do update
  set suggestion_count = d.suggestion_count + excluded.suggestion_count, dropped_at = now(),
    frozen_before = greatest(d.frozen_before, excluded.frozen_before);
  perform uptake_keep_acts(suggestions, to_timestamp((select max(frozen_before) from retention_drops) * 3600.0));
  execute format('truncate %I', suggestions);
  if has_traces then
    execute format('truncate %I', traces);
  end if;
  -- Those that were written while the month had no partition of its own, or had one of suggestions only.
  delete from ai_traces
  where trace_id >= uptake_month_bound('ai_traces', month)
    and trace_id < uptake_month_bound('ai_traces', (month + interval '1 month')::date);
  delete from langfuse_left_out l where l.suggestion_id >= from_id and l.suggestion_id < to_id;
  return query select 'dropped', amount;
end $$;

-- Takes away the partitions of a month that are empty. Everybody who writes waits for it, so its caller gives up the lock
-- rather than queue for it.
create function uptake_remove_month(month date) returns void
  language plpgsql set search_path = public, pg_temp as $$
declare
  parent text;
  part text;
  has_rows boolean;
begin
  foreach parent in array array['ai_suggestions', 'ai_traces'] loop
    part := parent || to_char(month, '_YYYY_MM');
    continue when to_regclass(part) is null;
    execute format('lock table only %I in access exclusive mode', parent);
    execute format('select exists (select from %I)', part) into has_rows;
    if not has_rows then -- else a late import, which is emptied first like any other
      execute format('drop table %I', part);
    end if;
  end loop;
end $$;

-- Deletes old suggestions that lie in no month's partition, with their traces; at most so many, and none with a message that waits.
create function uptake_drop_others(before date, at_most integer) returns bigint
  language plpgsql set search_path = public, pg_temp as $$
declare
  cutoff constant timestamptz := before::timestamp at time zone 'UTC';
  frozen constant integer := floor(extract(epoch from cutoff) / 3600);
  part text;
  old uuid[];
  traces text[];
  total bigint := 0;
begin
  foreach part in array array['ai_suggestions_early', 'ai_suggestions_late', 'ai_suggestions_other'] loop
    execute format($sql$
      select array_agg(o.id), array_agg(coalesce(o.trace_id, replace(o.id::text, '-', ''))) from (
        select s.id, s.trace_id from %I s
        where s.created_at < $1
          and not exists (select from langfuse_outbox o where o.kind = 'trace' and o.ref = s.id and o.dead_at is null)
          and not exists (
            select from ai_feedback_events e join langfuse_outbox o on o.kind = 'feedback' and o.ref = e.id
            where e.suggestion_id = s.id and o.dead_at is null
          )
        limit $2
        for update of s skip locked
      ) o
    $sql$, part) into old, traces using cutoff, at_most;
    continue when old is null or uptake_unwritten_count(frozen) > 0;
    insert into retention_drops as d (part, suggestion_count, frozen_before) values (part, cardinality(old), frozen)
    on conflict on constraint retention_drops_pkey do update
    set suggestion_count = d.suggestion_count + excluded.suggestion_count, dropped_at = now(),
      frozen_before = greatest(d.frozen_before, excluded.frozen_before);
    perform uptake_keep_acts(part, to_timestamp((select max(frozen_before) from retention_drops) * 3600.0), old);
    perform set_config('uptake.writes_partitions', 'on', true);
    execute format('delete from %I where id = any ($1)', part) using old;
    perform set_config('uptake.writes_partitions', '', true);
    delete from ai_traces where trace_id = any (traces);
    delete from langfuse_left_out where suggestion_id = any (old);
    total := total + cardinality(old);
  end loop;
  return total;
end $$;
