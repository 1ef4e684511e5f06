-- The schema that the migrations produce, from the catalogs. Compared in test/store/schema.test.ts; written anew by
-- UPDATE_SCHEMA=1 npx vitest run test/store/schema.test.ts

-- Tables and types

ai_feedback_events
  id uuid not null default gen_random_uuid()
  suggestion_id uuid not null
  ticket_id text
  agent_id text
  feedback_type text not null
  agent_response text
  feedback_reason text
  time_to_feedback interval
  metadata jsonb not null default '{}'::jsonb
  created_at timestamp with time zone not null default now()
  updated_at timestamp with time zone not null default now()
  project_id text not null default 'default'::text
  source text not null default 'explicit'::text
  kept_ratio real
  edit_distance real
  compression_distance real
  feedback_reasons text[]
  comment text
  idempotency_key text

ai_feedback_waiting
  suggestion_id uuid not null
  feedback_id uuid not null
  created_at timestamp with time zone not null default now()
  of_deleted boolean not null default false

ai_metrics_hourly
  hour integer not null
  series_id integer not null
  suggestion_count bigint not null
  completed_count bigint not null
  error_count bigint not null
  shown_count bigint not null
  accepted_count bigint not null
  revised_count bigint not null
  rejected_count bigint not null
  expired_count bigint not null
  latency_count bigint not null
  latency_ms_sum bigint not null
  input_tokens_sum bigint not null
  output_tokens_sum bigint not null
  input_tokens_known_count bigint not null
  output_tokens_known_count bigint not null
  cost_usd_sum numeric not null
  cost_known_count bigint not null
  kept_ratio_ppm_sum bigint not null
  kept_ratio_count bigint not null
  latency_buckets smallint[] not null
  latency_counts integer[] not null
  first_token_buckets smallint[] not null
  first_token_counts integer[] not null
  feedback_time_buckets smallint[] not null
  feedback_time_counts integer[] not null

ai_suggestions
  id uuid not null default gen_random_uuid()
  ticket_id text
  message_id text
  suggested_response text not null
  confidence_score real
  system_user_id text
  metadata jsonb not null default '{}'::jsonb
  status text not null default 'pending'::text
  feedback text
  created_at timestamp with time zone not null default now()
  updated_at timestamp with time zone not null default now()
  project_id text not null default 'default'::text
  function_name text
  environment text
  release text
  model text
  prompt_name text
  prompt_version text
  trace_id text
  observation_id text
  latency_ms integer
  time_to_first_token_ms integer
  input_tokens integer
  output_tokens integer
  cost_usd numeric
  error_type text
  error_message text
  outcome text not null default 'pending'::text
  shown_at timestamp with time zone
  shown_to text
  decided_at timestamp with time zone
  kept_ratio real

ai_traces
  trace_id text not null
  suggestion_id uuid not null
  project_id text not null default 'default'::text
  observations jsonb not null
  created_at timestamp with time zone not null default now()

kb_articles
  id text not null
  project_id text not null default 'default'::text
  title text not null
  content text not null
  is_public boolean not null default true
  created_at timestamp with time zone not null default now()

langfuse_deliveries
  kind text not null
  ref uuid not null
  project_id text not null default 'default'::text
  trace_id text not null
  langfuse_ids text[] not null
  attempts integer not null
  delivered_at timestamp with time zone not null default now()

langfuse_outbox
  id bigint not null identity
  kind text not null
  ref uuid not null
  project_id text not null default 'default'::text
  created_at timestamp with time zone not null default now()
  available_at timestamp with time zone not null default now()
  attempts integer not null default 0
  locked_until timestamp with time zone
  locked_by uuid
  unsure boolean not null default false
  last_error text
  dead_at timestamp with time zone

metric_series
  id integer not null identity
  project_id text not null
  function_name text not null
  environment text not null
  model text not null
  prompt_version text not null

