import type { Queryable } from "../database.ts";

export type ApiKeyCounts = {
  /** All that were ever made. */
  readonly count: number;
  /** Those that are taken now. */
  readonly liveCount: number;
};

const sql = `
  select count(*) as count,
    count(*) filter (where revoked_at is null and (expires_at is null or expires_at > now())) as "liveCount"
  from api_keys
`;

export async function countApiKeys(db: Queryable): Promise<ApiKeyCounts> {
  const [row] = await db.query<ApiKeyCounts>(sql);
  return row ?? { count: 0, liveCount: 0 };
}
