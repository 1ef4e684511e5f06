import { expect, it } from "vitest";
import { describeOnPostgres } from "../support/databases.ts";
import { check } from "./reconcile-all.ts";
import { insertFeedbackOn, insertSamples } from "./rows.ts";
import { drain, mirrorTo, readOutbox, startStandIn } from "./set-up.ts";

describeOnPostgres("reconciling", (open) => {
  it("checks every line of many pages once, with few requests for the scores", async () => {
    const db = await open();
    const { standIn, address } = await startStandIn();
    const suggestions = await insertSamples(db, 230);
    await insertFeedbackOn(
      db,
      suggestions.slice(0, 120).map(({ id }) => id),
    );
    await drain(mirrorTo(db, address).mirror);
    const { report, findings, progress } = await check(db, address);
    expect(findings).toEqual([]);
    expect(report).toMatchObject({ checkedCount: 350, missingCount: 0, doubledCount: 0, differentCount: 0 });
    expect(progress.map(([done]) => done)).toEqual([100, 200, 300, 350]);
    expect(progress.every(([, total]) => total === 350)).toBe(true);
    const requests = standIn.requests();
    // One for each trace, and one for the event of each feedback, which stands in its trace.
    expect(requests["GET /api/public/v2/observations"]).toBe(230 + 120);
    // 520 scores, 50 a request, and one more where a page of the ledger ends.
    expect(requests["GET /api/public/v3/scores"]).toBeLessThanOrEqual(12);
  });

  it("waits for what was only just delivered before it is missing", async () => {
    const db = await open();
    const { address } = await startStandIn();
    const suggestions = await insertSamples(db, 3);
    await drain(mirrorTo(db, address).mirror);
    let hiddenCount = 0;
    const slow: typeof fetch = (input, init) => {
      const isOfRows = typeof input === "string" && input.includes("/v2/observations?");
      if (!isOfRows || hiddenCount >= suggestions.length) return fetch(input, init);
      hiddenCount += 1;
      return Promise.resolve(Response.json({ data: [], meta: {} }));
    };
    const { report } = await check(db, address, { fetch: slow, visibilityDelayMs: 4000 });
    expect(hiddenCount).toBe(3);
    expect(report).toMatchObject({ checkedCount: 3, missingCount: 0 });
    hiddenCount = 0;
    const late = await check(db, address, { fetch: slow });
    expect(late.report.missingCount).toBe(9);
    expect(late.findings.map(({ langfuseId }) => langfuseId).sort()).toEqual(
      suggestions.flatMap(({ spanIds }) => spanIds).sort(),
    );
  });

  it("sends again what is missing of many pages, and leaves nothing in the outbox", async () => {
    const db = await open();
    const first = await startStandIn();
    const suggestions = await insertSamples(db, 130);
    await insertFeedbackOn(db, [suggestions[0]?.id ?? ""]);
    await drain(mirrorTo(db, first.address).mirror);
    const emptied = await startStandIn();
    const { report } = await check(db, emptied.address, { repair: true });
    expect(report).toMatchObject({
      missingCount: 130 * 3 + 3 + 1,
      requeuedCount: 131,
      mendedCount: 131,
      unmendedCount: 0,
    });
    expect(await readOutbox(db)).toEqual([]);
    expect(emptied.standIn.duplicates()).toEqual({ observations: [], scores: [] });
    expect((await check(db, emptied.address)).findings).toEqual([]);
  });

  it("says what of the repair is a dead letter again", async () => {
    const db = await open();
    const { address } = await startStandIn();
    const [made] = await insertSamples(db, 1);
    await drain(mirrorTo(db, address).mirror);
    await db.query(`update langfuse_deliveries set langfuse_ids = langfuse_ids || '{0123456789abcdef}'::text[]`);
    await db.query(`update ai_traces set observations = '[null]' where trace_id = $1`, [made?.traceId]);
    const { report, findings } = await check(db, address, { repair: true });
    expect(findings.map(({ problem, langfuseId }) => [problem, langfuseId])).toEqual([["missing", "0123456789abcdef"]]);
    expect(report).toMatchObject({ requeuedCount: 1, mendedCount: 0, unmendedCount: 1 });
    expect((await readOutbox(db)).map(({ isDead }) => isDead)).toEqual([true]);
  });

  it("gives up on a Langfuse that stays away, and says so", async () => {
    const db = await open();
    const { standIn, address } = await startStandIn();
    await insertSamples(db, 2);
    await drain(mirrorTo(db, address).mirror);
    standIn.setFailure({ status: 503 });
    await expect(check(db, address, { random: () => 0 })).rejects.toThrow(
      /^Langfuse cannot be read: .* answered 503.*; run it again later$/u,
    );
  });

  it("stops between two pages, and says that it was interrupted", async () => {
    const db = await open();
    const { address } = await startStandIn();
    await insertSamples(db, 5);
    await drain(mirrorTo(db, address).mirror);
    const { report } = await check(db, address, { signal: AbortSignal.abort() });
    expect(report).toMatchObject({ checkedCount: 0, interrupted: true });
  });
});