rollup_deltas
  id bigint not null identity
  series_id integer
  new_series text[]
  hour integer not null
  suggestion_count integer not null
  completed_count integer not null
  error_count integer not null
  shown_count integer not null
  accepted_count integer not null
  revised_count integer not null
  rejected_count integer not null
  expired_count integer not null
  latency_count integer not null
  latency_ms_sum bigint not null
  input_tokens_sum bigint not null
  output_tokens_sum bigint not null
  input_tokens_known_count integer not null
  output_tokens_known_count integer not null
  cost_usd_sum numeric not null
  cost_known_count integer not null
  kept_ratio_ppm_sum bigint not null
  kept_ratio_count integer not null
  latency_buckets smallint[] not null
  latency_counts integer[] not null
  first_token_buckets smallint[] not null
  first_token_counts integer[] not null
  feedback_time_buckets smallint[] not null
  feedback_time_counts integer[] not null

schema_migrations
  version integer not null
  name text not null
  checksum text not null
  applied_at timestamp with time zone not null default now()

score_configs
  id bigint not null identity
  base_url text not null
  name text not null
  config_id text not null
  langfuse_project_id text not null
  data_type text not null
  categories text[]
  min_value double precision
  max_value double precision
  matched_at timestamp with time zone not null default now()
  checked_at timestamp with time zone not null default now()
  retired_at timestamp with time zone

ticket_messages
  id uuid not null
  ticket_id uuid not null
  user_id text not null
  content text not null
  message_type text not null default 'user_message'::text
  confidence_score real
  metadata jsonb not null default '{}'::jsonb
  is_ai_generated boolean not null default false
  position integer not null
  created_at timestamp with time zone not null default now()

tickets
  id uuid not null
  ticket_number integer not null identity
  title text not null
  description text
  status text not null default 'new'::text
  priority text not null default 'medium'::text
  customer_id text not null
  assigned_to_id text
  project_id text not null default 'default'::text
  created_at timestamp with time zone not null default now()
  updated_at timestamp with time zone not null default now()

uptake_measured
  project_id text
  function_name text
  environment text
  model text
  prompt_version text
  created_at timestamp with time zone
  status text
  outcome text
  shown_at timestamp with time zone
  decided_at timestamp with time zone
  latency_ms integer
  time_to_first_token_ms integer
  input_tokens integer
  output_tokens integer
  cost_usd numeric
  kept_ratio real

-- Constraints

ai_feedback_events_compression_distance_check on ai_feedback_events: CHECK (((compression_distance >= (0)::double precision) AND (compression_distance <= (1)::double precision)))
ai_feedback_events_edit_distance_check on ai_feedback_events: CHECK (((edit_distance >= (0)::double precision) AND (edit_distance <= (1)::double precision)))
ai_feedback_events_feedback_type_check on ai_feedback_events: CHECK ((feedback_type = ANY (ARRAY['approval'::text, 'revision'::text, 'rejection'::text])))
ai_feedback_events_kept_ratio_check on ai_feedback_events: CHECK (((kept_ratio >= (0)::double precision) AND (kept_ratio <= (1)::double precision)))
ai_feedback_events_pkey on ai_feedback_events: PRIMARY KEY (id)
ai_feedback_events_primary_reason on ai_feedback_events: CHECK (((feedback_reasons IS NULL) OR (NOT (feedback_reasons[1] IS DISTINCT FROM feedback_reason))))
ai_feedback_events_reason on ai_feedback_events: CHECK (((feedback_type = 'approval'::text) OR (source = 'inferred'::text) OR (feedback_reason IS NOT NULL)))
ai_feedback_events_source_check on ai_feedback_events: CHECK ((source = ANY (ARRAY['explicit'::text, 'inferred'::text])))
ai_feedback_waiting_pkey on ai_feedback_waiting: PRIMARY KEY (suggestion_id, feedback_id)
ai_metrics_hourly_pkey on ai_metrics_hourly: PRIMARY KEY (hour, series_id)
ai_metrics_hourly_series_id_fkey on ai_metrics_hourly: FOREIGN KEY (series_id) REFERENCES metric_series(id)
ai_suggestions_kept_ratio_check on ai_suggestions: CHECK (((kept_ratio >= (0)::double precision) AND (kept_ratio <= (1)::double precision)))
ai_suggestions_outcome_check on ai_suggestions: CHECK ((outcome = ANY (ARRAY['pending'::text, 'accepted'::text, 'revised'::text, 'rejected'::text, 'expired'::text])))
ai_suggestions_pkey on ai_suggestions: PRIMARY KEY (id)
ai_traces_pkey on ai_traces: PRIMARY KEY (trace_id)
kb_articles_pkey on kb_articles: PRIMARY KEY (id)
langfuse_deliveries_kind_check on langfuse_deliveries: CHECK ((kind = ANY (ARRAY['trace'::text, 'feedback'::text])))
langfuse_deliveries_pkey on langfuse_deliveries: PRIMARY KEY (kind, ref)
langfuse_outbox_kind_check on langfuse_outbox: CHECK ((kind = ANY (ARRAY['trace'::text, 'feedback'::text])))
langfuse_outbox_kind_ref_key on langfuse_outbox: UNIQUE (kind, ref)
langfuse_outbox_pkey on langfuse_outbox: PRIMARY KEY (id)
metric_series_pkey on metric_series: PRIMARY KEY (id)
metric_series_project_id_function_name_environment_model_pr_key on metric_series: UNIQUE (project_id, function_name, environment, model, prompt_version)
rollup_deltas_check on rollup_deltas: CHECK (((series_id IS NULL) = (new_series IS NOT NULL)))
rollup_deltas_pkey on rollup_deltas: PRIMARY KEY (id)
schema_migrations_pkey on schema_migrations: PRIMARY KEY (version)
score_configs_pkey on score_configs: PRIMARY KEY (id)
ticket_messages_message_type_check on ticket_messages: CHECK ((message_type = ANY (ARRAY['user_message'::text, 'auto_suggestion'::text])))
ticket_messages_pkey on ticket_messages: PRIMARY KEY (id)
ticket_messages_ticket_id_fkey on ticket_messages: FOREIGN KEY (ticket_id) REFERENCES tickets(id)
ticket_messages_ticket_id_position_key on ticket_messages: UNIQUE (ticket_id, "position")
tickets_pkey on tickets: PRIMARY KEY (id)
tickets_priority_check on tickets: CHECK ((priority = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text])))
tickets_status_check on tickets: CHECK ((status = ANY (ARRAY['new'::text, 'open'::text, 'pending'::text, 'resolved'::text, 'closed'::text])))

