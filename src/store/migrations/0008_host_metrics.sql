-- The host's table of hourly metrics, by the host's names. In a database that was adopted it is there already.
create table if not exists aggregated_metrics (
  id uuid primary key default gen_random_uuid(),
  metric_type text not null,
  metric_name text not null,
  metric_value numeric not null,
  dimension text,
  dimension_value text,
  period_start timestamptz not null,
  period_end timestamptz not null,
  created_at timestamptz not null default now(),
  metadata jsonb default '{}',
  unique nulls not distinct (metric_type, metric_name, dimension, dimension_value, period_start)
);

-- Hours whose metrics have to be written, or written anew: appended by whatever changes a number of theirs, deleted by
-- whoever writes them. Like a delta, it waits for nobody.
create table aggregated_metrics_due (
  id bigint generated always as identity primary key,
  hour integer not null
);
alter table aggregated_metrics_due set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- An act counts in its own hour, and only while it is the one that decides: the hour that it leaves is restated, too.
create function uptake_acts_due() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not exists (select from new_rows) then
    return null;
  end if;
  insert into aggregated_metrics_due (hour)
  select distinct uptake_hour(changed.at)
  from (
    select unnest(array[o.deciding_feedback_at, n.deciding_feedback_at]) as at
    from old_rows o
    full join new_rows n on n.id = o.id
    where (o.deciding_feedback_at, o.outcome, o.deciding_reasons, o.confidence_score, o.project_id)
      is distinct from (n.deciding_feedback_at, n.outcome, n.deciding_reasons, n.confidence_score, n.project_id)
  ) changed
  where changed.at is not null;
  return null;
end $$;
create trigger ai_suggestions_acts_due after update on ai_suggestions
  referencing old table as old_rows new table as new_rows for each statement execute function uptake_acts_due();

-- The act on a suggestion that is deleted counts no more, but for retention: that deletes what stays counted.
create function uptake_deleted_acts_due() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if coalesce(current_setting('uptake.erases', true), '') = 'on' then
    return null;
  end if;
  insert into aggregated_metrics_due (hour)
  select distinct uptake_hour(o.deciding_feedback_at) from old_rows o where o.deciding_feedback_at is not null;
  return null;
end $$;
create trigger ai_suggestions_deleted_acts_due after delete on ai_suggestions
  referencing old table as old_rows for each statement execute function uptake_deleted_acts_due();

-- Whether a figure is one of those that are written here. Whatever else the host keeps under the same types is its own.
create function uptake_writes_metric(type text, name text, dimension text) returns boolean language sql immutable as $$
  select case type
    when 'feedback' then (name, coalesce(dimension, '')) in (
      ('overall_acceptance_rate', ''), ('rejection_rate_by_reason', 'feedback_reason'), ('feedback_reason_count', 'feedback_reason'),
      ('avg_confidence_score', 'feedback_type'), ('avg_time_to_feedback_seconds', ''))
    when 'suggestion' then coalesce(dimension, '') in ('', 'function_name') and name in (
      'suggestion_count', 'success_rate', 'usable_rate', 'coverage', 'error_rate', 'latency_p50_ms', 'latency_p95_ms', 'cost_usd')
    else false
  end
$$;

-- The host's own job may go on: what it writes for an hour that is written here is left out, since it counts a changed
-- mind twice and adds its undimensioned rows again with every run.
create function uptake_keep_host_metrics() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if coalesce(current_setting('uptake.writes_metrics', true), '') <> 'on'
    and new.period_end = new.period_start + interval '1 hour'
    and uptake_writes_metric(new.metric_type, new.metric_name, new.dimension)
    and exists (
      select from aggregated_metrics m
      where m.metric_type = new.metric_type and m.period_start = new.period_start and m.metadata ->> 'writer' = 'uptake'
    )
  then
    return null;
  end if;
  return new;
end $$;
create trigger aggregated_metrics_kept before insert on aggregated_metrics
  for each row execute function uptake_keep_host_metrics();
