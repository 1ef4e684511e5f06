-- A metric is the sum of its rows' contributions. contribution() is the only definition of what a suggestion adds;
-- every statement on ai_suggestions appends the difference it made, and the roller adds the differences up.

create table metric_series (
  id integer generated always as identity primary key,
  project_id text not null,
  function_name text,
  environment text,
  model text,
  prompt_version text,
  unique nulls not distinct (project_id, function_name, environment, model, prompt_version)
);
comment on table metric_series is 'One small integer per combination of dimensions: an empty text is an unknown one. Those whose environment is null are totals: of a function, where its name is there, and of the project, where that is null, too.';

create table rollup_deltas (
  id bigint generated always as identity primary key,
  series_id integer,
  new_series text[],
  hour integer not null,
  suggestion_count integer not null default 0,
  completed_count integer not null default 0,
  error_count integer not null default 0,
  shown_count integer not null default 0,
  shown_decided_count integer not null default 0,
  accepted_count integer not null default 0,
  revised_count integer not null default 0,
  rejected_count integer not null default 0,
  expired_count integer not null default 0,
  latency_count integer not null default 0,
  latency_ms_sum bigint not null default 0,
  input_tokens_sum bigint not null default 0,
  output_tokens_sum bigint not null default 0,
  input_tokens_known_count integer not null default 0,
  output_tokens_known_count integer not null default 0,
  cost_usd_sum numeric not null default 0,
  cost_known_count integer not null default 0,
  completed_cost_known_count integer not null default 0,
  kept_ratio_ppm_sum bigint not null default 0,
  kept_ratio_count integer not null default 0,
  squared_error_ppm_sum bigint not null default 0,
  open_count integer not null default 0,
  latency_buckets smallint[] not null default '{}',
  latency_counts integer[] not null default '{}',
  first_token_buckets smallint[] not null default '{}',
  first_token_counts integer[] not null default '{}',
  feedback_time_buckets smallint[] not null default '{}',
  feedback_time_counts integer[] not null default '{}',
  confidence_keys smallint[] not null default '{}',
  confidence_counts integer[] not null default '{}',
  confidence_ppm_sums bigint[] not null default '{}',
  error_types text[] not null default '{}',
  error_type_counts integer[] not null default '{}'
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
  shown_decided_count bigint not null,
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
  completed_cost_known_count bigint not null,
  kept_ratio_ppm_sum bigint not null,
  kept_ratio_count bigint not null,
  squared_error_ppm_sum bigint not null,
  open_count bigint not null,
  latency_buckets smallint[] not null,
  latency_counts integer[] not null,
  first_token_buckets smallint[] not null,
  first_token_counts integer[] not null,
  feedback_time_buckets smallint[] not null,
  feedback_time_counts integer[] not null,
  confidence_keys smallint[] not null,
  confidence_counts integer[] not null,
  confidence_ppm_sums bigint[] not null,
  error_types text[] not null,
  error_type_counts integer[] not null,
  primary key (series_id, hour),
  -- Adding up leaves out a count without its bucket, so neither the roller nor the check would ever notice one.
  constraint histograms_are_whole check (
    cardinality(latency_buckets) = cardinality(latency_counts)
    and cardinality(first_token_buckets) = cardinality(first_token_counts)
    and cardinality(feedback_time_buckets) = cardinality(feedback_time_counts)
    and cardinality(confidence_keys) = cardinality(confidence_counts)
    and cardinality(confidence_keys) = cardinality(confidence_ppm_sums)
    and cardinality(error_types) = cardinality(error_type_counts)
  )
);
comment on table ai_metrics_hourly is 'What the suggestions made in an hour come to, by series. The series that are totals hold the sums of others: never add them to these.';
comment on column ai_metrics_hourly.hour is 'UTC hours since 1970: to_timestamp(hour * 3600).';
comment on column ai_metrics_hourly.kept_ratio_ppm_sum is 'Kept ratios in millionths, as integers, so that sums can be taken back exactly.';
comment on column ai_metrics_hourly.latency_buckets is 'Sparse histogram, in any order; what stands there twice is to be added: bucket b holds values in (g^(b-1), g^b] ms with g = 1.02/0.98, so any quantile is within 2 % (DDSketch, Masson et al. 2019).';

