-- The score configs in Langfuse that `uptake mirror setup` has matched or made. A worker sends a score under one only
-- while Langfuse still has it as it stands here: what does not fit its config Langfuse drops after answering 200.

create table score_configs (
  id bigint generated always as identity primary key,
  base_url text not null,
  name text not null,
  config_id text not null,
  langfuse_project_id text not null,
  data_type text not null,
  categories text[],
  min_value double precision,
  max_value double precision,
  matched_at timestamptz not null default now(),
  checked_at timestamptz not null default now(),
  retired_at timestamptz
);
-- A retired one stays until it is settled, also where the same config is in use again by then.
create unique index score_configs_in_use on score_configs (base_url, config_id) where retired_at is null;

comment on table score_configs is 'One row a config, not a name: keys of two Langfuse projects may be used on one address. Without our own project, since a worker takes every project''s messages to one Langfuse.';
comment on column score_configs.checked_at is 'When some worker last saw in Langfuse that it is as it stands here.';
comment on column score_configs.retired_at is 'When a worker saw that it is not: from here on nobody sends under it, and what was sent since checked_at is looked up again.';
