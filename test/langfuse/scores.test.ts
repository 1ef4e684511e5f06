import { describe, expect, it } from "vitest";
import { observationIdOf, scoreIdOf } from "../../src/domain/ids.ts";
import { feedbackToScores } from "../../src/langfuse/scores.ts";
import { aRevision, FEEDBACK_ID, GENERATION_ID, TRACE_ID } from "./sources.ts";

const COMMON = {
  traceId: TRACE_ID,
  observationId: GENERATION_ID,
  environment: "production",
  metadata: { feedbackId: FEEDBACK_ID, source: "explicit", agentId: "agent-3" },
};
const valuesOf = (...args: Parameters<typeof feedbackToScores>) =>
  Object.fromEntries(feedbackToScores(...args).map(({ body }) => [body.name, body.value]));

describe("feedbackToScores", () => {
  it("makes six scores of a revision of which everything is known", () => {
    const events = feedbackToScores(aRevision());
    expect(events.map(({ body }) => body)).toEqual([
      {
        ...COMMON,
        id: scoreIdOf(FEEDBACK_ID, "feedback"),
        name: "feedback",
        dataType: "CATEGORICAL",
        value: "revision",
        comment: "too generic",
      },
      { ...COMMON, id: scoreIdOf(FEEDBACK_ID, "accepted"), name: "accepted", dataType: "BOOLEAN", value: 0 },
      {
        ...COMMON,
        id: scoreIdOf(FEEDBACK_ID, "feedback-reason"),
        name: "feedback-reason",
        dataType: "CATEGORICAL",
        value: "too generic",
      },
      { ...COMMON, id: scoreIdOf(FEEDBACK_ID, "kept-ratio"), name: "kept-ratio", dataType: "NUMERIC", value: 0.9 },
      {
        ...COMMON,
        id: scoreIdOf(FEEDBACK_ID, "time-to-feedback"),
        name: "time-to-feedback",
        dataType: "NUMERIC",
        value: 61.5,
      },
      {
        ...COMMON,
        id: scoreIdOf(FEEDBACK_ID, "output"),
        name: "output",
        dataType: "CORRECTION",
        value: "Your refund of €12 is on its way.",
      },
    ]);
    for (const event of events) {
      expect(event).toMatchObject({ type: "score-create", timestamp: "2026-11-20T10:01:01.623Z" });
    }
  });

  it("makes two scores of a bare approval, and counts it as accepted", () => {
    const bare = { type: "approval", reason: null, finalText: null, keptRatio: null, timeToFeedbackMs: null } as const;
    expect(valuesOf(aRevision(bare))).toEqual({ feedback: "approval", accepted: 1 });
  });

  it("sends a correction only for a revision", () => {
    expect(valuesOf(aRevision({ type: "rejection" }))).not.toHaveProperty("output");
    expect(valuesOf(aRevision({ type: "rejection" }))).toMatchObject({ feedback: "rejection", accepted: 0 });
    expect(valuesOf(aRevision({ finalText: "   " }))).not.toHaveProperty("output");
  });

  it("leaves out numbers that Langfuse cannot hold", () => {
    const values = valuesOf(aRevision({ keptRatio: Number.NaN, timeToFeedbackMs: -1 }));
    expect(values).not.toHaveProperty("kept-ratio");
    expect(values).not.toHaveProperty("time-to-feedback");
    expect(valuesOf(aRevision({ keptRatio: 0, timeToFeedbackMs: 0 }))).toMatchObject({
      "kept-ratio": 0,
      "time-to-feedback": 0,
    });
  });

  it("repeats event ids for the same row, and has other ones for other content", () => {
    const ids = (change: Parameters<typeof aRevision>[0] = {}) =>
      feedbackToScores(aRevision(change)).map(({ id }) => id);
    expect(ids()).toEqual(ids());
    expect(new Set(ids()).size).toBe(6);
    expect(ids({ keptRatio: 0.8 })[3]).not.toBe(ids()[3]);
    expect(ids({ keptRatio: 0.8 })[0]).toBe(ids()[0]);
  });

  it("cuts a long reason at a whole character and keeps all of it as the comment", () => {
    const reason = `${"x".repeat(499)}😀 and more`;
    const [feedback, , why] = feedbackToScores(aRevision({ reason }));
    expect(why?.body.value).toBe("x".repeat(499));
    expect(feedback?.body.comment).toBe(reason);
  });

  it("makes a score of its own of each reason, none of which overwrites another, and tells the comment", () => {
    const row = aRevision({ otherReasons: ["too long", "off-topic"], comment: "Nothing about the fee." });
    const events = feedbackToScores(row);
    const reasons = events.filter(({ body }) => body.name === "feedback-reason");
    expect(reasons.map(({ body }) => [body.value, body.id])).toEqual([
      ["too generic", scoreIdOf(FEEDBACK_ID, "feedback-reason")],
      ["too long", scoreIdOf(FEEDBACK_ID, "feedback-reason:too long")],
      ["off-topic", scoreIdOf(FEEDBACK_ID, "feedback-reason:off-topic")],
    ]);
    expect(new Set(events.map(({ body }) => body.id)).size).toBe(events.length);
    expect(reasons[1]?.body).not.toHaveProperty("key");
    expect(events[0]?.body.comment).toBe("Nothing about the fee.");
    const [feedback] = feedbackToScores({ ...row, comment: null });
    expect(feedback?.body.comment).toBe("too generic, too long, off-topic");
    const twice = feedbackToScores({ ...row, otherReasons: ["too generic"] });
    expect(twice.filter(({ body }) => body.name === "feedback-reason")).toHaveLength(1);
  });

  it("replaces NUL and half characters", () => {
    expect(valuesOf(aRevision({ finalText: "a\0b\uDC00" }))["output"]).toBe("a\uFFFDb\uFFFD");
  });

  it("attaches to the generation of a row that nobody recorded, and to the trace while the suggestion is unknown", () => {
    const [recorded] = feedbackToScores(aRevision({ observationId: null }));
    expect(recorded?.body.observationId).toBe(observationIdOf(TRACE_ID, 1));
    const [early] = feedbackToScores(aRevision({ observationId: null, suggestedResponse: null }));
    expect(early?.body).not.toHaveProperty("observationId");
  });
});