-- Indexes

CREATE INDEX ai_feedback_events_suggestion ON public.ai_feedback_events USING btree (suggestion_id)
CREATE INDEX ai_feedback_waiting_early ON public.ai_feedback_waiting USING btree (suggestion_id) WHERE (NOT of_deleted)
CREATE INDEX ai_suggestions_open ON public.ai_suggestions USING btree (created_at) WHERE ((status = 'pending'::text) OR ((status = 'completed'::text) AND (outcome = 'pending'::text)))
CREATE INDEX ai_suggestions_ticket ON public.ai_suggestions USING btree (ticket_id, created_at DESC) WHERE (ticket_id IS NOT NULL)
CREATE INDEX langfuse_outbox_due ON public.langfuse_outbox USING btree (available_at, id) WHERE (dead_at IS NULL)
CREATE INDEX rollup_deltas_new_series ON public.rollup_deltas USING btree (id) WHERE (series_id IS NULL)
CREATE INDEX ticket_messages_created ON public.ticket_messages USING btree (created_at, id)
CREATE UNIQUE INDEX ai_feedback_events_idempotency ON public.ai_feedback_events USING btree (project_id, idempotency_key) WHERE (idempotency_key IS NOT NULL)
CREATE UNIQUE INDEX ai_feedback_events_pkey ON public.ai_feedback_events USING btree (id)
CREATE UNIQUE INDEX ai_feedback_waiting_pkey ON public.ai_feedback_waiting USING btree (suggestion_id, feedback_id)
CREATE UNIQUE INDEX ai_metrics_hourly_pkey ON public.ai_metrics_hourly USING btree (hour, series_id)
CREATE UNIQUE INDEX ai_suggestions_pkey ON public.ai_suggestions USING btree (id)
CREATE UNIQUE INDEX ai_traces_pkey ON public.ai_traces USING btree (trace_id)
CREATE UNIQUE INDEX kb_articles_pkey ON public.kb_articles USING btree (id)
CREATE UNIQUE INDEX langfuse_deliveries_pkey ON public.langfuse_deliveries USING btree (kind, ref)
CREATE UNIQUE INDEX langfuse_outbox_kind_ref_key ON public.langfuse_outbox USING btree (kind, ref)
CREATE UNIQUE INDEX langfuse_outbox_pkey ON public.langfuse_outbox USING btree (id)
CREATE UNIQUE INDEX metric_series_pkey ON public.metric_series USING btree (id)
CREATE UNIQUE INDEX metric_series_project_id_function_name_environment_model_pr_key ON public.metric_series USING btree (project_id, function_name, environment, model, prompt_version)
CREATE UNIQUE INDEX rollup_deltas_pkey ON public.rollup_deltas USING btree (id)
CREATE UNIQUE INDEX schema_migrations_pkey ON public.schema_migrations USING btree (version)
CREATE UNIQUE INDEX score_configs_in_use ON public.score_configs USING btree (base_url, config_id) WHERE (retired_at IS NULL)
CREATE UNIQUE INDEX score_configs_pkey ON public.score_configs USING btree (id)
CREATE UNIQUE INDEX ticket_messages_pkey ON public.ticket_messages USING btree (id)
CREATE UNIQUE INDEX ticket_messages_ticket_id_position_key ON public.ticket_messages USING btree (ticket_id, "position")
CREATE UNIQUE INDEX tickets_pkey ON public.tickets USING btree (id)

