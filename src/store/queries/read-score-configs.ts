import type { Queryable } from "../database.ts";
import type { ScoreConfigRow } from "./keep-score-config.ts";

export type KeptScoreConfig = ScoreConfigRow & {
  readonly isRetired: boolean;
  /** The database's time of this reading. */
  readonly readAt: Date;
};

const sql = `
  select config_id as "configId", langfuse_project_id as "langfuseProjectId", name, data_type as "dataType",
    categories, min_value as "minValue", max_value as "maxValue", retired_at is not null as "isRetired", now() as "readAt"
  from score_configs
  where base_url = $1
`;

/** Every config that is kept of the Langfuse at this address. */
export async function readScoreConfigs(db: Queryable, baseUrl: string): Promise<readonly KeptScoreConfig[]> {
  return db.query<KeptScoreConfig>(sql, [baseUrl]);
}
