-- A metric is the sum of its rows' contributions. contribution() is the only definition of what a suggestion adds;
-- every statement on ai_suggestions appends the difference it made, and the roller adds the differences up.

create table metric_series (
  id integer generated always as identity primary key,
  project_id text not null,
  function_name text not null,
  environment text not null,
  model text not null,
  prompt_version text not null,
  unique (project_id, function_name, environment, model, prompt_version)
);
comment on table metric_series is 'One small integer per combination of dimensions; an empty text is an unknown dimension.';

create table rollup_deltas (
  id bigint generated always as identity primary key,
  series_id integer,
  new_series text[],
  hour integer not null,
  suggestion_count integer not null,
  completed_count integer not null,
  error_count integer not null,
  shown_count integer not null,
  accepted_count integer not null,
  revised_count integer not null,
  rejected_count integer not null,
  expired_count integer not null,
  latency_count integer not null,
  latency_ms_sum bigint not null,
  input_tokens_sum bigint not null,
  output_tokens_sum bigint not null,
  input_tokens_known_count integer not null,
  output_tokens_known_count integer not null,
  cost_usd_sum numeric not null,
  cost_known_count integer not null,
  kept_ratio_ppm_sum bigint not null,
  kept_ratio_count integer not null,
  latency_buckets smallint[] not null,
  latency_counts integer[] not null,
  first_token_buckets smallint[] not null,
  first_token_counts integer[] not null,
  feedback_time_buckets smallint[] not null,
  feedback_time_counts integer[] not null
);
comment on column rollup_deltas.new_series is 'Where the writer saw no series yet: project, function, environment, model, prompt version. The roller makes the series: made by the writer, its uncommitted key would hold up everybody else who needs it.';
alter table rollup_deltas add check ((series_id is null) = (new_series is not null));
create index rollup_deltas_new_series on rollup_deltas (id) where series_id is null;
alter table rollup_deltas set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create table ai_metrics_hourly (
  hour integer not null,
  series_id integer not null references metric_series,
  suggestion_count bigint not null,
  completed_count bigint not null,
  error_count bigint not null,
  shown_count bigint not null,
  accepted_count bigint not null,
  revised_count bigint not null,
  rejected_count bigint not null,
  expired_count bigint not null,
  latency_count bigint not null,
  latency_ms_sum bigint not null,
  input_tokens_sum bigint not null,
  output_tokens_sum bigint not null,
  input_tokens_known_count bigint not null,
  output_tokens_known_count bigint not null,
  cost_usd_sum numeric not null,
  cost_known_count bigint not null,
  kept_ratio_ppm_sum bigint not null,
  kept_ratio_count bigint not null,
  latency_buckets smallint[] not null,
  latency_counts integer[] not null,
  first_token_buckets smallint[] not null,
  first_token_counts integer[] not null,
  feedback_time_buckets smallint[] not null,
  feedback_time_counts integer[] not null,
  primary key (hour, series_id)
);
comment on column ai_metrics_hourly.hour is 'UTC hours since 1970: to_timestamp(hour * 3600).';
comment on column ai_metrics_hourly.kept_ratio_ppm_sum is 'Kept ratios in millionths, as integers, so that sums can be taken back exactly.';
comment on column ai_metrics_hourly.latency_buckets is 'Sparse histogram: bucket b holds values in (g^(b-1), g^b] ms with g = 1.02/0.98, so any quantile is within 2 % (DDSketch, Masson et al. 2019).';

-- What of a suggestion is counted.
create type uptake_measured as (
  project_id text,
  function_name text,
  environment text,
  model text,
  prompt_version text,
  created_at timestamptz,
  status text,
  outcome text,
  shown_at timestamptz,
  decided_at timestamptz,
  latency_ms integer,
  time_to_first_token_ms integer,
  input_tokens integer,
  output_tokens integer,
  cost_usd numeric,
  kept_ratio real
);

-- The histogram bucket of a duration in milliseconds; up to 1 ms is bucket 0, unknown stays unknown.
create function uptake_bucket(milliseconds double precision) returns smallint language sql immutable as $$
  select case when milliseconds is not null
    then ceil(ln(greatest(milliseconds, 1)) / ln(1.02::double precision / 0.98))::smallint
  end
$$;

-- A dimension as its series keeps it: '' where unknown. A key of an index holds 2,700 bytes, and one name too long for it
-- would stop the roller for everybody; so a long name is cut, and its hash keeps it apart from others that begin like it.
create function uptake_dimension(name text) returns text language sql immutable as $$
  select case when name is null then '' when length(name) <= 120 then name else left(name, 87) || '…' || md5(name) end
$$;

-- The one definition of what a suggestion adds to the metrics of its hour. Kept to one select, so that Postgres
-- inlines it into the statements that use it.
create function uptake_contribution(m uptake_measured) returns table (
  hour integer,
  suggestion_count integer, completed_count integer, error_count integer, shown_count integer,
  accepted_count integer, revised_count integer, rejected_count integer, expired_count integer,
  latency_count integer, latency_ms_sum bigint,
  input_tokens_sum bigint, output_tokens_sum bigint,
  input_tokens_known_count integer, output_tokens_known_count integer,
  cost_usd_sum numeric, cost_known_count integer,
  kept_ratio_ppm_sum bigint, kept_ratio_count integer,
  latency_bucket smallint, first_token_bucket smallint, feedback_time_bucket smallint
) language sql stable as $$
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
$$;

-- Appends the difference that one statement made: contribution(now) - contribution(was). Only appends: it waits for
-- nobody and nobody waits for it.
create function uptake_append_deltas(was uptake_measured[], now_is uptake_measured[]) returns void language plpgsql as $$
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
end $$;

-- Adds two sparse histograms; buckets that come to nothing are left out.
create function uptake_add_histograms(
  buckets_a smallint[], counts_a integer[], buckets_b smallint[], counts_b integer[],
  out buckets smallint[], out counts integer[]
) language sql immutable as $$
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
$$;
