-- Stands for 0001 where the host's ai_suggestions and ai_feedback_events are there already: adds what is missing and
-- rewrites nothing. Every default is a constant, which Postgres only notes in its catalog; checks are not valid at
-- first, so that nobody waits while old rows are read. The host's own columns stay as they are.

do $$
begin
  execute format(
    'alter table ai_suggestions
       add column project_id text not null default %L,
       add column function_name text default %L,
       add column environment text default %L',
    current_setting('uptake.project_id'), current_setting('uptake.function_name'), current_setting('uptake.environment'));
  execute format(
    'alter table ai_feedback_events add column project_id text not null default %L', current_setting('uptake.project_id'));
end $$;

alter table ai_suggestions
  add column release text,
  add column model text,
  add column prompt_name text,
  add column prompt_version text,
  add column trace_id text,
  add column observation_id text,
  add column latency_ms integer,
  add column time_to_first_token_ms integer,
  add column input_tokens integer,
  add column output_tokens integer,
  add column cost_usd numeric,
  add column error_type text,
  add column error_message text,
  add column outcome text not null default 'pending',
  add column shown_at timestamptz,
  add column shown_to text,
  add column decided_at timestamptz,
  add column kept_ratio real,
  add column deciding_feedback_at timestamptz,
  add column deciding_reasons text[];
alter table ai_suggestions
  add constraint ai_suggestions_outcome_check
    check (outcome in ('pending', 'accepted', 'revised', 'rejected', 'expired', 'auto_sent')) not valid,
  add constraint ai_suggestions_kept_ratio_check check (kept_ratio between 0 and 1) not valid;

alter table ai_feedback_events
  add column source text not null default 'explicit',
  add column kept_ratio real,
  add column edit_distance real,
  add column compression_distance real,
  add column feedback_reasons text[],
  add column comment text,
  add column idempotency_key text;
alter table ai_feedback_events
  add constraint ai_feedback_events_source_check check (source in ('explicit', 'inferred')) not valid,
  add constraint ai_feedback_events_kept_ratio_check check (kept_ratio between 0 and 1) not valid,
  add constraint ai_feedback_events_edit_distance_check check (edit_distance between 0 and 1) not valid,
  add constraint ai_feedback_events_compression_distance_check check (compression_distance between 0 and 1) not valid;

create table ai_traces (
  trace_id text primary key,
  suggestion_id uuid not null,
  project_id text not null default 'default',
  observations jsonb not null,
  created_at timestamptz not null default now()
);

-- Empty where a foreign key of the host's refuses feedback before its suggestion.
create table ai_feedback_waiting (
  suggestion_id uuid not null,
  feedback_id uuid not null,
  created_at timestamptz not null default now(),
  of_deleted boolean not null default false,
  primary key (suggestion_id, feedback_id)
);
create index ai_feedback_waiting_early on ai_feedback_waiting (suggestion_id) where not of_deleted;

do $$
begin
  if exists (select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)) then
    alter table ai_traces alter column observations set compression lz4;
  end if;
end $$;

-- The host decides whether feedback may be changed or deleted; where it is, the suggestion follows.
create function uptake_feedback_changed() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  judged uuid[] := array(select distinct o.suggestion_id from old_rows o);
begin
  if tg_op = 'UPDATE' then
    -- An event may be moved to another suggestion, which it then decides.
    judged := array(select unnest(judged) union select n.suggestion_id from new_rows n);
    insert into aggregated_metrics_due (hour)
    select distinct uptake_hour(n.created_at)
    from new_rows n join old_rows o on o.id = n.id
    where n.time_to_feedback is distinct from o.time_to_feedback and n.created_at is not null;
  end if;
  if cardinality(judged) > 0 then
    perform uptake_apply_feedback(judged);
    update ai_suggestions s
    set outcome = 'pending', decided_at = null, kept_ratio = null, deciding_feedback_at = null, deciding_reasons = null
    where s.id = any (judged)
      and s.outcome in ('accepted', 'revised', 'rejected')
      and not exists (
        select from ai_feedback_events e
        where e.suggestion_id = s.id and e.project_id = s.project_id and uptake_is_act(e.feedback_type::text)
      );
  end if;
  return null;
end $$;
create trigger ai_feedback_events_updated after update on ai_feedback_events
  referencing old table as old_rows new table as new_rows for each statement execute function uptake_feedback_changed();
create trigger ai_feedback_events_deleted after delete on ai_feedback_events
  referencing old table as old_rows for each statement execute function uptake_feedback_changed();
