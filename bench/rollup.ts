/**
 * What adding up costs: whether it grows with the tables, what feedback in old hours takes, and how much of the bare binary COPY of
 * the suggestions is left when everything happens at once: writing, feedback, `uptake worker` with mirror and roller.
 *
 *     npx tsx bench/rollup.ts [--quick] [--rounds 5] [--suggestions 1000000] [--written 10000]
 *
 * Server CPU is that of all processes of the server, from /proc: Linux only. UPTAKE_SKIP_BUILD=1 takes the dist/ that is there.
 */
import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { silentLogger } from "../src/domain/logger.ts";
import { createRoller } from "../src/metrics/roller.ts";
import type { Database } from "../src/store/database.ts";
import { migrate } from "../src/store/migrate.ts";
import { openPostgres } from "../src/store/postgres.ts";
import { insertFeedback } from "../src/store/queries/insert-feedback.ts";
import { insertSuggestions } from "../src/store/queries/insert-suggestions.ts";
import { rowOf } from "../src/track/rows.ts";
import { type PostgresServer, startPostgres } from "../test/support/postgres-server.ts";
import { createCopies, emptyTables, setTriggers } from "./ingest/copy.ts";
import { feedbackOf, recordsOf } from "./ingest/rows.ts";
import { startReceiver, startWorker } from "./mirror/children.ts";
import { median, table, writeSection } from "./report.ts";
import { backfillHistory, fillHistory, type History } from "./rollup/fill.ts";
import { feedbackInOldHours } from "./rollup/old-hours.ts";
import { createTimer, type Took } from "./rollup/timed.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    suggestions: { type: "string" },
    written: { type: "string" },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 2 : 5));
const largeCount = Number(options.suggestions ?? (options.quick ? 200_000 : 1_000_000));
const writtenCount = Number(options.written ?? (options.quick ? 3000 : 10_000));
const eventCount = writtenCount + (writtenCount * 3) / 5;
/** Three times as many: the roller looks once a second, and in a short run the last of these seconds would be a large part. */
const togetherCount = writtenCount * 3;
const BATCH = 500;

/** As many a day in both, and so the same rows by the hour: only the tables differ. */
const large: History = { count: largeCount, days: 30 };
const small: History = { count: largeCount / 10, days: 3 };

type Timer = Awaited<ReturnType<typeof createTimer>>;
type Place = { readonly db: Database; readonly timed: Timer; close(): Promise<void> };

async function openPlace(server: PostgresServer, name: string): Promise<Place & { readonly url: string }> {
  const main = await openPostgres({ url: server.url, maxConnections: 1 });
  await main.query(`create database ${name}`);
  await main.close();
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const db = await openPostgres({ url: url.href, maxConnections: 1 });
  await migrate(db);
  return { db, url: url.href, timed: await createTimer(db), close: () => db.close() };
}

async function openFilled(server: PostgresServer, name: string, history: History): Promise<Place> {
  const place = await openPlace(server, name);
  await fillHistory(place.db, history);
  await backfillHistory(place.db, history);
  return place;
}

const rollAll = (db: Database): Promise<number> => createRoller({ db, log: silentLogger }).rollAll();

/** Writes new suggestions and feedback on 60 % of them, as an application does. */
async function write(db: Database, records: ReturnType<typeof recordsOf>): Promise<void> {
  const events = feedbackOf(records);
  const judgedInBatch = (BATCH * 3) / 5;
  for (let i = 0; i * BATCH < records.length; i++) {
    await insertSuggestions(db, records.slice(i * BATCH, (i + 1) * BATCH).map(rowOf));
    await insertFeedback(db, events.slice(i * judgedInBatch, (i + 1) * judgedInBatch));
  }
}

async function rollNew({ db, timed }: Place): Promise<Took> {
  await write(db, recordsOf(writtenCount));
  return timed(() => rollAll(db));
}

async function measureSizes(smallPlace: Place, largePlace: Place): Promise<string[]> {
  const [ofSmall, ofLarge]: [Took[], Took[]] = [[], []];
  await rollNew(smallPlace);
  await rollNew(largePlace);
  for (let round = 0; round < rounds; round++) {
    ofSmall.push(await rollNew(smallPlace));
    ofLarge.push(await rollNew(largePlace));
  }
  const each = (all: readonly Took[]): number => (median(all.map(({ serverMs }) => serverMs)) * 1000) / eventCount;
  const ratio = each(ofLarge) / each(ofSmall);
  return [
    `**The roller** takes ${each(ofLarge).toFixed(1)} µs of server CPU an event (a suggestion written, or feedback on it, in batches of ${BATCH}) with ${large.count.toLocaleString("en")} suggestions`,
    `in the tables, and ${each(ofSmall).toFixed(1)} µs with ${small.count.toLocaleString("en")}: ${ratio.toFixed(2)} times as much for ten times the rows.`,
  ];
}

