import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LangfuseClient } from "@langfuse/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEmbedded } from "../../src/store/embedded.ts";
import { createStandInLangfuse } from "../../src/testing.ts";
import { readObservations, readScores } from "./langfuse-reader.ts";
import { runUptake, type Finished } from "./run-program.ts";

// The proof from outside: the built program is one process, Langfuse's own unmodified client reads what arrived, and
// what should have arrived is written out here by hand from the rows, with none of the mirror's code.

const suggestionsSql = `
  select s.id, s.status, s.suggested_response as text, s.model, s.prompt_name as "promptName",
    s.prompt_version as "promptVersion", s.input_tokens as "inputTokens", s.output_tokens as "outputTokens",
    s.observation_id as "observationId", s.ticket_id as "ticketId", s.error_message as "errorMessage", t.observations
  from ai_suggestions s join ai_traces t on t.suggestion_id = s.id
  order by s.id`;
type Observed = { readonly id: string; readonly type: string; readonly input?: unknown };
type SuggestionRow = {
  readonly id: string;
  readonly status: string;
  readonly text: string;
  readonly model: string | null;
  readonly promptName: string | null;
  readonly promptVersion: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly observationId: string | null;
  readonly ticketId: string;
  readonly errorMessage: string | null;
  readonly observations: readonly Observed[];
};

const feedbackSql = `
  select id, suggestion_id as "suggestionId", feedback_type as type, source, feedback_reason as reason,
    agent_response as "finalText", agent_id as "agentId", kept_ratio as "keptRatio", created_at as "createdAt",
    round(extract(epoch from time_to_feedback) * 1000)::double precision / 1000 as "seconds"
  from ai_feedback_events order by id`;
type FeedbackRow = {
  readonly id: string;
  readonly suggestionId: string;
  readonly type: "approval" | "revision" | "rejection";
  readonly source: string;
  readonly reason: string | null;
  readonly finalText: string | null;
  readonly agentId: string;
  readonly keptRatio: number | null;
  readonly createdAt: Date;
  readonly seconds: number | null;
};

const standIn = createStandInLangfuse();
const scratch = mkdtempSync(join(tmpdir(), "uptake-demo-"));
let ran: Finished;
let official: LangfuseClient;
let suggestions: readonly SuggestionRow[];
let feedback: readonly FeedbackRow[];
let emptyTicketIds: readonly string[];
let outboxCount: number;

beforeAll(async () => {
  const address = await standIn.start();
  official = new LangfuseClient(address);
  const dataDir = join(scratch, "data");
  ran = await runUptake(["demo", "--once", "--data-dir", dataDir], {
    cwd: scratch,
    env: {
      LANGFUSE_PUBLIC_KEY: address.publicKey,
      LANGFUSE_SECRET_KEY: address.secretKey,
      LANGFUSE_BASE_URL: address.baseUrl,
    },
  });
  const db = await openEmbedded({ dataDir });
  suggestions = await db.query<SuggestionRow>(suggestionsSql);
  feedback = await db.query<FeedbackRow>(feedbackSql);
  const empty = await db.query<{ id: string }>(
    `select distinct ticket_id as id from ticket_messages where btrim(content) = ''`,
  );
  emptyTicketIds = empty.map(({ id }) => id);
  outboxCount = (await db.query("select from langfuse_outbox")).length;
  await db.close();
}, 180_000);

afterAll(async () => {
  await standIn.close();
  rmSync(scratch, { recursive: true, force: true });
});

const traceIdOf = (suggestionId: string): string => suggestionId.replaceAll("-", "");

/** The id of a feedback event's own observation. */
const observationIdOf = (feedbackId: string): string =>
  createHash("sha256").update(`${feedbackId}:human-feedback`).digest("hex").slice(0, 16);

/** What one feedback event must have become, name → value. */
function expectedScores({ type, reason, keptRatio, seconds, finalText }: FeedbackRow): Record<string, unknown> {
  return {
    feedback: type,
    accepted: type === "approval",
    ...(reason === null ? {} : { "feedback-reason": reason }),
    ...(keptRatio === null ? {} : { "kept-ratio": keptRatio }),
    ...(seconds === null ? {} : { "time-to-feedback": seconds }),
    ...(type === "revision" ? { output: finalText } : {}),
  };
}

const fieldOf = (value: unknown, name: string): unknown => (value as Record<string, unknown> | null)?.[name];

/** The suggestion in a generation's output: a chat message whose content is the structured answer. */
function suggestionIn(output: string): unknown {
  return fieldOf(JSON.parse(String(fieldOf(JSON.parse(output), "content"))), "suggestedResponse");
}

