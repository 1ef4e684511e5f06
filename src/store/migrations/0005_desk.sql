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
  updated_at timestamptz not null default now()
);

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
