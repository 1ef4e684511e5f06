import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { createUptake } from "../../src/create-uptake.ts";
import { createHostMetrics } from "../../src/metrics/host-metrics.ts";
import { openServices } from "../../src/server.ts";
import { adopt } from "../../src/store/adoption/adopt.ts";
import { createStandInLangfuse } from "../../src/testing.ts";
import { eventually } from "../support/eventually.ts";
import { as, judge, startHost, suggest, type Host } from "./host.ts";

const settings = {
  projectId: "default",
  functionName: "generate-message-suggestion",
  environment: "production",
  lockTimeoutMs: 1_000,
};
const adopted = async (): Promise<Host> => {
  const host = await startHost();
  await adopt(host.db, settings, () => {});
  return host;
};

/** What the host's own dashboards ask, of the tables that are theirs. */
async function answers(host: Host): Promise<unknown> {
  await host.db.query("select compute_hourly_metrics(now() - interval '1 day', now() + interval '1 hour')");
  const metrics = await host.db.query(
    `select metric_name, dimension_value, metric_value from aggregated_metrics
     where metric_type = 'feedback' order by 1, 2`,
  );
  await host.db.query("delete from aggregated_metrics");
  const suggestions = await host.db.query(
    `select ticket_id, message_id, suggested_response, confidence_score, system_user_id, metadata, status, feedback
     from ai_suggestions order by suggested_response`,
  );
  const seen = async (person: Host["agent"]): Promise<unknown> =>
    as(host, person, (tx) => tx.query("select count(*) as n from ai_feedback_events"));
  return { metrics, suggestions, seen: [await seen(host.admin), await seen(host.agent), await seen(host.customer)] };
}

async function workADay(host: Host): Promise<void> {
  const ids: string[] = [];
  for (const text of ["One.", "Two.", "Three."]) ids.push(await suggest(host, host.ticketId, text));
  const [one = "", two = "", three = ""] = ids;
  await judge(host, host.agent, host.ticketId, [
    { suggestionId: one, type: "approval" },
    { suggestionId: two, type: "revision", reason: "too long", response: "Two" },
    { suggestionId: three, type: "rejection", reason: "off-topic" },
  ]);
}

const neutral = (host: Host, answer: unknown): unknown =>
  JSON.parse(JSON.stringify(answer).replaceAll(host.ticketId, "ticket"));

describe("the host's own code", () => {
  it("gets the same answers from its tables and its hourly job with us as without", async () => {
    const [without, before, after] = [await startHost(), await startHost(), await adopted()];
    await workADay(without);
    await workADay(before);
    await adopt(before.db, settings, () => {});
    await workADay(after);
    const expected = neutral(without, await answers(without));
    expect(neutral(before, await answers(before))).toEqual(expected);
    expect(neutral(after, await answers(after))).toEqual(expected);
  });

  it("may do what its policies allow, and no more, when we are there", async () => {
    const host = await adopted();
    const id = await suggest(host, host.ticketId, "One.");
    await expect(judge(host, host.otherAgent, host.ticketId, [{ suggestionId: id, type: "approval" }])).rejects.toThrow(
      /row-level security/,
    );
    await expect(judge(host, host.customer, host.ticketId, [{ suggestionId: id, type: "approval" }])).rejects.toThrow(
      /row-level security/,
    );
    await as(host, host.admin, (tx) => tx.query("delete from ai_suggestions where id = $1", [id]));
    expect(await host.db.query("select sum(suggestion_count) as n from rollup_deltas")).toEqual([{ n: 0 }]);
  });
});

