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

-- Whether it is one of the three acts. A host's column may hold others, and null: they decide nothing.
create function uptake_is_act(type text) returns boolean language sql immutable as $$
  select coalesce(type in ('approval', 'revision', 'rejection'), false)
$$;

-- Recomputes how these suggestions stand from all their feedback events; returns the ids of those that are there. Locks
-- first, in order, and reads in the next statement: under concurrent feedback on one suggestion the last to commit then sees
-- every event.
create function uptake_apply_feedback(suggestion_ids uuid[]) returns uuid[]
  language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  ids uuid[];
  projects text[];
  first_id uuid;
  last_id uuid;
begin
  select array_agg(locked.id), array_agg(locked.project_id) into ids, projects
  from (
    select id, project_id from ai_suggestions where id = any (suggestion_ids) order by id for no key update
  ) locked;
  first_id := ids[1];
  last_id := ids[cardinality(ids)];

  update ai_suggestions s
  set outcome = case standing.feedback_type
      when 'approval' then 'accepted' when 'revision' then 'revised' else 'rejected' end,
    decided_at = standing.first_at, kept_ratio = standing.last_kept_ratio,
    deciding_feedback_at = standing.created_at, deciding_reasons = standing.reasons
  from (
    select e.*,
      row_number() over (partition by e.suggestion_id order by e.source = 'explicit' desc, e.created_at desc, e.id desc) as place,
      min(e.created_at) over (partition by e.suggestion_id) as first_at,
      first_value(e.kept_ratio) over (partition by e.suggestion_id order by e.kept_ratio is null, e.created_at desc, e.id desc)
        as last_kept_ratio
    from unnest(ids, projects) as locked (id, project_id)
    -- The offset has each suggestion's events looked up: without statistics a planner would rather read the table.
    cross join lateral (
      select e.id, e.suggestion_id, e.feedback_type, e.source, e.created_at, e.kept_ratio, uptake_feedback_reasons(e) as reasons
      from ai_feedback_events e
      where e.suggestion_id = locked.id and e.project_id = locked.project_id and uptake_is_act(e.feedback_type::text)
      offset 0
    ) e
  ) standing
  -- Updates also what stays the same: under repeatable read the next transaction sees its snapshot, not this event, and
  -- only a row that was updated makes Postgres refuse it (serialization failure) instead of deciding on half the events.
  -- The range says nothing new; where the table is partitioned it names the partitions before the join does.
  where standing.place = 1 and s.id = standing.suggestion_id and s.id between first_id and last_id;
  return ids;
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

-- First in the outbox, then where it is left out: a worker may be moving it from the one to the other, and the second
-- statement sees what the first has waited for. What it may be leaving out now it then finds to be kept.
create function uptake_mirror_errors(suggestion_ids uuid[]) returns void language plpgsql as $$
begin
  update langfuse_outbox
  set kept_by = 'error', held_until = null, available_at = least(available_at, now())
  where kind = 'trace' and ref = any (suggestion_ids) and dead_at is null and kept_by is distinct from 'rejection';
  insert into langfuse_outbox (kind, ref, project_id, unsure)
  select 'trace', suggestion_id, project_id, unsure
  from langfuse_left_out
  where suggestion_id = any (suggestion_ids)
  on conflict (kind, ref) do nothing;
end $$;

create function uptake_suggestions_updated() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  was uptake_measured[];
  now_is uptake_measured[];
  moved uuid[];