comment on column ai_metrics_hourly.squared_error_ppm_sum is 'Sum of (confidence - 1 if accepted, else 0)^2 over the decided suggestions with a confidence, in millionths: divided by their number, the Brier score.';
comment on column ai_metrics_hourly.open_count is 'Completed suggestions still without feedback, expired ones too, but none that went out without a person: with feedback_time_* what the survival curve is made of.';
comment on column ai_metrics_hourly.confidence_keys is 'Sparse histogram of confidences by outcome; the view ai_confidence_hourly says what a key means.';

-- The sparse histogram of confidences, for reading by hand. A key is band * 4 + what became of the suggestion. With the rights of
-- whoever reads it: in an adopted database whatever is made may be open to everybody, and only policies close it.
create view ai_confidence_hourly with (security_invoker = true) as
select m.hour, m.series_id, floor(c.key / 4.0)::integer as confidence_band,
  (array['undecided', 'accepted', 'revised', 'rejected'])[c.key % 4 + 1] as outcome,
  sum(c.n)::integer as suggestion_count, sum(c.ppm_sum)::bigint as confidence_ppm_sum
from ai_metrics_hourly m
cross join lateral unnest(m.confidence_keys, m.confidence_counts, m.confidence_ppm_sums) c (key, n, ppm_sum)
group by m.hour, m.series_id, c.key
having sum(c.n) <> 0;
comment on view ai_confidence_hourly is 'Band 0 is [0, 0.1), band 9 is [0.9, 1]; an unknown confidence has no row.';

-- Days in UTC are sums of their hours, made by the same roll.
create table ai_metrics_daily (like ai_metrics_hourly including comments including constraints);
alter table ai_metrics_daily rename column hour to day;
alter table ai_metrics_daily add primary key (series_id, day);
alter table ai_metrics_daily add foreign key (series_id) references metric_series;
comment on column ai_metrics_daily.day is 'UTC days since 1970: date ''1970-01-01'' + day.';

-- Why people revised or rejected. Not part of the above, since it is kept by the hour in which the person decided.
create table rollup_reason_deltas (
  id bigint generated always as identity primary key,
  series_id integer,
  new_series text[],
  hour integer not null,
  outcome text not null,
  reason text not null,
  suggestion_count integer not null,
  check ((series_id is null) = (new_series is not null))
);
alter table rollup_reason_deltas set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create table ai_feedback_reasons_hourly (
  hour integer not null,
  series_id integer not null references metric_series,
  outcome text not null check (outcome in ('revised', 'rejected')),
  reason text not null,
  suggestion_count bigint not null,
  primary key (series_id, hour, outcome, reason)
);
comment on table ai_feedback_reasons_hourly is 'Suggestions as they stand revised or rejected, by the hour of the feedback event that decides and by each of its reasons. The empty reason counts all of them, whatever their reasons: it is the denominator, as an event may have several reasons or none.';

-- Days in UTC are sums of their hours, made by the same roll.
create table ai_feedback_reasons_daily (like ai_feedback_reasons_hourly including constraints);
alter table ai_feedback_reasons_daily rename column hour to day;
alter table ai_feedback_reasons_daily add primary key (series_id, day, outcome, reason);
alter table ai_feedback_reasons_daily add foreign key (series_id) references metric_series;
comment on column ai_feedback_reasons_daily.day is 'UTC days since 1970: date ''1970-01-01'' + day.';

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
  kept_ratio real,
  confidence_score real,
  error_type text,
  deciding_feedback_at timestamptz,
  deciding_reasons text[]
);

-- UTC hours since 1970. date_part and not extract, which reckons in numeric: a few times as slow, at every row of every
-- statement.
create function uptake_hour(at timestamptz) returns integer language sql stable as $$
  select floor(date_part('epoch', at) / 3600)::integer
