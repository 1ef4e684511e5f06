-- Sampling of what is mirrored: a worker decides when it claims, and what it decides is written down before anything is sent.

alter table langfuse_outbox
  add column kept_by text,
  add column held_until timestamptz,
  add column charged_on date;
comment on column langfuse_outbox.kept_by is 'The sampling rule by which it is mirrored; null: not decided. Whoever leaves it out leaves out only what this still says.';
comment on column langfuse_outbox.held_until is 'Until then nothing is to be done: feedback may still come, or the day''s budget is spent. It is not late before.';
comment on column langfuse_outbox.charged_on is 'The UTC day whose budget it was last counted in.';

alter table langfuse_deliveries add column kept_by text;
comment on column langfuse_deliveries.kept_by is 'The sampling rule by which it was mirrored; null: nothing was sampled then, or it is feedback, which goes where its trace goes.';

create table langfuse_left_out (
  suggestion_id uuid primary key,
  project_id text not null,
  rule text not null,
  feedback_count integer not null default 0,
  unsure boolean not null default false,
  left_out_at timestamptz not null default now()
);
comment on table langfuse_left_out is 'Traces that sampling has kept out of Langfuse, with their feedback: settled, unless a person rejects one later.';
comment on column langfuse_left_out.feedback_count is 'Feedback events that were left out with it.';
comment on column langfuse_left_out.unsure is 'Some of it may be in Langfuse all the same: read back before it is sent.';

create table langfuse_days (
  project_id text not null,
  day date not null,
  unit_count bigint not null default 0,
  primary key (project_id, day)
);
comment on table langfuse_days is 'Units (traces, observations and scores) that the mirror has begun to send, where a limit is set.';
alter table langfuse_days set (fillfactor = 50);
