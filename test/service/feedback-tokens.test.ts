import { expect, it } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { createFeedbackTokens } from "../../src/service/feedback-tokens.ts";
import { trackInMemory } from "../track/memory-recorder.ts";

const NOW = Date.parse("2026-11-22T10:00:00Z");
const OLD = "the old secret, which is long enough";
const NEW = "the new secret, which is long enough";
const subject = { projectId: "Über-Projekt", suggestionId: newId() };
type Times = { readonly now?: number; readonly lifetimeMs?: number | null };
const tokensOf = (secrets: readonly string[], { now = NOW, lifetimeMs = 60_000 }: Times = {}) =>
  createFeedbackTokens({ secrets, lifetimeMs, now: () => now });

it("gives back what it was made for, until its time is over", () => {
  const token = tokensOf([OLD]).issue(subject) ?? "";
  expect(token).toMatch(/^ft-up-[\w-]{60,120}$/u);
  expect(tokensOf([OLD], { now: NOW + 59_000 }).read(token)).toEqual(subject);
  expect(tokensOf([OLD], { now: NOW + 60_000 }).read(token)).toBeUndefined();
  const lasting = tokensOf([OLD], { lifetimeMs: null }).issue(subject) ?? "";
  expect(tokensOf([OLD], { now: Date.parse("2099-01-01") }).read(lasting)).toEqual(subject);
});

it("lives as long as its secret where it is to live longer than a token can say", () => {
  const lifetimeMs = 36_500 * 24 * 3_600_000;
  const token = tokensOf([OLD], { lifetimeMs }).issue(subject) ?? "";
  expect(tokensOf([OLD], { now: Date.parse("2099-01-01") }).read(token)).toEqual(subject);
});

it("is taken while its secret is among those that are set, and signed by the first", () => {
  const old = tokensOf([OLD]).issue(subject) ?? "";
  const both = tokensOf([NEW, OLD]);
  expect(both.read(old)).toEqual(subject);
  const signed = both.issue(subject) ?? "";
  expect(tokensOf([NEW]).read(signed)).toEqual(subject);
  expect(tokensOf([NEW]).read(old)).toBeUndefined();
  expect(tokensOf([]).issue(subject)).toBeNull();
  expect(tokensOf([]).read(signed)).toBeUndefined();
});

it("is refused with any one bit turned, and with anything cut off or added", () => {
  const tokens = tokensOf([OLD]);
  const bytes = Buffer.from((tokens.issue(subject) ?? "").slice("ft-up-".length), "base64url");
  const read = (altered: Uint8Array) => tokens.read(`ft-up-${Buffer.from(altered).toString("base64url")}`);
  expect(read(bytes)).toEqual(subject);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const altered = Buffer.from(bytes);
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect([bit, read(altered)]).toEqual([bit, undefined]);
  }
  for (let length = 0; length < bytes.length; length += 1) expect(read(bytes.subarray(0, length))).toBeUndefined();
  expect(read(Buffer.concat([bytes, Buffer.alloc(1)]))).toBeUndefined();
});

it("comes with the suggestion of a tracked function, and is not recorded with it", async () => {
  const { issue } = tokensOf([OLD]);
  const { tracker, records } = trackInMemory({
    tokenOf: (suggestionId) => issue({ projectId: "p", suggestionId }) ?? "",
  });
  const draft = tracker.track("draft", async (_: string, run) => run.suggest("Hello"));
  const { suggestionId, feedbackToken = "" } = await draft("?");
  expect(tokensOf([OLD]).read(feedbackToken)).toEqual({ projectId: "p", suggestionId });
  expect(JSON.stringify(records)).not.toContain(feedbackToken);
});
