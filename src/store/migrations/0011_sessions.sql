-- Who is signed in to the dashboard: with which key, and until when. Of the token in the cookie only the hash is kept.
create table dashboard_sessions (
  token_sha256 text primary key,
  public_key text not null references api_keys (public_key) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
