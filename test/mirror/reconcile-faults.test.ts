import { describe, expect, it, onTestFinished } from "vitest";
import { feedbackObservationIdOf, observationIdOf, scoreIdOf } from "../../src/domain/ids.ts";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { outgoingScore, outgoingSpan } from "../../src/langfuse/outgoing.ts";
import { traceToSpans } from "../../src/langfuse/otlp.ts";
import type { Database } from "../../src/store/database.ts";
import { readTracesForMirror } from "../../src/store/queries/read-traces-for-mirror.ts";
import type { Failure, LangfuseDialect, StandInLangfuseOptions } from "../../src/testing.ts";
import { openTestPostgres } from "../support/databases.ts";
import { check } from "./reconcile-all.ts";
import { insertFeedbackOn, insertSamples } from "./rows.ts";
import { drain, mirrorTo, readLedger, startStandIn } from "./set-up.ts";

/** Six suggestions, nested three deep, with two feedback events of every type, delivered as far as the trouble lets them. */
async function deliver(options: StandInLangfuseOptions, failure: Failure | null = null) {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db } = opened;
  const { standIn, address } = await startStandIn(options);
  const suggestions = await insertSamples(db, 6);
  await nest(db);
  const feedback = await insertFeedbackOn(
    db,
    suggestions.map(({ id }) => id),
  );
  standIn.setFailure(failure);
  const { mirror } = mirrorTo(db, address);
  await drain(mirror);
  standIn.setFailure(null);
  const [first] = suggestions;
  if (first === undefined) throw new Error("something was inserted");
  return { db, standIn, address, first, feedback };
}

/** Puts each generation under its retriever. */
const nest = (db: Database) =>
  db.query(`update ai_traces set observations = jsonb_set(observations, '{2,parentId}', observations -> 1 -> 'id')`);

const NOTHING = { missingCount: 0, doubledCount: 0, differentCount: 0 };

describe("a trace that was sent twice", () => {
  const doubledCount: Readonly<Record<LangfuseDialect, number>> = { v4: 3, v3: 0 };

  it.each<LangfuseDialect>(["v4", "v3"])(
    "is found by reconciling where Langfuse does not merge it: %s",
    async (dialect) => {
      const { db, address, first } = await deliver({ dialect });
      const sources = await readTracesForMirror(db, [first.id]);
      await createLangfuseClient({ ...address, fetch, timeoutMs: 5000 }).sendSpans(
        sources.flatMap((source) => traceToSpans(source)).map(outgoingSpan),
      );
      const { report, findings } = await check(db, address);
      expect(report).toMatchObject({ ...NOTHING, doubledCount: doubledCount[dialect] });
      expect(findings.map(({ problem, detail }) => [problem, detail])).toEqual(
        Array.from({ length: doubledCount[dialect] }, () => ["doubled", "2 times"]),
      );
    },
  );
});

describe("a malformed span", () => {
  const failure = { refuseSpans: { name: "human-feedback" } };

  it("makes dead letters of its feedback where Langfuse refuses it, so that nothing is missing of the ledger", async () => {
    const { db, address } = await deliver({ dialect: "v4" }, failure);
    expect(await readLedger(db)).toHaveLength(6);
    expect((await check(db, address)).report).toMatchObject({ checkedCount: 6, ...NOTHING });
  });

  it("is named by reconciling where Langfuse drops it, and all that came with it, without a word", async () => {
    const { db, address, feedback } = await deliver({ dialect: "v3" }, failure);
    const { report, findings } = await check(db, address);
    expect(report).toMatchObject({ checkedCount: 12, ...NOTHING, missingCount: 6 });
    expect(findings.map(({ langfuseId }) => langfuseId).sort()).toEqual(
      feedback.map(({ id }) => feedbackObservationIdOf(id)).sort(),
    );
  });
});

