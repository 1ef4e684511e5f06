-- What still has to reach Langfuse, by reference (a copy of the payload would cost as much as the suggestion), and
-- the ledger of what has.

create table langfuse_outbox (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('trace', 'feedback')),
  ref uuid not null,
  project_id text not null default 'default',
  created_at timestamptz not null default now(),
  available_at timestamptz not null default now(),
  attempts integer not null default 0,
  locked_until timestamptz,
  locked_by uuid,
  unsure boolean not null default false,
  last_error text,
  dead_at timestamptz,
  unique (kind, ref)
);
comment on column langfuse_outbox.ref is 'The suggestion''s id for a trace, the event''s id for feedback.';
comment on column langfuse_outbox.unsure is 'True from the claim until an answer: if the worker dies in between, the next one reads back before it sends again.';
create index langfuse_outbox_due on langfuse_outbox (available_at, id) where dead_at is null;

create table langfuse_deliveries (
  kind text not null check (kind in ('trace', 'feedback')),
  ref uuid not null,
  project_id text not null default 'default',
  trace_id text not null,
  langfuse_ids text[] not null,
  attempts integer not null,
  delivered_at timestamptz not null default now(),
  primary key (kind, ref)
);
comment on column langfuse_deliveries.langfuse_ids is 'Ids as Langfuse knows them: observations of a trace, scores of a feedback event.';

-- Deleted as fast as written: vacuum by number of rows, not by share. And every row is claimed once, which changes no
-- indexed column: where its page has room for the second version, Postgres need not touch the three indexes.
alter table langfuse_outbox set (
  fillfactor = 45, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000
);

-- Where statistics are missing the planner takes "dead_at is null" for rare and sorts the whole backlog for every claim;
-- the embedded database never gathers any by itself. These, of one waiting message, stay until there are better ones.
insert into langfuse_outbox (kind, ref) values ('trace', gen_random_uuid());
analyze langfuse_outbox;
truncate langfuse_outbox restart identity;
