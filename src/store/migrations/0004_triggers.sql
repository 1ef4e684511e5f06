-- One place to log: whoever inserts into the two tables, the mirror and the metrics follow in the same transaction.
-- Statement-level triggers with transition tables, so a batch of 500 costs one call. Security definer with a fixed
-- search path, since in an adopted database the inserting role has no rights on our tables.

create function uptake_wake_mirror() returns void language plpgsql as $$
begin
  -- One waiting message is enough to keep the mirror looking; a notification a commit would make commits queue. Asked
  -- for in the order of langfuse_outbox_due: with "exists" a planner that expects many reads the table from its front
  -- instead, which with a backlog half delivered is nothing but empty pages, at every commit.
  if (
    select id from langfuse_outbox
    where dead_at is null and locked_until is null and available_at < now()
    order by available_at, id
    limit 1
  ) is null then
    perform pg_notify('uptake_outbox', '');
  end if;
end $$;

-- The reasons that a feedback event gives. The one place that knows in which columns they are.
create function uptake_feedback_reasons(event ai_feedback_events) returns text[] language sql immutable as $$
  select coalesce(event.feedback_reasons, case when event.feedback_reason is null then '{}' else array[event.feedback_reason] end)
$$;

-- Recomputes how these suggestions stand from all their feedback events. Locks first, in order, and reads in the
-- next statement: under concurrent feedback on one suggestion the last to commit then sees every event.
create function uptake_apply_feedback(suggestion_ids uuid[]) returns void
  language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
  perform from ai_suggestions where id = any (suggestion_ids) order by id for no key update;

  update ai_suggestions s
  set outcome = case deciding.feedback_type
      when 'approval' then 'accepted' when 'revision' then 'revised' else 'rejected' end,
    decided_at = latest.first_at, kept_ratio = latest.kept_ratio,
    deciding_feedback_at = deciding.created_at, deciding_reasons = uptake_feedback_reasons(deciding)
  from (
    select e.suggestion_id, e.project_id,
      (array_agg(e.id order by e.source = 'explicit' desc, e.created_at desc, e.id desc))[1] as deciding_id,
      min(e.created_at) as first_at,
      (array_agg(e.kept_ratio order by e.created_at desc, e.id desc) filter (where e.kept_ratio is not null))[1] as kept_ratio
    from ai_feedback_events e
    where e.suggestion_id = any (suggestion_ids)
    group by e.suggestion_id, e.project_id
  ) latest
  join ai_feedback_events deciding on deciding.id = latest.deciding_id
  -- Updates also what stays the same: under repeatable read the next transaction sees its snapshot, not this event, and
  -- only a row that was updated makes Postgres refuse it (serialization failure) instead of deciding on half the events.
  -- The second condition says nothing new; where the table is partitioned it names the partitions before the join does.
  where s.id = latest.suggestion_id and s.id = any (suggestion_ids) and s.project_id = latest.project_id;
end $$;

-- Applies feedback that came before its suggestion. The insert trigger calls it for what it inserts; the roller calls
-- it for the rest: a suggestion and its feedback that were committed at the same moment, each blind to the other.
-- Skips what another transaction is just applying, so it waits for nobody; if that one rolls back, the next call applies.
create function uptake_apply_waiting_feedback(only_for uuid[] default null) returns integer
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  arrived uuid[];
begin
  with claimed as materialized (
    select w.suggestion_id, w.feedback_id
    from ai_feedback_waiting w
    where (w.suggestion_id = any (only_for) or (only_for is null and not w.of_deleted))
      and exists (select from ai_suggestions s where s.id = w.suggestion_id)
    for update of w skip locked
  ),
  gone as (
    delete from ai_feedback_waiting w
    using claimed c
    where w.suggestion_id = c.suggestion_id and w.feedback_id = c.feedback_id
    returning w.suggestion_id
  )
  select array_agg(suggestion_id) into arrived from gone;
  if arrived is not null then
    perform uptake_apply_feedback(arrived);
  end if;
  return coalesce(cardinality(arrived), 0);
end $$;

create function uptake_suggestions_inserted() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform uptake_wake_mirror();
  insert into langfuse_outbox (kind, ref, project_id)
  select 'trace', n.id, n.project_id
  from new_rows n
  where n.status <> 'pending'
    and not exists (select from langfuse_deliveries d where d.kind = 'trace' and d.ref = n.id)
  on conflict (kind, ref) do nothing;

  perform uptake_append_deltas('{}', array(
    select row(n.project_id, n.function_name, n.environment, n.model, n.prompt_version, n.created_at, n.status, n.outcome,
      n.shown_at, n.decided_at, n.latency_ms, n.time_to_first_token_ms, n.input_tokens, n.output_tokens, n.cost_usd,
      n.kept_ratio, n.confidence_score, n.error_type, n.deciding_feedback_at, n.deciding_reasons)::uptake_measured
    from new_rows n
  ));

  if exists (select from ai_feedback_waiting w join new_rows n on n.id = w.suggestion_id) then
    perform uptake_apply_waiting_feedback(array(select n.id from new_rows n));
  end if;
  return null;