describe("what was there before", () => {
  it("is decided, counted and queued for Langfuse, and nothing of it twice when it is begun anew", async () => {
    const host = await startHost();
    await workADay(host);
    await host.db.query(
      `update ai_suggestions set created_at = created_at - interval '40 days';
       update ai_feedback_events set created_at = created_at - interval '39 days';
       -- By a clock of the host's that is ahead, at the end of an hour.
       update ai_suggestions set created_at = date_trunc('hour', now()) + interval '1 hour 1 second' where suggested_response = 'Three.'`,
    );
    const services = await openServices(readConfig({ environment: { DATABASE_URL: host.url } }), { log: silentLogger });
    onTestFinished(() => services.close());
    const options = { functionName: "generate-message-suggestion", lockTimeoutMs: 1_000 };
    const run = () => services.adopt.adopt(options, () => {}, new AbortController().signal);
    const first = await run();
    expect(first).toMatchObject({ decidedCount: 3, enqueuedCount: 6, interrupted: false });
    expect(first.countedHourCount).toBeGreaterThanOrEqual(40 * 24);
    expect(await run()).toMatchObject({ decidedCount: 0, enqueuedCount: 0, interrupted: false });

    const range = { from: new Date(0), to: new Date(Date.now() + 3_600_000), bucket: "total" as const, by: [] };
    const { rows } = await services.metrics(range, "summary");
    expect(rows).toMatchObject([
      { suggestionCount: 3, completedCount: 3, acceptedCount: 1, revisedCount: 1, rejectedCount: 1 },
    ]);
    // The check looks at every week of its range, and since 1970 there are thousands.
    const from = new Date(Date.now() - 42 * 86_400_000);
    const check = { ...range, from, repair: false, onDifference: () => {}, onProgress: () => {} };
    const signal = new AbortController().signal;
    expect(await services.rollup.check({ ...check, signal })).toMatchObject({ differenceCount: 0 });
  });
});

describe("the host's hourly job beside ours", () => {
  it("changes nothing: it says what ours says, and is left out of the hours that ours has written", async () => {
    const host = await adopted();
    await workADay(host);
    const from = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000);
    const to = new Date(from.getTime() + 3_600_000);
    const job = () => host.db.query("select compute_hourly_metrics($1, $2)", [from, to]);
    const table = () =>
      host.db.query<{ name: string }>(
        `select metric_name as name, dimension, dimension_value as "dimensionValue", round(metric_value, 6) as value
         from aggregated_metrics where metric_type = 'feedback' order by 1, 2, 3`,
      );
    await job();
    const itsOwn = await table();
    const writer = createHostMetrics({
      db: host.db,
      log: silentLogger,
      projectId: "default",
      now: () => to.getTime(),
      everyMs: 1000,
    });
    await writer.writeAll();
    const ours = await table();
    expect(ours).toEqual(itsOwn);
    await job();
    await job();
    expect(await table()).toEqual(ours);
    // Of an hour that nobody else has written the job writes as ever.
    await host.db.query("delete from aggregated_metrics");
    await job();
    expect(await table()).toEqual(itsOwn);
  });
});

describe("what the host inserts", () => {
  it("reaches Langfuse by a worker that is started beside it, rows and tracked calls alike", async () => {
    const host = await adopted();
    await workADay(host);
    const standIn = createStandInLangfuse();
    const { baseUrl, publicKey, secretKey } = await standIn.start();
    onTestFinished(() => standIn.close());
    const spoolDir = mkdtempSync(join(tmpdir(), "uptake-spool-"));
    onTestFinished(() => rmSync(spoolDir, { recursive: true, force: true }));
    const uptake = createUptake({
      databaseUrl: host.url,
      spoolDir,
      langfuse: { baseUrl, publicKey, secretKey },
      log: silentLogger,
    });
    onTestFinished(() => uptake.close());
    const draft = uptake.track("draft-reply", (ticketId: string, run) =>
      run.suggest("Four.", { ticketId, confidence: 0.5, systemUserId: host.admin.profileId }),
    );
    await uptake.start();
    const { suggestionId } = draft(host.ticketId);
    await uptake.feedback({ suggestionId, type: "approval", agentId: host.agent.profileId });
    expect(await uptake.sent({ ticketId: host.ticketId, finalText: "Four.", agentId: host.agent.profileId })).toBe(
      undefined,
    );

    await eventually("four traces and four acts arrive", () => standIn.observations().length >= 3 * 2 + 1 + 4, 20_000);
    const acts = standIn.observations().filter(({ type }) => type === "EVENT");
    expect(acts).toHaveLength(4);
    const roots = standIn.observations().filter(({ type }) => type === "AGENT");
    expect(roots.map(({ name }) => name).sort()).toEqual([
      "draft-reply",
      ...Array.from({ length: 3 }, () => "generate-message-suggestion"),
    ]);
    expect(new Set(roots.map(({ sessionId }) => sessionId))).toEqual(new Set([host.ticketId]));
    expect(standIn.duplicates()).toEqual({ observations: [], scores: [] });
  });
});
