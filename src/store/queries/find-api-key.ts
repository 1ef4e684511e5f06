import type { ApiKeyFacts } from "../../domain/api-key.ts";
import type { Queryable } from "../database.ts";

export type StoredApiKey = ApiKeyFacts & { readonly secretSha256: string };

const sql = `
  select public_key as "publicKey", secret_sha256 as "secretSha256", project_id as "projectId", scopes, name,
    created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt", last_used_at as "lastUsedAt"
  from api_keys
  where public_key = $1
`;

/** The key with this public half, whether or not it is still taken. */
export async function findApiKey(db: Queryable, publicKey: string): Promise<StoredApiKey | undefined> {
  const [row] = await db.query<StoredApiKey>(sql, [publicKey]);
  return row;
}
