import { beforeAll, describe, expect, it } from "vitest";
import type { OtlpAttribute, OtlpExportRequest, OtlpSpan } from "../../src/langfuse/otlp-types.ts";
import { ATTRIBUTE } from "../../src/langfuse/otlp-attributes.ts";
import { spansRequest, traceToSpans } from "../../src/langfuse/otlp.ts";
import { attributesOf } from "./attributes.ts";
import { tellOfficially } from "./official-run.ts";
import { SUGGESTION_ID, TRACE_ID } from "./sources.ts";
import { type Step, type Story, tellTracked } from "./story.ts";

// One run told through Uptake's tracker and through Langfuse's own SDK, in the same milliseconds and under the same ids.
// What the two send may differ only in what docs/decisions/0008-differences-from-the-sdk.md says.

const START_MS = Date.parse("2026-11-20T10:00:00.123Z");
const times = (from: number, to: number) => ({ startMs: START_MS + from, endMs: START_MS + to });

const deep: Step = {
  type: "chain",
  name: "look-around",
  ...times(5, 300),
  input: { question: "refund" },
  output: ["kb-1"],
  steps: [
    {
      type: "retriever",
      name: "search-knowledge",
      ...times(10, 200),
      input: "refund",
      output: [{ id: "kb-1", score: 0.8 }],
      metadata: { index: "kb", hits: 1, fresh: true, filter: { lang: ["de", "en"] } },
      level: "DEBUG",
      steps: [
        {
          type: "span",
          name: "rank",
          ...times(20, 150),
          steps: [
            {
              type: "embedding",
              name: "embed-question",
              ...times(30, 90),
              input: ["refund"],
              output: "1536 numbers",
              model: "text-embedding-3-small",
              usage: { input: 3, total: 3 },
              costUsd: 0.000_000_06,
            },
          ],
        },
      ],
    },
  ],
};

const generation: Step = {
  type: "generation",
  name: "draft",
  ...times(310, 800),
  input: [{ role: "user", content: 'Where is my refund? "€" \\ \n' }],
  output: { role: "assistant", content: "On its way." },
  model: "gpt-4.1-mini",
  modelParameters: { temperature: 0.2, tool_choice: "auto" },
  usage: { input: 80, input_cached_tokens: 40, output: 20, output_reasoning_tokens: 10, total: 150 },
  costUsd: 0.00042,
  firstTokenMs: START_MS + 450,
  prompt: { name: "reply", version: 7 },
  metadata: { attempt: 2, note: "" },
};

const others: readonly Step[] = [
  { type: "tool", name: "read-order", ...times(805, 810), input: { order: 7 }, throws: "order 7: not found" },
  {
    type: "guardrail",
    name: "no-promises",
    ...times(811, 820),
    input: "On its way.",
    output: { passed: true },
    level: "WARNING",
    statusMessage: "close to a promise",
  },
  { type: "evaluator", name: "tone", ...times(821, 830), input: "On its way.", output: 0.9 },
  { type: "agent", name: "second-opinion", ...times(831, 840), output: "fine" },
  { type: "event", name: "handed-over", ...times(841, 841), input: { to: "desk" }, level: "DEFAULT" },
];

const story: Story = {
  traceName: "generate-message-suggestion",
  userId: "bot-1",
  sessionId: "ticket-7",
  tags: ["generate-message-suggestion", "vip", "eu"],
  metadata: {
    suggestionId: SUGGESTION_ID,
    ticketId: "ticket-7",
    messageId: "message-9",
    confidence: "0.83",
    status: "completed",
  },
  environment: "production",
  release: "v42",
  version: "7",
  root: {
    type: "agent",
    name: "generate-message-suggestion",
    ...times(0, 900),
    input: { ticketId: "ticket-7" },
    output: "On its way.",
    metadata: { channel: "chat", urgent: false },
    steps: [deep, generation, ...others],
  },
};

let ours: OtlpExportRequest;
let official: OtlpExportRequest;

beforeAll(async () => {
  ours = spansRequest(traceToSpans(await tellTracked(story, SUGGESTION_ID)));
  official = await tellOfficially(story, TRACE_ID);
});

const spansOf = (request: OtlpExportRequest): OtlpSpan[] =>
  request.resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .sort((a, b) => (a.spanId < b.spanId ? -1 : 1));

const LEVEL = "langfuse.observation.level";
const COMPLETION_START = "langfuse.observation.completion_start_time";

