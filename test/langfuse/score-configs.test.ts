import { describe, expect, it } from "vitest";
import { configDifferences, configTakes, SCORE_CONFIGS } from "../../src/langfuse/score-configs.ts";
import { feedbackToScores } from "../../src/langfuse/scores.ts";
import { SCORE_NAME } from "../../src/langfuse/score-names.ts";
import { aRevision } from "./sources.ts";

const [feedback, accepted, keptRatio, timeToFeedback] = SCORE_CONFIGS;
if (!feedback || !accepted || !keptRatio || !timeToFeedback) throw new Error("there are four configs");

const configs = new Map(SCORE_CONFIGS.map((config) => [config.name, { ...config, id: `config of ${config.name}` }]));

describe("the score configs", () => {
  it("have names and scores have ids that Langfuse takes", () => {
    for (const name of Object.values(SCORE_NAME)) expect(name).toMatch(/^[\p{L}\p{N}_ .()-]{1,35}$/u);
    for (const { id, body } of feedbackToScores(aRevision())) {
      expect(Math.max(id.length, body.id.length)).toBeLessThanOrEqual(800);
    }
  });

  it("do not differ by the order of categories, or by what Langfuse adds to a BOOLEAN", () => {
    const categories = ["rejection", "approval", "revision"];
    expect(configDifferences(feedback, { ...feedback, categories })).toEqual([]);
    expect(configDifferences(accepted, { ...accepted, categories: ["True", "False"] })).toEqual([]);
  });

  it("differ in everything that decides which scores they take", () => {
    const other = { name: "x", dataType: "NUMERIC", categories: null, minValue: 1, maxValue: null };
    expect(configDifferences(keptRatio, other)).toEqual([
      "its name is x, not kept-ratio",
      "its minimum is 1, not 0",
      "its maximum is none, not 1",
    ]);
    expect(configDifferences(timeToFeedback, { ...timeToFeedback, minValue: null, maxValue: 60 })).toEqual([
      "its minimum is none, not 0",
      "its maximum is 60, not none",
    ]);
    expect(configDifferences(feedback, other)).toContain("its categories are none, not approval, rejection, revision");
  });

  it.each([
    [keptRatio, { name: "kept-ratio", dataType: "NUMERIC", value: 0 }, true],
    [keptRatio, { name: "kept-ratio", dataType: "NUMERIC", value: 1 }, true],
    [keptRatio, { name: "kept-ratio", dataType: "NUMERIC", value: 1.001 }, false],
    [keptRatio, { name: "kept-ratio", dataType: "NUMERIC", value: -0.1 }, false],
    [keptRatio, { name: "other", dataType: "NUMERIC", value: 1 }, false],
    [keptRatio, { name: "kept-ratio", dataType: "BOOLEAN", value: 1 }, false],
    [timeToFeedback, { name: "time-to-feedback", dataType: "NUMERIC", value: 1e9 }, true],
    [accepted, { name: "accepted", dataType: "BOOLEAN", value: 0 }, true],
    [feedback, { name: "feedback", dataType: "CATEGORICAL", value: "revision" }, true],
    [feedback, { name: "feedback", dataType: "CATEGORICAL", value: "praise" }, false],
  ])("%# take a score exactly where Langfuse would keep it", (config, score, isTaken) => {
    expect(configTakes(config, score)).toBe(isTaken);
  });
});

describe("scores under configs", () => {
  it("name the config where they fit it, and change nothing else but the event's id", () => {
    const bare = feedbackToScores(aRevision());
    const under = feedbackToScores(aRevision(), { configs });
    expect(under.map(({ body: { configId } }) => configId)).toEqual([
      "config of feedback",
      "config of accepted",
      undefined,
      "config of kept-ratio",
      "config of time-to-feedback",
      undefined,
    ]);
    // A retry with a config that the first attempt did not have overwrites: same id, name and timestamp.
    for (const [index, { id, timestamp, body }] of under.entries()) {
      const { configId, ...same } = body;
      expect({ timestamp, body: same }).toEqual({ timestamp, body: bare[index]?.body });
      expect(timestamp).toBe(bare[index]?.timestamp);
      expect(id === bare[index]?.id).toBe(configId === undefined);
    }
    expect(feedbackToScores(aRevision(), { configs })).toEqual(under);
  });

  it("do without one that they do not fit", () => {
    const scores = feedbackToScores(aRevision({ keptRatio: 1.5 }), { configs });
    expect(scores.find(({ body }) => body.name === "kept-ratio")?.body).toMatchObject({ value: 1.5 });
    expect(scores.find(({ body }) => body.name === "kept-ratio")?.body).not.toHaveProperty("configId");
  });
});
