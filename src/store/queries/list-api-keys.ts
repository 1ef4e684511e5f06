import type { ApiKeyFacts } from "../../domain/api-key.ts";
import type { Queryable } from "../database.ts";

const sql = `
  select public_key as "publicKey", project_id as "projectId", scopes, name,
    created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt", last_used_at as "lastUsedAt"
  from api_keys
  order by project_id, created_at, public_key
`;

/** All keys of all projects, those that are not taken any more included. */
export const listApiKeys = (db: Queryable): Promise<readonly ApiKeyFacts[]> => db.query<ApiKeyFacts>(sql);
