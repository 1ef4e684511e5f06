-- Which processes work on this database, for people to see. A worker writes its row every few seconds; nothing is
-- decided by it: claims and leases are what keeps workers apart.
create table uptake_workers (
  id uuid primary key,
  kind text not null,
  host text not null,
  pid integer not null,
  version text not null,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  stopped_at timestamptz,
  last_act text,
  last_act_at timestamptz
);
comment on table uptake_workers is 'Processes that mirror and add up; forgotten a day after they were last seen.';
comment on column uptake_workers.stopped_at is 'When it ended as it should; null while it runs, or where it was killed.';

-- A row changed every few seconds stays on its page.
alter table uptake_workers set (fillfactor = 50);

-- How the last `uptake verify` went, for each Langfuse that was verified.
create table mirror_verifications (
  base_url text primary key,
  verified_at timestamptz not null default now(),
  ok boolean not null,
  langfuse_version text,
  project text,
  seen_after_ms integer,
  problem text
);
comment on column mirror_verifications.seen_after_ms is 'Until the last of all that was sent was seen; null where something was not.';
comment on column mirror_verifications.problem is 'What was wrong first, in plain words; null where nothing was.';