begin
  -- Writing suggestions may update, and so fires this as well, mostly for nothing.
  if not exists (select from new_rows) then
    return null;
  end if;

  -- A row whose agent function has just answered is complete now, and only now goes to the mirror, once. Most updates have none.
  if exists (select from old_rows o where o.status = 'pending')
    and exists (select from new_rows n join old_rows o using (id) where o.status = 'pending' and n.status <> 'pending')
  then
    perform uptake_wake_mirror();
    insert into langfuse_outbox (kind, ref, project_id)
    select 'trace', n.id, n.project_id
    from new_rows n join old_rows o using (id)
    where o.status = 'pending' and n.status <> 'pending'
      and not exists (select from langfuse_deliveries d where d.kind = 'trace' and d.ref = n.id)
    on conflict (kind, ref) do nothing;
  end if;

  -- Where nothing but what became of the suggestions is new, as with feedback, only that part of them is reckoned up.
  -- A full join, since an id may change as well: then the old row is taken back and the new one added.
  if not exists (
    select
    from new_rows n
    full join old_rows o on o.id = n.id
    where (o.id, o.project_id, o.function_name, o.environment, o.model, o.prompt_version, o.created_at, o.status, o.shown_at,
        o.latency_ms, o.time_to_first_token_ms, o.input_tokens, o.output_tokens, o.cost_usd, o.confidence_score, o.error_type)
      is distinct from
        (n.id, n.project_id, n.function_name, n.environment, n.model, n.prompt_version, n.created_at, n.status, n.shown_at,
        n.latency_ms, n.time_to_first_token_ms, n.input_tokens, n.output_tokens, n.cost_usd, n.confidence_score, n.error_type)
  ) then
    insert into rollup_deltas (
      series_id, new_series, hour, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
      kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count, feedback_time_buckets, feedback_time_counts,
      confidence_keys, confidence_counts, confidence_ppm_sums
    )
    select
      c.series_id, c.new_series, c.hour,
      sum(c.shown_decided_count), sum(c.accepted_count), sum(c.revised_count), sum(c.rejected_count), sum(c.expired_count),
      sum(c.kept_ratio_ppm_sum), sum(c.kept_ratio_count), sum(c.squared_error_ppm_sum), sum(c.open_count),
      coalesce(array_agg(c.old_time_bucket) filter (where c.old_time_bucket is not null), '{}')
        || coalesce(array_agg(c.new_time_bucket) filter (where c.new_time_bucket is not null), '{}'),
      array_fill(-1, array[count(c.old_time_bucket)::integer]) || array_fill(1, array[count(c.new_time_bucket)::integer]),
      coalesce(array_agg(c.old_key) filter (where c.old_key is not null), '{}')
        || coalesce(array_agg(c.new_key) filter (where c.old_key is not null), '{}'),
      array_fill(-1, array[count(c.old_key)::integer]) || array_fill(1, array[count(c.old_key)::integer]),
      coalesce(array_agg(-c.ppm) filter (where c.old_key is not null), '{}')
        || coalesce(array_agg(c.ppm) filter (where c.old_key is not null), '{}')
    from (
      -- The offset as in uptake_append_deltas.
      select
        s.id as series_id,
        case when s.id is null then
          array[uptake_dimension(n.project_id), uptake_dimension(n.function_name), uptake_dimension(n.environment),
            uptake_dimension(n.model), uptake_dimension(n.prompt_version)]
        end as new_series,
        uptake_hour(n.created_at) as hour,
        now_is.shown_decided_count - was.shown_decided_count as shown_decided_count,
        now_is.accepted_count - was.accepted_count as accepted_count,
        now_is.revised_count - was.revised_count as revised_count,
        now_is.rejected_count - was.rejected_count as rejected_count,
        now_is.expired_count - was.expired_count as expired_count,
        now_is.kept_ratio_ppm_sum - was.kept_ratio_ppm_sum as kept_ratio_ppm_sum,
        now_is.kept_ratio_count - was.kept_ratio_count as kept_ratio_count,
        now_is.squared_error_ppm_sum - was.squared_error_ppm_sum as squared_error_ppm_sum,
        now_is.open_count - was.open_count as open_count,
        was.feedback_time_bucket as old_time_bucket, now_is.feedback_time_bucket as new_time_bucket,
        was.confidence_key as old_key, now_is.confidence_key as new_key,
        uptake_confidence_ppm(n.status, n.confidence_score::real)::bigint as ppm
      -- A full join although every row has its other: the plan is kept, and one made for a single row would be a loop in a loop.
      from new_rows n
      full join old_rows o on o.id = n.id
      cross join lateral uptake_outcome_contribution(
        row(null, null, null, null, null, o.created_at, o.status, o.outcome, o.shown_at, o.decided_at, null, null, null, null,
          null, o.kept_ratio, o.confidence_score, null, null, null)::uptake_measured
      ) was
      cross join lateral uptake_outcome_contribution(
        row(null, null, null, null, null, n.created_at, n.status, n.outcome, n.shown_at, n.decided_at, null, null, null, null,
          null, n.kept_ratio, n.confidence_score, null, null, null)::uptake_measured
      ) now_is
      left join metric_series s
        on (s.project_id, s.function_name, s.environment, s.model, s.prompt_version)
         = (uptake_dimension(n.project_id), uptake_dimension(n.function_name), uptake_dimension(n.environment),
            uptake_dimension(n.model), uptake_dimension(n.prompt_version))
      where (o.outcome, o.decided_at, o.kept_ratio) is distinct from (n.outcome, n.decided_at, n.kept_ratio)
        and n.created_at is not null
      offset 0
    ) c
    group by 1, 2, 3;

    -- Those that say the same first become one, and what stays as it was comes to nothing.
    insert into rollup_reason_deltas (series_id, new_series, hour, outcome, reason, suggestion_count)
    select
      s.id,
      case when s.id is null then
        array[uptake_dimension(d.project_id), uptake_dimension(d.function_name), uptake_dimension(d.environment),
          uptake_dimension(d.model), uptake_dimension(d.prompt_version)]
      end,
      r.hour, r.outcome, r.reason, sum(d.suggestion_count)
    from (
      select project_id, function_name, environment, model, prompt_version, outcome, deciding_reasons,
        uptake_hour(deciding_feedback_at) as hour, sum(sign) as suggestion_count
      from (
        select 1 as sign, project_id, function_name, environment, model, prompt_version, outcome, deciding_reasons, deciding_feedback_at
        from new_rows
        union all
        select -1, project_id, function_name, environment, model, prompt_version, outcome, deciding_reasons, deciding_feedback_at
        from old_rows
      ) acts
      where deciding_feedback_at is not null and outcome in ('revised', 'rejected')
      group by 1, 2, 3, 4, 5, 6, 7, 8
      having sum(sign) <> 0
    ) d
    cross join lateral uptake_reason_contribution(d.outcome, to_timestamp(d.hour * 3600.0::double precision), d.deciding_reasons) r
    left join metric_series s
      on (s.project_id, s.function_name, s.environment, s.model, s.prompt_version)
       = (uptake_dimension(d.project_id), uptake_dimension(d.function_name), uptake_dimension(d.environment),
          uptake_dimension(d.model), uptake_dimension(d.prompt_version))
    group by 1, 2, 3, 4, 5
    having sum(d.suggestion_count) <> 0;
    return null;
  end if;

  -- The trace of an error is always mirrored, also where it is one only now and was left out, or waits to be.
  if exists (select from new_rows n where n.status = 'error')
    and exists (select from new_rows n join old_rows o using (id) where n.status = 'error' and o.status not in ('error', 'pending'))
  then
    perform uptake_wake_mirror();
    perform uptake_mirror_errors(array(
      select n.id from new_rows n join old_rows o using (id) where n.status = 'error' and o.status not in ('error', 'pending')
    ));
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
    -- Of another project, or under another id, other feedback is its own.
    moved := array(
      select n.id from new_rows n where not exists (select from old_rows o where o.id = n.id and o.project_id = n.project_id)
    );
    if cardinality(moved) > 0 then
      perform uptake_apply_feedback(moved);
    end if;
  end if;
  return null;
