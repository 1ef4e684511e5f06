import { describe, expect, it, onTestFinished } from "vitest";
import { feedbackObservationIdOf, observationIdOf, scoreIdOf } from "../../src/domain/ids.ts";
import type { Database } from "../../src/store/database.ts";
import type { LangfuseDialect, StandInLangfuse, StoredObservation } from "../../src/testing.ts";
import { openTestPostgres } from "../support/databases.ts";
import { insertFeedbackOn, insertSamples, type Made } from "./rows.ts";
import { drain, mirrorTo, readLedger, readOutbox, startStandIn } from "./set-up.ts";

type Rig = {
  readonly db: Database;
  readonly standIn: StandInLangfuse;
  /** The suggestion that is about to be changed. */
  readonly odd: Made;
  /** Delivers; resolves to how often each rule acted. */
  deliver(): Promise<Record<string, number>>;
  /** What the stand-in shows of the odd one's observation, 0 being the root. */
  shown(index: number): StoredObservation | undefined;
};

/** Three suggestions, the middle one to be made odd. */
async function open(dialect: LangfuseDialect): Promise<Rig> {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  const { db } = postgres;
  const { standIn, address } = await startStandIn({ dialect });
  const [, odd] = await insertSamples(db, 3);
  if (odd === undefined) throw new Error("three were inserted");
  const { mirror, book } = mirrorTo(db, address, { concurrency: 1 });
  return {
    db,
    standIn,
    odd,
    async deliver() {
      await drain(mirror);
      const counts: Record<string, number> = {};
      for (const { facts } of book.named("mirror.adjusted")) {
        const rule = String(facts["rule"]);
        counts[rule] = (counts[rule] ?? 0) + Number(facts["count"]);
      }
      return counts;
    },
    shown: (index) => standIn.currentObservations().find(({ id }) => id === odd.spanIds[index]),
  };
}

const setRow = ({ db, odd }: Rig, assignment: string, value: unknown) =>
  db.query(`update ai_suggestions set ${assignment} where id = $2`, [value, odd.id]);

/** Changes one field of one recorded observation. */
const setObservation = ({ db, odd }: Rig, path: string, json: unknown) =>
  db.query(`update ai_traces set observations = jsonb_set(observations, $1::text[], $2::jsonb) where trace_id = $3`, [
    `{${path}}`,
    JSON.stringify(json),
    odd.traceId,
  ]);

const nine = "9".repeat(2000);