async function measureOldHours({ db, timed }: Place): Promise<string[]> {
  const [written, rolled]: [Took[], Took[]] = [[], []];
  let hourCount = 0;
  await rollAll(db);
  for (let round = 0; round < rounds; round++) {
    const events = await feedbackInOldHours(db);
    hourCount = events.length;
    written.push(await timed(() => insertFeedback(db, events)));
    rolled.push(await timed(() => rollAll(db)));
  }
  const serverMs = (all: readonly Took[]): string => median(all.map((took) => took.serverMs)).toFixed(0);
  return [
    `**Late feedback**, ${hourCount} events in as many old hours, takes ${serverMs(written)} ms of server CPU to write and ${serverMs(rolled)} ms to roll: into the hours and days`,
    "of its series, of its functions and of the project.",
  ];
}

async function untilDone(db: Database): Promise<void> {
  for (;;) {
    const [row] = await db.query<{ waiting: boolean }>(
      "select exists (select from langfuse_outbox) or exists (select from rollup_deltas) as waiting",
    );
    if (row?.waiting === false) return;
    await sleep(20);
  }
}

/** Rows a second of three ways, in turns. */
async function measureTogether(place: Place & { readonly url: string }): Promise<string[]> {
  const { db, timed, url } = place;
  const records = recordsOf(togetherCount);
  const copies = await createCopies(db);
  await insertSuggestions(db, records.map(rowOf));
  await copies.take("ai_suggestions");
  await copies.take("ai_traces");
  const sink = await startReceiver("./sink.ts");
  const worker = await startWorker(url, `http://127.0.0.1:${sink.port}`);

  const copy = async (): Promise<Took> => {
    await setTriggers(db, "disable");
    const took = await timed(() => copies.put(["ai_suggestions", "ai_traces"]));
    await setTriggers(db, "enable");
    return took;
  };
  const together = (): Promise<Took> =>
    timed(async () => {
      await write(db, records);
      await untilDone(db);
    });
  const written = (): Promise<Took> => timed(() => write(db, records));

  const arms = [copy, written, together];
  const results = arms.map(() => [] as Took[]);
  for (let round = -1; round < rounds; round++) {
    for (const [i, arm] of arms.entries()) {
      await untilDone(db);
      await emptyTables(db);
      const took = await arm();
      if (round >= 0) results[i]?.push(took);
    }
  }
  await worker.stop();
  sink.stop();
  return togetherLines(results);
}

function togetherLines(results: readonly (readonly Took[])[]): string[] {
  const names = [
    "binary COPY of the suggestions and their traces (the limit)",
    "writing them, and feedback on 60 %, until it is committed",
    "the same, until all of it is mirrored and rolled",
  ];
  const [limit = []] = results;
  const rows = results.map((all, i) => [
    names[i] ?? "",
    (togetherCount / (median(all.map(({ wallMs }) => wallMs)) / 1000)).toFixed(0),
    `${(100 * median(all.map(({ wallMs }, round) => (limit[round]?.wallMs ?? Number.NaN) / wallMs))).toFixed(0)} %`,
    ((median(all.map(({ serverMs }) => serverMs)) * 1000) / togetherCount).toFixed(0),
  ]);
  return [
    `**Everything at once**: ${togetherCount} suggestions in batches of ${BATCH} and feedback on 60 % of each batch, one connection, while \`uptake worker\` with its defaults`,
    "rolls and mirrors everything to a sink on loopback.",
    "",
    table(["", "suggestions/s", "of the limit", "server CPU µs a suggestion"], rows),
  ];
}

async function main(): Promise<void> {
  if (process.env["UPTAKE_SKIP_BUILD"] !== "1") {
    const built = spawnSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
    if (built.status !== 0) throw new Error("the build failed: the worker runs from dist/");
  }
  const server = await startPostgres({ isDurable: true });
  const smallPlace = await openFilled(server, "small", small);
  const largePlace = await openFilled(server, "large", large);
  const sizes = await measureSizes(smallPlace, largePlace);
  const oldHours = await measureOldHours(largePlace);
  await smallPlace.close();
  await largePlace.close();
  const place = await openPlace(server, "together");
  const together = await measureTogether(place);
  await place.close();
  writeSection("rollup", [
    "## What adding up costs",
    "",
    `\`npx tsx bench/rollup.ts\`: 20 functions in 160 series at a time; medians of ${rounds} interleaved rounds. Every commit is synced to the disk.`,
    "",
    ...sizes,
    "",
    ...oldHours,
    "",
    ...together,
  ]);
  await server.stop();
}

await main();