-- Triggers

CREATE TRIGGER ai_feedback_events_immutable BEFORE DELETE OR UPDATE ON public.ai_feedback_events FOR EACH ROW EXECUTE FUNCTION uptake_refuse_change()
CREATE TRIGGER ai_feedback_events_inserted AFTER INSERT ON public.ai_feedback_events REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION uptake_feedback_inserted()
CREATE TRIGGER ai_suggestions_deleted AFTER DELETE ON public.ai_suggestions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION uptake_suggestions_deleted()
CREATE TRIGGER ai_suggestions_deleted_feedback AFTER DELETE ON public.ai_suggestions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION uptake_feedback_outlives_suggestion()
CREATE TRIGGER ai_suggestions_inserted AFTER INSERT ON public.ai_suggestions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION uptake_suggestions_inserted()
CREATE TRIGGER ai_suggestions_late_answer BEFORE UPDATE OF status ON public.ai_suggestions FOR EACH ROW WHEN (((old.error_type = 'abandoned'::text) AND (new.error_type = 'abandoned'::text) AND (new.status <> 'error'::text))) EXECUTE FUNCTION uptake_late_answer()
CREATE TRIGGER ai_suggestions_updated AFTER UPDATE ON public.ai_suggestions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION uptake_suggestions_updated()

-- Functions

CREATE OR REPLACE FUNCTION public.uptake_add_histograms(buckets_a smallint[], counts_a integer[], buckets_b smallint[], counts_b integer[], OUT buckets smallint[], OUT counts integer[])
 RETURNS record
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select coalesce(array_agg(bucket order by bucket), '{}'), coalesce(array_agg(total order by bucket), '{}')
  from (
    select bucket, sum(n)::integer as total
    from (
      select * from unnest(buckets_a, counts_a) a (bucket, n)
      union all
      select * from unnest(buckets_b, counts_b) b (bucket, n)
    ) both_sides
    group by bucket
    having sum(n) <> 0
  ) added
$function$