describe.each<LangfuseDialect>(["v4", "v3"])("reconciling with a Langfuse of dialect %s", (dialect) => {
  it("finds nothing where everything is there once and as it is", async () => {
    const { db, address, standIn } = await deliver({ dialect });
    const { report, findings } = await check(db, address);
    expect(findings).toEqual([]);
    expect(report).toMatchObject({ checkedCount: 12, ...NOTHING });
    const depths = standIn.currentObservations().map(({ parentObservationId }) => parentObservationId);
    expect(new Set(depths).size).toBe(1 + 6 + 6);
  });

  it("finds nothing although every answer to a delivery was lost, for that was read back", async () => {
    const { db, address } = await deliver({ dialect }, { closeAfterAccept: true });
    expect((await check(db, address)).report).toMatchObject({ checkedCount: 12, ...NOTHING });
  });

  it("names every score that was dropped after it had been accepted", async () => {
    const { db, address, feedback } = await deliver({ dialect }, { dropScores: { name: "accepted" } });
    const { report, findings } = await check(db, address);
    expect(report).toMatchObject({ checkedCount: 12, ...NOTHING, missingCount: 6 });
    expect(findings.map(({ problem, langfuseId }) => `${problem} ${langfuseId}`).sort()).toEqual(
      feedback.map(({ id }) => `missing ${scoreIdOf(id, "accepted")}`).sort(),
    );
  });

  it("has nothing to say of feedback that was refused: that is a dead letter and not in the ledger", async () => {
    const { db, address } = await deliver({ dialect }, { refuseScores: { name: "kept-ratio" } });
    expect(await readLedger(db)).toHaveLength(10);
    expect((await check(db, address)).report).toMatchObject({ checkedCount: 10, ...NOTHING });
  });

  it("waits for what Langfuse shows late", async () => {
    const { db, address } = await deliver({ dialect, visibleAfterMs: 1500 });
    expect((await check(db, address, { visibilityDelayMs: 3000 })).report).toMatchObject(NOTHING);
  });

  it("calls missing what is shown later than it waits", async () => {
    const { db, address, standIn } = await deliver({ dialect, visibleAfterMs: 600_000 });
    const { report } = await check(db, address);
    const sentCount = standIn.observations().length + standIn.scores().length;
    expect(report).toMatchObject({ checkedCount: 12, ...NOTHING, missingCount: sentCount });
  });

  it("names what was deleted, and mends it", async () => {
    const { db, address, standIn, first } = await deliver({ dialect });
    await createLangfuseClient({ ...address, fetch, timeoutMs: 5000 }).deleteTraces([first.traceId]);
    const { report, findings } = await check(db, address, { repair: true });
    // Three observations, the event and the three scores of an approval.
    expect(report).toMatchObject({ missingCount: 7, doubledCount: 0, differentCount: 0, mendedCount: 2 });
    expect(new Set(findings.map(({ traceId }) => traceId))).toEqual(new Set([first.traceId]));
    expect((await check(db, address)).report).toMatchObject(NOTHING);
    expect(standIn.currentObservations()).toHaveLength(24);
  });

  it("says what is different of a trace and of a score", async () => {
    const { db, address, standIn, first, feedback } = await deliver({ dialect });
    await db.query(
      `update ai_traces set observations = jsonb_set(jsonb_set(jsonb_set(observations, '{2,model}', '"gpt-5"'),
         '{2,parentId}', observations -> 0 -> 'id'), '{1,startTime}', '"2026-03-01T09:00:00.006Z"') where trace_id = $1`,
      [first.traceId],
    );
    // As somebody else might write over it.
    const scoreId = scoreIdOf(feedback[1]?.id ?? "", "kept-ratio");
    const { traceId, timestamp } = standIn.currentScores().find(({ id }) => id === scoreId) ?? {};
    if (!traceId || timestamp === undefined) throw new Error("the score is there");
    const changed = { id: scoreId, name: "kept-ratio", dataType: "NUMERIC", value: 0.25, traceId } as const;
    const event = { id: "another", type: "score-create" as const, timestamp };
    await createLangfuseClient({ ...address, fetch, timeoutMs: 5000 }).sendScores([
      outgoingScore({ ...event, body: { ...changed, environment: "test", metadata: {} } }),
    ]);
    const { report, findings } = await check(db, address);
    const [rootId, retrieverId, generationId] = [0, 1, 2].map((index) => observationIdOf(first.traceId, index));
    expect(report).toMatchObject({ ...NOTHING, differentCount: 3 });
    expect(new Map(findings.map(({ langfuseId, detail }) => [langfuseId, detail]))).toEqual(
      new Map([
        [retrieverId, "startTime is 2026-03-01T09:00:00.005Z, not 2026-03-01T09:00:00.006Z"],
        [
          generationId,
          `model is "gpt-4.1-mini", not "gpt-5"; parentObservationId is "${retrieverId}", not "${rootId}"`,
        ],
        [scoreId, `value is 0.25, not 0.7; observationId is none, not "${observationIdOf(traceId, 2)}"`],
      ]),
    );
  });

  it.each<[string, Failure]>([
    ["an answer 500", { status: 500 }],
    ["an answer 429", { status: 429 }],
    ["no answer", { hang: true }],
  ])("gives up on %s that does not end, with the reason", async (_what, failure) => {
    const { db, address, standIn } = await deliver({ dialect });
    standIn.setFailure(failure);
    const reason = "status" in failure ? `answered ${failure.status}` : "no answer in time";
    await expect(check(db, address, { random: () => 0, timeoutMs: "hang" in failure ? 200 : 5000 })).rejects.toThrow(
      new RegExp(`^Langfuse cannot be read: GET .*${reason}.*; run it again later$`, "u"),
    );
  });

  it("gives up on wrong keys at once, with the remedy", async () => {
    const { db, address, standIn } = await deliver({ dialect });
    const before = standIn.requests()["GET /api/public/observations"] ?? 0;
    await expect(check(db, { ...address, secretKey: "sk-lf-wrong" })).rejects.toThrow(
      /answered 401.*check that LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY belong to one project/u,
    );
    expect((standIn.requests()["GET /api/public/observations"] ?? 0) - before).toBe(1);
  });

  it("waits as long as a 429 says, wherever it comes, and finds nothing wrong", async () => {
    const { db, address, standIn } = await deliver({ dialect });
    let count = 0;
    const limited: typeof fetch = (input, init) => {
      count += 1;
      if (count % 7 === 0) standIn.failNext({ status: 429, retryAfter: 0 });
      return fetch(input, init);
    };
    const { report, book } = await check(db, address, { fetch: limited });
    expect(report).toMatchObject({ checkedCount: 12, ...NOTHING });
    expect(book.named("mirror.read_waits").length).toBeGreaterThan(1);
  });
});
