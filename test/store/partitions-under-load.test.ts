import { expect, it, onTestFinished } from "vitest";
import { newId, repeatableId, traceIdOf } from "../../src/domain/ids.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { checkRollup } from "../../src/metrics/check-rollup.ts";
import { createHostMetrics } from "../../src/metrics/host-metrics.ts";
import { readMetrics } from "../../src/metrics/read-metrics.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import type { Database } from "../../src/store/database.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { insertFeedback } from "../../src/store/queries/insert-feedback.ts";
import { insertSuggestions } from "../../src/store/queries/insert-suggestions.ts";
import { rowOf } from "../../src/track/rows.ts";
import { feedbackOn, sampleRecord } from "../mirror/rows.ts";
import { countOf, deliverAll, inMonth, keepAt, openPartitioned, partitionOf } from "./partitioned-rows.ts";

const MONTHS = 8;
const WRITERS = 6;
const ROWS_AT_ONCE = 20;
/** The server itself ends whoever waits longer for a lock, with an error: so a run without errors proves that nobody did. */
const LONGEST_WAIT_MS = 1000;

/** Connections for those who must not be held up. */
async function openImpatient(url: string, maxConnections: number): Promise<Database> {
  const impatient = new URL(url);
  impatient.searchParams.set("options", `-c lock_timeout=${LONGEST_WAIT_MS}`);
  const db = await openPostgres({ url: impatient.href, maxConnections });
  onTestFinished(() => db.close());
  return db;
}

/** The clock of this test: a month an hour, so to say. */
type Clock = { month: number; running: boolean };

/** Writes suggestions into the running month, and feedback on those of it and of the month before. Resolves to how many it wrote. */
async function write(db: Database, clock: Clock): Promise<number> {
  const known: { readonly id: string; readonly month: number }[] = [];
  let count = 0;
  while (clock.running) {
    const { month } = clock;
    const createdAt = inMonth(month);
    const records = Array.from({ length: ROWS_AT_ONCE }, (_, n) => {
      const id = repeatableId(createdAt, newId());
      return { ...sampleRecord(n), id, traceId: traceIdOf(id), createdAt: createdAt.toISOString() };
    });
    await insertSuggestions(db, records.map(rowOf));
    count += records.length;
    known.push(...records.slice(0, 5).map(({ id }) => ({ id, month })));
    const judged = known.filter((one) => one.month >= month - 1).filter((_, n) => n % 3 === 0);
    await insertFeedback(
      db,
      judged.slice(-5).map(({ id }, n) => ({ ...feedbackOn(id, n), createdAt: createdAt.toISOString() })),
    );
  }
  return count;
}

async function repeat(clock: Clock, work: () => Promise<unknown>): Promise<void> {
  while (clock.running) await work();
}

it("months are made and dropped beside writers at full speed, without an error, a long wait or a lost count", async () => {
  const { db, url } = await openPartitioned();
  const clock: Clock = { month: 0, running: true };
  const impatient = await openImpatient(url, WRITERS + 2);
  const roller = createRoller({ db, log: silentLogger });
  const written = Promise.all(Array.from({ length: WRITERS }, () => write(impatient, clock)));
  const others = Promise.all([
    repeat(clock, () => impatient.query("select count(*) from ai_suggestions where status = 'completed'")),
    repeat(clock, () => roller.rollAll()),
    repeat(clock, () => deliverAll(db)),
    repeat(clock, () => {
      const now = (): number => inMonth(clock.month).getTime();
      return createHostMetrics({ db, log: silentLogger, projectId: "default", now, everyMs: 1000 }).writeAll();
    }),
  ]);
  const failed = Promise.all([written, others]).finally(() => {
    clock.running = false;
  });

  let droppedCount = 0;
  const turnMonths = async (): Promise<void> => {
    for (clock.month = 1; clock.month <= MONTHS && clock.running; clock.month += 1) {
      const wanted = partitionOf("ai_traces", clock.month + 3);
      const isReady = async (): Promise<boolean> => {
        const report = await keepAt(db, inMonth(clock.month), 1);
        droppedCount += report.dropped.length;
        const made = await db.query("select from pg_class where relname = $1", [wanted]);
        return made.length > 0 && report.kept.length === 0;
      };
      while (clock.running && !(await isReady()));
    }
    clock.running = false;
  };
  await Promise.all([failed, turnMonths()]);
  const total = (await written).reduce((sum, count) => sum + count, 0);

  expect(droppedCount).toBeGreaterThanOrEqual(MONTHS - 2);
  await roller.rollAll();
  const now = inMonth(MONTHS + 2);
  const [row] = await readMetrics(db, {
    projectId: "default",
    from: inMonth(-1),
    to: now,
    bucket: "total",
    by: [],
    now,
  });
  expect(row?.suggestionCount).toBe(total);
  expect(await countOf(db, "ai_suggestions")).toBeLessThan(total);
  const signal = new AbortController().signal;
  const check = { to: now, repair: false, onDifference: () => {}, onProgress: () => {}, signal };
  expect(await checkRollup(db, check)).toMatchObject({ differenceCount: 0 });
}, 120_000);
