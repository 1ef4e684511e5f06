import { expect, it } from "vitest";
import type { MetricsRow } from "../../dashboard/src/api/metrics.ts";
import { versionNotes } from "../../dashboard/src/overview/version-notes.ts";
import { stepsOf } from "../../dashboard/src/set-up/steps.ts";
import { metricsRow } from "../http/fake-services.ts";

const at = (hour: number): string => new Date(Date.UTC(2026, 10, 22, hour)).toISOString();

/** A row of an answer. */
const row = (hour: number, promptVersion: string | null, suggestionCount = 1): MetricsRow =>
  ({ ...metricsRow(), bucketStart: at(hour), dimensions: { promptVersion }, suggestionCount }) as unknown as MetricsRow;

it("notes each version at its first use, but not those that were there from the beginning", () => {
  const rows = [row(1, "1"), row(2, "1"), row(3, "2"), row(4, "3"), row(5, "2"), row(5, "1")];
  expect(versionNotes(rows, "promptVersion")).toEqual([
    { atMs: Date.parse(at(3)), text: "prompt version 2 first used" },
    { atMs: Date.parse(at(4)), text: "prompt version 3 first used" },
  ]);
});

it("takes no note of buckets without suggestions, of unknown versions, or of nothing", () => {
  expect(versionNotes([row(1, "1", 0), row(2, "2"), row(3, null), row(4, "1", 0)], "promptVersion")).toEqual([]);
  expect(versionNotes([], "model")).toEqual([]);
});

const LANGFUSE = {
  state: "reached",
  target: "http://l",
  version: "4",
  project: "p",
  dialect: "v4",
  message: null,
} as const;
const EMPTY = { database: { kind: "embedded" }, langfuse: LANGFUSE, suggestion: null, feedback: null } as const;

it("the set-up page says what is missing, with something to copy, until nothing is", () => {
  const states = (setUp: Parameters<typeof stepsOf>[0]) => stepsOf(setUp).map(({ state }) => state);
  expect(states(EMPTY)).toEqual(["optional", "done", "missing", "missing"]);
  for (const { state, snippet } of stepsOf(EMPTY)) expect(snippet === undefined).toBe(state === "done");
  const langfuse = { ...LANGFUSE, state: "refused", message: "401" } as const;
  const suggestion = { suggestionId: "s", functionName: null, createdAt: at(1) };
  const feedback = { suggestionId: "s", type: "approval", createdAt: at(2) } as const;
  const full = { database: { kind: "postgres" }, langfuse, suggestion, feedback } as const;
  expect(states(full)).toEqual(["done", "missing", "done", "done"]);
  expect(stepsOf(full)[1]?.text).toContain("does not take the keys (401)");
  expect(states({ ...full, langfuse: { ...LANGFUSE, state: "not_set", target: null } })[1]).toBe("optional");
});
