-- The support desk's own tables, by the host's names. A message whose user is the ticket's customer is a customer
-- turn; any other user is an agent.

create table tickets (
  id uuid primary key,
  ticket_number integer generated always as identity,
  title text not null,
  description text,
  status text not null default 'new' check (status in ('new', 'open', 'pending', 'resolved', 'closed')),
  priority text not null default 'medium' check (priority in ('low', 'medium', 'high')),
  customer_id text not null,
  assigned_to_id text,
  project_id text not null default 'default',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_message_at timestamptz,
  is_answer_due boolean not null default true,
  waiting_since timestamptz
);
comment on column tickets.last_message_at is 'When its last message was written; null where there is none, and its description waits. Written by trigger.';
comment on column tickets.is_answer_due is 'Whether the last message is the customer''s, so that an answer is due. Written by trigger.';
comment on column tickets.waiting_since is 'When the first message without an answer was written; null where there is none. Written by trigger.';

-- The queues of the desk, a page of which is read from where the page before ended.
create index tickets_waiting on tickets (project_id, coalesce(waiting_since, created_at), id)
  where is_answer_due and status in ('new', 'open');
create index tickets_newest on tickets (project_id, coalesce(last_message_at, created_at) desc, id);

create table ticket_messages (
  id uuid primary key,
  ticket_id uuid not null references tickets,
  user_id text not null,
  content text not null,
  message_type text not null default 'user_message' check (message_type in ('user_message', 'auto_suggestion')),
  confidence_score real,
  metadata jsonb not null default '{}',
  is_ai_generated boolean not null default false,
  position integer not null,
  created_at timestamptz not null default now(),
  unique (ticket_id, position)
);

create function uptake_note_last_message() returns trigger language plpgsql as $$
begin
  update tickets t
  set last_message_at = last.created_at, is_answer_due = last.user_id = t.customer_id,
    waiting_since = (
      select min(m.created_at)
      from ticket_messages m
      where m.ticket_id = t.id and m.position > coalesce(
        (select max(a.position) from ticket_messages a where a.ticket_id = t.id and a.user_id <> t.customer_id), -1)
    )
  from (
    select distinct on (m.ticket_id) m.ticket_id, m.created_at, m.user_id
    from ticket_messages m
    where m.ticket_id in (select n.ticket_id from new_rows n)
    order by m.ticket_id, m.position desc
  ) last
  where t.id = last.ticket_id;
  return null;
end $$;
create trigger ticket_messages_noted after insert on ticket_messages
  referencing new table as new_rows for each statement execute function uptake_note_last_message();

-- The retriever reads agents' replies in the order in which they came.
create index ticket_messages_created on ticket_messages (created_at, id);

create table kb_articles (
  id text primary key,
  project_id text not null default 'default',
  title text not null,
  content text not null,
  is_public boolean not null default true,
  created_at timestamptz not null default now()
);
