import type { Queryable } from "../database.ts";

/** A score config in Langfuse that scores may be sent under. */
export type ScoreConfigRow = {
  readonly configId: string;
  readonly langfuseProjectId: string;
  readonly name: string;
  readonly dataType: string;
  readonly categories: readonly string[] | null;
  readonly minValue: number | null;
  readonly maxValue: number | null;
};

const sql = `
  insert into score_configs
    (base_url, config_id, langfuse_project_id, name, data_type, categories, min_value, max_value)
  values ($1, $2, $3, $4, $5, $6::text[], $7, $8)
  on conflict (base_url, config_id) where retired_at is null do update
  set langfuse_project_id = excluded.langfuse_project_id, name = excluded.name, data_type = excluded.data_type,
    categories = excluded.categories, min_value = excluded.min_value, max_value = excluded.max_value, matched_at = now()
`;

/** Keeps one config of the Langfuse at this address, in place of what was kept of it. */
export async function keepScoreConfig(db: Queryable, baseUrl: string, config: ScoreConfigRow): Promise<void> {
  const { configId, langfuseProjectId, name, dataType, categories, minValue, maxValue } = config;
  await db.query(sql, [baseUrl, configId, langfuseProjectId, name, dataType, categories, minValue, maxValue]);
}
