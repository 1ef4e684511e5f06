-- The schema that the migrations produce, from the catalogs. Compared in test/store/schema.test.ts; written anew by
-- UPDATE_SCHEMA=1 npx vitest run test/store/schema.test.ts

-- Tables and types

aggregated_metrics
  id uuid not null default gen_random_uuid()
  metric_type text not null
  metric_name text not null
  metric_value numeric not null
  dimension text
  dimension_value text
  period_start timestamp with time zone not null
  period_end timestamp with time zone not null
  created_at timestamp with time zone not null default now()
  metadata jsonb default '{}'::jsonb

aggregated_metrics_due
  id bigint not null identity
  hour integer not null

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

ai_feedback_reasons_daily
  day integer not null
  series_id integer not null
  outcome text not null
  reason text not null
  suggestion_count bigint not null

ai_feedback_reasons_hourly
  hour integer not null
  series_id integer not null
  outcome text not null
  reason text not null
  suggestion_count bigint not null

ai_feedback_waiting
  suggestion_id uuid not null
  feedback_id uuid not null
  created_at timestamp with time zone not null default now()
  of_deleted boolean not null default false

ai_metrics_daily
  day integer not null
  series_id integer not null
  suggestion_count bigint not null
  completed_count bigint not null
  error_count bigint not null
  shown_count bigint not null
  shown_decided_count bigint not null
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
  completed_cost_known_count bigint not null
  kept_ratio_ppm_sum bigint not null
  kept_ratio_count bigint not null
  squared_error_ppm_sum bigint not null
  open_count bigint not null
  latency_buckets smallint[] not null
  latency_counts integer[] not null
  first_token_buckets smallint[] not null
  first_token_counts integer[] not null
  feedback_time_buckets smallint[] not null
  feedback_time_counts integer[] not null
  confidence_keys smallint[] not null
  confidence_counts integer[] not null
  confidence_ppm_sums bigint[] not null
  error_types text[] not null
  error_type_counts integer[] not null

ai_metrics_hourly
  hour integer not null
  series_id integer not null
  suggestion_count bigint not null
  completed_count bigint not null
  error_count bigint not null
  shown_count bigint not null
  shown_decided_count bigint not null
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
  completed_cost_known_count bigint not null
  kept_ratio_ppm_sum bigint not null
  kept_ratio_count bigint not null
  squared_error_ppm_sum bigint not null
  open_count bigint not null
  latency_buckets smallint[] not null
  latency_counts integer[] not null
  first_token_buckets smallint[] not null
  first_token_counts integer[] not null
  feedback_time_buckets smallint[] not null
  feedback_time_counts integer[] not null
  confidence_keys smallint[] not null
  confidence_counts integer[] not null
  confidence_ppm_sums bigint[] not null
  error_types text[] not null
  error_type_counts integer[] not null

ai_pending_claims
  suggestion_id uuid not null
  project_id text not null default 'default'::text
  attempts integer not null default 0
  available_at timestamp with time zone not null default now()
  locked_until timestamp with time zone
  locked_by uuid
  last_error text

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
  deciding_feedback_at timestamp with time zone
  deciding_reasons text[]
  emptied_at timestamp with time zone

ai_traces
  trace_id text not null
  suggestion_id uuid not null
  project_id text not null default 'default'::text
  observations jsonb not null
  created_at timestamp with time zone not null default now()

api_keys
  public_key text not null
  secret_sha256 text not null
  project_id text not null
  scopes text[] not null
  name text not null default ''::text
  created_at timestamp with time zone not null default now()
  expires_at timestamp with time zone
  revoked_at timestamp with time zone
  last_used_at timestamp with time zone

dashboard_sessions
  token_sha256 text not null
  public_key text not null
  created_at timestamp with time zone not null default now()
  expires_at timestamp with time zone not null

dropped_acts
  project_id text not null
  function_name text
  environment text
  model text
  prompt_version text
  outcome text not null
  deciding_feedback_at timestamp with time zone not null
  deciding_reasons text[]
  confidence_score real
  time_to_feedback interval

erased_subjects
  subject_sha256 text not null
  erasure_id uuid not null
  before timestamp with time zone not null

erased_suggestions
  suggestion_id uuid not null
  erasure_id uuid not null
  trace_id text not null
  in_langfuse boolean not null
  erased_at timestamp with time zone

erasures
  id uuid not null
  project_id text not null
  subject_kind text not null
  subject_sha256 text not null
  requested_by text not null
  requested_at timestamp with time zone not null default now()
  state text not null default 'pending'::text
  counts jsonb not null default '{}'::jsonb
  places jsonb not null default '{}'::jsonb
  langfuse_asked_at timestamp with time zone
  last_sent_at timestamp with time zone
  finished_at timestamp with time zone

kb_articles
  id text not null
  project_id text not null default 'default'::text
  title text not null
  content text not null
  is_public boolean not null default true
  created_at timestamp with time zone not null default now()

langfuse_days
  project_id text not null
  day date not null
  unit_count bigint not null default 0

langfuse_deliveries
  kind text not null
  ref uuid not null
  project_id text not null default 'default'::text
  trace_id text not null
  langfuse_ids text[] not null
  attempts integer not null
  delivered_at timestamp with time zone not null default now()
  kept_by text

langfuse_left_out
  suggestion_id uuid not null
  project_id text not null
  rule text not null
  feedback_count integer not null default 0
  unsure boolean not null default false
  left_out_at timestamp with time zone not null default now()

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
  kept_by text
  held_until timestamp with time zone
  charged_on date

metric_series
  id integer not null identity
  project_id text not null
  function_name text
  environment text
  model text
  prompt_version text

mirror_verifications
  base_url text not null
  verified_at timestamp with time zone not null default now()
  ok boolean not null
  langfuse_version text
  project text
  seen_after_ms integer
  problem text

retention_drops
  part text not null
  from_id uuid
  to_id uuid
  suggestion_count bigint not null
  frozen_before integer not null
  dropped_at timestamp with time zone not null default now()

retention_passes
  kind text not null
  done_before timestamp with time zone not null

rollup_backfills
  from_hour integer not null
  to_hour integer not null
  next_hour integer not null
  updated_at timestamp with time zone not null default now()

rollup_checks
  slot timestamp with time zone not null
  started_at timestamp with time zone not null default now()
  finished_at timestamp with time zone
  difference_count integer

rollup_deltas
  id bigint not null identity
  series_id integer
  new_series text[]
  hour integer not null
  suggestion_count integer not null default 0
  completed_count integer not null default 0
  error_count integer not null default 0
  shown_count integer not null default 0
  shown_decided_count integer not null default 0
  accepted_count integer not null default 0
  revised_count integer not null default 0
  rejected_count integer not null default 0
  expired_count integer not null default 0
  latency_count integer not null default 0
  latency_ms_sum bigint not null default 0
  input_tokens_sum bigint not null default 0
  output_tokens_sum bigint not null default 0
  input_tokens_known_count integer not null default 0
  output_tokens_known_count integer not null default 0
  cost_usd_sum numeric not null default 0
  cost_known_count integer not null default 0
  completed_cost_known_count integer not null default 0
  kept_ratio_ppm_sum bigint not null default 0
  kept_ratio_count integer not null default 0
  squared_error_ppm_sum bigint not null default 0
  open_count integer not null default 0
  latency_buckets smallint[] not null default '{}'::smallint[]
  latency_counts integer[] not null default '{}'::integer[]
  first_token_buckets smallint[] not null default '{}'::smallint[]
  first_token_counts integer[] not null default '{}'::integer[]
  feedback_time_buckets smallint[] not null default '{}'::smallint[]
  feedback_time_counts integer[] not null default '{}'::integer[]
  confidence_keys smallint[] not null default '{}'::smallint[]
  confidence_counts integer[] not null default '{}'::integer[]
  confidence_ppm_sums bigint[] not null default '{}'::bigint[]
  error_types text[] not null default '{}'::text[]
  error_type_counts integer[] not null default '{}'::integer[]

rollup_reason_deltas
  id bigint not null identity
  series_id integer
  new_series text[]
  hour integer not null
  outcome text not null
  reason text not null
  suggestion_count integer not null

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
  last_message_at timestamp with time zone
  is_answer_due boolean not null default true
  waiting_since timestamp with time zone

uptake_workers
  id uuid not null
  kind text not null
  host text not null
  pid integer not null
  version text not null
  started_at timestamp with time zone not null default now()
  seen_at timestamp with time zone not null default now()
  stopped_at timestamp with time zone
  last_act text
  last_act_at timestamp with time zone

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
  confidence_score real
  error_type text
  deciding_feedback_at timestamp with time zone
  deciding_reasons text[]

-- Constraints

