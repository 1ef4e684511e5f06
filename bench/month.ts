/**
 * A simulated month under feedback-aware sampling at 5 %: a compressed clock, uneven arrivals, late feedback. Says whether the
 * metrics are exact, whether every error's and every rejection's trace is mirrored, and whether what is mirrored is what the
 * rules say. `--limit` bounds each day, in units.
 *
 *     npx tsx bench/month.ts [--count 1000000] [--limit 60000] [--workers 2]
 */
import { parseArgs } from "node:util";
import { silentLogger } from "../src/domain/logger.ts";
import { createLangfuseClient } from "../src/langfuse/client.ts";
import { migrate } from "../src/store/migrate.ts";
import { openPostgres } from "../src/store/postgres.ts";
import { startPostgres } from "../test/support/postgres-server.ts";
import { startReceiver } from "./mirror/children.ts";
import { BENCH_KEYS } from "./mirror/keys.ts";
import { judgeMonth } from "./month/judge.ts";
import { simulateMonth } from "./month/simulate.ts";
import { table, writeSection } from "./report.ts";

const { values: options } = parseArgs({
  options: {
    count: { type: "string", default: "1000000" },
    limit: { type: "string" },
    workers: { type: "string", default: "2" },
  },
});
const RATE = 0.05;
const dailyUnits = options.limit === undefined ? null : { amount: Number(options.limit), stops: true };

const postgres = await startPostgres();
const sink = await startReceiver("./sink.ts");
const db = await openPostgres({ url: postgres.url });
try {
  await migrate(db);
  const startedMs = performance.now();
  const outcome = await simulateMonth({
    db,
    langfuse: createLangfuseClient({
      ...BENCH_KEYS,
      baseUrl: `http://127.0.0.1:${sink.port}`,
      fetch: globalThis.fetch,
      timeoutMs: 20_000,
    }),
    log: silentLogger,
    policy: {
      rates: { general: RATE, byFunction: new Map() },
      keep: { revision: false, slowMs: 8000, lowConfidence: null, expensiveUsd: 0.0999 },
      windowMs: 6 * 3_600_000,
      dailyUnits,
    },
    count: Number(options.count),
    seed: 7,
    workers: Number(options.workers),
    onDay: (day) => console.error(`day ${day + 1}, ${Math.round((performance.now() - startedMs) / 1000)} s`),
  });
  const report = await judgeMonth(db, outcome, { rate: RATE, dailyUnits: dailyUnits?.amount ?? null });
  const received = await sink.report();
  const { leftOut, metricsAgree, ...figures } = report;
  const rows = Object.entries({ ...figures, ...leftOut }).map(([name, value]) => [name, String(value)]);
  const stoppedCount = leftOut["budget"] ?? 0;
  const stopped = stoppedCount === 0 ? "" : ` and ${stoppedCount} stopped by the budget`;
  writeSection(dailyUnits === null ? "month" : "month-budget", [
    `## A month under sampling${dailyUnits === null ? "" : " and a daily budget"}`,
    "",
    `\`npx tsx bench/month.ts${dailyUnits === null ? "" : ` --limit ${dailyUnits.amount}`}\`: a compressed clock, uneven arrivals, feedback that is late.`,
    `${report.suggestionCount} suggestions, sampled at ${RATE * 100} %${dailyUnits === null ? "" : ` with at most ${dailyUnits.amount} units a day`}, in ${Math.round((performance.now() - startedMs) / 1000)} s: ${report.mirroredCount} traces mirrored${stopped} where the rules say ${report.saidCount} (${((100 * (report.mirroredCount + stoppedCount)) / report.saidCount - 100).toFixed(2)} %). The sink has ${received.spanCount} spans and ${received.scoreCount} scores, ${received.doubleCount} of them twice.`,
    "",
    table(["what", "figure"], [["metrics exact to the row", String(metricsAgree)], ...rows]),
  ]);
} finally {
  sink.stop();
  await db.close();
  await postgres.stop();
}
