-- A support desk as a Supabase application has it, before it ever heard of Uptake: its tables, roles, policies and
-- hourly job, faults included.

create schema auth;
create function auth.uid() returns uuid language sql stable as
  $$ select nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
grant usage on schema auth to public;

create type feedback_type as enum ('rejection', 'revision', 'approval');

create table profiles (
  id uuid primary key default gen_random_uuid(),
  auth_user_id uuid not null unique,
  email text not null,
  full_name text
);
create table roles (id uuid primary key default gen_random_uuid(), name text not null unique);
create table user_roles (
  user_id uuid not null references profiles,
  role_id uuid not null references roles,
  primary key (user_id, role_id)
);
create table tickets (
  id uuid primary key default gen_random_uuid(),
  ticket_number integer generated always as identity,
  title text not null,
  description text,
  status text not null default 'new',
  priority text not null default 'medium',
  customer_id uuid not null references profiles,
  assigned_to_id uuid references profiles,
  first_response_at timestamptz,
  resolution_time interval,
  satisfaction_rating integer check (satisfaction_rating between 1 and 5),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create table ticket_messages (
  id uuid primary key default gen_random_uuid(),
  ticket_id uuid not null references tickets on delete cascade,
  user_id uuid not null references profiles,
  content text not null,
  message_type text not null default 'user_message',
  confidence_score real,
  metadata jsonb default '{}',
  is_ai_generated boolean not null default false,
  created_at timestamptz not null default now()
);
create table kb_articles (
  id uuid primary key default gen_random_uuid(),
  title text not null,
  content text not null,
  is_public boolean not null default false
);
create table ai_suggestions (
  id uuid primary key default gen_random_uuid(),
  ticket_id uuid not null references tickets on delete cascade,
  message_id uuid references ticket_messages on delete cascade,
  suggested_response text not null,
  confidence_score real not null,
  system_user_id uuid references profiles,
  metadata jsonb default '{}',
  status text not null default 'pending',
  feedback text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create table ai_feedback_events (
  id uuid primary key default gen_random_uuid(),
  suggestion_id uuid not null references ai_suggestions on delete cascade,
  ticket_id uuid not null references tickets on delete cascade,
  agent_id uuid not null references profiles,
  feedback_type feedback_type not null,
  agent_response text,
  feedback_reason text,
  time_to_feedback interval,
  metadata jsonb default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create table aggregated_metrics (
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
  unique (metric_type, metric_name, dimension, dimension_value, period_start)
);

create function my_profile() returns uuid language sql stable security definer set search_path = public as
  $$ select id from profiles where auth_user_id = auth.uid() $$;
create function has_role(wanted text) returns boolean language sql stable security definer set search_path = public as
  $$ select exists (select from user_roles u join roles r on r.id = u.role_id where u.user_id = my_profile() and r.name = wanted) $$;

alter table tickets enable row level security;
alter table ticket_messages enable row level security;
alter table ai_suggestions enable row level security;
alter table ai_feedback_events enable row level security;
alter table aggregated_metrics enable row level security;

create policy tickets_admin on tickets using (has_role('admin'));
create policy tickets_agent on tickets using (has_role('agent') and assigned_to_id = my_profile());
create policy messages_admin on ticket_messages using (has_role('admin'));
create policy messages_agent on ticket_messages using (exists (select from tickets t where t.id = ticket_id));
create policy suggestions_admin on ai_suggestions using (has_role('admin'));
create policy suggestions_agent on ai_suggestions
  using (has_role('agent') and exists (select from tickets t where t.id = ticket_id and t.assigned_to_id = my_profile()));
create policy feedback_admin on ai_feedback_events using (has_role('admin'));
create policy feedback_agent_reads on ai_feedback_events for select
  using (has_role('agent') and exists (select from tickets t where t.id = ticket_id and t.assigned_to_id = my_profile()));
create policy feedback_agent_writes on ai_feedback_events for insert
  with check (has_role('agent') and agent_id = my_profile()
    and exists (select from tickets t where t.id = ticket_id and t.assigned_to_id = my_profile()));
create policy metrics_admin on aggregated_metrics using (has_role('admin'));

do $$ begin
  create role authenticated;
exception when duplicate_object or unique_violation then null;
end $$;
grant usage on schema public to authenticated;
grant select, insert, update, delete on all tables in schema public to authenticated;
-- As Supabase has it: whatever table comes later is open to the role, so that only its policies protect it.
alter default privileges in schema public grant all on tables to authenticated;

-- The hourly job. Undimensioned rows never conflict, since their nulls are distinct: run twice it writes them twice.
create function compute_hourly_metrics(
  from_time timestamptz default date_trunc('hour', now()) - interval '1 hour',
  to_time timestamptz default date_trunc('hour', now())
) returns void language plpgsql security definer set search_path = public as $$
begin
  insert into aggregated_metrics (metric_type, metric_name, metric_value, dimension, dimension_value, period_start, period_end)
  select 'feedback', 'overall_acceptance_rate',
    coalesce(count(*) filter (where feedback_type = 'approval')::numeric / nullif(count(*), 0), 0), null, null, from_time, to_time
  from ai_feedback_events where created_at >= from_time and created_at < to_time
  on conflict (metric_type, metric_name, dimension, dimension_value, period_start)
  do update set metric_value = excluded.metric_value;

  insert into aggregated_metrics (metric_type, metric_name, metric_value, dimension, dimension_value, period_start, period_end)
  select 'feedback', 'rejection_rate_by_reason',
    count(*) filter (where feedback_type = 'rejection')::numeric / count(*), 'feedback_reason', feedback_reason, from_time, to_time
  from ai_feedback_events where created_at >= from_time and created_at < to_time and feedback_reason is not null
  group by feedback_reason
  on conflict (metric_type, metric_name, dimension, dimension_value, period_start)
  do update set metric_value = excluded.metric_value;

  insert into aggregated_metrics (metric_type, metric_name, metric_value, dimension, dimension_value, period_start, period_end)
  select 'feedback', 'avg_confidence_score', avg(s.confidence_score), 'feedback_type', e.feedback_type::text, from_time, to_time
  from ai_feedback_events e join ai_suggestions s on s.id = e.suggestion_id
  where e.created_at >= from_time and e.created_at < to_time
  group by e.feedback_type
  on conflict (metric_type, metric_name, dimension, dimension_value, period_start)
  do update set metric_value = excluded.metric_value;

  insert into aggregated_metrics (metric_type, metric_name, metric_value, dimension, dimension_value, period_start, period_end)
  select 'feedback', 'avg_time_to_feedback_seconds', avg(extract(epoch from time_to_feedback)), null, null, from_time, to_time
  from ai_feedback_events
  where created_at >= from_time and created_at < to_time and time_to_feedback is not null
  having count(*) > 0
  on conflict (metric_type, metric_name, dimension, dimension_value, period_start)
  do update set metric_value = excluded.metric_value;

  insert into aggregated_metrics (metric_type, metric_name, metric_value, dimension, dimension_value, period_start, period_end)
  select 'feedback', 'feedback_reason_count', count(*), 'feedback_reason', feedback_reason, from_time, to_time
  from ai_feedback_events where created_at >= from_time and created_at < to_time and feedback_reason is not null
  group by feedback_reason
  on conflict (metric_type, metric_name, dimension, dimension_value, period_start)
  do update set metric_value = excluded.metric_value;
end $$;
