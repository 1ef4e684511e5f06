import type { Queryable } from "../database.ts";

const sql = `
  update api_keys
  set last_used_at = now()
  where public_key = $1 and (last_used_at is null or last_used_at < now() - $2 * interval '1 millisecond')
`;

/** Notes that a key is used now, unless that was noted, here or elsewhere, within `everyMs`. */
export const noteKeyUse = async (db: Queryable, publicKey: string, everyMs: number): Promise<void> =>
  void (await db.query(sql, [publicKey, everyMs]));