$$;

-- The histogram bucket of a duration in milliseconds; up to 1 ms is bucket 0, unknown stays unknown.
create function uptake_bucket(milliseconds double precision) returns smallint language sql immutable as $$
  select case when milliseconds is not null
    then ceil(ln(greatest(milliseconds, 1)) / ln(1.02::double precision / 0.98))::smallint
  end
$$;

-- A dimension as its series keeps it: '' where unknown. A key of an index holds 2,700 bytes, and one name too long for it
-- would stop the roller for everybody; so a long name is cut, and its hash keeps it apart from others that begin like it.
create function uptake_dimension(name text) returns text language sql immutable as $$
  select case when name is null then '' when octet_length(name) <= 120 or length(name) <= 120 then name else left(name, 87) || '…' || md5(name) end
$$;

-- A confidence in millionths; unknown where it is no probability, and of a run that has not suggested anything: where that
-- is still to come or failed, hosts write 0 into a column that may not be null.
create function uptake_confidence_ppm(status text, confidence real) returns integer language sql immutable as $$
  select case when status in ('completed', 'accepted', 'rejected') and confidence between 0 and 1
    then round(confidence * 1000000)::integer
  end
$$;

-- Its band: 0 is [0, 0.1), … 9 is [0.9, 1]. From millionths, since 0.7 as a real is a little less than 0.7.
-- Unknown stays unknown, which least() would not let it.
create function uptake_confidence_band(ppm integer) returns smallint language sql immutable as $$
  select ((ppm - ppm / 1000000) / 100000)::smallint
$$;

-- What a suggestion adds to the metrics of its hour by what became of it. A part of uptake_contribution, and by itself what
-- feedback changes: the rest is the same before and after.
create function uptake_outcome_contribution(m uptake_measured) returns table (
  shown_decided_count integer, accepted_count integer, revised_count integer, rejected_count integer, expired_count integer,
  kept_ratio_ppm_sum bigint, kept_ratio_count integer, squared_error_ppm_sum bigint, open_count integer,
  feedback_time_bucket smallint, confidence_key smallint
) language sql stable as $$
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
$$;

-- The one definition of what a suggestion adds to the metrics of its hour. Kept to one select, so that Postgres
-- inlines it into the statements that use it.
create function uptake_contribution(m uptake_measured) returns table (
  hour integer,
  suggestion_count integer, completed_count integer, error_count integer, shown_count integer, shown_decided_count integer,
  accepted_count integer, revised_count integer, rejected_count integer, expired_count integer,
  latency_count integer, latency_ms_sum bigint,
  input_tokens_sum bigint, output_tokens_sum bigint,
  input_tokens_known_count integer, output_tokens_known_count integer,
  cost_usd_sum numeric, cost_known_count integer, completed_cost_known_count integer,
  kept_ratio_ppm_sum bigint, kept_ratio_count integer, squared_error_ppm_sum bigint, open_count integer,
  latency_bucket smallint, first_token_bucket smallint, feedback_time_bucket smallint,
  confidence_key smallint, confidence_ppm integer, error_type text
) language sql stable as $$
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
$$;

-- The same for reasons: one row for each reason of the feedback event that decides, and one with the empty reason.
create function uptake_reason_contribution(standing text, deciding_at timestamptz, reasons text[])
  returns table (hour integer, outcome text, reason text) language sql stable as $$
  select distinct uptake_hour(deciding_at), standing, uptake_dimension(given)
  from unnest(array[''] || reasons) given
  where standing in ('revised', 'rejected') and deciding_at is not null
$$;

-- Appends the difference that one statement made: contribution(now) - contribution(was). Only appends: it waits for
-- nobody and nobody waits for it. One plan for all: for arrays that it sees the planner would plan anew each time, which takes
-- longer than a few rows do.
create function uptake_append_deltas(was uptake_measured[], now_is uptake_measured[]) returns void
  language plpgsql set plan_cache_mode = force_generic_plan as $$
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
end $$;

