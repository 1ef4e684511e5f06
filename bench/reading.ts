/**
 * Charts of 30 days with 20 agent functions: read from the rollup, as `readMetrics` does, against a plain statement over the
 * suggestions themselves. And how long counting those 30 days anew takes, against one plain `group by` over them.
 *
 *     npx tsx bench/reading.ts [--quick] [--full] [--suggestions 1000000] [--reads 40] [--database URL]
 *
 * `--quick` is 200,000 suggestions and 10 reads; `--full` is 10 million suggestions and 6 million feedback events: 8 GB of disk and, on two cores, half an hour.
 * `--database` is an empty Postgres, in which the history stays: bench/dashboard.ts takes it with the same option.
 * Server CPU is that of all processes of the server, from /proc: Linux only.
 */
import { parseArgs } from "node:util";
import type { MetricsQuery } from "../src/metrics/metrics-query.ts";
import { readMetrics } from "../src/metrics/read-metrics.ts";
import type { Database } from "../src/store/database.ts";
import { median, table, writeSection } from "./report.ts";
import { backfillHistory, FILLED_FROM, filledTo, type History } from "./rollup/fill.ts";
import { openHistory } from "./rollup/open-history.ts";
import { createTimer, type Took } from "./rollup/timed.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    suggestions: { type: "string" },
    reads: { type: "string" },
    database: { type: "string" },
  },
});
const defaultCount = options.full ? 10_000_000 : options.quick ? 200_000 : 1_000_000;
const history: History = { count: Number(options.suggestions ?? defaultCount), days: 30 };
const readCount = Number(options.reads ?? (options.quick ? 10 : 40));

type Timer = Awaited<ReturnType<typeof createTimer>>;

/** What a dashboard asks for, and the plain statement that answers it from the suggestions. */
type Chart = { readonly name: string; readonly query: MetricsQuery; readonly raw: string };

const range = { projectId: "default", from: FILLED_FROM, to: filledTo(history) } as const;
const byHour = { ...range, bucket: "hour", by: [] } as const;
const byFunction = { ...range, bucket: "day", by: ["function"] } as const;

const rawCounts = (group: string): string => `
  select ${group}, count(*), count(*) filter (where status = 'completed'), count(*) filter (where status = 'error'),
    count(*) filter (where outcome = 'accepted'), count(*) filter (where outcome = 'revised'),
    count(*) filter (where outcome = 'rejected'), count(shown_at), sum(latency_ms), sum(input_tokens), sum(output_tokens),
    sum(cost_usd), avg(kept_ratio)
  from ai_suggestions where project_id = 'default' group by ${group}`;

const rawPercentiles = (group: string): string => `
  select ${group}, count(*), percentile_disc(array[0.5, 0.9, 0.95, 0.99]) within group (order by latency_ms)
  from ai_suggestions where project_id = 'default' group by ${group}`;

const hour = "date_trunc('hour', created_at, 'UTC')";
const dayAndFunction = "date_trunc('day', created_at, 'UTC'), function_name";

const charts: readonly Chart[] = [
  { name: "by hour, counts, rates, cost", query: { ...byHour, durations: [] }, raw: rawCounts(hour) },
  {
    name: "by day for 20 functions, the same",
    query: { ...byFunction, durations: [] },
    raw: rawCounts(dayAndFunction),
  },
  {
    name: "by hour, and percentiles of the latency",
    query: { ...byHour, durations: ["latency"] },
    raw: rawPercentiles(hour),
  },
  {
    name: "by day for 20 functions, the same",
    query: { ...byFunction, durations: ["latency"] },
    raw: rawPercentiles(dayAndFunction),
  },
  { name: "by hour, everything", query: byHour, raw: "" },
  { name: "by day for 20 functions, everything", query: byFunction, raw: "" },
];

