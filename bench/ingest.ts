/**
 * What the store takes in a second with all its triggers on, against the limit: binary COPY of the same rows into the same
 * tables with the triggers off. In interleaved rounds of one run, on a server that syncs every commit to its disk.
 *
 *     npx tsx bench/ingest.ts [--quick] [--rounds 7] [--suggestions 10000]
 *
 * Server CPU is that of all processes of the server, from /proc: Linux only.
 */
import { parseArgs } from "node:util";
import type { SuggestionRecord } from "../src/domain/suggestion.ts";
import type { Database } from "../src/store/database.ts";
import { migrate } from "../src/store/migrate.ts";
import { openPostgres } from "../src/store/postgres.ts";
import { type FeedbackEventRow, insertFeedback } from "../src/store/queries/insert-feedback.ts";
import { insertSuggestions } from "../src/store/queries/insert-suggestions.ts";
import { rowOf } from "../src/track/rows.ts";
import { startPostgres } from "../test/support/postgres-server.ts";
import { type Copies, createCopies, diskBytesOf, emptyTables, rawBytesOf, setTriggers } from "./ingest/copy.ts";
import { feedbackOf, recordsOf } from "./ingest/rows.ts";
import { cpuMsOfFamily, parentOf } from "./mirror/cpu.ts";
import { median, table, writeSection } from "./report.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    suggestions: { type: "string" },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 3 : 7));
const suggestionCount = Number(options.suggestions ?? (options.quick ? 5000 : 10_000));
const BATCH = 500;

type Parts = {
  readonly db: Database;
  readonly postmasterPid: number;
  readonly copies: Copies;
  readonly records: readonly SuggestionRecord[];
  readonly events: readonly FeedbackEventRow[];
};

/** What writing so many rows took. */
type Took = { readonly wallMs: number; readonly serverMs: number; readonly ownMs: number };
type Round = { readonly suggestions: Took; readonly feedback: Took; readonly both: Took };

const sumOf = (a: Took, b: Took): Took => ({
  wallMs: a.wallMs + b.wallMs,
  serverMs: a.serverMs + b.serverMs,
  ownMs: a.ownMs + b.ownMs,
});

async function measure({ postmasterPid }: Parts, work: () => Promise<void>): Promise<Took> {
  const [from, server, own] = [performance.now(), cpuMsOfFamily(postmasterPid), process.cpuUsage()];
  await work();
  const wallMs = performance.now() - from;
  const { user, system } = process.cpuUsage(own);
  return { wallMs, serverMs: cpuMsOfFamily(postmasterPid) - server, ownMs: (user + system) / 1000 };
}