-- Whether entries are simply put behind those of a histogram in the rollup, which then holds some twice: taking a row's arrays to
-- pieces and putting them together again is the largest part of what late feedback costs, appending is next to nothing.
-- Only as long as the histogram is short, so it never grows beyond what it may hold anyhow; the next entry puts it in order. Not to one
-- that is damaged, nor where the entries repair one.
create function uptake_may_append(keys smallint[], counts integer[], more_keys smallint[]) returns boolean language sql immutable as $$
  select cardinality(more_keys) > 0 and cardinality(keys) + cardinality(more_keys) <= 80
    and cardinality(keys) = cardinality(counts) and array_position(more_keys, null) is null
$$;

create function uptake_may_append_confidences(keys smallint[], counts integer[], ppm_sums bigint[], more_keys smallint[])
  returns boolean language sql immutable as $$
  select uptake_may_append(keys, counts, more_keys) and cardinality(keys) = cardinality(ppm_sums)
$$;

-- Adds two sparse histograms; buckets that come to nothing are left out. Late feedback adds an entry or two to a row that has
-- hundreds: few are put in their places, which costs a fifth of unpacking, grouping and collecting both. That is for many,
-- and for a row that somebody has damaged (arrays of different lengths), whose repair it takes.
create function uptake_add_histograms(
  inout buckets smallint[], inout counts integer[], more_buckets smallint[], more_counts integer[]
) language plpgsql immutable as $$
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
end $$;

-- The same for confidences, which carry their sum besides their count; as long as either is not nothing.
create function uptake_add_confidences(
  inout keys smallint[], inout counts integer[], inout ppm_sums bigint[],
  more_keys smallint[], more_counts integer[], more_ppm_sums bigint[]
) language plpgsql immutable as $$
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
end $$;

-- The same for counts by error type, in an order that no collation changes.
create function uptake_add_error_types(
  inout types text[], inout counts integer[], more_types text[], more_counts integer[]
) language plpgsql immutable as $$
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
end $$;

-- What the suggestions made in these hours come to, read from themselves: in the shape of deltas, whose entries are not
-- added up, and split by band where that is asked for. The check holds the rollup against it, and what the rollup does not keep is read from it. Nothing is known of how few the groups
-- are, so the planner would sort every row instead of hashing it.
create function uptake_recomputed(only_project text, from_hour integer, to_hour integer, by_band boolean) returns table (
  series_id integer, new_series text[], hour integer, confidence_band smallint,
  suggestion_count bigint, completed_count bigint, error_count bigint, shown_count bigint, shown_decided_count bigint,
  accepted_count bigint, revised_count bigint, rejected_count bigint, expired_count bigint,
  latency_count bigint, latency_ms_sum bigint, input_tokens_sum bigint, output_tokens_sum bigint,
  input_tokens_known_count bigint, output_tokens_known_count bigint,
  cost_usd_sum numeric, cost_known_count bigint, completed_cost_known_count bigint,
  kept_ratio_ppm_sum bigint, kept_ratio_count bigint, squared_error_ppm_sum bigint, open_count bigint,
  latency_buckets smallint[], latency_counts integer[], first_token_buckets smallint[], first_token_counts integer[],
  feedback_time_buckets smallint[], feedback_time_counts integer[],
  confidence_keys smallint[], confidence_counts integer[], confidence_ppm_sums bigint[],
  error_types text[], error_type_counts integer[]
) language sql stable set enable_sort = off as $$
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
$$;