async function measureReads(db: Database, timed: Timer): Promise<string[]> {
  const reads = new Map(charts.map((chart) => [chart, [] as Took[]]));
  for (const { query } of charts) await readMetrics(db, query);
  for (let i = 0; i < readCount; i++) {
    for (const [{ query }, all] of reads) all.push(await timed(() => readMetrics(db, query)));
  }
  const rows: string[][] = [];
  for (const [chart, all] of reads) rows.push(await rowOf(chart, all, { db, timed }));
  return [
    `**Reading** ${readCount} times each, in turns, one connection; wall time as the caller sees it, rows made and all. CPU of all processes`,
    "of the server, and of the caller. From the suggestions: one plain statement, percentiles as `percentile_disc`, once.",
    "",
    table(
      ["30 days", "p50 ms", "p95 ms", "server CPU ms", "caller's", "from the suggestions, CPU ms", "times cheaper"],
      rows,
    ),
  ];
}

async function rowOf(
  { name, raw }: Chart,
  all: readonly Took[],
  { db, timed }: { readonly db: Database; readonly timed: Timer },
): Promise<string[]> {
  const mean = (of: (took: Took) => number): number => all.reduce((sum, took) => sum + of(took), 0) / all.length;
  const walls = all.map(({ wallMs }) => wallMs).toSorted((a, b) => a - b);
  const p95 = walls[Math.ceil(0.95 * walls.length) - 1] ?? Number.NaN;
  const own = [mean(({ serverMs }) => serverMs), mean(({ ownMs }) => ownMs)] as const;
  const plain = raw === "" ? undefined : await timed(() => db.query(raw));
  const plainMs = plain === undefined ? undefined : plain.serverMs + plain.ownMs;
  return [
    name,
    median(walls).toFixed(1),
    p95.toFixed(1),
    ...own.map((ms) => ms.toFixed(1)),
    plainMs?.toFixed(0) ?? "–",
    plainMs === undefined ? "–" : (plainMs / (own[0] + own[1])).toFixed(0),
  ];
}

const plainGroupBy = `
  select s.project_id, s.function_name, s.environment, s.model, s.prompt_version, date_trunc('hour', s.created_at, 'UTC'),
    count(*), count(*) filter (where s.status = 'error'), count(*) filter (where f.feedback_type = 'approval'),
    count(*) filter (where f.feedback_type = 'revision'), count(*) filter (where f.feedback_type = 'rejection'),
    sum(s.latency_ms), sum(s.input_tokens), sum(s.output_tokens), sum(s.cost_usd)
  from ai_suggestions s
  left join ai_feedback_events f on f.suggestion_id = s.id
  group by 1, 2, 3, 4, 5, 6`;

async function measureBackfill(db: Database, timed: Timer): Promise<string[]> {
  const plain = await timed(() => db.query(plainGroupBy));
  const backfill = await timed(() => backfillHistory(db, history));
  const cpuOf = ({ serverMs, ownMs }: Took): number => serverMs + ownMs;
  const seconds = (ms: number): string => (ms / 1000).toFixed(1);
  return [
    `**Counting it all anew** (\`uptake rollup backfill\`: hours, days and totals with all histograms) takes ${seconds(cpuOf(backfill))} s of CPU, ${seconds(backfill.wallMs)} s by the clock;`,
    `one plain \`group by\` of the suggestions with their feedback, by the same dimensions and hours, counts and sums only, ${seconds(cpuOf(plain))} s and ${seconds(plain.wallMs)} s:`,
    `${(cpuOf(backfill) / cpuOf(plain)).toFixed(1)} times the CPU.`,
  ];
}

async function main(): Promise<void> {
  const { db, close } = await openHistory(history, options.database);
  const timed = await createTimer(db);
  const backfill = await measureBackfill(db, timed);
  const reads = await measureReads(db, timed);
  writeSection("reading", [
    "## What charts cost to read",
    "",
    `\`npx tsx bench/reading.ts${options.full ? " --full" : options.quick ? " --quick" : ""}\`: ${history.count.toLocaleString("en")} suggestions of 20 functions evenly over 30 days, in 160 series at a time, with feedback on 60 %.`,
    "",
    ...reads,
    "",
    ...backfill,
  ]);
  await close();
}

await main();
