import type { Queryable } from "../database.ts";

export type ScoreConfigCheck = {
  /** When the look began, so that nothing that was sent meanwhile counts as checked. */
  readonly checkedAt: Date;
  readonly soundIds: readonly string[];
  readonly unsoundIds: readonly string[];
};

const sql = `
  update score_configs
  set checked_at = case when config_id = any ($2::text[]) then greatest(checked_at, $4::timestamptz) else checked_at end,
    retired_at = case when config_id = any ($3::text[]) then now() end
  where base_url = $1 and retired_at is null and (config_id = any ($2::text[]) or config_id = any ($3::text[]))
`;

/** Writes down which configs Langfuse still has as they are kept, and retires those that it has not. */
export async function noteScoreConfigCheck(db: Queryable, baseUrl: string, check: ScoreConfigCheck): Promise<void> {
  await db.query(sql, [baseUrl, check.soundIds, check.unsoundIds, check.checkedAt.toISOString()]);
}