-- What is missing from these hours of the rollup (or, where negative, too much in it), in one snapshot: the suggestions less
-- the hours' rows and the deltas that wait. Nothing where all is right, whatever is being written meanwhile; and
-- appended as deltas it mends the hours without anybody waiting, since every other delta says only what it changed itself.
create function uptake_rollup_difference(from_hour integer, to_hour integer) returns table (
  series_id integer, new_series text[], hour integer,
  suggestion_count bigint, completed_count bigint, error_count bigint, shown_count bigint, shown_decided_count bigint,
  accepted_count bigint, revised_count bigint, rejected_count bigint, expired_count bigint,
  latency_count bigint, latency_ms_sum bigint, input_tokens_sum bigint, output_tokens_sum bigint,
  input_tokens_known_count bigint, output_tokens_known_count bigint,
  cost_usd_sum numeric, cost_known_count bigint, completed_cost_known_count bigint,
  kept_ratio_ppm_sum bigint, kept_ratio_count bigint, squared_error_ppm_sum bigint, open_count bigint,
  latency_buckets smallint[], latency_counts integer[], first_token_buckets smallint[], first_token_counts integer[],
  feedback_time_buckets smallint[], feedback_time_counts integer[],
  confidence_keys smallint[], confidence_counts integer[], confidence_ppm_sums bigint[],
  error_types text[], error_type_counts integer[]
) language sql stable as $$
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
$$;

-- What retention has dropped. What was counted of it stays; but hours before `frozen_before` can be recomputed no more, so nothing
-- checks, rebuilds or rewrites them.
create table retention_drops (
  part text primary key,
  from_id uuid,
  to_id uuid,
  suggestion_count bigint not null,
  frozen_before integer not null,
  dropped_at timestamptz not null default now()
);
comment on table retention_drops is 'One row a partition. Feedback on a suggestion between from_id and to_id comes too late; where they are null, single rows were deleted.';

-- The acts on dropped suggestions in hours that are not frozen, so that those still come to what was counted. No texts, no ids.
create table dropped_acts (
  project_id text not null,
  function_name text,
  environment text,
  model text,
  prompt_version text,
  outcome text not null,
  deciding_feedback_at timestamptz not null,
  deciding_reasons text[],
  confidence_score real,
  time_to_feedback interval
);
create index dropped_acts_decided on dropped_acts (deciding_feedback_at);

-- The same for reasons, by the hour in which the person decided.
create function uptake_reason_difference(from_hour integer, to_hour integer)
  returns table (series_id integer, new_series text[], hour integer, outcome text, reason text, suggestion_count bigint)
  language sql stable set enable_sort = off as $$
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
$$;

-- Where the days' reasons are not the sums of their hours'. A roll adds to both at once, so no delta waits between them.
create function uptake_reason_day_difference(from_day integer, to_day integer)
  returns table (series_id integer, day integer, outcome text, reason text, suggestion_count bigint)
  language sql stable as $$
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
$$;

-- What the totals and days of these whole days must come to: the sums of their hours' rows, by series. No delta waits to
-- change one without the other, since a roll adds to all of them at once.
create function uptake_rollup_sums(from_day integer, to_day integer) returns table (
  is_day boolean, period integer, series_id integer,
  suggestion_count bigint, completed_count bigint, error_count bigint, shown_count bigint, shown_decided_count bigint,
  accepted_count bigint, revised_count bigint, rejected_count bigint, expired_count bigint,
  latency_count bigint, latency_ms_sum bigint, input_tokens_sum bigint, output_tokens_sum bigint,
  input_tokens_known_count bigint, output_tokens_known_count bigint,
  cost_usd_sum numeric, cost_known_count bigint, completed_cost_known_count bigint,
  kept_ratio_ppm_sum bigint, kept_ratio_count bigint, squared_error_ppm_sum bigint, open_count bigint,
  latency_buckets smallint[], latency_counts integer[], first_token_buckets smallint[], first_token_counts integer[],
  feedback_time_buckets smallint[], feedback_time_counts integer[],
  confidence_keys smallint[], confidence_counts integer[], confidence_ppm_sums bigint[],
  error_types text[], error_type_counts integer[]
) language sql stable as $$
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
$$;

-- Which worker checks the rollup of which night: the row is unique, so only one does.
create table rollup_checks (
  slot timestamptz primary key,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  difference_count integer
);

-- How far a backfill is, so that the next one of the same hours goes on from there.
create table rollup_backfills (
  from_hour integer not null,
  to_hour integer not null,
  next_hour integer not null,
  updated_at timestamptz not null default now(),
  primary key (from_hour, to_hour)
);
