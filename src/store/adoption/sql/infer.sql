-- What people send through the host's own ticket_messages is noted for the worker, which compares it. Noted with it is the
-- suggestion that lay before the person at that moment: the ticket's newest, if it was finished and still open; a classification
-- of the ticket is one as well, but no text that anybody sends. The worker could not tell later; by then it may be decided, and the next older one is not what was answered with.
create table uptake_sent_messages (
  id bigint generated always as identity primary key,
  message_id uuid not null,
  suggestion_id uuid,
  queued_at timestamptz not null default now()
);
alter table uptake_sent_messages set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
comment on column uptake_sent_messages.suggestion_id is 'What the message is compared with; null where nothing was open.';

-- A message must never fail because of us, whatever becomes of its table later, so everything is caught.
create function uptake_messages_inserted() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into uptake_sent_messages (message_id, suggestion_id)
  select n.id, (
    select case when newest.status <> 'pending' and newest.outcome = 'pending' then newest.id end
    from (
      select s.id, s.status, s.outcome
      from ai_suggestions s
      where s.ticket_id = uptake_ticket_id(n.ticket_id::text) and s.error_type is null
        and s.metadata -> 'classification' is null
      order by s.created_at desc, s.id desc
      limit 1
    ) newest
  )
  from new_rows n
  where n.is_ai_generated is not true
    and n.message_type::text is distinct from 'auto_suggestion'
    and not exists (select from tickets t where t.id = n.ticket_id and t.customer_id::text = n.user_id::text)
  order by n.created_at, n.id;
  return null;
exception when others then
  raise warning 'uptake: a sent message is not compared with its suggestion: %', sqlerrm;
  return null;
end $$;
create trigger uptake_messages_inserted after insert on ticket_messages
  referencing new table as new_rows for each statement execute function uptake_messages_inserted();
