-- Forgetting: texts, traces and rows that are old, and all that is left of a person who asks for it. A suggestion is emptied,
-- not deleted: what of it is counted stays, so its metrics stay, can be checked and be rebuilt.

alter table ai_suggestions add column emptied_at timestamptz;
comment on column ai_suggestions.emptied_at is 'When retention or an erasure took its texts. From then on it gets no new ones and is not sent to Langfuse.';

-- The receipts. Whom they are about is a hash: a receipt must not be what it says is gone.
create table erasures (
  id uuid primary key,
  project_id text not null,
  subject_kind text not null check (subject_kind in ('ticket', 'customer', 'suggestion')),
  subject_sha256 text not null,
  requested_by text not null,
  requested_at timestamptz not null default now(),
  state text not null default 'pending' check (state in ('pending', 'done')),
  counts jsonb not null default '{}',
  places jsonb not null default '{}',
  langfuse_asked_at timestamptz,
  last_sent_at timestamptz,
  finished_at timestamptz
);
comment on column erasures.last_sent_at is 'When something of it last went to Langfuse: what Langfuse does not show by then may still be on its way.';
create index erasures_pending on erasures (requested_at) where state = 'pending';

-- The fence: rows of these subjects that were made before, and come later (out of a spool, or of a run that was under way),
-- are emptied as they arrive.
create table erased_subjects (
  subject_sha256 text primary key,
  erasure_id uuid not null,
  before timestamptz not null
);

create table erased_suggestions (
  suggestion_id uuid primary key,
  erasure_id uuid not null,
  trace_id text not null,
  in_langfuse boolean not null,
  erased_at timestamptz
);
comment on column erased_suggestions.in_langfuse is 'True while Langfuse may have something of the trace.';
comment on column erased_suggestions.erased_at is 'Null while it is only fenced: what there was of it before is still to be erased.';
create index erased_suggestions_erasure on erased_suggestions (erasure_id);

-- How far the nightly passes are; what is older is looked at again only by hand.
create table retention_passes (
  kind text primary key check (kind in ('content', 'traces', 'rows')),
  done_before timestamptz not null
);

create function uptake_subject_sha256(project text, kind text, id text) returns text language sql immutable as $$
  select encode(sha256(convert_to(kind || ':' || project || ':' || id, 'UTF8')), 'hex')
$$;

-- Everything that a suggestion is known by: itself, its ticket, and its customer as far as the row knows one.
create function uptake_subjects_of(project text, id text, ticket text, user_id text, metadata jsonb)
  returns setof text language sql immutable as $$
  select uptake_subject_sha256(project, v.kind, v.known_as)
  from (values
    ('suggestion', id), ('ticket', ticket), ('customer', user_id),
    ('customer', metadata ->> 'customer_id'), ('customer', metadata ->> 'customerId')
  ) v (kind, known_as)
  where v.known_as is not null
$$;

-- What Uptake itself keeps in a suggestion's metadata; it names no person.
create function uptake_bare_metadata(metadata jsonb) returns jsonb language sql immutable as $$
  select coalesce(jsonb_object_agg(key, value), '{}')
  from jsonb_each(metadata)
  where key in ('trace_id', 'observation_id', 'model', 'prompt_name', 'prompt_version', 'observations_not_recorded')
$$;

-- Takes the texts of these suggestions, and with `forget` the ids that lead to a person. In an adopted database those are the
-- application's own, which refer to its own tables: they stay.
create function uptake_empty_suggestions(ids uuid[], forget boolean) returns void language plpgsql as $$
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
end $$;

-- The same of feedback events. What was decided, when, by which agent and for which reasons stays: it is counted.
create function uptake_empty_feedback(ids uuid[], forget boolean) returns void language plpgsql as $$
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
end $$;

-- An emptied suggestion stays empty, whoever writes to it: the answer of a run that was under way, a plain update.
create function uptake_keep_empty() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
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
end $$;
create trigger ai_suggestions_kept_empty
  before update of suggested_response, error_message, metadata, ticket_id, message_id, system_user_id on ai_suggestions
  for each row when (old.emptied_at is not null) execute function uptake_keep_empty();

create function uptake_fence_suggestions() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
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
end $$;
create trigger ai_suggestions_fenced after insert on ai_suggestions
  referencing new table as new_rows for each statement execute function uptake_fence_suggestions();

create function uptake_fence_feedback() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
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
end $$;
create trigger ai_feedback_events_fenced after insert on ai_feedback_events
  referencing new table as new_rows for each statement execute function uptake_fence_feedback();

-- Whether a message of this suggestion still has to reach Langfuse. Dead letters wait for nobody.
create function uptake_is_waiting(suggestion uuid) returns boolean language sql stable as $$
  select exists (select from langfuse_outbox o where o.kind = 'trace' and o.ref = suggestion and o.dead_at is null)
    or exists (
      select from ai_feedback_events e join langfuse_outbox o on o.kind = 'feedback' and o.ref = e.id
      where e.suggestion_id = suggestion and o.dead_at is null
    )
$$;

-- Hours that the host's table still has to get, and that could not be counted any more.
create function uptake_unwritten_count(before_hour integer) returns bigint language sql stable as $$
  select count(distinct hour) from aggregated_metrics_due where hour < before_hour
$$;

-- The acts on suggestions that go, as far as they came after `since`: the hours from there on can still be recomputed.
create function uptake_keep_acts(part text, since timestamptz, only_ids uuid[] default null) returns void
  language plpgsql as $$
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
end $$;

-- The least id of that moment: six bytes of milliseconds, then nothing.
create function uptake_least_id(at timestamptz) returns uuid language sql stable as $$
  select (lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Deletes suggestions made from `since` until `before`, with their traces, feedback events and lines of the ledger; at most so
-- many, and none that is pending or has a message that waits. No delta is appended: what was counted stays counted.
create function uptake_drop_rows(since timestamptz, before timestamptz, frozen_hour integer, at_most integer) returns bigint
  language plpgsql set search_path = public, pg_temp as $$
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
end $$;

-- Erases these suggestions, of which some may be here as feedback events only. A message that a worker has in hand is left to it:
-- what it sends is deleted in Langfuse afterwards.
create function uptake_erase(erasure uuid, ids uuid[], trace_ids text[], events uuid[])
  returns table (suggestion_count integer, trace_count integer, feedback_count integer, outbox_count integer)
  language plpgsql set search_path = public, pg_temp as $$
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
end $$;

-- Takes the messages of these suggestions out of the outbox, dead letters too, but for those that a worker has in hand; and their
-- lines out of the ledger and out of what sampling has left out, so that no act brings them back.
create function uptake_withdraw(ids uuid[]) returns integer language plpgsql as $$
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
end $$;

-- Retention by kind, over what was made from `since` until `before`; each resolves to how many rows it took, at most so many, and
-- none with a message that waits, nor one that somebody is just writing to.
create function uptake_retain_content(since timestamptz, before timestamptz, at_most integer) returns integer
  language plpgsql set search_path = public, pg_temp as $$
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
end $$;

create function uptake_retain_feedback(since timestamptz, before timestamptz, at_most integer) returns integer
  language plpgsql set search_path = public, pg_temp as $$
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
end $$;

create function uptake_retain_traces(since timestamptz, before timestamptz, at_most integer) returns integer
  language plpgsql set search_path = public, pg_temp as $$
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
end $$;
