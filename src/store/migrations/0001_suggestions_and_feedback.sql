-- What agent functions suggested, and what people did with it. Names and meanings of the first columns are those
-- of the support desk that Uptake fits into; the rest is ours. Ids of the product's own things (ticket, message,
-- person) are text, because Uptake does not own their shape.

create table ai_suggestions (
  id uuid primary key default gen_random_uuid(),
  ticket_id text,
  message_id text,
  suggested_response text not null,
  confidence_score real,
  system_user_id text,
  metadata jsonb not null default '{}',
  status text not null default 'pending',
  feedback text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),

  project_id text not null default 'default',
  function_name text,
  environment text,
  release text,
  model text,
  prompt_name text,
  prompt_version text,
  trace_id text,
  observation_id text,
  latency_ms integer,
  time_to_first_token_ms integer,
  input_tokens integer,
  output_tokens integer,
  cost_usd numeric,
  error_type text,
  error_message text,
  outcome text not null default 'pending'
    check (outcome in ('pending', 'accepted', 'revised', 'rejected', 'expired', 'auto_sent')),
  shown_at timestamptz,
  shown_to text,
  decided_at timestamptz,
  kept_ratio real check (kept_ratio between 0 and 1),
  deciding_feedback_at timestamptz,
  deciding_reasons text[]
);
comment on column ai_suggestions.outcome is 'How the suggestion stands. The feedback trigger writes it: the newest explicit feedback event decides, else the newest inferred one; expired, until one comes, where nobody acted in time; auto_sent, until one comes, where it went out without a person.';
comment on column ai_suggestions.shown_to is 'The agent who saw it first.';
comment on column ai_suggestions.decided_at is 'When the first feedback event happened; a change of mind does not move it.';
comment on column ai_suggestions.kept_ratio is 'Share of the suggestion that survives in what was last sent, 0 to 1; null is unknown.';
comment on column ai_suggestions.deciding_feedback_at is 'When the feedback event that decides the outcome happened; written only by the feedback trigger.';
comment on column ai_suggestions.deciding_reasons is 'The reasons of that event; null as long as there is none.';

-- Rows lie in the order of their time, nearly, so a range of hours is found by a few bytes a megabyte, at no measurable cost
-- to whoever inserts: for the check, the backfill and what is read from the suggestions themselves.
create index ai_suggestions_created on ai_suggestions using brin (created_at) with (autosummarize = on);
-- The newest of a project first, page by page. New rows come at its end, where an insert costs least. No key may be so long
-- that an insert fails for it.
create index ai_suggestions_newest on ai_suggestions (left(project_id, 100), created_at, id);
create index ai_suggestions_ticket on ai_suggestions (ticket_id, created_at desc) where ticket_id is not null;
-- What may still expire, or be abandoned: a small part of the table, which would else be read whole to find it.
create index ai_suggestions_open on ai_suggestions (created_at)
  where status = 'pending' or (status = 'completed' and outcome = 'pending');
-- The queue of what waits for an answer, asked for every second where a worker runs it; what the tracker writes is finished
-- and never in it.
create index ai_suggestions_pending on ai_suggestions (created_at) where status = 'pending';

create table ai_traces (
  trace_id text primary key,
  suggestion_id uuid not null,
  project_id text not null default 'default',
  observations jsonb not null,
  created_at timestamptz not null default now()
);

create table ai_feedback_events (
  id uuid primary key default gen_random_uuid(),
  suggestion_id uuid not null,
  ticket_id text,
  agent_id text,
  feedback_type text not null check (feedback_type in ('approval', 'revision', 'rejection')),
  agent_response text,
  feedback_reason text,
  time_to_feedback interval,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),

  project_id text not null default 'default',
  source text not null default 'explicit' check (source in ('explicit', 'inferred')),
  kept_ratio real check (kept_ratio between 0 and 1),
  edit_distance real check (edit_distance between 0 and 1),
  compression_distance real check (compression_distance between 0 and 1),
  feedback_reasons text[],
  comment text,
  idempotency_key text,
  constraint ai_feedback_events_reason
    check (feedback_type = 'approval' or source = 'inferred' or feedback_reason is not null),
  constraint ai_feedback_events_primary_reason
    check (feedback_reasons is null or feedback_reasons[1] is not distinct from feedback_reason)
);
comment on column ai_feedback_events.feedback_reason is 'The first of the reasons.';
comment on column ai_feedback_events.feedback_reasons is 'All reasons, the first one included; null where there is none, or where a plain insert gave feedback_reason alone.';
create index ai_feedback_events_suggestion on ai_feedback_events (suggestion_id);
create index ai_feedback_events_created on ai_feedback_events using brin (created_at) with (autosummarize = on);
create unique index ai_feedback_events_idempotency on ai_feedback_events (project_id, idempotency_key)
  where idempotency_key is not null;

-- A feedback event is a fact about the past: a changed mind is a new event. Only forgetting (0013) gets through, for itself and
-- for a transaction: it may take texts and ids, and deletes events together with their suggestion; never what was decided.
create function uptake_refuse_change() returns trigger language plpgsql as $$
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
end $$;
create trigger ai_feedback_events_immutable before update or delete on ai_feedback_events
  for each row execute function uptake_refuse_change();

-- Feedback whose suggestion is not there yet. Mostly empty; see docs/decisions/0002.
create table ai_feedback_waiting (
  suggestion_id uuid not null,
  feedback_id uuid not null,
  created_at timestamptz not null default now(),
  of_deleted boolean not null default false,
  primary key (suggestion_id, feedback_id)
);
comment on table ai_feedback_waiting is 'One row an event, not a suggestion: an event still uncommitted when its suggestion takes the others must stay waiting.';
comment on column ai_feedback_waiting.of_deleted is 'The suggestion was deleted after the event; only its coming back is waited for, so the roller does not look.';
create index ai_feedback_waiting_early on ai_feedback_waiting (suggestion_id) where not of_deleted;

-- lz4 costs the server a third less than the default; not every build has it.
do $$
begin
  if exists (select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)) then
    alter table ai_suggestions alter column suggested_response set compression lz4;
    alter table ai_suggestions alter column metadata set compression lz4;
    alter table ai_traces alter column observations set compression lz4;
    alter table ai_feedback_events alter column agent_response set compression lz4;
  end if;
end $$;

-- Long texts go out of the row, of which four fifths are texts: whoever looks through the rows reads a fifth of the blocks.
alter table ai_suggestions set (toast_tuple_target = 128);
