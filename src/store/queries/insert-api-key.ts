import type { NewApiKey } from "../../domain/api-key.ts";
import type { Queryable } from "../database.ts";

export type ApiKeyRow = Omit<NewApiKey, "secretKey"> & {
  /** In hexadecimal. */
  readonly secretSha256: string;
};

const sql = `
  insert into api_keys (public_key, secret_sha256, project_id, scopes, name)
  values ($1, $2, $3, $4, $5)
`;

export async function insertApiKey(db: Queryable, row: ApiKeyRow): Promise<void> {
  await db.query(sql, [row.publicKey, row.secretSha256, row.projectId, row.scopes, row.name]);
}
