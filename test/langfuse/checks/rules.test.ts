import { describe, expect, it } from "vitest";
import type { FeedbackRow } from "../../../src/domain/feedback-row.ts";
import type { TraceSource } from "../../../src/domain/trace-source.ts";
import { feedbackToSpan } from "../../../src/langfuse/feedback-span.ts";
import { traceToSpans } from "../../../src/langfuse/otlp.ts";
import { feedbackToScores } from "../../../src/langfuse/scores.ts";
import { aRevision, aRun, GENERATION_ID, ROOT_ID, TRACE_ID } from "../sources.ts";

/** What a run maps to, with what the rules said of it. */
function mapRun(change: Partial<TraceSource>) {
  const rules: string[] = [];
  const spans = traceToSpans(aRun({ environment: "production", ...change }), ({ name }) => rules.push(name));
  return { spans, rules };
}

function mapFeedback(change: Partial<FeedbackRow>) {
  const rules: string[] = [];
  const note = ({ name }: { name: string }): unknown => rules.push(name);
  const row = aRevision({ environment: "production", ...change });
  return { scores: feedbackToScores(row, { note }), span: feedbackToSpan(row, note), rules };
}

const metadataOf = (span: ReturnType<typeof traceToSpans>[number] | undefined): Record<string, unknown> =>
  Object.fromEntries(
    (span?.attributes ?? [])
      .filter(({ key }) => key.startsWith("langfuse.observation.metadata."))
      .map(({ key, value }) => [key.slice("langfuse.observation.metadata.".length), Object.values(value)[0]]),
  );

describe("a row in which nothing is wrong", () => {
  it("meets no rule", () => {
    expect(mapRun({}).rules).toEqual([]);
    expect(mapFeedback({}).rules).toEqual([]);
  });
});

describe("a row that no rule can mend", () => {
  it.each<[string, Partial<TraceSource>]>([
    [`rule trace-id: trace_id is "${"f".repeat(79)}…; expected 32 hex digits`, { traceId: "f".repeat(100) }],
    ["rule trace-id: trace_id is null", { traceId: null as never }],
    ['rule observation-id: observation_id is "0000000000000000"', { observationId: "0".repeat(16) }],
    ["rule created-at: created_at is Infinity", { createdAt: Infinity as never }],
    ['rule created-at: created_at is "2300-01-01T00:00:00.000Z"', { createdAt: new Date("2300-01-01") }],
    ["rule shape: observations is {}", { observations: {} as never }],
    ["rule shape: observations[1] is null", { observations: [aRun().observations?.[0], null] as never }],
  ])("is refused with %s", (message, change) => {
    expect(() => mapRun(change)).toThrow(message);
    expect(() => mapRun(change)).toThrow("then run uptake mirror retry");
  });

  it("is refused as feedback too, by its own ids", () => {
    expect(() => mapFeedback({ traceId: "x" })).toThrow('rule trace-id: trace_id is "x"');
    expect(() => mapFeedback({ rootObservationId: "x" })).toThrow('observations[0].id is "x"');
    expect(() => mapFeedback({ createdAt: new Date(Number.NaN) })).toThrow("created_at is Invalid Date");
  });
});

describe("ids", () => {
  it("are written in lower case and without dashes, everywhere the same", () => {
    const traceId = `${TRACE_ID.slice(0, 8)}-${TRACE_ID.slice(8)}`.toUpperCase();
    const { spans, rules } = mapRun({ traceId, observationId: GENERATION_ID.toUpperCase() });
    expect(spans).toEqual(mapRun({}).spans);
    expect(rules).toEqual(["trace-id", "observation-id"]);
    const feedback = mapFeedback({ traceId, rootObservationId: ROOT_ID.toUpperCase() });
    expect([feedback.scores, feedback.span]).toEqual([mapFeedback({}).scores, mapFeedback({}).span]);
  });
});

describe("metadata", () => {
  it("keeps everything under names that Langfuse keeps, none of them taken twice", () => {
    const { spans, rules } = mapRun({
      metadata: { constructor: 1, constructor_: 2, deep: { "a.__proto__": 3, ok: [{ prototype: 4 }] } },
    });
    expect(metadataOf(spans[0])).toEqual({
      constructor__: "1",
      constructor_: "2",
      deep: '{"a.__proto___":3,"ok":[{"prototype":4}]}',
      uptakeAdjusted: "metadata-key",
    });
    expect(rules).toEqual(["metadata-key"]);
  });

  it("renames also in a text that Langfuse reads as an object", () => {
    const { spans } = mapRun({ metadata: { text: '{"constructor":{"a":1}}', plain: "{not json" } });
    expect(metadataOf(spans[0])).toMatchObject({ text: '{"constructor_":{"a":1}}', plain: "{not json" });
  });

  it("of an observation does not give way to its trace's, nor take a name that is in use", () => {
    const { spans, rules } = mapRun({ metadata: { status: "mine", status_: "taken", ticketId: "ticket-7" } });
    expect(metadataOf(spans[0])).toMatchObject({ status__: "mine", status_: "taken", ticketId: "ticket-7" });
    expect(rules).toEqual(["metadata-clash"]);
  });
});

describe("what is too long", () => {
  it("is cut at a whole character, to the same bytes every time", () => {
    const observations = (aRun().observations ?? []).map((o, i) =>
      i === 1 ? { ...o, input: "😀".repeat(200_000) } : o,
    );
    const { spans, rules } = mapRun({ observations });
    const input = spans[1]?.attributes.find(({ key }) => key === "langfuse.observation.input")?.value;
    const text = input !== undefined && "stringValue" in input ? input.stringValue : "";
    expect(text).toMatch(/^(😀)+ \[cut: \d+ of 800000 bytes\]$/u);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(500_000);
    expect(rules).toEqual(["size"]);
    expect(mapRun({ observations }).spans).toEqual(spans);
  });

  it("leaves the comment of a score readable", () => {
    const { scores, rules } = mapFeedback({ reason: "r".repeat(600_000) });
    expect(scores[0]?.body.comment).toMatch(/^r+ \[cut: \d+ of 600000 bytes\]$/);
    expect(rules).toEqual(["size", "category", "size"]);
  });
});

describe("numbers of a feedback event", () => {
  it("are left out where they are none, and counted", () => {
    const { scores, rules } = mapFeedback({ keptRatio: Number.NaN, timeToFeedbackMs: -1 });
    expect(scores.map(({ body }) => body.name)).toEqual(["feedback", "accepted", "feedback-reason", "output"]);
    expect(rules).toEqual(["number", "number"]);
  });
});
