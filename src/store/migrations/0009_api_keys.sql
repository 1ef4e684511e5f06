-- Who may use the HTTP service, by project. A secret is 256 random bits, so one round of SHA-256 hides it from whoever reads this.
create table api_keys (
  public_key text primary key,
  secret_sha256 text not null,
  project_id text not null,
  scopes text[] not null check (cardinality(scopes) > 0 and scopes <@ array['write', 'feedback', 'read', 'admin']),
  name text not null default '',
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);
comment on column api_keys.last_used_at is 'To the minute, and written after the request that used it.';
comment on column api_keys.expires_at is 'Set by a rotation: until then the old key is taken beside the new one.';