describe.each<LangfuseDialect>(["v4", "v3"])("before it sends to dialect %s, the mirror", (dialect) => {
  it.each([
    ["no hex", "not-a-trace"],
    ["a wrong length", "abc123"],
    ["all zeros", "0".repeat(32)],
  ])("buries a trace id that is %s with rule, field and value, and the others arrive", async (_what, traceId) => {
    const rig = await open(dialect);
    await setRow(rig, "trace_id = $1", traceId);
    await insertFeedbackOn(rig.db, [rig.odd.id]);
    await rig.deliver();
    const outbox = await readOutbox(rig.db);
    expect(outbox.map(({ kind, isDead }) => [kind, isDead])).toEqual([
      ["trace", true],
      ["feedback", true],
    ]);
    for (const { lastError } of outbox) expect(lastError).toContain(`rule trace-id: trace_id is "${traceId}"`);
    expect(rig.standIn.observations()).toHaveLength(6);
    expect(await readLedger(rig.db)).toHaveLength(2);
  });

  it.each(["xyz", "0".repeat(16), "12345678"])("buries the observation id %s, and the others arrive", async (id) => {
    const rig = await open(dialect);
    await setObservation(rig, "2,id", id);
    await rig.deliver();
    const [dead] = await readOutbox(rig.db);
    expect(dead?.lastError).toContain(`rule observation-id: observations[].id is "${id}"`);
    expect(rig.standIn.observations()).toHaveLength(6);
  });

  it("buries a row whose own observation id is none, with its feedback", async () => {
    const rig = await open(dialect);
    await setRow(rig, "observation_id = $1", "generation-7");
    await insertFeedbackOn(rig.db, [rig.odd.id]);
    await rig.deliver();
    const reason = 'rule observation-id: observation_id is "generation-7"; expected 16 hex digits';
    expect((await readOutbox(rig.db)).map(({ lastError }) => lastError?.includes(reason))).toEqual([true, true]);
    expect(rig.standIn.observations()).toHaveLength(6);
    expect(rig.standIn.scores()).toEqual([]);
  });

  it("buries a parent that is no id, and a recorded thing that is no observation", async () => {
    const rig = await open(dialect);
    await setObservation(rig, "1,parentId", "root");
    await rig.deliver();
    expect((await readOutbox(rig.db))[0]?.lastError).toContain('observations[].parentId is "root"');
    await setObservation(rig, "1", "text");
    await rig.db.query(`update langfuse_outbox set dead_at = null`);
    await rig.deliver();
    expect((await readOutbox(rig.db))[0]?.lastError).toContain('rule shape: observations[1] is "text"');
    expect(rig.standIn.observations()).toHaveLength(6);
  });

  it("buries a row from before 1970", async () => {
    const rig = await open(dialect);
    await setRow(rig, "created_at = $1::timestamptz", "1969-12-31T23:59:59Z");
    await rig.deliver();
    const [dead] = await readOutbox(rig.db);
    expect(dead?.lastError).toContain("rule created-at: created_at is");
    expect(dead?.lastError).toContain("1969-12-31");
    expect(rig.standIn.observations()).toHaveLength(6);
  });

  it("writes a trace id that is a UUID in capitals as Langfuse has it, for the feedback too", async () => {
    const rig = await open(dialect);
    await setRow(rig, "trace_id = $1", rig.odd.id.toUpperCase());
    const [event] = await insertFeedbackOn(rig.db, [rig.odd.id]);
    expect(await rig.deliver()).toMatchObject({ "trace-id": 2 });
    // The run was recorded under the other spelling, so that the row itself says what is known.
    const generationId = observationIdOf(rig.odd.traceId, 2);
    const ofTrace = rig.standIn.observations().filter(({ traceId }) => traceId === rig.odd.traceId);
    expect(ofTrace.map(({ id }) => id)).toEqual([
      observationIdOf(rig.odd.traceId, 0),
      generationId,
      feedbackObservationIdOf(event?.id ?? ""),
    ]);
    expect(rig.standIn.scores().every(({ traceId }) => traceId === rig.odd.traceId)).toBe(true);
    expect(new Set(rig.standIn.scores().map(({ observationId }) => observationId))).toEqual(new Set([generationId]));
    expect(await readOutbox(rig.db)).toEqual([]);
  });

  it("cuts a name that Langfuse 3 would lose the trace for", async () => {
    const rig = await open(dialect);
    await setRow(rig, "function_name = $1", nine);
    await setObservation(rig, "1,name", nine);
    expect(await rig.deliver()).toEqual({ name: 2 });
    expect(rig.shown(1)).toMatchObject({ name: nine.slice(0, 1000), traceName: nine.slice(0, 1000) });
    expect(rig.shown(1)?.metadata["uptakeAdjusted"]).toBe("name");
    expect(rig.shown(0)?.metadata["uptakeAdjusted"]).toBe("name");
    expect(rig.shown(2)?.metadata).not.toHaveProperty("uptakeAdjusted");
  });

  it("shortens the ids of a session and a user so that two of them stay two", async () => {
    const rig = await open(dialect);
    await setRow(rig, "ticket_id = $1 || 'a', system_user_id = $1 || 'b'", nine);
    expect(await rig.deliver()).toEqual({ "long-id": 1 });
    const { sessionId, userId } = rig.shown(1) ?? {};
    for (const id of [sessionId, userId]) expect(id).toMatch(/^9{183}…[0-9a-f]{16}$/);
    expect(sessionId).not.toBe(userId);
  });

  it("writes an environment as Langfuse keeps it, for traces and scores alike", async () => {
    const rig = await open(dialect);
    await setRow(rig, "environment = $1", "Langfuse-PROD");
    await insertFeedbackOn(rig.db, [rig.odd.id]);
    expect(await rig.deliver()).toEqual({ environment: 2 });
    expect(rig.shown(0)?.environment).toBe("prod");
    expect(rig.standIn.scores().map(({ environment }) => environment)).toEqual(["prod", "prod", "prod"]);
    expect(rig.shown(0)?.metadata).not.toHaveProperty("uptakeAdjusted");
  });

  it("leaves out numbers that are none, and rounds counts", async () => {
    const rig = await open(dialect);
    await setRow(rig, "confidence_score = $1::real", "NaN");
    await setObservation(rig, "2,usage", { input: 3.6, output: -1, total: "many" });
    await setObservation(rig, "2,costUsd", -0.5);
    expect(await rig.deliver()).toEqual({ usage: 1, number: 2 });
    expect(rig.shown(2)).toMatchObject({ usageDetails: { input: 4, total: 4 }, costDetails: {} });
    expect(rig.shown(2)?.metadata).toMatchObject({ uptakeAdjusted: "usage, number" });
    expect(rig.shown(0)?.metadata).not.toHaveProperty("confidence");
  });

  it("takes a type or level that Langfuse does not know for a plain one", async () => {
    const rig = await open(dialect);
    await setObservation(rig, "1,type", "Wizardry");
    await setObservation(rig, "2,type", "GENERATION");
    await setObservation(rig, "2,level", "loud");
    expect(await rig.deliver()).toEqual({ type: 2 });
    expect([rig.shown(1)?.type, rig.shown(2)?.type, rig.shown(2)?.level]).toEqual(["SPAN", "GENERATION", "DEFAULT"]);
  });

  it("puts times in order and replaces those that cannot be read or held", async () => {
    const rig = await open(dialect);
    await setObservation(rig, "0,endTime", "2020-01-01T00:00:00.000Z");
    await setObservation(rig, "1,startTime", "yesterday");
    await setObservation(rig, "2,completionStartTime", "9999-01-01T00:00:00.000Z");
    expect(await rig.deliver()).toEqual({ time: 3 });
    const at = "2026-03-01T09:00:01.000Z";
    expect(rig.shown(0)).toMatchObject({ startTime: at, endTime: at });
    expect(rig.shown(1)).toMatchObject({ startTime: at, endTime: "2026-03-01T09:00:01.040Z" });
    expect(rig.shown(2)).toMatchObject({ completionStartTime: null });
  });

  it("keeps a prompt's version that Langfuse cannot look up in the metadata", async () => {
    const rig = await open(dialect);
    await setObservation(rig, "2,prompt", { name: "reply", version: "70000" });
    expect(await rig.deliver()).toEqual({ "prompt-version": 1 });
    expect(rig.shown(2)).toMatchObject({ promptName: "reply", promptVersion: null });
    expect(rig.shown(2)?.metadata).toMatchObject({ promptVersion: "70000" });
  });

  it("renames metadata whose names Langfuse drops", async () => {
    const rig = await open(dialect);
    await setRow(
      rig,
      "metadata = $1::jsonb",
      `{"constructor": "a", "x.prototype": "b", "": "c", "in": {"__proto__": "d"}}`,
    );
    expect(await rig.deliver()).toEqual({ "metadata-key": 1 });
    const metadata = rig.shown(0)?.metadata ?? {};
    expect(metadata).toMatchObject({ constructor_: "a", "x.prototype_": "b", _: "c", uptakeAdjusted: "metadata-key" });
    expect(metadata["in.__proto___"] ?? metadata["in"]).toMatch(/d/);
  });

  it("keeps what an observation says under a name that its trace uses", async () => {
    const rig = await open(dialect);
    await setRow(rig, "metadata = $1::jsonb", `{"status": "escalated", "ticketId": "T-1"}`);
    expect(await rig.deliver()).toEqual({ "metadata-clash": 1 });
    expect(rig.shown(0)?.metadata).toMatchObject({ status_: "escalated", uptakeAdjusted: "metadata-clash" });
    expect(rig.shown(0)?.metadata).not.toHaveProperty("ticketId_");
  });

  it("takes fields that a host wrote in another shape for what they say", async () => {
    const rig = await open(dialect);
    await setRow(rig, "metadata = $1::jsonb", `["of the row"]`);
    await setObservation(rig, "0,metadata", "of the root");
    await setObservation(rig, "1,name", { a: 1 });
    await setObservation(rig, "1,metadata", ["m"]);
    await setObservation(rig, "2,prompt", "reply@7");
    await setObservation(rig, "2,usage", 5);
    expect(await rig.deliver()).toEqual({ shape: 3 });
    expect(rig.shown(0)?.metadata).toMatchObject({
      metadata: "of the root",
      rowMetadata: '["of the row"]',
      uptakeAdjusted: "shape",
    });
    expect(rig.shown(1)).toMatchObject({ name: '{"a":1}' });
    expect(rig.shown(1)?.metadata).toMatchObject({ metadata: '["m"]' });
    expect(rig.shown(2)).toMatchObject({ promptName: null, usageDetails: {} });
  });

  it("cuts what is too long with a marker, a whole trace to what one request may hold", async () => {
    const rig = await open(dialect);
    await setObservation(rig, "1,output", "é".repeat(400_000));
    expect(await rig.deliver()).toEqual({ size: 1 });
    const output = rig.shown(1)?.output ?? "";
    expect(Buffer.byteLength(output)).toBeLessThanOrEqual(500_000);
    expect(output).toMatch(/^é+ \[cut: \d+ of 800000 bytes\]$/);
    expect(rig.shown(1)?.metadata["uptakeAdjusted"]).toBe("size");
  });

  it("cuts every long field of a trace that would be too large for one request", async () => {
    const rig = await open(dialect);
    const many = Array.from({ length: 20 }, (_, i) => ({
      id: observationIdOf(rig.odd.traceId, i),
      parentId: i === 0 ? null : rig.odd.spanIds[0],
      type: "span",
      name: `part ${i}`,
      startTime: "2026-03-01T09:00:01.000Z",
      endTime: "2026-03-01T09:00:02.000Z",
      output: i === 5 ? "short" : "x".repeat(450_000),
    }));
    await rig.db.query(`update ai_traces set observations = $1::jsonb where trace_id = $2`, [
      JSON.stringify(many),
      rig.odd.traceId,
    ]);
    expect(await rig.deliver()).toEqual({ size: 19 });
    const outputs = rig.standIn
      .observations()
      .filter(({ traceId }) => traceId === rig.odd.traceId)
      .map(({ output }) => output ?? "");
    expect(outputs).toHaveLength(20);
    expect(outputs.reduce((sum, output) => sum + output.length, 0)).toBeLessThan(4_000_000);
    expect(outputs[5]).toBe("short");
  });

  it("cuts a reason that is no category, and a final text that no request takes", async () => {
    const rig = await open(dialect);
    const feedbackId = "01950000-0000-7000-8000-000000000001";
    await rig.db.query(
      `insert into ai_feedback_events (id, suggestion_id, feedback_type, feedback_reason, agent_response, created_at)
       values ($1, $2, 'revision', $3, $4, '2026-03-01T10:00:00Z')`,
      [feedbackId, rig.odd.id, "why ".repeat(200), "z".repeat(6_000_000)],
    );
    // The reason as a category and the final text twice: as a score and as the event's output.
    expect(await rig.deliver()).toEqual({ category: 1, size: 2 });
    expect(await readOutbox(rig.db)).toEqual([]);
    const scores = new Map(rig.standIn.currentScores().map((score) => [score.id, score]));
    expect(String(scores.get(scoreIdOf(feedbackId, "feedback-reason"))?.value)).toHaveLength(500);
    expect(scores.get(scoreIdOf(feedbackId, "feedback"))?.comment).toHaveLength(800);
    expect(scores.get(scoreIdOf(feedbackId, "output"))?.value).toMatch(/^z+ \[cut: \d+ of 6000000 bytes\]$/);
  });
});
