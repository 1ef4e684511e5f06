import { expect, it, onTestFinished } from "vitest";
import { createKeyCheck } from "../../src/service/check-api-keys.ts";
import { createKeyUse } from "../../src/service/key-use.ts";
import { createApiKey, endApiKey } from "../../src/service/manage-api-keys.ts";
import type { Queryable } from "../../src/store/database.ts";
import { listApiKeys } from "../../src/store/queries/list-api-keys.ts";
import { openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";

async function withKey() {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db } = opened;
  const key = await createApiKey(db, { projectId: "a", scopes: ["read"], name: "" });
  const usedAt = async (): Promise<Date | null> => (await listApiKeys(db))[0]?.lastUsedAt ?? null;
  return { db, key, usedAt };
}

it("a key's use is noted after the fact, once a minute, and again in the next", async () => {
  const { db, key, usedAt } = await withKey();
  let now = Date.now();
  const written: string[] = [];
  const counting: Queryable = {
    query(text, values) {
      written.push(text);
      return db.query(text, values);
    },
  };
  const keys = createKeyCheck({ db, now: Date.now, onUsed: createKeyUse({ db: counting, now: () => now }) });
  for (let use = 0; use < 20; use += 1) await keys.ownerOf(key);
  await eventually("it is noted", async () => (await usedAt()) !== null);
  expect(written).toHaveLength(1);
  await db.query("update api_keys set last_used_at = now() - interval '2 minutes'");
  const before = await usedAt();
  now += 60_000;
  await keys.ownerOf(key);
  await eventually("it is noted again", async () => (await usedAt())?.getTime() !== before?.getTime());
  expect(written).toHaveLength(2);
});

it("another process that noted the same minute is not overwritten", async () => {
  const { db, key, usedAt } = await withKey();
  await db.query("update api_keys set last_used_at = now() - interval '30 seconds'");
  const before = await usedAt();
  let settled: Promise<unknown> = Promise.resolve();
  const watched: Queryable = {
    query(text, values) {
      const asked = db.query<never>(text, values);
      settled = asked;
      return asked;
    },
  };
  createKeyUse({ db: watched, now: Date.now })(key.publicKey);
  await settled;
  expect(await usedAt()).toEqual(before);
});

it("a wrong secret and a revoked key are no use", async () => {
  const { db, key } = await withKey();
  const used: string[] = [];
  const keys = createKeyCheck({ db, now: Date.now, keepMs: 0, onUsed: (publicKey) => void used.push(publicKey) });
  await keys.ownerOf({ ...key, secretKey: "sk-up-wrong" });
  await endApiKey(db, key.publicKey);
  await keys.ownerOf(key);
  expect(used).toEqual([]);
});

it("a database that is away keeps nobody out, and the note is made by a later use", async () => {
  const { db, key, usedAt } = await withKey();
  let isAway = true;
  const unsteady: Queryable = {
    query: (text, values) => (isAway ? Promise.reject(new Error("away")) : db.query(text, values)),
  };
  const keys = createKeyCheck({ db, now: Date.now, onUsed: createKeyUse({ db: unsteady, now: Date.now }) });
  expect(await keys.ownerOf(key)).toBeDefined();
  isAway = false;
  await eventually("it is noted", async () => {
    await keys.ownerOf(key);
    return (await usedAt()) !== null;
  });
});
