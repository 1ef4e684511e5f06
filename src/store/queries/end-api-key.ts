import type { Queryable } from "../database.ts";

const revokeSql = `
  update api_keys
  set revoked_at = now()
  where public_key = $1 and revoked_at is null
  returning public_key
`;

const expireSql = `
  update api_keys
  set expires_at = least(expires_at, now() + $2 * interval '1 millisecond')
  where public_key = $1
`;

/** From now on it is not taken; false where there is no such key, or it was revoked before. */
export async function revokeApiKey(db: Queryable, publicKey: string): Promise<boolean> {
  return (await db.query(revokeSql, [publicKey])).length > 0;
}

/** It is taken for this long, or as long as it was to be before, whichever is less. */
export async function expireApiKey(db: Queryable, publicKey: string, afterMs: number): Promise<void> {
  await db.query(expireSql, [publicKey, afterMs]);
}
