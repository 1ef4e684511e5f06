import { expect, it } from "vitest";
import { differences, factsOfSpan } from "../../src/langfuse/key-facts.ts";
import { traceToSpans } from "../../src/langfuse/otlp.ts";
import { aRun, ROOT_ID } from "./sources.ts";

it("takes a span's facts in Langfuse's words", () => {
  const run = aRun();
  const facts = traceToSpans(run).map(factsOfSpan);
  expect(facts.map(({ type }) => type)).toEqual(["AGENT", "RETRIEVER", "GENERATION"]);
  expect(facts.map(({ parentObservationId }) => parentObservationId)).toEqual([null, ROOT_ID, ROOT_ID]);
  expect(facts.map(({ startTime }) => startTime)).toEqual(run.observations?.map((o) => Date.parse(o.startTime)));
  expect(facts.map(({ model }) => model)).toEqual(run.observations?.map((o) => o.model ?? null));
});

it("finds a difference of one millisecond and of a whole value, and none in a rounded one", () => {
  expect(differences({ startTime: 1_772_355_600_006 }, { startTime: 1_772_355_600_005 })).toEqual([
    "startTime is 2026-03-01T09:00:00.005Z, not 2026-03-01T09:00:00.006Z",
  ]);
  expect(differences({ value: 0.7 }, { value: 0.25 })).toEqual(["value is 0.25, not 0.7"]);
  expect(differences({ value: 0.7 }, { value: 0.7000000000000001 })).toEqual([]);
  expect(differences({ value: "approval" }, { value: "rejection" })).toEqual(['value is "rejection", not "approval"']);
});

it("does not take what Langfuse does not say for a difference, but nothing where something should be", () => {
  expect(differences({ name: "draft", model: "gpt" }, { name: "draft" })).toEqual([]);
  expect(differences({ model: "gpt" }, { model: null })).toEqual(['model is none, not "gpt"']);
});

it("cuts what it shows of a long text", () => {
  const [line = ""] = differences({ value: "a".repeat(5000) }, { value: "b".repeat(5000) });
  expect(line.length).toBeLessThan(160);
});