end $$;
create trigger ai_suggestions_updated after update on ai_suggestions
  referencing old table as old_rows new table as new_rows for each statement execute function uptake_suggestions_updated();

create function uptake_suggestions_deleted() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  -- Retention deletes what stays counted.
  if coalesce(current_setting('uptake.erases', true), '') = 'on' then
    return null;
  end if;
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
  there uuid[];
begin
  perform uptake_wake_mirror();
  insert into langfuse_outbox (kind, ref, project_id)
  select 'feedback', n.id, n.project_id from new_rows n where uptake_is_act(n.feedback_type::text)
  on conflict (kind, ref) do nothing;

  select array_agg(distinct n.suggestion_id) into judged from new_rows n where uptake_is_act(n.feedback_type::text);
  if judged is null then
    return null;
  end if;
  there := uptake_apply_feedback(judged);
  -- Also what came between: the roller applies it.
  if coalesce(cardinality(there), 0) < cardinality(judged) then
    insert into ai_feedback_waiting (suggestion_id, feedback_id, of_deleted)
    select n.suggestion_id, n.id,
      exists (select from retention_drops d where n.suggestion_id >= d.from_id and n.suggestion_id < d.to_id)
    from new_rows n
    where uptake_is_act(n.feedback_type::text) and not exists (select from unnest(there) t (id) where t.id = n.suggestion_id);
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
  if coalesce(current_setting('uptake.erases', true), '') = 'on' then
    return null;
  end if;
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