end $$;
create trigger ai_suggestions_inserted after insert on ai_suggestions
  referencing new table as new_rows for each statement execute function uptake_suggestions_inserted();

create function uptake_suggestions_updated() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  was uptake_measured[];
  now_is uptake_measured[];
begin
  -- A row whose agent function has just answered is complete now, and only now goes to the mirror, once.
  if exists (select from new_rows n join old_rows o using (id) where o.status = 'pending' and n.status <> 'pending') then
    perform uptake_wake_mirror();
    insert into langfuse_outbox (kind, ref, project_id)
    select 'trace', n.id, n.project_id
    from new_rows n join old_rows o using (id)
    where o.status = 'pending' and n.status <> 'pending'
      and not exists (select from langfuse_deliveries d where d.kind = 'trace' and d.ref = n.id)
    on conflict (kind, ref) do nothing;
  end if;

  -- A full join, since an id may change as well: then the old row is taken back and the new one added.
  select coalesce(array_agg(pair.was) filter (where o.id is not null), '{}'),
    coalesce(array_agg(pair.now_is) filter (where n.id is not null), '{}')
  into was, now_is
  from new_rows n
  full join old_rows o on o.id = n.id
  cross join lateral (
    select row(o.project_id, o.function_name, o.environment, o.model, o.prompt_version, o.created_at, o.status, o.outcome,
        o.shown_at, o.decided_at, o.latency_ms, o.time_to_first_token_ms, o.input_tokens, o.output_tokens, o.cost_usd,
        o.kept_ratio, o.confidence_score, o.error_type, o.deciding_feedback_at, o.deciding_reasons)::uptake_measured as was,
      row(n.project_id, n.function_name, n.environment, n.model, n.prompt_version, n.created_at, n.status, n.outcome,
        n.shown_at, n.decided_at, n.latency_ms, n.time_to_first_token_ms, n.input_tokens, n.output_tokens, n.cost_usd,
        n.kept_ratio, n.confidence_score, n.error_type, n.deciding_feedback_at, n.deciding_reasons)::uptake_measured as now_is
  ) pair
  where pair.was is distinct from pair.now_is;
  if cardinality(was) + cardinality(now_is) > 0 then
    perform uptake_append_deltas(was, now_is);
  end if;
  return null;
end $$;
create trigger ai_suggestions_updated after update on ai_suggestions
  referencing old table as old_rows new table as new_rows for each statement execute function uptake_suggestions_updated();

create function uptake_suggestions_deleted() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform uptake_append_deltas(array(
    select row(o.project_id, o.function_name, o.environment, o.model, o.prompt_version, o.created_at, o.status, o.outcome,
      o.shown_at, o.decided_at, o.latency_ms, o.time_to_first_token_ms, o.input_tokens, o.output_tokens, o.cost_usd,
      o.kept_ratio, o.confidence_score, o.error_type, o.deciding_feedback_at, o.deciding_reasons)::uptake_measured
    from old_rows o
  ), '{}');
  return null;
end $$;
create trigger ai_suggestions_deleted after delete on ai_suggestions
  referencing old table as old_rows for each statement execute function uptake_suggestions_deleted();

create function uptake_feedback_inserted() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  judged uuid[];
begin
  perform uptake_wake_mirror();
  insert into langfuse_outbox (kind, ref, project_id)
  select 'feedback', n.id, n.project_id from new_rows n
  on conflict (kind, ref) do nothing;

  select array_agg(distinct n.suggestion_id) into judged from new_rows n;
  insert into ai_feedback_waiting (suggestion_id, feedback_id, of_deleted)
  select n.suggestion_id, n.id,
    exists (select from retention_drops d where n.suggestion_id >= d.from_id and n.suggestion_id < d.to_id)
  from new_rows n
  where not exists (select from ai_suggestions s where s.id = n.suggestion_id);
  if judged is not null then
    perform uptake_apply_feedback(judged);
  end if;
  return null;
end $$;
create trigger ai_feedback_events_inserted after insert on ai_feedback_events
  referencing new table as new_rows for each statement execute function uptake_feedback_inserted();

-- A suggestion that is put back under its id stands again as its feedback says; deleting pays for that, since for the
-- inserts it would be a look-up a row.
create function uptake_feedback_outlives_suggestion() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into ai_feedback_waiting (suggestion_id, feedback_id, of_deleted)
  select e.suggestion_id, e.id, true
  from ai_feedback_events e
  join old_rows o on o.id = e.suggestion_id
  on conflict do nothing;
  return null;
end $$;
create trigger ai_suggestions_deleted_feedback after delete on ai_suggestions
  referencing old table as old_rows for each statement execute function uptake_feedback_outlives_suggestion();

-- A call that was given up answers after all: its row is no error any more, also where a plain update says so.
create function uptake_late_answer() returns trigger language plpgsql as $$
begin
  new.error_type := null;
  new.error_message := null;
  return new;
end $$;
create trigger ai_suggestions_late_answer before update of status on ai_suggestions
  for each row when (old.error_type = 'abandoned' and new.error_type = 'abandoned' and new.status <> 'error')
  execute function uptake_late_answer();
