import { asItIs } from "../../src/domain/privacy.ts";
import { expect, it, onTestFinished } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { noInstruments } from "../../src/domain/instruments.ts";
import { inferenceOf } from "../../src/feedback/feedback-service.ts";
import { createInferrer } from "../../src/feedback/inferrer.ts";
import { openServices } from "../../src/server.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { eventually } from "../support/eventually.ts";
import { as, judge, startHost, suggest, type Host } from "./host.ts";

const WRITERS = 4;
/** Of every writer, before adopting begins and after it has ended. */
const ROUNDS = 5;

type Work = { suggestions: number; acts: number; rounds: number };

/** One round of the host's day, all of it under its restricted roles and its policies. */
async function work(host: Host, done: Work): Promise<void> {
  const id = await suggest(host, host.ticketId, "Your refund is on its way.");
  done.suggestions += 1;
  await judge(host, host.agent, host.ticketId, [{ suggestionId: id, type: "approval" }]);
  done.acts += 1;
  await as(host, host.agent, (tx) =>
    tx.query(
      `insert into ticket_messages (ticket_id, user_id, content) values ($1, $2, 'Your refund is on its way.')`,
      [host.ticketId, host.agent.profileId],
    ),
  );
  // Against the usual order, in one transaction: whoever takes our tables one by one may meet this one in a circle.
  await as(host, host.admin, async (tx) => {
    await tx.query(
      `insert into ai_suggestions (ticket_id, suggested_response, confidence_score, status)
       values ($1, 'Please restart the router.', 0.5, 'completed')`,
      [host.ticketId],
    );
    await tx.query("select pg_sleep(0.005)");
    await tx.query(
      `insert into ai_feedback_events (suggestion_id, ticket_id, agent_id, feedback_type, feedback_reason)
       values ($1, $2, $3, 'rejection', 'off-topic')`,
      [id, host.ticketId, host.admin.profileId],
    );
  });
  done.suggestions += 1;
  done.acts += 1;
  done.rounds += 1;
}

it("goes on while it is adopted: nothing of it fails, is lost, or is counted twice", async () => {
  const host = await startHost();
  const others = await openPostgres({ url: host.url, maxConnections: WRITERS + 1 });
  onTestFinished(() => others.close());
  const theirs: Host = { ...host, db: others };
  const closing = new AbortController();
  const jobs = { runs: 0 };
  async function runJob(): Promise<void> {
    while (!closing.signal.aborted) {
      await others.query("select compute_hourly_metrics(now() - interval '1 day', now() + interval '1 hour')");
      jobs.runs += 1;
    }
  }
  const writers = Array.from({ length: WRITERS }, (): Work => ({ suggestions: 0, acts: 0, rounds: 0 }));
  async function write(done: Work): Promise<void> {
    while (!closing.signal.aborted) await work(theirs, done);
  }
  const running = Promise.all([runJob(), ...writers.map(write)]);
  running.catch(() => {}); // whoever awaits it below gets it
  const leastRounds = (): number => Math.min(...writers.map(({ rounds }) => rounds));
  await Promise.race([running, eventually("the host is at work", () => leastRounds() >= ROUNDS, 20_000)]);

  const services = await openServices(readConfig({ environment: { DATABASE_URL: host.url } }), { log: silentLogger });
  onTestFinished(() => services.close());
  const options = { functionName: "generate-message-suggestion", lockTimeoutMs: 1_000, infer: true };
  const signal = new AbortController().signal;
  const before = leastRounds();
  const report = await services.adopt.adopt(options, () => {}, signal);
  const after = { rounds: leastRounds(), runs: jobs.runs };
  await Promise.race([
    running,
    eventually("and after it", () => leastRounds() >= after.rounds + ROUNDS && jobs.runs > after.runs, 20_000),
  ]);
  closing.abort();
  await running; // rejects with what failed of the host's

  expect(report).toMatchObject({ interrupted: false });
  expect(report.decidedCount).toBeGreaterThan(0);
  expect(after.rounds).toBeGreaterThan(before);
  const sum = (of: keyof Work): number => writers.reduce((total, done) => total + done[of], 0);
  const [suggestionCount, actCount] = [sum("suggestions"), sum("acts")];
  const [rows] = await host.db.query(
    `select (select count(*) from ai_suggestions) as suggestions, (select count(*) from ai_feedback_events) as acts,
       (select count(*) from ai_suggestions where outcome = 'rejected') as rejected,
       (select count(distinct ref) from langfuse_outbox where kind = 'trace') as traces,
       (select count(distinct ref) from langfuse_outbox where kind = 'feedback') as scores`,
  );
  const rejected = suggestionCount / 2;
  expect(rows).toEqual({
    suggestions: suggestionCount,
    acts: actCount,
    rejected,
    traces: suggestionCount,
    scores: actCount,
  });

  const range = { from: new Date(0), to: new Date(Date.now() + 3_600_000), bucket: "total" as const, by: [] };
  const counts = { suggestionCount, completedCount: suggestionCount, rejectedCount: rejected, acceptedCount: 0 };
  expect((await services.metrics(range, "summary")).rows).toMatchObject([counts]);
  const check = { ...range, from: new Date(Date.now() - 86_400_000), repair: false, signal };
  const found = await services.rollup.check({ ...check, onDifference: () => {}, onProgress: () => {} });
  expect(found).toMatchObject({ differenceCount: 0 });

  const inference = { ...inferenceOf({}), everyMs: 1_000, waitMs: 0, privacy: asItIs, now: () => new Date() };
  const inferrer = createInferrer({ db: host.db, log: silentLogger, instruments: noInstruments, ...inference });
  const messages = Object.values(await inferrer.inferAll()).reduce((total, count) => total + count, 0);
  const [{ left } = { left: -1 }] = await host.db.query<{ left: number }>(
    "select count(*) as left from uptake_sent_messages",
  );
  expect(left).toBe(0);
  expect(messages).toBeGreaterThanOrEqual(WRITERS * (ROUNDS - 1));
}, 120_000);