async function inBatches<Row>(rows: readonly Row[], write: (batch: readonly Row[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < rows.length; from += BATCH) await write(rows.slice(from, from + BATCH));
}

async function ingest(parts: Parts): Promise<Round> {
  const { db, records, events } = parts;
  await emptyTables(db);
  const suggestions = await measure(parts, () =>
    inBatches(records, (batch) => insertSuggestions(db, batch.map(rowOf))),
  );
  await db.query("checkpoint");
  const feedback = await measure(parts, () => inBatches(events, (batch) => insertFeedback(db, batch)));
  return { suggestions, feedback, both: sumOf(suggestions, feedback) };
}

async function copy(parts: Parts): Promise<Round> {
  const { db, copies } = parts;
  await emptyTables(db);
  await setTriggers(db, "disable");
  const suggestions = await measure(parts, () => copies.put(["ai_suggestions", "ai_traces"]));
  await db.query("checkpoint");
  const feedback = await measure(parts, () => copies.put(["ai_feedback_events"]));
  await setTriggers(db, "enable");
  return { suggestions, feedback, both: sumOf(suggestions, feedback) };
}

/** Writes the rows once and keeps them as COPY wants them; suggestions as they are before anybody has judged them. */
async function prepare(parts: Parts): Promise<string> {
  const { db, copies, records, events } = parts;
  await emptyTables(db);
  await inBatches(records, (batch) => insertSuggestions(db, batch.map(rowOf)));
  await copies.take("ai_suggestions");
  await copies.take("ai_traces");
  await inBatches(events, (batch) => insertFeedback(db, batch));
  await copies.take("ai_feedback_events");
  return diskLine(parts);
}

async function diskLine({ db, records }: Parts): Promise<string> {
  let [raw, disk] = [0, 0];
  for (const name of ["ai_suggestions", "ai_traces", "ai_feedback_events"] as const) {
    raw += await rawBytesOf(db, name);
    disk += await diskBytesOf(db, name);
  }
  const each = (bytes: number): string => (bytes / records.length).toFixed(0);
  return `**On disk** a suggestion with its trace and 0.6 feedback events takes ${each(disk)} bytes, indexes and the version of its row before the feedback included: ${(disk / raw).toFixed(2)} times the ${each(raw)} bytes of its columns' values.`;
}

function rowsOf(name: string, all: readonly Round[], limit: readonly Round[], of: keyof Round): string[] {
  const count = of === "feedback" ? (suggestionCount * 3) / 5 : suggestionCount;
  const each = (pick: (took: Took) => number): string =>
    ((median(all.map((round) => pick(round[of]))) * 1000) / count).toFixed(1);
  // Neighbours in time: a busy moment of the machine strikes both.
  const shareOf = (pick: (took: Took) => number): string =>
    `${(100 * median(all.map((round, i) => pick(limit[i]?.[of] ?? round[of]) / pick(round[of])))).toFixed(0)} %`;
  return [
    name,
    (count / (median(all.map((round) => round[of].wallMs)) / 1000)).toFixed(0),
    shareOf(({ wallMs }) => wallMs),
    each(({ serverMs }) => serverMs),
    each(({ ownMs }) => ownMs),
    shareOf(({ serverMs, ownMs }) => serverMs + ownMs),
  ];
}

async function main(): Promise<void> {
  const postgres = await startPostgres({ isDurable: true });
  const db = await openPostgres({ url: postgres.url, maxConnections: 1 });
  await migrate(db);
  const [backend] = await db.query<{ pid: number }>("select pg_backend_pid() as pid");
  const records = recordsOf(suggestionCount);
  const copies = await createCopies(db);
  const parts = { db, postmasterPid: parentOf(backend?.pid ?? 0), copies, records, events: feedbackOf(records) };

  const disk = await prepare(parts);
  // Once more: the series are there now, and the code is warm.
  await ingest(parts);
  const [ingests, copied]: [Round[], Round[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) copied.push(await copy(parts));
    ingests.push(await ingest(parts));
    if (round % 2 === 1) copied.push(await copy(parts));
  }
  writeSection("ingest", [
    "## What the store takes in",
    "",
    `\`npx tsx bench/ingest.ts\`: ${suggestionCount} suggestions of 20 functions with their traces (2 kB of messages in, 600 B out), then feedback on 60 % of`,
    `them, in batches of ${BATCH}, one connection, all triggers on; medians of ${rounds} interleaved rounds. Every commit is synced to the disk (\`fsync\` and`,
    "`synchronous_commit` on). The limit is binary COPY of the same rows, from files of the server's, all in one transaction, into the same tables",
    "with their indexes, triggers off. CPU of all processes of the server, and of the one that calls; the last column compares their sum.",
    "",
    table(
      ["", "rows/s", "of the limit", "server CPU µs a row", "caller's", "of the limit, in CPU"],
      [
        rowsOf("suggestions, binary COPY (the limit)", copied, copied, "suggestions"),
        rowsOf("suggestions, `insertSuggestions`", ingests, copied, "suggestions"),
        rowsOf("feedback events, binary COPY (the limit)", copied, copied, "feedback"),
        rowsOf("feedback events, `insertFeedback`", ingests, copied, "feedback"),
        rowsOf("suggestions with 0.6 feedback events, binary COPY (the limit)", copied, copied, "both"),
        rowsOf("suggestions with 0.6 feedback events, Uptake", ingests, copied, "both"),
      ],
    ),
    "",
    disk,
  ]);
  await db.close();
  await postgres.stop();
}

await main();
