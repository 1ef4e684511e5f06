import { timingSafeEqual } from "node:crypto";
import { beforeEach, expect, it, vi } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { createKeyCheck, type KeyPair } from "../../src/service/check-api-keys.ts";
import { createFeedbackTokens } from "../../src/service/feedback-tokens.ts";
import { hashOf } from "../../src/service/manage-api-keys.ts";
import type { Queryable } from "../../src/store/database.ts";

// How long a refusal takes tells nobody how much of a secret was right. Time cannot be tested; that the comparison is made by
// Node's own function for it, once for every pair and token, whatever else is wrong with it, can.

vi.mock("node:crypto", async (importOriginal) => {
  const crypto = await importOriginal<typeof import("node:crypto")>();
  return { ...crypto, timingSafeEqual: vi.fn(crypto.timingSafeEqual) };
});
const compared = vi.mocked(timingSafeEqual);
beforeEach(() => void compared.mockClear());

const publicKey = "pk-up-AAAAAAAAAAAAAAAA";
const secretKey = "sk-up-right";
const stored = {
  publicKey,
  secretSha256: hashOf(secretKey),
  projectId: "a",
  scopes: ["read"],
  name: "",
  revokedAt: null,
  expiresAt: null,
};

const dbWith = (row: object): Queryable => ({
  query: async <Row>(_sql: string, [asked]: readonly unknown[] = []) =>
    (asked === publicKey ? [row] : []) as unknown as Row[],
});

it.each<[string, KeyPair, object, boolean]>([
  ["right", { publicKey, secretKey }, stored, true],
  ["with a wrong secret", { publicKey, secretKey: "sk-up-wrong" }, stored, false],
  ["without a secret", { publicKey, secretKey: "" }, stored, false],
  ["unknown", { publicKey: "pk-up-BBBBBBBBBBBBBBBB", secretKey }, stored, false],
  ["no key at all", { publicKey: "nobody", secretKey }, stored, false],
  ["revoked", { publicKey, secretKey }, { ...stored, revokedAt: new Date(0) }, false],
  ["expired", { publicKey, secretKey }, { ...stored, expiresAt: new Date(0) }, false],
])("a pair that is %s is compared once, in constant time", async (_what, pair, row, isTaken) => {
  const check = createKeyCheck({ db: dbWith(row), now: Date.now });
  expect((await check.ownerOf(pair)) !== undefined).toBe(isTaken);
  expect(compared).toHaveBeenCalledTimes(1);
});

it("a feedback token's signature is compared in constant time, before its expiry is looked at", () => {
  const tokensAt = (now: number) =>
    createFeedbackTokens({ secrets: ["a secret that is long enough"], lifetimeMs: 60_000, now: () => now });
  const token = tokensAt(0).issue({ projectId: "a", suggestionId: newId() }) ?? "";
  const forged = `${token.slice(0, -2)}${token.endsWith("AA") ? "BA" : "AA"}`;
  for (const [given, now] of [
    [token, 0],
    [token, 3_600_000],
    [forged, 0],
    [forged, 3_600_000],
  ] as const) {
    compared.mockClear();
    expect(tokensAt(now).read(given) !== undefined).toBe(given === token && now === 0);
    expect(compared).toHaveBeenCalledTimes(1);
  }
});
