import { describe, expect, it, onTestFinished } from "vitest";
import { newId, traceIdOf } from "../../src/domain/ids.ts";
import { shareOf } from "../../src/domain/sampling.ts";
import { backfill } from "../../src/mirror/backfill.ts";
import { reexport } from "../../src/mirror/reexport.ts";
import type { Database } from "../../src/store/database.ts";
import { claimMessages } from "../../src/store/queries/claim-messages.ts";
import { holdMessages } from "../../src/store/queries/hold-messages.ts";
import { leaveOutFeedback } from "../../src/store/queries/leave-out-feedback.ts";
import { leaveOutTraces } from "../../src/store/queries/leave-out-traces.ts";
import { markKept } from "../../src/store/queries/mark-kept.ts";
import { describeOnPostgres, openTestPostgres } from "../support/databases.ts";
import { act, HOUR_MS, NOTHING, passTime, readLeftOut, refs, startSampled, suggest } from "./sampling-rig.ts";
import { seeded } from "./seeded.ts";
import { drain, mirrorTo, readOutbox, startStandIn } from "./set-up.ts";

const TOKEN = "aaaaaaaa-0000-4000-8000-000000000000";

describeOnPostgres("sampling", (open) => {
  it("mirrors at once what a rule keeps, holds the rest, and leaves it out with its feedback after the window", async () => {
    const db = await open();
    const { standIn, after, mirror } = await startSampled(db, NOTHING);
    const error = await suggest(db, { status: "error", error_type: "TimeoutError" });
    const slow = await suggest(db, { latency_ms: 5000 });
    const sampled = await suggest(db, { function_name: "all" });
    const dull = await suggest(db);
    const liked = await suggest(db);
    await act(db, liked, "approval");
    await after(0);
    expect(await refs(db)).toEqual([error, slow, sampled].sort());
    expect(await mirror.status()).toMatchObject({ waiting: 0, held: 3, oldestWaitingSeconds: null });

    await after(HOUR_MS);
    expect(await refs(db)).toEqual([error, slow, sampled].sort());
    expect(await readLeftOut(db)).toEqual([
      { ref: dull, rule: "not-sampled", feedbackCount: 0 },
      { ref: liked, rule: "not-sampled", feedbackCount: 1 },
    ]);
    expect(await readOutbox(db)).toEqual([]);
    expect(standIn.scores()).toEqual([]);
    const kept = await db.query("select kept_by as rule from langfuse_deliveries order by kept_by");
    expect(kept).toEqual([{ rule: "error" }, { rule: "sample" }, { rule: "slow" }]);
  });

  it("mirrors a trace as soon as a person rejects or revises it, with all feedback on it", async () => {
    const db = await open();
    const { after } = await startSampled(db, NOTHING);
    const [rejected, revised] = [await suggest(db), await suggest(db)];
    const approval = await act(db, rejected, "approval");
    await after(0);
    expect(await refs(db)).toEqual([]);
    const acts = [await act(db, rejected, "rejection"), await act(db, revised, "revision")];
    await after(0);
    await after(HOUR_MS);
    expect(await refs(db)).toEqual([rejected, revised, approval, ...acts].sort());
    expect(await readLeftOut(db)).toEqual([]);
  });

  it("brings back what was left out when it is rejected, however late, and what has become an error", async () => {
    const db = await open();
    const { after, standIn } = await startSampled(db, NOTHING);
    const [rejected, failed, dull] = [await suggest(db), await suggest(db), await suggest(db)];
    const approval = await act(db, rejected, "approval");
    await after(HOUR_MS);
    await after(HOUR_MS);
    expect((await readLeftOut(db)).map(({ ref }) => ref)).toEqual([rejected, failed, dull].sort());

    const rejection = await act(db, rejected, "rejection");
    await db.query("update ai_suggestions set status = 'error', error_type = 'Late' where id = $1", [failed]);
    await after(0);
    await after(0);
    expect(await refs(db)).toEqual([rejected, failed, approval, rejection].sort());
    expect((await readLeftOut(db)).map(({ ref }) => ref)).toEqual([dull]);
    const ids = standIn.observations().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("leaves out what backfill finds left out, and sends again what reexport names without asking the rules", async () => {
    const db = await open();
    const { after } = await startSampled(db, NOTHING);
    const sampled = await suggest(db, { function_name: "all" });
    const dull = await suggest(db);
    await act(db, dull, "approval");
    await after(HOUR_MS);
    await after(HOUR_MS);
    const range = { from: new Date(0), to: new Date(Date.now() + HOUR_MS) };
    const signal = new AbortController().signal;
    const onProgress = (): void => {};
    expect(await backfill(db, { range, dryRun: false, force: false, signal, onProgress })).toMatchObject({
      traceCount: 0,
      feedbackCount: 0,
      leftOutCount: 1,
    });
    await db.query("update ai_suggestions set function_name = 'reply' where id = $1", [sampled]);
    expect(await reexport(db, { range, force: false, signal, onProgress })).toMatchObject({ requeuedCount: 1 });
    await after(0);
    expect(await refs(db)).toEqual([sampled]);
    expect((await readLeftOut(db)).map(({ ref }) => ref)).toEqual([dull]);
    expect(await db.query("select kept_by from langfuse_deliveries")).toEqual([{ kept_by: "sample" }]);
  });
});

describe("sampling that was turned off", () => {
  it("still sends no score without its trace, and brings back what is rejected", async () => {
    const db = await openDatabase();
    const { after, address } = await startSampled(db, NOTHING);
    const [liked, rejected] = [await suggest(db), await suggest(db)];
    await after(HOUR_MS);
    await after(HOUR_MS);
    const { mirror } = mirrorTo(db, address);
    await act(db, liked, "approval");
    const rejection = await act(db, rejected, "rejection");
    const plain = await suggest(db);
    await drain(mirror, 60_000);
    expect(await refs(db)).toEqual([rejected, rejection, plain].sort());
    expect(await readLeftOut(db)).toEqual([{ ref: liked, rule: "not-sampled", feedbackCount: 1 }]);
  });
});

async function openDatabase(): Promise<Database> {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  return opened.db;
}

describe("two who decide at once", () => {
  it("agree: what somebody has found to be kept meanwhile is not left out", async () => {
    const db = await openDatabase();
    const suggestionId = await suggest(db);
    const [message] = await claimMessages(db, { limit: 1, leaseMs: 60_000, token: TOKEN });
    const leaving = [{ id: message?.id ?? 0, unsure: false, keptBy: null, rule: "not-sampled" }];
    await markKept(db, [{ suggestionId, rule: "rejection" }], ["rejection"]);
    expect(await leaveOutTraces(db, TOKEN, leaving)).toEqual(new Set());
    expect(await readLeftOut(db)).toEqual([]);
    // Nor by its old rule, which the better one has replaced.
    expect(await leaveOutTraces(db, TOKEN, [{ ...leaving[0]!, keptBy: "sample" }])).toEqual(new Set());
    expect(await readOutbox(db)).toHaveLength(1);
  });

  it("agree: feedback stays where it is when its trace is no longer left out", async () => {
    const db = await openDatabase();
    const suggestionId = await suggest(db);
    await act(db, suggestionId, "approval");
    const messages = await claimMessages(db, { limit: 2, leaseMs: 60_000, token: TOKEN });
    const feedback = messages.find(({ kind }) => kind === "feedback");
    const leaving = [{ id: feedback?.id ?? 0, suggestionId, unsure: false }];
    expect(await leaveOutFeedback(db, TOKEN, leaving)).toEqual(new Set());
    expect(await readOutbox(db)).toHaveLength(2);
  });

  it("agree: what somebody else has claimed meanwhile is theirs to decide", async () => {
    const db = await openDatabase();
    const [left, claimed] = [await suggest(db), await suggest(db)];
    await db.query("delete from langfuse_outbox where ref = $1", [left]);
    await act(db, left, "approval");
    await db.query(
      "insert into langfuse_left_out (suggestion_id, project_id, rule) values ($1, 'default', 'not-sampled')",
      [left],
    );
    const messages = await claimMessages(db, { limit: 2, leaseMs: 60_000, token: TOKEN });
    const idOf = (kind: string): number => messages.find((message) => message.kind === kind)?.id ?? 0;
    const other = newId();
    const trace = { id: idOf("trace"), unsure: false, keptBy: null };
    expect(await leaveOutTraces(db, other, [{ ...trace, rule: "not-sampled" }])).toEqual(new Set());
    expect(await holdMessages(db, other, [{ ...trace, forMs: HOUR_MS }])).toEqual(new Set());
    const feedback = { id: idOf("feedback"), suggestionId: left, unsure: false };
    expect(await leaveOutFeedback(db, other, [feedback])).toEqual(new Set());
    expect((await readOutbox(db)).filter(({ isLocked }) => isLocked)).toHaveLength(2);
    // And the very same by whoever holds them.
    expect(await leaveOutFeedback(db, TOKEN, [feedback])).toEqual(new Set([feedback.id]));
    expect(await leaveOutTraces(db, TOKEN, [{ ...trace, rule: "not-sampled" }])).toEqual(new Set([trace.id]));
    expect((await readLeftOut(db)).map(({ ref }) => ref)).toEqual([left, claimed].sort());
  });

  it("come to the same, whatever the order of feedback, window, workers and retries", async () => {
    const next = seeded(11);
    const policy = { ...NOTHING, rates: { general: 0.3, byFunction: new Map() } };
    for (let round = 0; round < 4; round += 1) {
      const db = await openDatabase();
      const { standIn, address } = await startStandIn();
      const workers = [0, 1].map(() => mirrorTo(db, address, { sampling: policy, batchSize: 3, leaseMs: 60_000 }));
      const expected = new Set<string>();
      const acts = new Map<string, string[]>();
      const suggestions: string[] = [];
      for (let step = 0; step < 60; step += 1) {
        const kind = next();
        const known = suggestions[Math.floor(next() * suggestions.length)];
        if (kind < 0.35 || known === undefined) {
          const id = await suggest(db);
          suggestions.push(id);
          acts.set(id, []);
          if (shareOf(traceIdOf(id)) < 0.3) expected.add(id);
        } else if (kind < 0.65) {
          const type =
            (["approval", "approval", "revision", "rejection"] as const)[Math.floor(next() * 4)] ?? "approval";
          acts.get(known)?.push(await act(db, known, type));
          if (type !== "approval") expected.add(known);
        } else if (kind < 0.75) standIn.failNext({ status: 503 });
        else if (kind < 0.85) await passTime(db, HOUR_MS * next() * 2);
        else if (kind < 0.9) await claimMessages(db, { limit: 2, leaseMs: 1, token: newId() });
        else await Promise.all(workers.map(({ mirror }) => drain(mirror, 60_000)));
      }
      for (let pass = 0; pass < 6; pass += 1) {
        await passTime(db, HOUR_MS);
        await Promise.all(workers.map(({ mirror }) => drain(mirror, 60_000)));
      }
      expect(await readOutbox(db)).toEqual([]);
      const mirrored = [...expected].flatMap((id) => [id, ...(acts.get(id) ?? [])]);
      expect(await refs(db)).toEqual(mirrored.sort());
      expect((await readLeftOut(db)).map(({ ref }) => ref)).toEqual(
        suggestions.filter((id) => !expected.has(id)).sort(),
      );
      const ids = [...standIn.observations(), ...standIn.scores()].map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });
});
