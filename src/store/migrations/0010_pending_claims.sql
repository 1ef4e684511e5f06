-- Pending rows are a queue as well: a worker that runs their agent functions claims them here, under a lease. A table
-- of its own, so that a claim neither changes a row of the host's nor fires a trigger.
create table ai_pending_claims (
  suggestion_id uuid primary key,
  project_id text not null default 'default',
  attempts integer not null default 0,
  available_at timestamptz not null default now(),
  locked_until timestamptz,
  locked_by uuid,
  last_error text
);
comment on table ai_pending_claims is 'Pending suggestions that a worker has taken up. Without a foreign key: a host may delete its rows as it likes, and the worker sweeps.';
comment on column ai_pending_claims.attempts is 'Claims so far, those included whose worker died.';
comment on column ai_pending_claims.available_at is 'When it is tried again after a failure.';

-- A row a claim, changed and deleted within seconds.
alter table ai_pending_claims set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