aggregated_metrics_due_pkey on aggregated_metrics_due: PRIMARY KEY (id)
aggregated_metrics_metric_type_metric_name_dimension_dimens_key on aggregated_metrics: UNIQUE NULLS NOT DISTINCT (metric_type, metric_name, dimension, dimension_value, period_start)
aggregated_metrics_pkey on aggregated_metrics: PRIMARY KEY (id)
ai_feedback_events_compression_distance_check on ai_feedback_events: CHECK (((compression_distance >= (0)::double precision) AND (compression_distance <= (1)::double precision)))
ai_feedback_events_edit_distance_check on ai_feedback_events: CHECK (((edit_distance >= (0)::double precision) AND (edit_distance <= (1)::double precision)))
ai_feedback_events_feedback_type_check on ai_feedback_events: CHECK ((feedback_type = ANY (ARRAY['approval'::text, 'revision'::text, 'rejection'::text])))
ai_feedback_events_kept_ratio_check on ai_feedback_events: CHECK (((kept_ratio >= (0)::double precision) AND (kept_ratio <= (1)::double precision)))
ai_feedback_events_pkey on ai_feedback_events: PRIMARY KEY (id)
ai_feedback_events_primary_reason on ai_feedback_events: CHECK (((feedback_reasons IS NULL) OR (NOT (feedback_reasons[1] IS DISTINCT FROM feedback_reason))))
ai_feedback_events_reason on ai_feedback_events: CHECK (((feedback_type = 'approval'::text) OR (source = 'inferred'::text) OR (feedback_reason IS NOT NULL)))
ai_feedback_events_source_check on ai_feedback_events: CHECK ((source = ANY (ARRAY['explicit'::text, 'inferred'::text])))
ai_feedback_reasons_daily_pkey on ai_feedback_reasons_daily: PRIMARY KEY (series_id, day, outcome, reason)
ai_feedback_reasons_daily_series_id_fkey on ai_feedback_reasons_daily: FOREIGN KEY (series_id) REFERENCES metric_series(id)
ai_feedback_reasons_hourly_outcome_check on ai_feedback_reasons_daily: CHECK ((outcome = ANY (ARRAY['revised'::text, 'rejected'::text])))
ai_feedback_reasons_hourly_outcome_check on ai_feedback_reasons_hourly: CHECK ((outcome = ANY (ARRAY['revised'::text, 'rejected'::text])))
ai_feedback_reasons_hourly_pkey on ai_feedback_reasons_hourly: PRIMARY KEY (series_id, hour, outcome, reason)
ai_feedback_reasons_hourly_series_id_fkey on ai_feedback_reasons_hourly: FOREIGN KEY (series_id) REFERENCES metric_series(id)
ai_feedback_waiting_pkey on ai_feedback_waiting: PRIMARY KEY (suggestion_id, feedback_id)
ai_metrics_daily_pkey on ai_metrics_daily: PRIMARY KEY (series_id, day)
ai_metrics_daily_series_id_fkey on ai_metrics_daily: FOREIGN KEY (series_id) REFERENCES metric_series(id)
ai_metrics_hourly_pkey on ai_metrics_hourly: PRIMARY KEY (series_id, hour)
ai_metrics_hourly_series_id_fkey on ai_metrics_hourly: FOREIGN KEY (series_id) REFERENCES metric_series(id)
ai_pending_claims_pkey on ai_pending_claims: PRIMARY KEY (suggestion_id)
ai_suggestions_kept_ratio_check on ai_suggestions: CHECK (((kept_ratio >= (0)::double precision) AND (kept_ratio <= (1)::double precision)))
ai_suggestions_outcome_check on ai_suggestions: CHECK ((outcome = ANY (ARRAY['pending'::text, 'accepted'::text, 'revised'::text, 'rejected'::text, 'expired'::text, 'auto_sent'::text])))
ai_suggestions_pkey on ai_suggestions: PRIMARY KEY (id)
ai_traces_pkey on ai_traces: PRIMARY KEY (trace_id)
api_keys_pkey on api_keys: PRIMARY KEY (public_key)
api_keys_scopes_check on api_keys: CHECK (((cardinality(scopes) > 0) AND (scopes <@ ARRAY['write'::text, 'feedback'::text, 'read'::text, 'admin'::text])))
dashboard_sessions_pkey on dashboard_sessions: PRIMARY KEY (token_sha256)
dashboard_sessions_public_key_fkey on dashboard_sessions: FOREIGN KEY (public_key) REFERENCES api_keys(public_key) ON DELETE CASCADE
erased_subjects_pkey on erased_subjects: PRIMARY KEY (subject_sha256)
erased_suggestions_pkey on erased_suggestions: PRIMARY KEY (suggestion_id)
erasures_pkey on erasures: PRIMARY KEY (id)
erasures_state_check on erasures: CHECK ((state = ANY (ARRAY['pending'::text, 'done'::text])))
erasures_subject_kind_check on erasures: CHECK ((subject_kind = ANY (ARRAY['ticket'::text, 'customer'::text, 'suggestion'::text])))
histograms_are_whole on ai_metrics_daily: CHECK (((cardinality(latency_buckets) = cardinality(latency_counts)) AND (cardinality(first_token_buckets) = cardinality(first_token_counts)) AND (cardinality(feedback_time_buckets) = cardinality(feedback_time_counts)) AND (cardinality(confidence_keys) = cardinality(confidence_counts)) AND (cardinality(confidence_keys) = cardinality(confidence_ppm_sums)) AND (cardinality(error_types) = cardinality(error_type_counts))))
histograms_are_whole on ai_metrics_hourly: CHECK (((cardinality(latency_buckets) = cardinality(latency_counts)) AND (cardinality(first_token_buckets) = cardinality(first_token_counts)) AND (cardinality(feedback_time_buckets) = cardinality(feedback_time_counts)) AND (cardinality(confidence_keys) = cardinality(confidence_counts)) AND (cardinality(confidence_keys) = cardinality(confidence_ppm_sums)) AND (cardinality(error_types) = cardinality(error_type_counts))))
kb_articles_pkey on kb_articles: PRIMARY KEY (id)
langfuse_days_pkey on langfuse_days: PRIMARY KEY (project_id, day)
langfuse_deliveries_kind_check on langfuse_deliveries: CHECK ((kind = ANY (ARRAY['trace'::text, 'feedback'::text])))
langfuse_deliveries_pkey on langfuse_deliveries: PRIMARY KEY (kind, ref)
langfuse_left_out_pkey on langfuse_left_out: PRIMARY KEY (suggestion_id)
langfuse_outbox_kind_check on langfuse_outbox: CHECK ((kind = ANY (ARRAY['trace'::text, 'feedback'::text])))
langfuse_outbox_kind_ref_key on langfuse_outbox: UNIQUE (kind, ref)
langfuse_outbox_pkey on langfuse_outbox: PRIMARY KEY (id)
metric_series_pkey on metric_series: PRIMARY KEY (id)
metric_series_project_id_function_name_environment_model_pr_key on metric_series: UNIQUE NULLS NOT DISTINCT (project_id, function_name, environment, model, prompt_version)
mirror_verifications_pkey on mirror_verifications: PRIMARY KEY (base_url)
retention_drops_pkey on retention_drops: PRIMARY KEY (part)
retention_passes_kind_check on retention_passes: CHECK ((kind = ANY (ARRAY['content'::text, 'traces'::text, 'rows'::text])))
retention_passes_pkey on retention_passes: PRIMARY KEY (kind)
rollup_backfills_pkey on rollup_backfills: PRIMARY KEY (from_hour, to_hour)
rollup_checks_pkey on rollup_checks: PRIMARY KEY (slot)
rollup_deltas_check on rollup_deltas: CHECK (((series_id IS NULL) = (new_series IS NOT NULL)))
rollup_deltas_pkey on rollup_deltas: PRIMARY KEY (id)
rollup_reason_deltas_check on rollup_reason_deltas: CHECK (((series_id IS NULL) = (new_series IS NOT NULL)))
rollup_reason_deltas_pkey on rollup_reason_deltas: PRIMARY KEY (id)
schema_migrations_pkey on schema_migrations: PRIMARY KEY (version)
score_configs_pkey on score_configs: PRIMARY KEY (id)
ticket_messages_message_type_check on ticket_messages: CHECK ((message_type = ANY (ARRAY['user_message'::text, 'auto_suggestion'::text])))
ticket_messages_pkey on ticket_messages: PRIMARY KEY (id)
ticket_messages_ticket_id_fkey on ticket_messages: FOREIGN KEY (ticket_id) REFERENCES tickets(id)
ticket_messages_ticket_id_position_key on ticket_messages: UNIQUE (ticket_id, "position")
tickets_pkey on tickets: PRIMARY KEY (id)
tickets_priority_check on tickets: CHECK ((priority = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text])))
tickets_status_check on tickets: CHECK ((status = ANY (ARRAY['new'::text, 'open'::text, 'pending'::text, 'resolved'::text, 'closed'::text])))
uptake_workers_pkey on uptake_workers: PRIMARY KEY (id)

-- Indexes

CREATE INDEX ai_feedback_events_created ON public.ai_feedback_events USING brin (created_at) WITH (autosummarize='on')
CREATE INDEX ai_feedback_events_suggestion ON public.ai_feedback_events USING btree (suggestion_id)
CREATE INDEX ai_feedback_waiting_early ON public.ai_feedback_waiting USING btree (suggestion_id) WHERE (NOT of_deleted)
CREATE INDEX ai_suggestions_created ON public.ai_suggestions USING brin (created_at) WITH (autosummarize='on')
CREATE INDEX ai_suggestions_newest ON public.ai_suggestions USING btree ("left"(project_id, 100), created_at, id)
CREATE INDEX ai_suggestions_open ON public.ai_suggestions USING btree (created_at) WHERE ((status = 'pending'::text) OR ((status = 'completed'::text) AND (outcome = 'pending'::text)))
CREATE INDEX ai_suggestions_pending ON public.ai_suggestions USING btree (created_at) WHERE (status = 'pending'::text)
CREATE INDEX ai_suggestions_ticket ON public.ai_suggestions USING btree (ticket_id, created_at DESC) WHERE (ticket_id IS NOT NULL)
CREATE INDEX dropped_acts_decided ON public.dropped_acts USING btree (deciding_feedback_at)
CREATE INDEX erased_suggestions_erasure ON public.erased_suggestions USING btree (erasure_id)
CREATE INDEX erasures_pending ON public.erasures USING btree (requested_at) WHERE (state = 'pending'::text)
CREATE INDEX langfuse_outbox_due ON public.langfuse_outbox USING btree (available_at, id) WHERE (dead_at IS NULL)
CREATE INDEX rollup_deltas_new_series ON public.rollup_deltas USING btree (id) WHERE (series_id IS NULL)
CREATE INDEX ticket_messages_created ON public.ticket_messages USING btree (created_at, id)
CREATE INDEX tickets_newest ON public.tickets USING btree (project_id, COALESCE(last_message_at, created_at) DESC, id)
CREATE INDEX tickets_waiting ON public.tickets USING btree (project_id, COALESCE(waiting_since, created_at), id) WHERE (is_answer_due AND (status = ANY (ARRAY['new'::text, 'open'::text])))
CREATE UNIQUE INDEX aggregated_metrics_due_pkey ON public.aggregated_metrics_due USING btree (id)
CREATE UNIQUE INDEX aggregated_metrics_metric_type_metric_name_dimension_dimens_key ON public.aggregated_metrics USING btree (metric_type, metric_name, dimension, dimension_value, period_start) NULLS NOT DISTINCT
CREATE UNIQUE INDEX aggregated_metrics_pkey ON public.aggregated_metrics USING btree (id)
CREATE UNIQUE INDEX ai_feedback_events_idempotency ON public.ai_feedback_events USING btree (project_id, idempotency_key) WHERE (idempotency_key IS NOT NULL)
CREATE UNIQUE INDEX ai_feedback_events_pkey ON public.ai_feedback_events USING btree (id)
CREATE UNIQUE INDEX ai_feedback_reasons_daily_pkey ON public.ai_feedback_reasons_daily USING btree (series_id, day, outcome, reason)
CREATE UNIQUE INDEX ai_feedback_reasons_hourly_pkey ON public.ai_feedback_reasons_hourly USING btree (series_id, hour, outcome, reason)
CREATE UNIQUE INDEX ai_feedback_waiting_pkey ON public.ai_feedback_waiting USING btree (suggestion_id, feedback_id)
CREATE UNIQUE INDEX ai_metrics_daily_pkey ON public.ai_metrics_daily USING btree (series_id, day)
CREATE UNIQUE INDEX ai_metrics_hourly_pkey ON public.ai_metrics_hourly USING btree (series_id, hour)
CREATE UNIQUE INDEX ai_pending_claims_pkey ON public.ai_pending_claims USING btree (suggestion_id)
CREATE UNIQUE INDEX ai_suggestions_pkey ON public.ai_suggestions USING btree (id)
CREATE UNIQUE INDEX ai_traces_pkey ON public.ai_traces USING btree (trace_id)
CREATE UNIQUE INDEX api_keys_pkey ON public.api_keys USING btree (public_key)
CREATE UNIQUE INDEX dashboard_sessions_pkey ON public.dashboard_sessions USING btree (token_sha256)
CREATE UNIQUE INDEX erased_subjects_pkey ON public.erased_subjects USING btree (subject_sha256)
CREATE UNIQUE INDEX erased_suggestions_pkey ON public.erased_suggestions USING btree (suggestion_id)
CREATE UNIQUE INDEX erasures_pkey ON public.erasures USING btree (id)
CREATE UNIQUE INDEX kb_articles_pkey ON public.kb_articles USING btree (id)
CREATE UNIQUE INDEX langfuse_days_pkey ON public.langfuse_days USING btree (project_id, day)
CREATE UNIQUE INDEX langfuse_deliveries_pkey ON public.langfuse_deliveries USING btree (kind, ref)
CREATE UNIQUE INDEX langfuse_left_out_pkey ON public.langfuse_left_out USING btree (suggestion_id)
CREATE UNIQUE INDEX langfuse_outbox_kind_ref_key ON public.langfuse_outbox USING btree (kind, ref)
CREATE UNIQUE INDEX langfuse_outbox_pkey ON public.langfuse_outbox USING btree (id)
CREATE UNIQUE INDEX metric_series_pkey ON public.metric_series USING btree (id)
CREATE UNIQUE INDEX metric_series_project_id_function_name_environment_model_pr_key ON public.metric_series USING btree (project_id, function_name, environment, model, prompt_version) NULLS NOT DISTINCT
CREATE UNIQUE INDEX mirror_verifications_pkey ON public.mirror_verifications USING btree (base_url)
CREATE UNIQUE INDEX retention_drops_pkey ON public.retention_drops USING btree (part)
CREATE UNIQUE INDEX retention_passes_pkey ON public.retention_passes USING btree (kind)
CREATE UNIQUE INDEX rollup_backfills_pkey ON public.rollup_backfills USING btree (from_hour, to_hour)
CREATE UNIQUE INDEX rollup_checks_pkey ON public.rollup_checks USING btree (slot)
CREATE UNIQUE INDEX rollup_deltas_pkey ON public.rollup_deltas USING btree (id)
CREATE UNIQUE INDEX rollup_reason_deltas_pkey ON public.rollup_reason_deltas USING btree (id)
CREATE UNIQUE INDEX schema_migrations_pkey ON public.schema_migrations USING btree (version)
CREATE UNIQUE INDEX score_configs_in_use ON public.score_configs USING btree (base_url, config_id) WHERE (retired_at IS NULL)
CREATE UNIQUE INDEX score_configs_pkey ON public.score_configs USING btree (id)
CREATE UNIQUE INDEX ticket_messages_pkey ON public.ticket_messages USING btree (id)
CREATE UNIQUE INDEX ticket_messages_ticket_id_position_key ON public.ticket_messages USING btree (ticket_id, "position")
CREATE UNIQUE INDEX tickets_pkey ON public.tickets USING btree (id)
CREATE UNIQUE INDEX uptake_workers_pkey ON public.uptake_workers USING btree (id)

