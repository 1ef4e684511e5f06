import { hash, randomBytes } from "node:crypto";
import type { NewApiKey, Scope } from "../domain/api-key.ts";
import { UptakeError } from "../domain/errors.ts";
import type { Database, Queryable } from "../store/database.ts";
import { expireApiKey, revokeApiKey } from "../store/queries/end-api-key.ts";
import { findApiKey } from "../store/queries/find-api-key.ts";
import { insertApiKey } from "../store/queries/insert-api-key.ts";

export type KeyWish = { readonly projectId: string; readonly scopes: readonly Scope[]; readonly name: string };

/** Makes a pair of keys. Its secret is in the result and, hashed, in the database; nowhere else, and never again. */
export async function createApiKey(db: Queryable, { projectId, scopes, name }: KeyWish): Promise<NewApiKey> {
  const publicKey = `pk-up-${randomBytes(12).toString("base64url")}`;
  const secretKey = `sk-up-${randomBytes(32).toString("base64url")}`;
  await insertApiKey(db, { publicKey, secretSha256: hashOf(secretKey), projectId, scopes, name });
  return { publicKey, secretKey, projectId, scopes, name };
}

/** What is kept of a secret. */
export const hashOf = (secretKey: string): string => hash("sha256", secretKey, "hex");

/** Ends a key at once. Throws `not_found` where there is none, or it was revoked before. */
export async function endApiKey(db: Queryable, publicKey: string): Promise<void> {
  if (!(await revokeApiKey(db, publicKey))) throw noSuchKey(publicKey);
}

/** A new pair for the same project and scopes; the old one is taken for `graceMs` more. Throws `not_found`. */
export async function rotateApiKey(db: Database, publicKey: string, graceMs: number): Promise<NewApiKey> {
  return db.transaction(async (tx) => {
    const old = await findApiKey(tx, publicKey);
    if (old === undefined || old.revokedAt !== null) throw noSuchKey(publicKey);
    await expireApiKey(tx, publicKey, graceMs);
    return createApiKey(tx, old);
  });
}

const noSuchKey = (publicKey: string): UptakeError =>
  new UptakeError("not_found", `no key ${publicKey} that is not revoked; uptake keys list shows what there is`, {
    facts: { publicKey },
  });