CREATE OR REPLACE FUNCTION public.uptake_append_deltas(was uptake_measured[], now_is uptake_measured[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  insert into rollup_deltas (
    series_id, new_series, hour,
    suggestion_count, completed_count, error_count, shown_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count, cost_usd_sum, cost_known_count, kept_ratio_ppm_sum, kept_ratio_count,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts
  )
  select
    s.id,
    case when s.id is null then
      array[uptake_dimension((d.measured).project_id), uptake_dimension((d.measured).function_name),
        uptake_dimension((d.measured).environment), uptake_dimension((d.measured).model),
        uptake_dimension((d.measured).prompt_version)]
    end,
    c.hour,
    sum(d.sign * c.suggestion_count),
    sum(d.sign * c.completed_count),
    sum(d.sign * c.error_count),
    sum(d.sign * c.shown_count),
    sum(d.sign * c.accepted_count),
    sum(d.sign * c.revised_count),
    sum(d.sign * c.rejected_count),
    sum(d.sign * c.expired_count),
    sum(d.sign * c.latency_count),
    sum(d.sign * c.latency_ms_sum),
    sum(d.sign * c.input_tokens_sum),
    sum(d.sign * c.output_tokens_sum),
    sum(d.sign * c.input_tokens_known_count),
    sum(d.sign * c.output_tokens_known_count),
    sum(d.sign * c.cost_usd_sum),
    sum(d.sign * c.cost_known_count),
    sum(d.sign * c.kept_ratio_ppm_sum),
    sum(d.sign * c.kept_ratio_count),
    coalesce(array_agg(c.latency_bucket) filter (where c.latency_bucket is not null), '{}'),
    coalesce(array_agg(d.sign) filter (where c.latency_bucket is not null), '{}'),
    coalesce(array_agg(c.first_token_bucket) filter (where c.first_token_bucket is not null), '{}'),
    coalesce(array_agg(d.sign) filter (where c.first_token_bucket is not null), '{}'),
    coalesce(array_agg(c.feedback_time_bucket) filter (where c.feedback_time_bucket is not null), '{}'),
    coalesce(array_agg(d.sign) filter (where c.feedback_time_bucket is not null), '{}')
  from (
    select 1 as sign, m as measured from unnest(now_is) m
    union all
    select -1, m from unnest(was) m
  ) d
  left join metric_series s
    on (s.project_id, s.function_name, s.environment, s.model, s.prompt_version)
     = (uptake_dimension((d.measured).project_id), uptake_dimension((d.measured).function_name),
        uptake_dimension((d.measured).environment), uptake_dimension((d.measured).model),
        uptake_dimension((d.measured).prompt_version))
  cross join lateral uptake_contribution(d.measured) c
  group by 1, 2, 3;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_apply_feedback(suggestion_ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform from ai_suggestions where id = any (suggestion_ids) order by id for no key update;

  update ai_suggestions s
  set outcome = latest.outcome, decided_at = latest.first_at, kept_ratio = latest.kept_ratio, updated_at = now()
  from (
    select e.suggestion_id, e.project_id,
      case (array_agg(e.feedback_type order by e.source = 'explicit' desc, e.created_at desc, e.id desc))[1]
        when 'approval' then 'accepted' when 'revision' then 'revised' else 'rejected' end as outcome,
      min(e.created_at) as first_at,
      (array_agg(e.kept_ratio order by e.created_at desc, e.id desc) filter (where e.kept_ratio is not null))[1] as kept_ratio
    from ai_feedback_events e
    where e.suggestion_id = any (suggestion_ids)
    group by e.suggestion_id, e.project_id
  ) latest
  -- Updates also what stays the same: under repeatable read the next transaction sees its snapshot, not this event, and
  -- only a row that was updated makes Postgres refuse it (serialization failure) instead of deciding on half the events.
  where s.id = latest.suggestion_id and s.project_id = latest.project_id;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_apply_waiting_feedback(only_for uuid[] DEFAULT NULL::uuid[])
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
end $function$

CREATE OR REPLACE FUNCTION public.uptake_bucket(milliseconds double precision)
 RETURNS smallint
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case when milliseconds is not null
    then ceil(ln(greatest(milliseconds, 1)) / ln(1.02::double precision / 0.98))::smallint
  end
$function$

CREATE OR REPLACE FUNCTION public.uptake_contribution(m uptake_measured)
 RETURNS TABLE(hour integer, suggestion_count integer, completed_count integer, error_count integer, shown_count integer, accepted_count integer, revised_count integer, rejected_count integer, expired_count integer, latency_count integer, latency_ms_sum bigint, input_tokens_sum bigint, output_tokens_sum bigint, input_tokens_known_count integer, output_tokens_known_count integer, cost_usd_sum numeric, cost_known_count integer, kept_ratio_ppm_sum bigint, kept_ratio_count integer, latency_bucket smallint, first_token_bucket smallint, feedback_time_bucket smallint)
 LANGUAGE sql
 STABLE
AS $function$
  select
    floor(extract(epoch from m.created_at) / 3600)::integer,
    1,
    case when m.status in ('completed', 'accepted', 'rejected') then 1 else 0 end,
    case when m.status = 'error' then 1 else 0 end,
    case when m.shown_at is not null then 1 else 0 end,
    case when m.outcome = 'accepted' then 1 else 0 end,
    case when m.outcome = 'revised' then 1 else 0 end,
    case when m.outcome = 'rejected' then 1 else 0 end,
    case when m.outcome = 'expired' then 1 else 0 end,
    case when m.latency_ms is not null then 1 else 0 end,
    coalesce(m.latency_ms, 0)::bigint,
    coalesce(m.input_tokens, 0)::bigint,
    coalesce(m.output_tokens, 0)::bigint,
    case when m.input_tokens is not null then 1 else 0 end,
    case when m.output_tokens is not null then 1 else 0 end,
    -- numeric knows NaN and infinity; added up, neither could ever be taken back. NaN counts as more than infinity.
    case when abs(m.cost_usd) < 'infinity' then m.cost_usd else 0 end,
    case when abs(m.cost_usd) < 'infinity' then 1 else 0 end,
    coalesce(round(m.kept_ratio * 1000000)::bigint, 0),
    case when m.kept_ratio is not null then 1 else 0 end,
    uptake_bucket(m.latency_ms),
    uptake_bucket(m.time_to_first_token_ms),
    -- An act stamped no later than the suggestion itself (an import without times) has no known time to feedback.
    case when m.decided_at > coalesce(m.shown_at, m.created_at)
      then uptake_bucket(extract(epoch from m.decided_at - coalesce(m.shown_at, m.created_at))::double precision * 1000)
    end
$function$

CREATE OR REPLACE FUNCTION public.uptake_dimension(name text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case when name is null then '' when length(name) <= 120 then name else left(name, 87) || '…' || md5(name) end
$function$

CREATE OR REPLACE FUNCTION public.uptake_feedback_inserted()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  judged uuid[];
begin
  perform uptake_wake_mirror();
  insert into langfuse_outbox (kind, ref, project_id)
  select 'feedback', n.id, n.project_id from new_rows n
  on conflict (kind, ref) do nothing;

  select array_agg(distinct n.suggestion_id) into judged from new_rows n;
  insert into ai_feedback_waiting (suggestion_id, feedback_id)
  select n.suggestion_id, n.id from new_rows n
  where not exists (select from ai_suggestions s where s.id = n.suggestion_id);
  if judged is not null then
    perform uptake_apply_feedback(judged);
  end if;
  return null;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_feedback_outlives_suggestion()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into ai_feedback_waiting (suggestion_id, feedback_id, of_deleted)
  select e.suggestion_id, e.id, true
  from ai_feedback_events e
  join old_rows o on o.id = e.suggestion_id
  on conflict do nothing;
  return null;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_late_answer()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.error_type := null;
  new.error_message := null;
  return new;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is immutable: % refused', tg_table_name, lower(tg_op)
    using hint = 'Insert a new feedback event; the newest one decides.', errcode = 'restrict_violation';
end $function$

CREATE OR REPLACE FUNCTION public.uptake_suggestions_deleted()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform uptake_append_deltas(array(
    select row(o.project_id, o.function_name, o.environment, o.model, o.prompt_version, o.created_at, o.status, o.outcome,
      o.shown_at, o.decided_at, o.latency_ms, o.time_to_first_token_ms, o.input_tokens, o.output_tokens, o.cost_usd,
      o.kept_ratio)::uptake_measured
    from old_rows o
  ), '{}');
  return null;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_suggestions_inserted()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
      n.kept_ratio)::uptake_measured
    from new_rows n
  ));

  if exists (select from ai_feedback_waiting w join new_rows n on n.id = w.suggestion_id) then
    perform uptake_apply_waiting_feedback(array(select n.id from new_rows n));
  end if;
  return null;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_suggestions_updated()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
        o.kept_ratio)::uptake_measured as was,
      row(n.project_id, n.function_name, n.environment, n.model, n.prompt_version, n.created_at, n.status, n.outcome,
        n.shown_at, n.decided_at, n.latency_ms, n.time_to_first_token_ms, n.input_tokens, n.output_tokens, n.cost_usd,
        n.kept_ratio)::uptake_measured as now_is
  ) pair
  where pair.was is distinct from pair.now_is;
  if cardinality(was) + cardinality(now_is) > 0 then
    perform uptake_append_deltas(was, now_is);
  end if;
  return null;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_wake_mirror()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
end $function$
