import type { Scope } from "../../domain/api-key.ts";
import type { Queryable } from "../database.ts";

export type SessionRow = {
  readonly publicKey: string;
  readonly projectId: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Date;
};

// Those that are over go when another begins.
const insertSql = `
  with ended as (
    delete from dashboard_sessions where expires_at <= now()
  )
  insert into dashboard_sessions (token_sha256, public_key, expires_at)
  values ($1, $2, now() + $3 * interval '1 millisecond')
`;

const findSql = `
  select k.public_key as "publicKey", k.project_id as "projectId", k.scopes, s.expires_at as "expiresAt"
  from dashboard_sessions s
  join api_keys k using (public_key)
  where s.token_sha256 = $1 and s.expires_at > now()
    and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
`;

const deleteSql = `
  delete from dashboard_sessions where token_sha256 = $1
`;

export type NewSession = { readonly tokenSha256: string; readonly publicKey: string; readonly lifetimeMs: number };

export async function insertSession(db: Queryable, session: NewSession): Promise<void> {
  await db.query(insertSql, [session.tokenSha256, session.publicKey, session.lifetimeMs]);
}

/** The session with its key; undefined where it has ended, or its key is not taken any more. */
export async function findSession(db: Queryable, tokenSha256: string): Promise<SessionRow | undefined> {
  const [row] = await db.query<SessionRow>(findSql, [tokenSha256]);
  return row;
}

export async function deleteSession(db: Queryable, tokenSha256: string): Promise<void> {
  await db.query(deleteSql, [tokenSha256]);
}
