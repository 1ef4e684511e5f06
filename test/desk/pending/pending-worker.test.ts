import { beforeEach, expect, it } from "vitest";
import { createExpirer } from "../../../src/feedback/expirer.ts";
import { silentLogger } from "../../../src/domain/logger.ts";
import type { Database } from "../../../src/store/database.ts";
import { describeOnPostgres } from "../../support/databases.ts";
import { eventually } from "../../support/eventually.ts";
import { deskScript, type Script } from "../../models/scripted-model.ts";
import { PROJECT } from "../desk-rig.ts";
import { allFinished, insertPending, pendingDesk, statesOf } from "./pending-rig.ts";

/** Answers the first requests with these, then as the desk needs it. */
const after =
  (...first: readonly ReturnType<Script>[]): Script =>
  (asked, index) =>
    first[index] ?? deskScript()(asked, index);

describeOnPostgres("pending rows as a queue", (open) => {
  let db: Database;
  beforeEach(async () => {
    db = await open();
  });
  const settled = () => eventually("all rows are finished", () => allFinished(db));

  it("are run by their agent function and completed in place, with everything that a call would record", async () => {
    const { startWorker } = await pendingDesk(db, deskScript({ text: "A reply.", confidence: 0.9 }), {
      sendAbove: 0.8,
    });
    const reply = await insertPending(db);
    const named = await insertPending(db, { functionName: "generate-message-suggestion" });
    const classify = await insertPending(db, { functionName: "classify-ticket", messageId: null });
    const respond = await insertPending(db, { functionName: "generate-response", messageId: null });
    startWorker();
    await settled();
    const states = new Map((await statesOf(db)).map((state) => [state.id, state]));
    for (const id of [reply, named]) {
      expect(states.get(id)).toMatchObject({
        status: "completed",
        functionName: "generate-message-suggestion",
        text: "A reply.",
        confidence: expect.closeTo(0.9) as unknown,
        model: "scripted-1",
        promptName: "reply",
        inputTokens: 321,
        latencyMs: expect.any(Number) as unknown,
        errorType: null,
        metadata: { host: true, reasoning: expect.any(String) as unknown },
        traceCount: 1,
        outboxCount: 1,
      });
    }
    expect(states.get(classify)).toMatchObject({ status: "completed", promptName: "classify", traceCount: 1 });
    expect(states.get(respond)).toMatchObject({
      status: "completed",
      outcome: "auto_sent",
      text: "A reply.",
      traceCount: 1,
    });
  });

  it("are left alone where their agent function is not named, finished, or another project's", async () => {
    const { startWorker, scripted } = await pendingDesk(db, deskScript());
    await insertPending(db, { functionName: "classify-ticket" });
    await insertPending(db, { functionName: "the-hosts-own" });
    await db.query("update ai_suggestions set project_id = 'other' where id = $1", [await insertPending(db)]);
    await db.query("update ai_suggestions set status = 'completed' where id = $1", [await insertPending(db)]);
    const mine = await insertPending(db);
    startWorker({ functions: ["generate-message-suggestion"] });
    await eventually("its own row is finished", async () =>
      (await statesOf(db)).some(({ id, status }) => id === mine && status === "completed"),
    );
    expect(scripted.asked).toHaveLength(1);
    expect((await statesOf(db)).filter(({ status }) => status === "pending")).toHaveLength(3);
  });

  it("are shared by workers side by side: every row is run once, never more at a time than is allowed", async () => {
    let atOnce = 0;
    let most = 0;
    const { startWorker, scripted } = await pendingDesk(db, async (asked, index) => {
      most = Math.max(most, (atOnce += 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
      atOnce -= 1;
      return deskScript()(asked, index);
    });
    for (let i = 0; i < 30; i += 1) await insertPending(db);
    for (let i = 0; i < 3; i += 1) startWorker({ concurrency: 2 });
    await settled();
    expect(scripted.asked).toHaveLength(30);
    expect(most).toBeLessThanOrEqual(6);
    expect(most).toBeGreaterThan(1);
    expect((await statesOf(db)).every(({ status, traceCount }) => status === "completed" && traceCount === 1)).toBe(
      true,
    );
  });

  it("are tried again after a failure, and only the answer is recorded", async () => {
    // The official client itself tries once more at once, hence four refusals for two failed attempts.
    const refused = { status: 503 };
    const { startWorker, book } = await pendingDesk(db, after(refused, refused, refused, refused));
    await insertPending(db);
    startWorker();
    await settled();
    expect(await statesOf(db)).toMatchObject([{ status: "completed", errorType: null, traceCount: 1, outboxCount: 1 }]);
    const retries = book.named("desk.pending_retry");
    expect(retries.map(({ facts }) => [facts["attempts"], facts["retryInMs"]])).toEqual([
      [1, 10],
      [2, 40],
    ]);
  });

  it("end as an error with type, message and the last attempt's trace when all attempts failed", async () => {
    const { startWorker, scripted, book } = await pendingDesk(db, () => ({ status: 503 }));
    await insertPending(db);
    startWorker();
    await settled();
    expect(await statesOf(db)).toMatchObject([
      {
        status: "error",
        errorType: "UptakeError",
        errorMessage: expect.stringContaining("status 503") as unknown,
        model: "scripted-1",
        traceCount: 1,
        outboxCount: 1,
      },
    ]);
    expect(scripted.asked).toHaveLength(6);
    expect(book.named("desk.pending_gave_up")).toHaveLength(1);
  });

  it("end at once where trying again cannot help", async () => {
    const { startWorker, scripted } = await pendingDesk(db, deskScript());
    await insertPending(db, { messageId: null });
    await insertPending(db, { ticketId: "not-a-uuid" });
    await insertPending(db, { ticketId: "01926c0e-0000-7000-8000-000000000000" });
    startWorker();
    await settled();
    const states = await statesOf(db);
    expect(states).toHaveLength(3);
    for (const state of states) expect(state).toMatchObject({ status: "error", errorType: "UptakeError" });
    expect(states.map(({ errorMessage }) => errorMessage)).toEqual([
      expect.stringContaining("has no message_id"),
      expect.stringContaining("expected a UUID"),
      expect.stringContaining("does not exist in this project"),
    ]);
    expect(scripted.asked).toHaveLength(0);
  });

  it("are given up by a time limit, and tried again", async () => {
    const { startWorker, book } = await pendingDesk(db, after({ hang: true }));
    await insertPending(db);
    startWorker({ timeoutMs: 300 });
    await settled();
    expect(await statesOf(db)).toMatchObject([{ status: "completed", traceCount: 1 }]);
    expect(book.named("desk.pending_retry")[0]?.facts["message"]).toMatch(/^no answer within/u);
  });

  it("are not abandoned while a worker has them or will try them again, and are once nobody does", async () => {
    const { startWorker } = await pendingDesk(db, () => ({ hang: true }));
    const id = await insertPending(db);
    await db.query(
      "update ai_suggestions set created_at = now() - interval '1 hour', updated_at = now() - interval '1 hour'",
    );
    const windows = { expireAfterMs: null, byFunction: new Map<string, number>(), abandonAfterMs: 900_000 };
    const expirer = createExpirer({ db, log: silentLogger, projectId: PROJECT, windows, everyMs: 1000 });
    const worker = startWorker({ timeoutMs: 300, retries: { maxAttempts: 5, baseMs: 3_600_000, capMs: 3_600_000 } });
    const claim = async () =>
      (await db.query<{ isHeld: boolean }>('select locked_by is not null as "isHeld" from ai_pending_claims'))[0];
    await eventually("it is claimed", async () => (await claim())?.isHeld === true);
    expect(await expirer.expireAll()).toMatchObject({ abandonedCount: 0 });
    await eventually("it waits to be tried again", async () => (await claim())?.isHeld === false);
    expect(await expirer.expireAll()).toMatchObject({ abandonedCount: 0 });
    await worker.stop();
    await db.query("update ai_pending_claims set available_at = now() - interval '1 second'");
    expect(await expirer.expireAll()).toMatchObject({ abandonedCount: 1 });
    expect(await statesOf(db)).toMatchObject([{ id, status: "error", errorType: "abandoned" }]);
  });

  it("keep the first answer where two answer, and one trace", async () => {
    const { startWorker, generate } = await pendingDesk(db, async (asked, index) => {
      if (index === 0)
        await eventually("the other has answered", async () => (await statesOf(db))[0]?.status === "completed");
      return deskScript({ text: index === 0 ? "late" : "first" })(asked, index);
    });
    const suggestionId = await insertPending(db);
    const [row] = await db.query<{ ticketId: string; messageId: string }>(
      'select ticket_id as "ticketId", message_id as "messageId" from ai_suggestions where id = $1',
      [suggestionId],
    );
    startWorker();
    await eventually("the worker has it", async () => (await statesOf(db))[0]?.claimCount === 1);
    if (row !== undefined) await generate({ ...row, suggestionId });
    await settled();
    expect(await statesOf(db)).toMatchObject([{ status: "completed", traceCount: 1, outboxCount: 1 }]);
    const [trace] = await db.query<{ text: string }>("select observations::text as text from ai_traces");
    const [state] = await statesOf(db);
    expect(trace?.text).toContain(`\\"suggestedResponse\\":\\"${state?.text}`);
  });

  it("are given up after as many deaths as attempts are allowed", async () => {
    const { startWorker, scripted } = await pendingDesk(db, deskScript());
    const id = await insertPending(db);
    await db.query("insert into ai_pending_claims (suggestion_id, attempts, locked_until) values ($1, 3, now())", [id]);
    startWorker();
    await settled();
    expect(scripted.asked).toHaveLength(0);
    expect(await statesOf(db)).toMatchObject([
      {
        status: "error",
        errorType: "abandoned",
        errorMessage: "3 workers died or were cut off while they ran this row",
      },
    ]);
  });
});