-- Triggers

CREATE TRIGGER aggregated_metrics_kept BEFORE INSERT ON public.aggregated_metrics FOR EACH ROW EXECUTE FUNCTION uptake_keep_host_metrics()
CREATE TRIGGER ai_feedback_events_fenced AFTER INSERT ON public.ai_feedback_events REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION uptake_fence_feedback()
CREATE TRIGGER ai_feedback_events_immutable BEFORE DELETE OR UPDATE ON public.ai_feedback_events FOR EACH ROW EXECUTE FUNCTION uptake_refuse_change()
CREATE TRIGGER ai_feedback_events_inserted AFTER INSERT ON public.ai_feedback_events REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION uptake_feedback_inserted()
CREATE TRIGGER ai_suggestions_acts_due AFTER UPDATE ON public.ai_suggestions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION uptake_acts_due()
CREATE TRIGGER ai_suggestions_deleted AFTER DELETE ON public.ai_suggestions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION uptake_suggestions_deleted()
CREATE TRIGGER ai_suggestions_deleted_acts_due AFTER DELETE ON public.ai_suggestions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION uptake_deleted_acts_due()
CREATE TRIGGER ai_suggestions_deleted_feedback AFTER DELETE ON public.ai_suggestions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION uptake_feedback_outlives_suggestion()
CREATE TRIGGER ai_suggestions_fenced AFTER INSERT ON public.ai_suggestions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION uptake_fence_suggestions()
CREATE TRIGGER ai_suggestions_inserted AFTER INSERT ON public.ai_suggestions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION uptake_suggestions_inserted()
CREATE TRIGGER ai_suggestions_kept_empty BEFORE UPDATE OF suggested_response, error_message, metadata, ticket_id, message_id, system_user_id ON public.ai_suggestions FOR EACH ROW WHEN ((old.emptied_at IS NOT NULL)) EXECUTE FUNCTION uptake_keep_empty()
CREATE TRIGGER ai_suggestions_late_answer BEFORE UPDATE OF status ON public.ai_suggestions FOR EACH ROW WHEN (((old.error_type = 'abandoned'::text) AND (new.error_type = 'abandoned'::text) AND (new.status <> 'error'::text))) EXECUTE FUNCTION uptake_late_answer()
CREATE TRIGGER ai_suggestions_updated AFTER UPDATE ON public.ai_suggestions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION uptake_suggestions_updated()
CREATE TRIGGER ticket_messages_noted AFTER INSERT ON public.ticket_messages REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION uptake_note_last_message()

-- Functions

CREATE OR REPLACE FUNCTION public.uptake_acts_due()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
end $function$

