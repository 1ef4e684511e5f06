import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { feedbackObservationIdOf, newId, observationIdOf, scoreIdOf, traceIdOf } from "../../src/domain/ids.ts";
import { storableJson, storableText } from "../../src/domain/text.ts";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { setUpScoreConfigs } from "../../src/mirror/set-up-score-configs.ts";
import type { Database } from "../../src/store/database.ts";
import type { LangfuseDialect } from "../../src/testing.ts";
import { openTestPostgres } from "../support/databases.ts";
import { drain, mirrorTo, readLedger, readOutbox, startStandIn } from "./set-up.ts";

/** Any text that Postgres can hold. */
const text = fc.string({ unit: "binary", maxLength: 40 }).map(storableText);
const maybeText = fc.option(text);
const key = fc.oneof(fc.constantFrom("__proto__", "constructor", "a.prototype.b", "", "status", "scope", "tags"), text);
const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 3 }).map((entries) => Object.fromEntries(entries) as unknown),
    // Langfuse reads a text that looks like an object as one.
    fc.constantFrom('{"constructor": {"x": 1}}', "{", "[1]"),
  ),
})).value;

/** A field as it should be, or anything at all, or left out. */
const field = (right: fc.Arbitrary<unknown>) => fc.option(fc.oneof(right, json), { nil: undefined });
const time = fc.constantFrom("2026-03-01T09:00:01.000Z", "2026-03-01T09:00:02.500Z", "0001-01-01T00:00:00Z", "soon");

const observation = fc.record({
  type: field(fc.constantFrom("span", "generation", "AGENT", "event")),
  name: field(text),
  startTime: field(time),
  endTime: field(time),
  completionStartTime: field(time),
  level: field(fc.constantFrom("ERROR", "WARNING", "loud")),
  statusMessage: field(text),
  input: json,
  output: json,
  metadata: json,
  model: field(text),
  modelParameters: field(json),
  usage: field(fc.dictionary(text, fc.double(), { maxKeys: 3 })),
  costUsd: field(fc.double({ min: -1, max: 1, noNaN: true })),
  prompt: field(fc.record({ name: text, version: fc.oneof(text, fc.nat(100_000)) })),
});

const row = fc.record({
  functionName: fc.option(fc.oneof(text, fc.string({ minLength: 1001, maxLength: 1200 }))),
  ticketId: fc.option(fc.oneof(text, fc.string({ minLength: 300, maxLength: 400 }))),
  systemUserId: maybeText,
  environment: maybeText,
  release: maybeText,
  promptVersion: maybeText,
  response: text,
  confidence: fc.constantFrom(null, 0.5, "NaN", "Infinity", -3),
  status: fc.constantFrom("completed", "error", "accepted", "rejected"),
  metadata: json,
  observations: fc.option(fc.array(observation, { minLength: 1, maxLength: 4 })),
  feedbackType: fc.constantFrom("approval", "revision", "rejection"),
  reason: text,
  finalText: maybeText,
  agentId: maybeText,
  keptRatio: fc.constantFrom(null, 0, 0.333, 1),
});
type Row = typeof row extends fc.Arbitrary<infer T> ? T : never;

type Inserted = { readonly traceId: string; readonly observationIds: readonly string[]; readonly feedbackId: string };

async function insert(db: Database, given: Row): Promise<Inserted> {
  const id = newId();
  const feedbackId = newId();
  const traceId = traceIdOf(id);
  const recorded = given.observations?.map((o, i) => ({
    ...o,
    id: observationIdOf(traceId, i),
    parentId: i === 0 ? null : observationIdOf(traceId, i - 1),
  }));
  await db.query(
    `insert into ai_suggestions (id, function_name, ticket_id, system_user_id, environment, release, prompt_version,
       suggested_response, confidence_score, status, metadata, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::real, $10, $11::jsonb, '2026-03-01T09:00:00Z')`,
    [
      id,
      given.functionName,
      given.ticketId,
      given.systemUserId,
      given.environment,
      given.release,
      given.promptVersion,
      given.response,
      given.confidence === null ? null : String(given.confidence),
      given.status,
      storableJson(JSON.stringify(given.metadata)),
    ],
  );
  if (recorded !== undefined) {
    await db.query(`insert into ai_traces (trace_id, suggestion_id, observations) values ($1, $2, $3::jsonb)`, [
      traceId,
      id,
      storableJson(JSON.stringify(recorded)),
    ]);
  }
  await db.query(
    `insert into ai_feedback_events
       (id, suggestion_id, feedback_type, feedback_reason, agent_response, agent_id, kept_ratio, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, '2026-03-01T10:00:00Z')`,
    [feedbackId, id, given.feedbackType, given.reason, given.finalText, given.agentId, given.keptRatio],
  );
  const count = recorded?.length ?? 2;
  return { traceId, feedbackId, observationIds: Array.from({ length: count }, (_, i) => observationIdOf(traceId, i)) };
}

describe.each<LangfuseDialect>(["v4", "v3"])("whatever is in a row, dialect %s", (dialect) => {
  it("takes all of it, under the same ids however often it is mapped", async () => {
    const postgres = await openTestPostgres();
    onTestFinished(() => postgres.drop());
    const { db } = postgres;
    const { standIn, address } = await startStandIn({ dialect });
    await setUpScoreConfigs(db, createLangfuseClient({ ...address, fetch, timeoutMs: 5000 }));
    const { mirror } = mirrorTo(db, address);
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 8, maxLength: 12 }), async (rows) => {
        const inserted: Inserted[] = [];
        for (const given of rows) inserted.push(await insert(db, given));
        await drain(mirror);
        expect(await readOutbox(db)).toEqual([]);
        expect(standIn.droppedScores()).toEqual([]);
        const there = new Set(standIn.currentObservations().map((o) => `${o.traceId}:${o.id}`));
        const scoreIds = new Set(standIn.currentScores().map(({ id }) => id));
        for (const { traceId, observationIds, feedbackId } of inserted) {
          const expected = [...observationIds, feedbackObservationIdOf(feedbackId)];
          expect(expected.filter((id) => !there.has(`${traceId}:${id}`))).toEqual([]);
          for (const name of ["feedback", "accepted", "time-to-feedback"]) {
            expect(scoreIds.has(scoreIdOf(feedbackId, name))).toBe(true);
          }
        }
        expect(standIn.duplicates()).toEqual({ observations: [], scores: [] });

        // Read back as in doubt: had an id changed, it would be missing and sent again.
        const arrived = standIn.observations().length + standIn.scores().length;
        await db.query(
          `insert into langfuse_outbox (kind, ref, unsure) select kind, ref, true from langfuse_deliveries`,
        );
        await drain(mirror);
        expect(standIn.observations().length + standIn.scores().length).toBe(arrived);
        expect(await readLedger(db)).toHaveLength(2 * inserted.length);
        await db.query(`delete from langfuse_deliveries`);
      }),
      { numRuns: 15 },
    );
  });
});