/** The whole numbers that one line of the output holds. */
function numbersIn(line: RegExp): number[] {
  const found = line.exec(ran.stdout);
  if (found === null) throw new Error(`no line like ${String(line)} in: ${ran.stdout}`);
  return found.slice(1).map(Number);
}

describe("demo --once, seen from outside", () => {
  it("ends with 0 and prints the metrics table and what was mirrored", () => {
    expect({ code: ran.code, stderr: ran.code === 0 ? "" : ran.stderr }).toEqual({ code: 0, stderr: "" });
    expect(ran.stdout).toContain("success rate");
    expect(ran.stdout).toContain("error rate");
    expect(ran.stdout).toContain("generate-message-suggestion · ");
    expect(ran.stdout).toMatch(/^mirrored \d+ traces, \d+ scores to http:\/\/127\.0\.0\.1:\d+$/mu);
  });

  it("makes at least forty suggestions, and people approve, revise and reject some", () => {
    expect(suggestions.length).toBeGreaterThanOrEqual(40);
    expect(new Set(feedback.map(({ type }) => type))).toEqual(new Set(["approval", "revision", "rejection"]));
    expect(new Set(feedback.map(({ source }) => source))).toEqual(new Set(["explicit", "inferred"]));
    expect(feedback.length).toBeLessThan(suggestions.length);
  });

  it("leaves one trace in Langfuse for every suggestion, with one root and, where it completed, one generation", async () => {
    for (const row of suggestions) {
      const observations = await readObservations(official, traceIdOf(row.id));
      const roots = observations.filter(({ parentObservationId }) => parentObservationId === null);
      expect(roots).toHaveLength(1);
      expect(roots[0]).toMatchObject({
        type: "AGENT",
        isRootObservation: true,
        traceName: "generate-message-suggestion",
        sessionId: row.ticketId,
        metadata: { suggestionId: row.id, status: row.status },
      });
      const generations = observations.filter(({ type }) => type === "GENERATION");
      expect(generations).toHaveLength(row.status === "error" ? 0 : 1);
    }
  });

  it("gives every generation its model, usage, prompt, input and output", async () => {
    const completed = suggestions.filter(({ status }) => status !== "error");
    expect(completed.length).toBeGreaterThan(0);
    for (const row of completed) {
      const observations = await readObservations(official, traceIdOf(row.id));
      const generation = observations.find(({ type }) => type === "GENERATION");
      const { inputTokens, outputTokens } = row;
      expect(Math.min(inputTokens ?? 0, outputTokens ?? 0)).toBeGreaterThan(0);
      expect(generation).toMatchObject({
        id: row.observationId,
        parentObservationId: observations.find(({ type }) => type === "AGENT")?.id,
        model: "uptake-retrieval",
        usageDetails: { input: inputTokens, output: outputTokens },
        promptName: row.promptName,
        promptVersion: Number(row.promptVersion),
        level: "DEFAULT",
      });
      expect([row.model, row.promptName, row.promptVersion]).toEqual(["uptake-retrieval", "reply", "1"]);
      const recorded = row.observations.find(({ type }) => type === "generation");
      expect(String(generation?.input)).toContain('"role":"user"');
      expect(JSON.parse(String(generation?.input))).toEqual(recorded?.input);
      expect(suggestionIn(String(generation?.output))).toBe(row.text);
    }
  });

  it("leaves exactly the expected scores for every feedback event, on that generation and at the event's own time", async () => {
    const suggestionOf = new Map(suggestions.map((row) => [row.id, row]));
    expect(feedback.length).toBeGreaterThan(0);
    for (const event of feedback) {
      const scores = await readScores(official, traceIdOf(event.suggestionId));
      const ofEvent = scores.filter(({ metadata }) => fieldOf(metadata, "feedbackId") === event.id);
      const expected = expectedScores(event);
      expect(Object.fromEntries(ofEvent.map(({ name, value }) => [name, value]))).toEqual(expected);
      expect(ofEvent).toHaveLength(Object.keys(expected).length);
      const observationId = suggestionOf.get(event.suggestionId)?.observationId;
      for (const score of ofEvent) {
        expect(score).toMatchObject({
          timestamp: event.createdAt.toISOString(),
          subject: { kind: "observation", id: observationId, traceId: traceIdOf(event.suggestionId) },
          metadata: { source: event.source, agentId: event.agentId },
        });
      }
      expect(ofEvent.find(({ name }) => name === "feedback")?.comment ?? null).toBe(event.reason);
    }
  });

  it("leaves one event under the trace's root for every feedback event: the suggestion, what was sent, and why", async () => {
    const suggestionOf = new Map(suggestions.map((row) => [row.id, row]));
    for (const event of feedback) {
      const suggestion = suggestionOf.get(event.suggestionId);
      const observations = await readObservations(official, traceIdOf(event.suggestionId));
      const events = observations.filter(({ type }) => type === "EVENT");
      expect(events.map(({ id }) => id)).toContain(observationIdOf(event.id));
      expect(events).toHaveLength(feedback.filter(({ suggestionId }) => suggestionId === event.suggestionId).length);
      expect(events.find(({ id }) => id === observationIdOf(event.id))).toMatchObject({
        name: "human-feedback",
        parentObservationId: observations.find(({ type }) => type === "AGENT")?.id,
        isRootObservation: false,
        startTime: event.createdAt.toISOString(),
        endTime: event.createdAt.toISOString(),
        level: "DEFAULT",
        input: suggestion?.text,
        output: event.finalText,
        traceName: "generate-message-suggestion",
        tags: ["generate-message-suggestion"],
        sessionId: suggestion?.ticketId,
        version: suggestion?.promptVersion,
        metadata: {
          feedbackId: event.id,
          type: event.type,
          source: event.source,
          agentId: event.agentId,
          ...(event.reason === null ? {} : { reason: event.reason }),
          ...(event.keptRatio === null ? {} : { keptRatio: String(event.keptRatio) }),
        },
      });
    }
  });

  it("leaves nothing in Langfuse that is not in the database, and nothing twice", async () => {
    const spans = (await readObservations(official)).map(({ traceId, id }) => `${traceId} ${id}`);
    const recorded = [
      ...suggestions.flatMap((row) => row.observations.map(({ id }) => `${traceIdOf(row.id)} ${id}`)),
      ...feedback.map((event) => `${traceIdOf(event.suggestionId)} ${observationIdOf(event.id)}`),
    ];
    expect(spans.sort()).toEqual(recorded.sort());
    const scores = (await readScores(official)).map(
      ({ metadata, name }) => `${String(fieldOf(metadata, "feedbackId"))} ${name}`,
    );
    const expected = feedback.flatMap((event) =>
      Object.keys(expectedScores(event)).map((name) => `${event.id} ${name}`),
    );
    expect(scores.sort()).toEqual(expected.sort());
    expect(standIn.scores()).toHaveLength(expected.length);
    expect(standIn.observations()).toHaveLength(recorded.length);
    expect(standIn.duplicates()).toEqual({ observations: [], scores: [] });
    expect(outboxCount).toBe(0);
  });

  it("prints the counts that are found in Langfuse and in the database", async () => {
    const traceIds = new Set((await readObservations(official)).map(({ traceId }) => traceId));
    const scores = await readScores(official);
    expect(numbersIn(/^mirrored (\d+) traces, (\d+) scores to /mu)).toEqual([traceIds.size, scores.length]);
    expect(traceIds.size).toBe(suggestions.length);
    const errors = suggestions.filter(({ status }) => status === "error").length;
    expect(numbersIn(/^Suggestions: (\d+) made, (\d+) failed\b/mu)).toEqual([suggestions.length - errors, errors]);
    const ofType = (type: string) => feedback.filter((event) => event.type === type).length;
    const counts = [ofType("approval"), ofType("revision"), ofType("rejection")];
    expect(
      numbersIn(/^Agents: (\d+) sent as they are, (\d+) edited, (\d+) rejected, (\d+) left undecided\b/mu),
    ).toEqual([...counts, suggestions.length - errors - feedback.length]);
    // One row an hour: two when the demo ran across the full hour.
    const rows = [...ran.stdout.matchAll(/^\d\d:00\*? +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) /gmu)];
    const sums = [1, 2, 3, 4, 5, 6].map((column) => rows.reduce((sum, row) => sum + Number(row[column]), 0));
    expect(sums).toEqual([suggestions.length, errors, feedback.length, ...counts]);
  });

  it("shows the suggestion for the ticket with an empty message as an ERROR trace", async () => {
    const failed = suggestions.filter(({ status }) => status === "error");
    expect(failed.map(({ ticketId }) => ticketId)).toEqual(emptyTicketIds);
    expect(failed).toHaveLength(1);
    const [row] = failed;
    const observations = await readObservations(official, traceIdOf(row?.id ?? ""));
    expect(observations).toHaveLength(1);
    expect(observations[0]).toMatchObject({ type: "AGENT", level: "ERROR" });
    expect(observations[0]?.statusMessage).toContain("has no text");
    expect(row?.errorMessage).toContain("has no text");
  });
});