CREATE OR REPLACE FUNCTION public.uptake_add_confidences(INOUT keys smallint[], INOUT counts integer[], INOUT ppm_sums bigint[], more_keys smallint[], more_counts integer[], more_ppm_sums bigint[])
 RETURNS record
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  at integer;
begin
  if cardinality(more_keys) > 8 or cardinality(keys) <> cardinality(counts) or cardinality(keys) <> cardinality(ppm_sums)
    or array_position(keys || more_keys, null) is not null
  then
    select coalesce(array_agg(key order by key), '{}'), coalesce(array_agg(total order by key), '{}'),
      coalesce(array_agg(ppm_sum order by key), '{}')
    into keys, counts, ppm_sums
    from (
      select key, sum(n)::integer as total, sum(ppm)::bigint as ppm_sum
      from (
        select * from unnest(keys, counts, ppm_sums) a (key, n, ppm)
        union all
        select * from unnest(more_keys, more_counts, more_ppm_sums) b (key, n, ppm)
      ) both_sides
      group by key
      having sum(n) <> 0 or sum(ppm) <> 0
    ) added;
    return;
  end if;
  for i in 1 .. cardinality(more_keys) loop
    at := width_bucket(more_keys[i], keys);
    if at = 0 or keys[at] <> more_keys[i] then
      keys := keys[:at] || more_keys[i] || keys[at + 1:];
      counts := counts[:at] || more_counts[i] || counts[at + 1:];
      ppm_sums := ppm_sums[:at] || more_ppm_sums[i] || ppm_sums[at + 1:];
    elsif counts[at] + more_counts[i] <> 0 or ppm_sums[at] + more_ppm_sums[i] <> 0 then
      counts[at] := counts[at] + more_counts[i];
      ppm_sums[at] := ppm_sums[at] + more_ppm_sums[i];
    else
      keys := keys[:at - 1] || keys[at + 1:];
      counts := counts[:at - 1] || counts[at + 1:];
      ppm_sums := ppm_sums[:at - 1] || ppm_sums[at + 1:];
    end if;
  end loop;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_add_error_types(INOUT types text[], INOUT counts integer[], more_types text[], more_counts integer[])
 RETURNS record
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
begin
  if cardinality(more_types) > 0 then
    select coalesce(array_agg(type order by type collate "C"), '{}'), coalesce(array_agg(total order by type collate "C"), '{}')
    into types, counts
    from (
      select type, sum(n)::integer as total
      from (
        select * from unnest(types, counts) a (type, n)
        union all
        select * from unnest(more_types, more_counts) b (type, n)
      ) both_sides
      group by type
      having sum(n) <> 0
    ) added;
  end if;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_add_histograms(INOUT buckets smallint[], INOUT counts integer[], more_buckets smallint[], more_counts integer[])
 RETURNS record
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  at integer;
begin
  if cardinality(more_buckets) > 8 or cardinality(buckets) <> cardinality(counts)
    or array_position(buckets || more_buckets, null) is not null
  then
    select coalesce(array_agg(bucket order by bucket), '{}'), coalesce(array_agg(total order by bucket), '{}')
    into buckets, counts
    from (
      select bucket, sum(n)::integer as total
      from (
        select * from unnest(buckets, counts) a (bucket, n)
        union all
        select * from unnest(more_buckets, more_counts) b (bucket, n)
      ) both_sides
      group by bucket
      having sum(n) <> 0
    ) added;
    return;
  end if;
  for i in 1 .. cardinality(more_buckets) loop
    at := width_bucket(more_buckets[i], buckets);
    if at > 0 and buckets[at] = more_buckets[i] and counts[at] + more_counts[i] <> 0 then
      counts[at] := counts[at] + more_counts[i];
    elsif at > 0 and buckets[at] = more_buckets[i] then
      buckets := buckets[:at - 1] || buckets[at + 1:];
      counts := counts[:at - 1] || counts[at + 1:];
    else
      buckets := buckets[:at] || more_buckets[i] || buckets[at + 1:];
      counts := counts[:at] || more_counts[i] || counts[at + 1:];
    end if;
  end loop;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_agent_id(value text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$select value::text$function$

CREATE OR REPLACE FUNCTION public.uptake_append_deltas(was uptake_measured[], now_is uptake_measured[])
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  insert into rollup_deltas (
    series_id, new_series, hour,
    suggestion_count, completed_count, error_count, shown_count, shown_decided_count, accepted_count, revised_count, rejected_count, expired_count,
    latency_count, latency_ms_sum, input_tokens_sum, output_tokens_sum, input_tokens_known_count, output_tokens_known_count, cost_usd_sum, cost_known_count, completed_cost_known_count, kept_ratio_ppm_sum, kept_ratio_count, squared_error_ppm_sum, open_count,
    latency_buckets, latency_counts, first_token_buckets, first_token_counts, feedback_time_buckets, feedback_time_counts,
    confidence_keys, confidence_counts, confidence_ppm_sums, error_types, error_type_counts
  )
  select
    c.series_id, c.new_series, c.hour,
    sum(c.sign * c.suggestion_count),
    sum(c.sign * c.completed_count),
    sum(c.sign * c.error_count),
    sum(c.sign * c.shown_count),
    sum(c.sign * c.shown_decided_count),
    sum(c.sign * c.accepted_count),
    sum(c.sign * c.revised_count),
    sum(c.sign * c.rejected_count),
    sum(c.sign * c.expired_count),
    sum(c.sign * c.latency_count),
    sum(c.sign * c.latency_ms_sum),
    sum(c.sign * c.input_tokens_sum),
    sum(c.sign * c.output_tokens_sum),
    sum(c.sign * c.input_tokens_known_count),
    sum(c.sign * c.output_tokens_known_count),
    sum(c.sign * c.cost_usd_sum),
    sum(c.sign * c.cost_known_count),
    sum(c.sign * c.completed_cost_known_count),
    sum(c.sign * c.kept_ratio_ppm_sum),
    sum(c.sign * c.kept_ratio_count),
    sum(c.sign * c.squared_error_ppm_sum),
    sum(c.sign * c.open_count),
    coalesce(array_agg(c.latency_bucket) filter (where c.latency_bucket is not null), '{}'),
    coalesce(array_agg(c.sign) filter (where c.latency_bucket is not null), '{}'),
    coalesce(array_agg(c.first_token_bucket) filter (where c.first_token_bucket is not null), '{}'),
    coalesce(array_agg(c.sign) filter (where c.first_token_bucket is not null), '{}'),
    coalesce(array_agg(c.feedback_time_bucket) filter (where c.feedback_time_bucket is not null), '{}'),
    coalesce(array_agg(c.sign) filter (where c.feedback_time_bucket is not null), '{}'),
    coalesce(array_agg(c.confidence_key) filter (where c.confidence_key is not null), '{}'),
    coalesce(array_agg(c.sign) filter (where c.confidence_key is not null), '{}'),
    coalesce(array_agg(c.sign * c.confidence_ppm) filter (where c.confidence_key is not null), '{}'),
    coalesce(array_agg(c.error_type) filter (where c.error_type is not null), '{}'),
    coalesce(array_agg(c.sign) filter (where c.error_type is not null), '{}')
  from (
    -- The offset keeps the planner from putting the expressions of a contribution wherever one of its columns is named: each
    -- would be reckoned up to five times.
    select
      d.sign, s.id as series_id,
      case when s.id is null then
        array[uptake_dimension(d.project_id), uptake_dimension(d.function_name), uptake_dimension(d.environment),
          uptake_dimension(d.model), uptake_dimension(d.prompt_version)]
      end as new_series,
      contribution.*
    from (
      select 1 as sign, m.* from unnest(now_is) m
      union all
      select -1, m.* from unnest(was) m
    ) d
    left join metric_series s
      on (s.project_id, s.function_name, s.environment, s.model, s.prompt_version)
       = (uptake_dimension(d.project_id), uptake_dimension(d.function_name), uptake_dimension(d.environment),
          uptake_dimension(d.model), uptake_dimension(d.prompt_version))
    cross join lateral uptake_contribution(
      row(d.project_id, d.function_name, d.environment, d.model, d.prompt_version, d.created_at, d.status, d.outcome,
        d.shown_at, d.decided_at, d.latency_ms, d.time_to_first_token_ms, d.input_tokens, d.output_tokens, d.cost_usd,
        d.kept_ratio, d.confidence_score, d.error_type, d.deciding_feedback_at, d.deciding_reasons)::uptake_measured
    ) contribution
    -- A host's column may be null: what was made nobody knows when is in no hour.
    where d.created_at is not null
    offset 0
  ) c
  group by 1, 2, 3;

  -- Most statements are about suggestions that nobody has judged; asking costs them less than starting the insert.
  if not exists (select from unnest(was || now_is) m where m.deciding_feedback_at is not null) then
    return;
  end if;
  insert into rollup_reason_deltas (series_id, new_series, hour, outcome, reason, suggestion_count)
  select
    s.id,
    case when s.id is null then
      array[uptake_dimension(d.project_id), uptake_dimension(d.function_name), uptake_dimension(d.environment),
        uptake_dimension(d.model), uptake_dimension(d.prompt_version)]
    end,
    r.hour, r.outcome, r.reason, sum(d.sign)
  from (
    select 1 as sign, m.* from unnest(now_is) m where m.deciding_feedback_at is not null
    union all
    select -1, m.* from unnest(was) m where m.deciding_feedback_at is not null
  ) d
  cross join lateral uptake_reason_contribution(d.outcome, d.deciding_feedback_at, d.deciding_reasons) r
  left join metric_series s
    on (s.project_id, s.function_name, s.environment, s.model, s.prompt_version)
     = (uptake_dimension(d.project_id), uptake_dimension(d.function_name), uptake_dimension(d.environment),
        uptake_dimension(d.model), uptake_dimension(d.prompt_version))
  group by 1, 2, 3, 4, 5
  having sum(d.sign) <> 0;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_apply_feedback(suggestion_ids uuid[])
 RETURNS uuid[]
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
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

CREATE OR REPLACE FUNCTION public.uptake_bare_metadata(metadata jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select coalesce(jsonb_object_agg(key, value), '{}')
  from jsonb_each(metadata)
  where key in ('trace_id', 'observation_id', 'model', 'prompt_name', 'prompt_version', 'observations_not_recorded')
$function$

CREATE OR REPLACE FUNCTION public.uptake_bucket(milliseconds double precision)
 RETURNS smallint
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case when milliseconds is not null
    then ceil(ln(greatest(milliseconds, 1)) / ln(1.02::double precision / 0.98))::smallint
  end
$function$

CREATE OR REPLACE FUNCTION public.uptake_confidence_band(ppm integer)
 RETURNS smallint
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select ((ppm - ppm / 1000000) / 100000)::smallint
$function$

CREATE OR REPLACE FUNCTION public.uptake_confidence_ppm(status text, confidence real)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case when status in ('completed', 'accepted', 'rejected') and confidence between 0 and 1
    then round(confidence * 1000000)::integer
  end
$function$

CREATE OR REPLACE FUNCTION public.uptake_contribution(m uptake_measured)
 RETURNS TABLE(hour integer, suggestion_count integer, completed_count integer, error_count integer, shown_count integer, shown_decided_count integer, accepted_count integer, revised_count integer, rejected_count integer, expired_count integer, latency_count integer, latency_ms_sum bigint, input_tokens_sum bigint, output_tokens_sum bigint, input_tokens_known_count integer, output_tokens_known_count integer, cost_usd_sum numeric, cost_known_count integer, completed_cost_known_count integer, kept_ratio_ppm_sum bigint, kept_ratio_count integer, squared_error_ppm_sum bigint, open_count integer, latency_bucket smallint, first_token_bucket smallint, feedback_time_bucket smallint, confidence_key smallint, confidence_ppm integer, error_type text)
 LANGUAGE sql
 STABLE
AS $function$
  select
    uptake_hour(m.created_at),
    1,
    case when m.status in ('completed', 'accepted', 'rejected') then 1 else 0 end,
    case when m.status = 'error' then 1 else 0 end,
    case when m.shown_at is not null then 1 else 0 end,
    o.shown_decided_count, o.accepted_count, o.revised_count, o.rejected_count, o.expired_count,
    case when m.latency_ms is not null then 1 else 0 end,
    coalesce(m.latency_ms, 0)::bigint,
    coalesce(m.input_tokens, 0)::bigint,
    coalesce(m.output_tokens, 0)::bigint,
    case when m.input_tokens is not null then 1 else 0 end,
    case when m.output_tokens is not null then 1 else 0 end,
    -- numeric knows NaN and infinity; added up, neither could ever be taken back. NaN counts as more than infinity.
    case when abs(m.cost_usd) < 'infinity' then m.cost_usd else 0 end,
    case when abs(m.cost_usd) < 'infinity' then 1 else 0 end,
    case when abs(m.cost_usd) < 'infinity' and m.status in ('completed', 'accepted', 'rejected') then 1 else 0 end,
    o.kept_ratio_ppm_sum, o.kept_ratio_count, o.squared_error_ppm_sum, o.open_count,
    uptake_bucket(m.latency_ms),
    uptake_bucket(m.time_to_first_token_ms),
    o.feedback_time_bucket,
    o.confidence_key,
    uptake_confidence_ppm(m.status, m.confidence_score),
    case when m.status = 'error' then uptake_dimension(m.error_type) end
  from uptake_outcome_contribution(m) o
$function$

CREATE OR REPLACE FUNCTION public.uptake_deleted_acts_due()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if coalesce(current_setting('uptake.erases', true), '') = 'on' then
    return null;
  end if;
  insert into aggregated_metrics_due (hour)
  select distinct uptake_hour(o.deciding_feedback_at) from old_rows o where o.deciding_feedback_at is not null;
  return null;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_dimension(name text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case when name is null then '' when octet_length(name) <= 120 or length(name) <= 120 then name else left(name, 87) || '…' || md5(name) end
$function$

CREATE OR REPLACE FUNCTION public.uptake_drop_rows(since timestamp with time zone, before timestamp with time zone, frozen_hour integer, at_most integer)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  old uuid[];
  traces text[];
  events uuid[];
  oldest timestamptz;
begin
  select array_agg(o.id), array_agg(coalesce(o.trace_id, replace(o.id::text, '-', ''))), min(o.created_at) into old, traces, oldest
  from (
    select s.id, s.trace_id, s.created_at from ai_suggestions s
    where s.created_at >= since and s.created_at < before and s.status <> 'pending' and not uptake_is_waiting(s.id)
    limit at_most
    for update of s skip locked
  ) o;
  if old is null then
    return 0;
  end if;
  -- Feedback on what was made in that time comes too late, as far as ids hold a time.
  insert into retention_drops as d (part, from_id, to_id, suggestion_count, frozen_before)
  values ('ai_suggestions', uptake_least_id(oldest - interval '1 day'), uptake_least_id(before),
    cardinality(old), frozen_hour)
  on conflict (part) do update
  set suggestion_count = d.suggestion_count + excluded.suggestion_count, dropped_at = now(),
    from_id = least(d.from_id, excluded.from_id), to_id = greatest(d.to_id, excluded.to_id),
    frozen_before = greatest(d.frozen_before, excluded.frozen_before);
  perform uptake_keep_acts('ai_suggestions', to_timestamp((select max(frozen_before) from retention_drops) * 3600.0), old);

  events := array(select e.id from ai_feedback_events e where e.suggestion_id = any (old));
  perform set_config('uptake.erases', 'on', true);
  delete from ai_suggestions where id = any (old);
  delete from ai_feedback_events where id = any (events);
  perform set_config('uptake.erases', '', true);
  delete from ai_traces where trace_id = any (traces);
  delete from langfuse_deliveries where kind = 'trace' and ref = any (old) or kind = 'feedback' and ref = any (events);
  delete from langfuse_outbox where kind = 'trace' and ref = any (old) or kind = 'feedback' and ref = any (events);
  delete from langfuse_left_out where suggestion_id = any (old);
  return cardinality(old);
end $function$

CREATE OR REPLACE FUNCTION public.uptake_empty_feedback(ids uuid[], forget boolean)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  forgets constant boolean := forget and to_regclass('public.uptake_adoption') is null;
begin
  perform set_config('uptake.erases', 'on', true);
  update ai_feedback_events e
  set agent_response = null, comment = null, metadata = '{}',
    ticket_id = case when forgets then null else e.ticket_id end,
    idempotency_key = case when forget then null else e.idempotency_key end
  where e.id = any (ids);
  perform set_config('uptake.erases', '', true);
end $function$

CREATE OR REPLACE FUNCTION public.uptake_empty_suggestions(ids uuid[], forget boolean)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  forgets constant boolean := forget and to_regclass('public.uptake_adoption') is null;
begin
  perform set_config('uptake.erases', 'on', true);
  update ai_suggestions s
  set suggested_response = '', error_message = null, metadata = uptake_bare_metadata(s.metadata),
    emptied_at = coalesce(s.emptied_at, now()),
    ticket_id = case when forgets then null else s.ticket_id end,
    message_id = case when forgets then null else s.message_id end,
    system_user_id = case when forgets then null else s.system_user_id end
  where s.id = any (ids);
  -- The host's column, which not every host has.
  if exists (select from pg_attribute where attrelid = 'ai_suggestions'::regclass and attname = 'feedback' and not attisdropped) then
    execute 'update ai_suggestions set feedback = null where id = any ($1) and feedback is not null' using ids;
  end if;
  if forget then
    update ai_pending_claims set last_error = null where suggestion_id = any (ids) and last_error is not null;
  end if;
  perform set_config('uptake.erases', '', true);
end $function$

CREATE OR REPLACE FUNCTION public.uptake_erase(erasure uuid, ids uuid[], trace_ids text[], events uuid[])
 RETURNS TABLE(suggestion_count integer, trace_count integer, feedback_count integer, outbox_count integer)
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform from ai_suggestions where id = any (ids) order by id for update;
  suggestion_count := (
    select count(*) from ai_suggestions s
    where s.id = any (ids)
      and not exists (select from erased_suggestions x where x.suggestion_id = s.id and x.erased_at is not null)
  );
  feedback_count := (
    select count(*) from ai_feedback_events e
    where e.id = any (events)
      and (e.agent_response is not null or e.comment is not null or e.metadata <> '{}' or e.idempotency_key is not null)
  );
  insert into erased_suggestions as x (suggestion_id, erasure_id, trace_id, erased_at, in_langfuse)
  select g.id, erasure, g.trace_id, now(),
    exists (select from langfuse_deliveries d where d.kind = 'trace' and d.ref = g.id)
      or exists (select from langfuse_outbox o where o.kind = 'trace' and o.ref = g.id and (o.attempts > 0 or o.unsure))
      or exists (select from langfuse_left_out l where l.suggestion_id = g.id and l.unsure)
      or exists (
        select from ai_feedback_events e
        where e.suggestion_id = g.id and (
          exists (select from langfuse_deliveries d where d.kind = 'feedback' and d.ref = e.id)
          or exists (select from langfuse_outbox o where o.kind = 'feedback' and o.ref = e.id and (o.attempts > 0 or o.unsure)))
      )
  from unnest(ids, trace_ids) g (id, trace_id)
  on conflict (suggestion_id) do update
  set erasure_id = excluded.erasure_id, in_langfuse = x.in_langfuse or excluded.in_langfuse,
    erased_at = coalesce(x.erased_at, excluded.erased_at);
  update erasures e
  set last_sent_at = greatest(e.last_sent_at, sent.at)
  from (
    select max(delivered_at) as at from langfuse_deliveries
    where kind = 'trace' and ref = any (ids) or kind = 'feedback' and ref = any (events)
    union all
    select now() from langfuse_outbox
    where (kind = 'trace' and ref = any (ids) or kind = 'feedback' and ref = any (events)) and (attempts > 0 or unsure)
    union all
    select left_out_at from langfuse_left_out where suggestion_id = any (ids) and unsure
    order by at desc nulls last limit 1
  ) sent
  where e.id = erasure;
  perform uptake_empty_suggestions(ids, true);
  perform uptake_empty_feedback(events, true);
  delete from ai_traces where trace_id = any (trace_ids);
  get diagnostics trace_count = row_count;
  outbox_count := uptake_withdraw(ids);
  return next;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_feedback_inserted()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
end $function$

CREATE OR REPLACE FUNCTION public.uptake_feedback_outlives_suggestion()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
end $function$

CREATE OR REPLACE FUNCTION public.uptake_feedback_reasons(event ai_feedback_events)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select coalesce(event.feedback_reasons, case when event.feedback_reason is null then '{}' else array[event.feedback_reason] end)
$function$

CREATE OR REPLACE FUNCTION public.uptake_feedback_type(value text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$select value::text$function$

CREATE OR REPLACE FUNCTION public.uptake_fence_feedback()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  fenced uuid[];
begin
  if not exists (select from erased_suggestions) then
    return null;
  end if;
  fenced := array(select n.id from new_rows n join erased_suggestions e on e.suggestion_id = n.suggestion_id);
  if cardinality(fenced) > 0 then
    perform uptake_empty_feedback(fenced, true);
  end if;
  return null;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_fence_suggestions()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  fenced uuid[];
begin
  if not exists (select from erased_subjects) then
    return null;
  end if;
  insert into erased_suggestions (suggestion_id, erasure_id, trace_id, in_langfuse, erased_at)
  select distinct on (n.id) n.id, x.erasure_id, coalesce(n.trace_id, replace(n.id::text, '-', '')), false, now()
  from new_rows n
  cross join lateral uptake_subjects_of(n.project_id, n.id::text, n.ticket_id::text, n.system_user_id::text, n.metadata) h
  join erased_subjects x on x.subject_sha256 = h
  where n.created_at < x.before
  order by n.id, x.before desc
  on conflict (suggestion_id) do nothing;
  fenced := array(select n.id from new_rows n join erased_suggestions e on e.suggestion_id = n.id);
  if cardinality(fenced) > 0 then
    perform uptake_empty_suggestions(fenced, true);
    delete from ai_traces t using erased_suggestions e where e.suggestion_id = any (fenced) and t.trace_id = e.trace_id;
  end if;
  return null;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_hour(at timestamp with time zone)
 RETURNS integer
 LANGUAGE sql
 STABLE
AS $function$
  select floor(date_part('epoch', at) / 3600)::integer
$function$

CREATE OR REPLACE FUNCTION public.uptake_is_act(type text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select coalesce(type in ('approval', 'revision', 'rejection'), false)
$function$

CREATE OR REPLACE FUNCTION public.uptake_is_waiting(suggestion uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
  select exists (select from langfuse_outbox o where o.kind = 'trace' and o.ref = suggestion and o.dead_at is null)
    or exists (
      select from ai_feedback_events e join langfuse_outbox o on o.kind = 'feedback' and o.ref = e.id
      where e.suggestion_id = suggestion and o.dead_at is null
    )
$function$

CREATE OR REPLACE FUNCTION public.uptake_keep_acts(part text, since timestamp with time zone, only_ids uuid[] DEFAULT NULL::uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  execute format($sql$
    insert into dropped_acts (project_id, function_name, environment, model, prompt_version, outcome,
      deciding_feedback_at, deciding_reasons, confidence_score, time_to_feedback)
    select s.project_id, s.function_name, s.environment, s.model, s.prompt_version, s.outcome,
      s.deciding_feedback_at, s.deciding_reasons, s.confidence_score, deciding.time_to_feedback
    from %I s
    left join lateral (
      select e.time_to_feedback from ai_feedback_events e
      where e.suggestion_id = s.id and e.project_id = s.project_id and e.created_at = s.deciding_feedback_at
      order by e.source = 'explicit' desc, e.id desc
      limit 1
    ) deciding on true
    where s.deciding_feedback_at >= $1 and s.outcome in ('accepted', 'revised', 'rejected')
      and ($2 is null or s.id = any ($2))
  $sql$, part) using since, only_ids;
  delete from dropped_acts where deciding_feedback_at < since;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_keep_empty()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if coalesce(current_setting('uptake.erases', true), '') = 'on' then
    return new;
  end if;
  new.suggested_response := '';
  new.error_message := null;
  new.metadata := uptake_bare_metadata(new.metadata);
  if exists (select from erased_suggestions e where e.suggestion_id = new.id) then
    new.ticket_id := old.ticket_id;
    new.message_id := old.message_id;
    new.system_user_id := old.system_user_id;
  end if;
  return new;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_keep_host_metrics()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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

CREATE OR REPLACE FUNCTION public.uptake_least_id(at timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
 STABLE
AS $function$
  select (lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$function$

CREATE OR REPLACE FUNCTION public.uptake_may_append(keys smallint[], counts integer[], more_keys smallint[])
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select cardinality(more_keys) > 0 and cardinality(keys) + cardinality(more_keys) <= 80
    and cardinality(keys) = cardinality(counts) and array_position(more_keys, null) is null
$function$

CREATE OR REPLACE FUNCTION public.uptake_may_append_confidences(keys smallint[], counts integer[], ppm_sums bigint[], more_keys smallint[])
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select uptake_may_append(keys, counts, more_keys) and cardinality(keys) = cardinality(ppm_sums)
$function$

CREATE OR REPLACE FUNCTION public.uptake_message_id(value text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$select value::text$function$

CREATE OR REPLACE FUNCTION public.uptake_mirror_errors(suggestion_ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  update langfuse_outbox
  set kept_by = 'error', held_until = null, available_at = least(available_at, now())
  where kind = 'trace' and ref = any (suggestion_ids) and dead_at is null and kept_by is distinct from 'rejection';
  insert into langfuse_outbox (kind, ref, project_id, unsure)
  select 'trace', suggestion_id, project_id, unsure
  from langfuse_left_out
  where suggestion_id = any (suggestion_ids)
  on conflict (kind, ref) do nothing;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_note_last_message()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update tickets t
  set last_message_at = last.created_at, is_answer_due = last.user_id = t.customer_id,
    waiting_since = (
      select min(m.created_at)
      from ticket_messages m
      where m.ticket_id = t.id and m.position > coalesce(
        (select max(a.position) from ticket_messages a where a.ticket_id = t.id and a.user_id <> t.customer_id), -1)
    )
  from (
    select distinct on (m.ticket_id) m.ticket_id, m.created_at, m.user_id
    from ticket_messages m
    where m.ticket_id in (select n.ticket_id from new_rows n)
    order by m.ticket_id, m.position desc
  ) last
  where t.id = last.ticket_id;
  return null;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_outcome_contribution(m uptake_measured)
 RETURNS TABLE(shown_decided_count integer, accepted_count integer, revised_count integer, rejected_count integer, expired_count integer, kept_ratio_ppm_sum bigint, kept_ratio_count integer, squared_error_ppm_sum bigint, open_count integer, feedback_time_bucket smallint, confidence_key smallint)
 LANGUAGE sql
 STABLE
AS $function$
  select
    case when m.shown_at is not null and m.outcome in ('accepted', 'revised', 'rejected') then 1 else 0 end,
    case when m.outcome = 'accepted' then 1 else 0 end,
    case when m.outcome = 'revised' then 1 else 0 end,
    case when m.outcome = 'rejected' then 1 else 0 end,
    case when m.outcome = 'expired' then 1 else 0 end,
    coalesce(round(m.kept_ratio * 1000000)::bigint, 0),
    case when m.kept_ratio is not null then 1 else 0 end,
    case when m.outcome in ('accepted', 'revised', 'rejected')
      then coalesce(round(((uptake_confidence_ppm(m.status, m.confidence_score) / 1000000.0::double precision)
        - case when m.outcome = 'accepted' then 1 else 0 end) ^ 2 * 1000000)::bigint, 0)
      else 0
    end,
    -- Still without feedback, expired ones too; of what failed, runs, or went out without a person none is awaited.
    case when m.status in ('completed', 'accepted', 'rejected') and m.outcome in ('pending', 'expired') then 1 else 0 end,
    -- An act stamped no later than the suggestion itself (an import without times) has no known time to feedback. Nor has one on
    -- a run that failed: those are not among the open ones either, so that survival is of the same suggestions before and after.
    case when m.status in ('completed', 'accepted', 'rejected') and m.decided_at > coalesce(m.shown_at, m.created_at)
      then uptake_bucket(date_part('epoch', m.decided_at - coalesce(m.shown_at, m.created_at)) * 1000)
    end,
    (uptake_confidence_band(uptake_confidence_ppm(m.status, m.confidence_score)) * 4
      + case m.outcome when 'accepted' then 1 when 'revised' then 2 when 'rejected' then 3 else 0 end)::smallint
$function$

CREATE OR REPLACE FUNCTION public.uptake_reason_contribution(standing text, deciding_at timestamp with time zone, reasons text[])
 RETURNS TABLE(hour integer, outcome text, reason text)
 LANGUAGE sql
 STABLE
AS $function$
  select distinct uptake_hour(deciding_at), standing, uptake_dimension(given)
  from unnest(array[''] || reasons) given
  where standing in ('revised', 'rejected') and deciding_at is not null
$function$

CREATE OR REPLACE FUNCTION public.uptake_reason_day_difference(from_day integer, to_day integer)
 RETURNS TABLE(series_id integer, day integer, outcome text, reason text, suggestion_count bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select series_id, day, outcome, reason, sum(n)::bigint
  from (
    select series_id, floor(hour / 24.0)::integer as day, outcome, reason, suggestion_count as n
    from ai_feedback_reasons_hourly
    where hour >= from_day * 24 and hour < to_day * 24
    union all
    select series_id, day, outcome, reason, -suggestion_count
    from ai_feedback_reasons_daily
    where day >= from_day and day < to_day
  ) sides
  group by 1, 2, 3, 4
  having sum(n) <> 0
$function$

CREATE OR REPLACE FUNCTION public.uptake_reason_difference(from_hour integer, to_hour integer)
 RETURNS TABLE(series_id integer, new_series text[], hour integer, outcome text, reason text, suggestion_count bigint)
 LANGUAGE sql
 STABLE
 SET enable_sort TO 'off'
AS $function$
  with sides as (
    select 1 as sign, s.id as series_id,
      case when s.id is null then
        array[uptake_dimension(g.project_id), uptake_dimension(g.function_name), uptake_dimension(g.environment),
          uptake_dimension(g.model), uptake_dimension(g.prompt_version)]
      end as new_series,
      r.hour, r.outcome, r.reason, g.suggestion_count
    from (
      -- Those that say the same first become one, since what follows costs more than this does.
      select project_id, function_name, environment, model, prompt_version, outcome, deciding_reasons,
        floor(date_part('epoch', deciding_feedback_at) / 3600) as hour, count(*) as suggestion_count
      from (
        select project_id, function_name, environment, model, prompt_version, outcome, deciding_feedback_at, deciding_reasons
        from ai_suggestions
        union all
        select project_id, function_name, environment, model, prompt_version, outcome, deciding_feedback_at, deciding_reasons
        from dropped_acts
      ) acts
      where deciding_feedback_at >= to_timestamp(from_hour::double precision * 3600)
        and deciding_feedback_at < to_timestamp(to_hour::double precision * 3600)
        and outcome in ('revised', 'rejected')
      group by 1, 2, 3, 4, 5, 6, 7, 8
    ) g
    cross join lateral uptake_reason_contribution(g.outcome, to_timestamp(g.hour * 3600), g.deciding_reasons) r
    left join metric_series s
      on (s.project_id, s.function_name, s.environment, s.model, s.prompt_version)
       = (uptake_dimension(g.project_id), uptake_dimension(g.function_name), uptake_dimension(g.environment),
          uptake_dimension(g.model), uptake_dimension(g.prompt_version))
    union all
    select -1, m.series_id, null, m.hour, m.outcome, m.reason, m.suggestion_count
    from ai_feedback_reasons_hourly m
    where m.hour >= from_hour and m.hour < to_hour
    union all
    select -1, coalesce(d.series_id, s.id), case when s.id is null then d.new_series end, d.hour, d.outcome, d.reason,
      d.suggestion_count
    from rollup_reason_deltas d
    left join metric_series s
      on d.series_id is null
      and s.project_id = d.new_series[1] and s.function_name = d.new_series[2] and s.environment = d.new_series[3]
      and s.model = d.new_series[4] and s.prompt_version = d.new_series[5]
    where d.hour >= from_hour and d.hour < to_hour
  )
  select d.series_id, d.new_series, d.hour, d.outcome, d.reason, sum(sign * d.suggestion_count)::bigint
  from sides d
  group by 1, 2, 3, 4, 5
  having sum(sign * d.suggestion_count) <> 0
$function$

CREATE OR REPLACE FUNCTION public.uptake_recomputed(only_project text, from_hour integer, to_hour integer, by_band boolean)
 RETURNS TABLE(series_id integer, new_series text[], hour integer, confidence_band smallint, suggestion_count bigint, completed_count bigint, error_count bigint, shown_count bigint, shown_decided_count bigint, accepted_count bigint, revised_count bigint, rejected_count bigint, expired_count bigint, latency_count bigint, latency_ms_sum bigint, input_tokens_sum bigint, output_tokens_sum bigint, input_tokens_known_count bigint, output_tokens_known_count bigint, cost_usd_sum numeric, cost_known_count bigint, completed_cost_known_count bigint, kept_ratio_ppm_sum bigint, kept_ratio_count bigint, squared_error_ppm_sum bigint, open_count bigint, latency_buckets smallint[], latency_counts integer[], first_token_buckets smallint[], first_token_counts integer[], feedback_time_buckets smallint[], feedback_time_counts integer[], confidence_keys smallint[], confidence_counts integer[], confidence_ppm_sums bigint[], error_types text[], error_type_counts integer[])
 LANGUAGE sql
 STABLE
 SET enable_sort TO 'off'
AS $function$
  select
    c.series_id, c.new_series, c.hour, c.confidence_band,
    sum(c.suggestion_count),
    sum(c.completed_count),
    sum(c.error_count),
    sum(c.shown_count),
    sum(c.shown_decided_count),
    sum(c.accepted_count),
    sum(c.revised_count),
    sum(c.rejected_count),
    sum(c.expired_count),
    sum(c.latency_count),
    sum(c.latency_ms_sum)::bigint,
    sum(c.input_tokens_sum)::bigint,
    sum(c.output_tokens_sum)::bigint,
    sum(c.input_tokens_known_count),
    sum(c.output_tokens_known_count),
    sum(c.cost_usd_sum),
    sum(c.cost_known_count),
    sum(c.completed_cost_known_count),
    sum(c.kept_ratio_ppm_sum)::bigint,
    sum(c.kept_ratio_count),
    sum(c.squared_error_ppm_sum)::bigint,
    sum(c.open_count),
    coalesce(array_agg(c.latency_bucket) filter (where c.latency_bucket is not null), '{}'),
    coalesce(array_agg(1) filter (where c.latency_bucket is not null), '{}'),
    coalesce(array_agg(c.first_token_bucket) filter (where c.first_token_bucket is not null), '{}'),
    coalesce(array_agg(1) filter (where c.first_token_bucket is not null), '{}'),
    coalesce(array_agg(c.feedback_time_bucket) filter (where c.feedback_time_bucket is not null), '{}'),
    coalesce(array_agg(1) filter (where c.feedback_time_bucket is not null), '{}'),
    coalesce(array_agg(c.confidence_key) filter (where c.confidence_key is not null), '{}'),
    coalesce(array_agg(1) filter (where c.confidence_key is not null), '{}'),
    coalesce(array_agg(c.confidence_ppm::bigint) filter (where c.confidence_key is not null), '{}'),
    coalesce(array_agg(c.error_type) filter (where c.error_type is not null), '{}'),
    coalesce(array_agg(1) filter (where c.error_type is not null), '{}')
  from (
    -- The offset as in uptake_append_deltas.
    select
      s.id as series_id,
      case when s.id is null then
        array[uptake_dimension(g.project_id), uptake_dimension(g.function_name), uptake_dimension(g.environment),
          uptake_dimension(g.model), uptake_dimension(g.prompt_version)]
      end as new_series,
      case when by_band then uptake_confidence_band(uptake_confidence_ppm(g.status, g.confidence_score::real)) end as confidence_band,
      contribution.*
    from ai_suggestions g
    cross join lateral uptake_contribution(
      row(g.project_id, g.function_name, g.environment, g.model, g.prompt_version, g.created_at, g.status, g.outcome,
        g.shown_at, g.decided_at, g.latency_ms, g.time_to_first_token_ms, g.input_tokens, g.output_tokens, g.cost_usd,
        g.kept_ratio, g.confidence_score, g.error_type, g.deciding_feedback_at, g.deciding_reasons)::uptake_measured
    ) contribution
    left join metric_series s
      on (s.project_id, s.function_name, s.environment, s.model, s.prompt_version)
       = (uptake_dimension(g.project_id), uptake_dimension(g.function_name), uptake_dimension(g.environment),
          uptake_dimension(g.model), uptake_dimension(g.prompt_version))
    where g.created_at >= to_timestamp(from_hour::double precision * 3600)
      and g.created_at < to_timestamp(to_hour::double precision * 3600)
      and (only_project is null or g.project_id = only_project)
    offset 0
  ) c
  group by 1, 2, 3, 4
$function$

CREATE OR REPLACE FUNCTION public.uptake_refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if coalesce(current_setting('uptake.erases', true), '') = 'on' then
    if tg_op = 'DELETE' then
      return old;
    elsif (to_jsonb(new) - '{agent_response,comment,metadata,ticket_id,idempotency_key}'::text[])
      = (to_jsonb(old) - '{agent_response,comment,metadata,ticket_id,idempotency_key}'::text[]) then
      return new;
    end if;
  end if;
  raise exception '% is immutable: % refused', tg_table_name, lower(tg_op)
    using hint = 'Insert a new feedback event; the newest one decides.', errcode = 'restrict_violation';
end $function$

CREATE OR REPLACE FUNCTION public.uptake_retain_content(since timestamp with time zone, before timestamp with time zone, at_most integer)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  old constant uuid[] := array(
    select s.id from ai_suggestions s
    where s.created_at >= since and s.created_at < before and s.emptied_at is null and s.status <> 'pending'
      and not uptake_is_waiting(s.id)
    limit at_most for update of s skip locked
  );
begin
  if cardinality(old) > 0 then
    perform uptake_empty_suggestions(old, false);
    delete from langfuse_left_out where suggestion_id = any (old); -- an empty trace is not brought back
  end if;
  return cardinality(old);
end $function$

CREATE OR REPLACE FUNCTION public.uptake_retain_feedback(since timestamp with time zone, before timestamp with time zone, at_most integer)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  old constant uuid[] := array(
    select e.id from ai_feedback_events e
    where e.created_at >= since and e.created_at < before
      and (e.agent_response is not null or e.comment is not null or e.metadata <> '{}')
      and not exists (select from langfuse_outbox o where o.kind = 'feedback' and o.ref = e.id and o.dead_at is null)
    limit at_most for update of e skip locked
  );
begin
  if cardinality(old) > 0 then
    perform uptake_empty_feedback(old, false);
  end if;
  return cardinality(old);
end $function$

CREATE OR REPLACE FUNCTION public.uptake_retain_traces(since timestamp with time zone, before timestamp with time zone, at_most integer)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  old constant text[] := array(
    select t.trace_id from ai_suggestions s
    join ai_traces t on t.trace_id = coalesce(s.trace_id, replace(s.id::text, '-', ''))
    where s.created_at >= since and s.created_at < before and s.status <> 'pending' and not uptake_is_waiting(s.id)
    limit at_most for update of t skip locked
  );
begin
  delete from ai_traces where trace_id = any (old);
  return cardinality(old);
end $function$

CREATE OR REPLACE FUNCTION public.uptake_rollup_difference(from_hour integer, to_hour integer)
 RETURNS TABLE(series_id integer, new_series text[], hour integer, suggestion_count bigint, completed_count bigint, error_count bigint, shown_count bigint, shown_decided_count bigint, accepted_count bigint, revised_count bigint, rejected_count bigint, expired_count bigint, latency_count bigint, latency_ms_sum bigint, input_tokens_sum bigint, output_tokens_sum bigint, input_tokens_known_count bigint, output_tokens_known_count bigint, cost_usd_sum numeric, cost_known_count bigint, completed_cost_known_count bigint, kept_ratio_ppm_sum bigint, kept_ratio_count bigint, squared_error_ppm_sum bigint, open_count bigint, latency_buckets smallint[], latency_counts integer[], first_token_buckets smallint[], first_token_counts integer[], feedback_time_buckets smallint[], feedback_time_counts integer[], confidence_keys smallint[], confidence_counts integer[], confidence_ppm_sums bigint[], error_types text[], error_type_counts integer[])
 LANGUAGE sql
 STABLE
AS $function$
  with kept as materialized (
    select -1 as sign, m.series_id, null::text[] as new_series, m.hour,
      m.suggestion_count, m.completed_count, m.error_count, m.shown_count, m.shown_decided_count, m.accepted_count, m.revised_count, m.rejected_count, m.expired_count,
      m.latency_count, m.latency_ms_sum, m.input_tokens_sum, m.output_tokens_sum, m.input_tokens_known_count, m.output_tokens_known_count,
      m.cost_usd_sum, m.cost_known_count, m.completed_cost_known_count, m.kept_ratio_ppm_sum, m.kept_ratio_count, m.squared_error_ppm_sum, m.open_count,
      m.latency_buckets, m.latency_counts, m.first_token_buckets, m.first_token_counts, m.feedback_time_buckets, m.feedback_time_counts,
      m.confidence_keys, m.confidence_counts, m.confidence_ppm_sums, m.error_types, m.error_type_counts
    from ai_metrics_hourly m
    join metric_series s on s.id = m.series_id and s.environment is not null
    where m.hour >= from_hour and m.hour < to_hour
    union all
    select -1, coalesce(d.series_id, s.id), case when s.id is null then d.new_series end, d.hour,
      d.suggestion_count, d.completed_count, d.error_count, d.shown_count, d.shown_decided_count, d.accepted_count, d.revised_count, d.rejected_count, d.expired_count,
      d.latency_count, d.latency_ms_sum, d.input_tokens_sum, d.output_tokens_sum, d.input_tokens_known_count, d.output_tokens_known_count,
      d.cost_usd_sum, d.cost_known_count, d.completed_cost_known_count, d.kept_ratio_ppm_sum, d.kept_ratio_count, d.squared_error_ppm_sum, d.open_count,
      d.latency_buckets, d.latency_counts, d.first_token_buckets, d.first_token_counts, d.feedback_time_buckets, d.feedback_time_counts,
      d.confidence_keys, d.confidence_counts, d.confidence_ppm_sums, d.error_types, d.error_type_counts
    from rollup_deltas d
    left join metric_series s
      on d.series_id is null
      and s.project_id = d.new_series[1] and s.function_name = d.new_series[2] and s.environment = d.new_series[3]
      and s.model = d.new_series[4] and s.prompt_version = d.new_series[5]
    where d.hour >= from_hour and d.hour < to_hour
  ),
  recomputed as materialized (
    select r.*,
      case when r.series_id is not null
        then (r.series_id, r.hour) in (select k.series_id, k.hour from kept k where k.series_id is not null)
        else (r.new_series, r.hour) in (select k.new_series, k.hour from kept k where k.series_id is null)
      end as is_kept
    from uptake_recomputed(null, from_hour, to_hour, false) r
  ),
  sides as materialized (
    select 1 as sign, d.series_id, d.new_series, d.hour,
      d.suggestion_count, d.completed_count, d.error_count, d.shown_count, d.shown_decided_count, d.accepted_count, d.revised_count, d.rejected_count, d.expired_count,
      d.latency_count, d.latency_ms_sum, d.input_tokens_sum, d.output_tokens_sum, d.input_tokens_known_count, d.output_tokens_known_count,
      d.cost_usd_sum, d.cost_known_count, d.completed_cost_known_count, d.kept_ratio_ppm_sum, d.kept_ratio_count, d.squared_error_ppm_sum, d.open_count,
      d.latency_buckets, d.latency_counts, d.first_token_buckets, d.first_token_counts, d.feedback_time_buckets, d.feedback_time_counts,
      d.confidence_keys, d.confidence_counts, d.confidence_ppm_sums, d.error_types, d.error_type_counts
    from recomputed d
    where d.is_kept
    union all
    select k.* from kept k
  ),
  counted as (
    select
      d.series_id, d.new_series, d.hour,
      sum(sign * d.suggestion_count)::bigint as suggestion_count,
      sum(sign * d.completed_count)::bigint as completed_count,
      sum(sign * d.error_count)::bigint as error_count,
      sum(sign * d.shown_count)::bigint as shown_count,
      sum(sign * d.shown_decided_count)::bigint as shown_decided_count,
      sum(sign * d.accepted_count)::bigint as accepted_count,
      sum(sign * d.revised_count)::bigint as revised_count,
      sum(sign * d.rejected_count)::bigint as rejected_count,
      sum(sign * d.expired_count)::bigint as expired_count,
      sum(sign * d.latency_count)::bigint as latency_count,
      sum(sign * d.latency_ms_sum)::bigint as latency_ms_sum,
      sum(sign * d.input_tokens_sum)::bigint as input_tokens_sum,
      sum(sign * d.output_tokens_sum)::bigint as output_tokens_sum,
      sum(sign * d.input_tokens_known_count)::bigint as input_tokens_known_count,
      sum(sign * d.output_tokens_known_count)::bigint as output_tokens_known_count,
      sum(sign * d.cost_usd_sum) as cost_usd_sum,
      sum(sign * d.cost_known_count)::bigint as cost_known_count,
      sum(sign * d.completed_cost_known_count)::bigint as completed_cost_known_count,
      sum(sign * d.kept_ratio_ppm_sum)::bigint as kept_ratio_ppm_sum,
      sum(sign * d.kept_ratio_count)::bigint as kept_ratio_count,
      sum(sign * d.squared_error_ppm_sum)::bigint as squared_error_ppm_sum,
      sum(sign * d.open_count)::bigint as open_count
    from sides d
    group by d.series_id, d.new_series, d.hour
  ),
  bucketed as (
    select d.series_id, d.new_series, d.hour, kind, bucket, name, sum(sign * n)::integer as n, sum(sign * ppm)::bigint as ppm
    from sides d
    cross join lateral (
      select 'latency', l.*, '', 0 from unnest(d.latency_buckets, d.latency_counts) l
      union all
      select 'first_token', t.*, '', 0 from unnest(d.first_token_buckets, d.first_token_counts) t
      union all
      select 'feedback_time', f.*, '', 0 from unnest(d.feedback_time_buckets, d.feedback_time_counts) f
      union all
      select 'confidence', c.key, c.n, '', c.ppm
      from unnest(d.confidence_keys, d.confidence_counts, d.confidence_ppm_sums) c (key, n, ppm)
      union all
      select 'error', 0, e.n, e.type, 0 from unnest(d.error_types, d.error_type_counts) e (type, n)
    ) entry (kind, bucket, n, name, ppm)
    group by d.series_id, d.new_series, d.hour, kind, bucket, name
    having sum(sign * n) <> 0 or sum(sign * ppm) <> 0
  ),
  histograms as (
    select
      b.series_id, b.new_series, b.hour,
      array_agg(bucket::smallint order by bucket) filter (where kind = 'latency') as latency_buckets,
      array_agg(n order by bucket) filter (where kind = 'latency') as latency_counts,
      array_agg(bucket::smallint order by bucket) filter (where kind = 'first_token') as first_token_buckets,
      array_agg(n order by bucket) filter (where kind = 'first_token') as first_token_counts,
      array_agg(bucket::smallint order by bucket) filter (where kind = 'feedback_time') as feedback_time_buckets,
      array_agg(n order by bucket) filter (where kind = 'feedback_time') as feedback_time_counts,
      array_agg(bucket::smallint order by bucket) filter (where kind = 'confidence') as confidence_keys,
      array_agg(n order by bucket) filter (where kind = 'confidence') as confidence_counts,
      array_agg(ppm order by bucket) filter (where kind = 'confidence') as confidence_ppm_sums,
      array_agg(name order by name collate "C") filter (where kind = 'error') as error_types,
      array_agg(n order by name collate "C") filter (where kind = 'error') as error_type_counts
    from bucketed b
    group by b.series_id, b.new_series, b.hour
  )
  select
    c.series_id, c.new_series, c.hour,
    c.suggestion_count, c.completed_count, c.error_count, c.shown_count, c.shown_decided_count, c.accepted_count, c.revised_count, c.rejected_count, c.expired_count,
    c.latency_count, c.latency_ms_sum, c.input_tokens_sum, c.output_tokens_sum, c.input_tokens_known_count, c.output_tokens_known_count,
    c.cost_usd_sum, c.cost_known_count, c.completed_cost_known_count, c.kept_ratio_ppm_sum, c.kept_ratio_count, c.squared_error_ppm_sum, c.open_count,
    coalesce(h.latency_buckets, '{}'), coalesce(h.latency_counts, '{}'),
    coalesce(h.first_token_buckets, '{}'), coalesce(h.first_token_counts, '{}'),
    coalesce(h.feedback_time_buckets, '{}'), coalesce(h.feedback_time_counts, '{}'),
    coalesce(h.confidence_keys, '{}'), coalesce(h.confidence_counts, '{}'), coalesce(h.confidence_ppm_sums, '{}'),
    coalesce(h.error_types, '{}'), coalesce(h.error_type_counts, '{}')
  from counted c
  left join histograms h
    on h.hour = c.hour and h.series_id is not distinct from c.series_id and h.new_series is not distinct from c.new_series
  where h.hour is not null
    or (c.suggestion_count, c.completed_count, c.error_count, c.shown_count, c.shown_decided_count, c.accepted_count, c.revised_count, c.rejected_count, c.expired_count,
        c.latency_count, c.latency_ms_sum, c.input_tokens_sum, c.output_tokens_sum, c.input_tokens_known_count, c.output_tokens_known_count,
        c.cost_usd_sum, c.cost_known_count, c.completed_cost_known_count, c.kept_ratio_ppm_sum, c.kept_ratio_count, c.squared_error_ppm_sum, c.open_count)
      <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  union all
  -- What is nowhere yet (all of a range that is counted for the first time) is missing as it is.
  select
    d.series_id, d.new_series, d.hour,
    d.suggestion_count, d.completed_count, d.error_count, d.shown_count, d.shown_decided_count, d.accepted_count, d.revised_count, d.rejected_count, d.expired_count,
    d.latency_count, d.latency_ms_sum, d.input_tokens_sum, d.output_tokens_sum, d.input_tokens_known_count, d.output_tokens_known_count,
    d.cost_usd_sum, d.cost_known_count, d.completed_cost_known_count, d.kept_ratio_ppm_sum, d.kept_ratio_count, d.squared_error_ppm_sum, d.open_count,
    d.latency_buckets, d.latency_counts, d.first_token_buckets, d.first_token_counts, d.feedback_time_buckets, d.feedback_time_counts,
    d.confidence_keys, d.confidence_counts, d.confidence_ppm_sums, d.error_types, d.error_type_counts
  from recomputed d
  where not d.is_kept
$function$

CREATE OR REPLACE FUNCTION public.uptake_rollup_sums(from_day integer, to_day integer)
 RETURNS TABLE(is_day boolean, period integer, series_id integer, suggestion_count bigint, completed_count bigint, error_count bigint, shown_count bigint, shown_decided_count bigint, accepted_count bigint, revised_count bigint, rejected_count bigint, expired_count bigint, latency_count bigint, latency_ms_sum bigint, input_tokens_sum bigint, output_tokens_sum bigint, input_tokens_known_count bigint, output_tokens_known_count bigint, cost_usd_sum numeric, cost_known_count bigint, completed_cost_known_count bigint, kept_ratio_ppm_sum bigint, kept_ratio_count bigint, squared_error_ppm_sum bigint, open_count bigint, latency_buckets smallint[], latency_counts integer[], first_token_buckets smallint[], first_token_counts integer[], feedback_time_buckets smallint[], feedback_time_counts integer[], confidence_keys smallint[], confidence_counts integer[], confidence_ppm_sums bigint[], error_types text[], error_type_counts integer[])
 LANGUAGE sql
 STABLE
AS $function$
  with spread as materialized (
    select target.*, m.*
    from ai_metrics_hourly m
    join metric_series s on s.id = m.series_id and s.environment is not null
    join metric_series f on f.project_id = s.project_id and f.function_name = s.function_name and f.environment is null
    join metric_series p on p.project_id = s.project_id and p.function_name is null
    cross join lateral (
      values (false, m.hour, f.id), (false, m.hour, p.id), (true, floor(m.hour / 24.0)::integer, s.id),
        (true, floor(m.hour / 24.0)::integer, f.id), (true, floor(m.hour / 24.0)::integer, p.id)
    ) target (is_day, period, target_id)
    where m.hour >= from_day * 24 and m.hour < to_day * 24
  ),
  counted as (
    select
      m.is_day, m.period, m.target_id,
      sum(m.suggestion_count)::bigint as suggestion_count,
      sum(m.completed_count)::bigint as completed_count,
      sum(m.error_count)::bigint as error_count,
      sum(m.shown_count)::bigint as shown_count,
      sum(m.shown_decided_count)::bigint as shown_decided_count,
      sum(m.accepted_count)::bigint as accepted_count,
      sum(m.revised_count)::bigint as revised_count,
      sum(m.rejected_count)::bigint as rejected_count,
      sum(m.expired_count)::bigint as expired_count,
      sum(m.latency_count)::bigint as latency_count,
      sum(m.latency_ms_sum)::bigint as latency_ms_sum,
      sum(m.input_tokens_sum)::bigint as input_tokens_sum,
      sum(m.output_tokens_sum)::bigint as output_tokens_sum,
      sum(m.input_tokens_known_count)::bigint as input_tokens_known_count,
      sum(m.output_tokens_known_count)::bigint as output_tokens_known_count,
      sum(m.cost_usd_sum) as cost_usd_sum,
      sum(m.cost_known_count)::bigint as cost_known_count,
      sum(m.completed_cost_known_count)::bigint as completed_cost_known_count,
      sum(m.kept_ratio_ppm_sum)::bigint as kept_ratio_ppm_sum,
      sum(m.kept_ratio_count)::bigint as kept_ratio_count,
      sum(m.squared_error_ppm_sum)::bigint as squared_error_ppm_sum,
      sum(m.open_count)::bigint as open_count
    from spread m
    group by m.is_day, m.period, m.target_id
  ),
  bucketed as (
    select m.is_day, m.period, m.target_id, kind, bucket, name, sum(n)::integer as n, sum(ppm)::bigint as ppm
    from spread m
    cross join lateral (
      select 'latency', l.*, '', 0 from unnest(m.latency_buckets, m.latency_counts) l
      union all
      select 'first_token', t.*, '', 0 from unnest(m.first_token_buckets, m.first_token_counts) t
      union all
      select 'feedback_time', f.*, '', 0 from unnest(m.feedback_time_buckets, m.feedback_time_counts) f
      union all
      select 'confidence', c.key, c.n, '', c.ppm
      from unnest(m.confidence_keys, m.confidence_counts, m.confidence_ppm_sums) c (key, n, ppm)
      union all
      select 'error', 0, e.n, e.type, 0 from unnest(m.error_types, m.error_type_counts) e (type, n)
    ) entry (kind, bucket, n, name, ppm)
    group by m.is_day, m.period, m.target_id, kind, bucket, name
    having sum(n) <> 0 or sum(ppm) <> 0
  ),
  histograms as (
    select
      b.is_day, b.period, b.target_id,
      array_agg(bucket::smallint order by bucket) filter (where kind = 'latency') as latency_buckets,
      array_agg(n order by bucket) filter (where kind = 'latency') as latency_counts,
      array_agg(bucket::smallint order by bucket) filter (where kind = 'first_token') as first_token_buckets,
      array_agg(n order by bucket) filter (where kind = 'first_token') as first_token_counts,
      array_agg(bucket::smallint order by bucket) filter (where kind = 'feedback_time') as feedback_time_buckets,
      array_agg(n order by bucket) filter (where kind = 'feedback_time') as feedback_time_counts,
      array_agg(bucket::smallint order by bucket) filter (where kind = 'confidence') as confidence_keys,
      array_agg(n order by bucket) filter (where kind = 'confidence') as confidence_counts,
      array_agg(ppm order by bucket) filter (where kind = 'confidence') as confidence_ppm_sums,
      array_agg(name order by name collate "C") filter (where kind = 'error') as error_types,
      array_agg(n order by name collate "C") filter (where kind = 'error') as error_type_counts
    from bucketed b
    group by b.is_day, b.period, b.target_id
  )
  select
    c.is_day, c.period, c.target_id,
    c.suggestion_count, c.completed_count, c.error_count, c.shown_count, c.shown_decided_count, c.accepted_count, c.revised_count, c.rejected_count, c.expired_count,
    c.latency_count, c.latency_ms_sum, c.input_tokens_sum, c.output_tokens_sum, c.input_tokens_known_count, c.output_tokens_known_count,
    c.cost_usd_sum, c.cost_known_count, c.completed_cost_known_count, c.kept_ratio_ppm_sum, c.kept_ratio_count, c.squared_error_ppm_sum, c.open_count,
    coalesce(h.latency_buckets, '{}'), coalesce(h.latency_counts, '{}'),
    coalesce(h.first_token_buckets, '{}'), coalesce(h.first_token_counts, '{}'),
    coalesce(h.feedback_time_buckets, '{}'), coalesce(h.feedback_time_counts, '{}'),
    coalesce(h.confidence_keys, '{}'), coalesce(h.confidence_counts, '{}'), coalesce(h.confidence_ppm_sums, '{}'),
    coalesce(h.error_types, '{}'), coalesce(h.error_type_counts, '{}')
  from counted c
  left join histograms h on h.is_day = c.is_day and h.period = c.period and h.target_id = c.target_id
$function$

CREATE OR REPLACE FUNCTION public.uptake_subject_sha256(project text, kind text, id text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select encode(sha256(convert_to(kind || ':' || project || ':' || id, 'UTF8')), 'hex')
$function$

CREATE OR REPLACE FUNCTION public.uptake_subjects_of(project text, id text, ticket text, user_id text, metadata jsonb)
 RETURNS SETOF text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select uptake_subject_sha256(project, v.kind, v.known_as)
  from (values
    ('suggestion', id), ('ticket', ticket), ('customer', user_id),
    ('customer', metadata ->> 'customer_id'), ('customer', metadata ->> 'customerId')
  ) v (kind, known_as)
  where v.known_as is not null
$function$

CREATE OR REPLACE FUNCTION public.uptake_suggestions_deleted()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
      n.kept_ratio, n.confidence_score, n.error_type, n.deciding_feedback_at, n.deciding_reasons)::uptake_measured
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
end $function$

CREATE OR REPLACE FUNCTION public.uptake_system_user_id(value text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$select value::text$function$

CREATE OR REPLACE FUNCTION public.uptake_ticket_id(value text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$select value::text$function$

CREATE OR REPLACE FUNCTION public.uptake_unwritten_count(before_hour integer)
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
  select count(distinct hour) from aggregated_metrics_due where hour < before_hour
$function$

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

CREATE OR REPLACE FUNCTION public.uptake_withdraw(ids uuid[])
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  events constant uuid[] := array(select e.id from ai_feedback_events e where e.suggestion_id = any (ids));
  withdrawn integer;
begin
  delete from langfuse_outbox o
  where o.id in (
    select w.id from langfuse_outbox w
    where (w.kind = 'trace' and w.ref = any (ids) or w.kind = 'feedback' and w.ref = any (events))
      and (w.locked_until is null or w.locked_until <= now())
    for update skip locked
  );
  get diagnostics withdrawn = row_count;
  delete from langfuse_deliveries where kind = 'trace' and ref = any (ids) or kind = 'feedback' and ref = any (events);
  delete from langfuse_left_out where suggestion_id = any (ids);
  return withdrawn;
end $function$

CREATE OR REPLACE FUNCTION public.uptake_writes_metric(type text, name text, dimension text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case type
    when 'feedback' then (name, coalesce(dimension, '')) in (
      ('overall_acceptance_rate', ''), ('rejection_rate_by_reason', 'feedback_reason'), ('feedback_reason_count', 'feedback_reason'),
      ('avg_confidence_score', 'feedback_type'), ('avg_time_to_feedback_seconds', ''))
    when 'suggestion' then coalesce(dimension, '') in ('', 'function_name') and name in (
      'suggestion_count', 'success_rate', 'usable_rate', 'coverage', 'error_rate', 'latency_p50_ms', 'latency_p95_ms', 'cost_usd')
    else false
  end
$function$
