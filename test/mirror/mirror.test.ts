import { expect, it } from "vitest";
import { feedbackObservationIdOf, newId, observationIdOf, traceIdOf } from "../../src/domain/ids.ts";
import { insertFeedback } from "../../src/store/queries/insert-feedback.ts";
import { describeWithPartitions } from "../support/databases.ts";
import { feedbackOn, insertFeedbackOn, insertSamples } from "./rows.ts";
import { drain, mirrorTo, readLedger, readOutbox, startStandIn } from "./set-up.ts";
import { until } from "./until.ts";
import { expectAllOnce } from "./whole.ts";

describeWithPartitions("the mirror", (open) => {
  it("copies suggestions and feedback once, into Langfuse and the ledger", async () => {
    const db = await open();
    const { standIn, address } = await startStandIn();
    const suggestions = await insertSamples(db, 250);
    const feedback = await insertFeedbackOn(
      db,
      suggestions.slice(0, 120).map((s) => s.id),
    );
    const { mirror } = mirrorTo(db, address);
    await drain(mirror);
    await expectAllOnce({ db, standIn }, suggestions, feedback);
    expect(await mirror.status()).toEqual({
      waiting: 0,
      held: 0,
      oldestWaitingSeconds: null,
      dead: 0,
      deliveredTraces: 250,
      deliveredFeedback: 120,
      deliveredScores: 40 * 3 + 40 * 6 + 40 * 4,
      deliveredFeedbackObservations: 120,
      deliveredLastMinute: 370,
    });
    expect(Object.values(standIn.requests()).reduce((sum, count) => sum + count, 0)).toBeLessThan(20);
  });

  it("is woken by what is inserted while it runs, and stops once", async () => {
    const db = await open();
    const { standIn, address } = await startStandIn();
    const { mirror } = mirrorTo(db, address, { pollMs: 3_600_000 });
    mirror.start();
    mirror.start();
    const first = await insertSamples(db, 1);
    await until("the first trace has arrived", async () => (await mirror.status()).deliveredTraces === 1);
    // It has looked and found nothing more: until the next poll only the database's notification wakes it.
    const second = await insertSamples(db, 2, 1);
    await until("all traces have arrived", async () => (await mirror.status()).deliveredTraces === 3);
    await expectAllOnce({ db, standIn }, [...first, ...second], []);
    expect(mirror.stop()).toBe(mirror.stop());
    await mirror.stop();
    await insertSamples(db, 1, 3);
    expect((await readOutbox(db)).map((line) => line.attempts)).toEqual([0]);
  });

  it("makes a minimal trace of a row that the host inserted, with scores on its generation", async () => {
    const db = await open();
    const { standIn, address } = await startStandIn();
    const id = newId();
    await db.query(
      `insert into ai_suggestions (id, suggested_response, status, created_at, shown_at)
       values ($1, 'Hello', 'completed', '2026-03-01T09:00:00Z', '2026-03-01T09:59:30Z')`,
      [id],
    );
    const feedback = feedbackOn(id);
    await insertFeedback(db, [feedback]);
    await db.query(`update ai_suggestions set outcome = outcome where id = $1`, [id]);
    const { mirror } = mirrorTo(db, address);
    await drain(mirror);
    const traceId = traceIdOf(id);
    const rootId = observationIdOf(traceId, 0);
    const event = feedbackObservationIdOf(feedback.id);
    expect(
      standIn.observations().map((row) => [row.traceId, row.id, row.parentObservationId, row.type, row.output]),
    ).toEqual([
      [traceId, rootId, null, "AGENT", "Hello"],
      [traceId, observationIdOf(traceId, 1), rootId, "GENERATION", "Hello"],
      [traceId, event, rootId, "EVENT", "Final 0"],
    ]);
    expect(standIn.scores().map((score) => [score.name, score.value, score.observationId])).toEqual([
      ["feedback", "approval", observationIdOf(traceId, 1)],
      ["accepted", 1, observationIdOf(traceId, 1)],
      ["time-to-feedback", 30, observationIdOf(traceId, 1)],
    ]);
  });

  it("puts feedback under the root that was recorded, with all that its trace is known by", async () => {
    const db = await open();
    const { standIn, address } = await startStandIn();
    const [made] = await insertSamples(db, 1);
    await db.query(
      `update ai_suggestions set message_id = 'M-1', system_user_id = 'bot-1', release = 'v42',
         metadata = metadata || '{"tags": ["vip"]}' where id = $1`,
      [made?.id],
    );
    await db.query(
      `update ai_traces set observations = jsonb_set(observations, '{0,id}', '"00000000000000aa"') where trace_id = $1`,
      [made?.traceId],
    );
    await insertFeedbackOn(db, [made?.id ?? ""]);
    await drain(mirrorTo(db, address).mirror);
    const event = standIn.observations().find((row) => row.type === "EVENT");
    expect(event).toMatchObject({
      parentObservationId: "00000000000000aa",
      traceName: "generate-message-suggestion",
      sessionId: "T-0",
      userId: "bot-1",
      tags: ["generate-message-suggestion", "vip"],
      environment: "test",
      release: "v42",
      version: "7",
      metadata: { suggestionId: made?.id, messageId: "M-1", confidence: "0.9", status: "completed" },
    });
  });

  it("takes the time since it was shown where the event has none, and leaves out one that is not positive", async () => {
    const db = await open();
    const { standIn, address } = await startStandIn();
    const [shown, backwards] = await insertSamples(db, 2);
    await db.query(`update ai_suggestions set shown_at = '2026-03-01T09:59:30Z' where id = $1`, [shown?.id]);
    await db.query(
      `insert into ai_feedback_events (suggestion_id, feedback_type, created_at)
       values ($1, 'approval', '2026-03-01T10:00:00.250Z'), ($2, 'approval', '2026-03-01T08:00:00Z')`,
      [shown?.id, backwards?.id],
    );
    await drain(mirrorTo(db, address).mirror);
    const times = standIn.scores().filter((score) => score.name === "time-to-feedback");
    expect(times.map((score) => [score.traceId, score.value])).toEqual([[shown?.traceId, 30.25]]);
    expect(standIn.scores().filter((score) => score.traceId === backwards?.traceId)).toHaveLength(2);
  });

  it("keeps feedback until its suggestion is there and finished, without counting attempts", async () => {
    const db = await open();
    const { standIn, address } = await startStandIn();
    const missing = newId();
    const pending = newId();
    await db.query(`insert into ai_suggestions (id, suggested_response) values ($1, 'Processing...')`, [pending]);
    await insertFeedbackOn(db, [missing, pending]);
    const { mirror, book } = mirrorTo(db, address);
    await drain(mirror);
    expect(book.named("mirror.waits_for_suggestion").map((line) => line.facts["count"])).toEqual([2]);
    expect(standIn.scores()).toEqual([]);
    const waiting = await db.query(
      `select attempts, unsure, locked_until, available_at > now() + interval '25 s' as later from langfuse_outbox`,
    );
    const untouched = { attempts: 0, unsure: false, locked_until: null, later: true };
    expect(waiting).toEqual([untouched, untouched]);

    await db.query(`insert into ai_suggestions (id, suggested_response, status) values ($1, 'Hello', 'completed')`, [
      missing,
    ]);
    await db.query(`update ai_suggestions set status = 'completed' where id = $1`, [pending]);
    await db.query(`update langfuse_outbox set available_at = now()`);
    await drain(mirror);
    expect(new Set(standIn.scores().map((score) => score.traceId))).toEqual(
      new Set([traceIdOf(missing), traceIdOf(pending)]),
    );
    expect(await readOutbox(db)).toEqual([]);
  });

  it("lets go of a message whose row was deleted", async () => {
    const db = await open();
    const { standIn, address } = await startStandIn();
    const [deleted, kept] = await insertSamples(db, 2);
    await db.query(`delete from ai_suggestions where id = $1`, [deleted?.id]);
    const { mirror, book } = mirrorTo(db, address);
    await drain(mirror);
    expect(book.named("mirror.row_gone").map((line) => line.facts)).toEqual([{ refs: [deleted?.id] }]);
    expect((await readLedger(db)).map((line) => line.ref)).toEqual([kept?.id]);
    expect(new Set(standIn.observations().map((row) => row.traceId))).toEqual(new Set([kept?.traceId]));
    expect(await readOutbox(db)).toEqual([]);
  });
});