/** What the SDK sends, changed by the documented differences of attributes and by nothing else. */
function asWeWouldSay(span: OtlpSpan): Record<string, unknown> {
  const { [COMPLETION_START]: quoted, ...attributes } = attributesOf(span);
  if (attributes[LEVEL] === "DEFAULT") delete attributes[LEVEL];
  return {
    ...attributes,
    ...(quoted === undefined ? {} : { [COMPLETION_START]: unquoted(quoted) }),
    ...(span.name === "draft" ? { "langfuse.observation.metadata.note": "" } : {}),
    ...(span.parentSpanId === undefined ? OF_THE_ROW : {}),
  };
}

/** Parts of a span that say nothing here, and that Langfuse does not read. */
const ONLY_IN_SDK = "droppedAttributesCount droppedEventsCount droppedLinksCount events flags links".split(" ");

const unquoted = (time: unknown): unknown => (typeof time === "string" ? JSON.parse(time) : time);

/** What the tracker adds to a suggestion's metadata, for readers of the row. */
const OF_THE_ROW = {
  "langfuse.observation.metadata.model": "gpt-4.1-mini",
  "langfuse.observation.metadata.prompt_name": "reply",
  "langfuse.observation.metadata.prompt_version": "7",
};

describe("a run through Uptake and the same run through Langfuse's own SDK", () => {
  it("are the same observations: ids, parents at any depth, names and times", () => {
    const known = ({ traceId, spanId, parentSpanId, name, kind, startTimeUnixNano, endTimeUnixNano }: OtlpSpan) => ({
      traceId,
      spanId,
      parentSpanId,
      name,
      kind,
      startTimeUnixNano,
      endTimeUnixNano,
    });
    expect(spansOf(ours)).toHaveLength(11);
    expect(spansOf(ours).map(known)).toEqual(spansOf(official).map(known));
  });

  it("have the same attributes, one by one", () => {
    const named = (say: (span: OtlpSpan) => Record<string, unknown>, request: OtlpExportRequest) =>
      Object.fromEntries(spansOf(request).map((span) => [span.name, say(span)]));
    expect(named(attributesOf, ours)).toEqual(named(asWeWouldSay, official));
  });

  it("use every type and level that there is, and every attribute that we know of", () => {
    const said = (key: string) => new Set(spansOf(ours).map((span) => attributesOf(span)[key]));
    const types = "agent chain embedding evaluator event generation guardrail retriever span tool".split(" ");
    expect(said("langfuse.observation.type")).toEqual(new Set(types));
    expect(said(LEVEL)).toEqual(new Set([undefined, "DEBUG", "WARNING", "ERROR"]));
    const keys = spansOf(ours).flatMap((span) => Object.keys(attributesOf(span)));
    const unused = Object.values(ATTRIBUTE).filter(
      (name) => !keys.some((key) => key === name || key.startsWith(`${name}.`)),
    );
    expect(unused).toEqual([]);
  });

  it("differ in the documented ways beside the attributes, still", () => {
    const [theirs] = official.resourceSpans;
    const [mine] = ours.resourceSpans;
    expect([mine?.scopeSpans[0]?.scope.name, theirs?.scopeSpans[0]?.scope.name]).toEqual(["uptake", "langfuse-sdk"]);
    const keys = (attributes: readonly OtlpAttribute[] = []) => attributes.map(({ key }) => key).sort();
    const ofSdk = ["telemetry.sdk.language", "telemetry.sdk.name", "telemetry.sdk.version"];
    expect(keys(theirs?.resource.attributes)).toEqual(["service.name", ...ofSdk]);
    expect(keys(mine?.resource.attributes)).toEqual(["service.name", ...ofSdk]);
    const parts = (request: OtlpExportRequest) => new Set(spansOf(request).flatMap((span) => Object.keys(span)));
    expect([...parts(official)].filter((part) => !parts(ours).has(part)).sort()).toEqual(ONLY_IN_SDK);
    expect([...parts(ours)].filter((part) => !parts(official).has(part))).toEqual([]);
    const failed = (request: OtlpExportRequest) =>
      spansOf(request).flatMap(({ name, status }) => (status.code === 0 ? [] : [[name, status]]));
    expect(failed(official)).toEqual([]);
    expect(failed(ours)).toEqual([["read-order", { code: 2, message: "order 7: not found" }]]);
    const quoted = spansOf(official).map((span) => attributesOf(span)[COMPLETION_START]);
    expect(quoted.filter((time) => time !== undefined)).toEqual(['"2026-11-20T10:00:00.573Z"']);
  });
});
