/**
 * How long adopting holds up the host, and how fast it takes in what was there before: a host's database with many
 * suggestions, six in ten judged, whose application goes on inserting meanwhile.
 *
 *     npx tsx bench/adopt.ts [--suggestions 1000000] [--days 90]
 *
 * Prints, and writes no page: look at it before you adopt something large.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { AdoptEvent } from "../src/cli/adopt-services.ts";
import { readConfig } from "../src/config/read-config.ts";
import { silentLogger } from "../src/domain/logger.ts";
import { openServices } from "../src/server.ts";
import type { Database } from "../src/store/database.ts";
import { openPostgres } from "../src/store/postgres.ts";
import { startPostgres } from "../test/support/postgres-server.ts";

const { values } = parseArgs({
  options: { suggestions: { type: "string", default: "1000000" }, days: { type: "string", default: "90" } },
});
const suggestionCount = Number(values.suggestions);
const days = Number(values.days);
const hostSchema = readFileSync(new URL("../test/adopt/host-schema.sql", import.meta.url), "utf8");

/** The host's rows, spread evenly over the days until now. */
async function fill(db: Database): Promise<void> {
  await db.query(hostSchema);
  await db.query(`
    insert into profiles (auth_user_id, email) select gen_random_uuid(), 'agent' || n from generate_series(1, 20) n;
    insert into tickets (title, customer_id)
    select 'Where is my refund?', (select id from profiles limit 1) from generate_series(1, 1000)`);
  await db.query(
    `with t as (select array_agg(id) as ids from tickets)
     insert into ai_suggestions (ticket_id, suggested_response, confidence_score, status, metadata, created_at, updated_at)
     select t.ids[1 + n % 1000], repeat('Your refund was sent today and reaches your card. ', 8), (n % 100) / 100.0, 'completed',
       '{"model": "gpt-4o-mini"}', made.at, made.at
     from t, generate_series(1, $1::integer) n, lateral (select now() - make_interval(days => $2) * ($1 - n) / $1 as at) made`,
    [suggestionCount, days],
  );
  await db.query(
    `insert into ai_feedback_events (suggestion_id, ticket_id, agent_id, feedback_type, feedback_reason, time_to_feedback, created_at, updated_at)
     select s.id, s.ticket_id, (select id from profiles limit 1),
       (array['approval', 'approval', 'revision', 'rejection'])[1 + s.n % 4]::feedback_type,
       (array[null, null, 'too long', 'off-topic'])[1 + s.n % 4], interval '40 seconds',
       s.created_at + interval '40 seconds', s.created_at + interval '40 seconds'
     from (select *, row_number() over () as n from ai_suggestions) s where s.n % 10 < 6`,
  );
  await db.query("vacuum analyze");
}

type Watched = { insertCount: number; longestInsertMs: number; heldMs: number };

/** The application inserts one suggestion after the other; beside it the catalog is asked who has locked its tables. */
function watch(db: Database): { readonly end: () => Promise<Watched> } {
  const seen: Watched = { insertCount: 0, longestInsertMs: 0, heldMs: 0 };
  const closing = new AbortController();
  async function insert(): Promise<void> {
    while (!closing.signal.aborted) {
      const began = performance.now();
      await db.query(
        `insert into ai_suggestions (ticket_id, suggested_response, confidence_score)
         select id, 'Processing...', 0 from tickets limit 1`,
      );
      seen.longestInsertMs = Math.max(seen.longestInsertMs, performance.now() - began);
      seen.insertCount += 1;
    }
  }
  async function look(): Promise<void> {
    let since: number | undefined;
    while (!closing.signal.aborted) {
      const [row] = await db.query<{ held: boolean }>(
        `select exists (select from pg_locks l where l.granted and l.mode = 'AccessExclusiveLock'
           and l.relation in (select oid from pg_class where relname in ('ai_suggestions', 'ai_feedback_events'))) as held`,
      );
      if (row?.held !== true) since = undefined;
      else since ??= performance.now();
      if (since !== undefined) seen.heldMs = Math.max(seen.heldMs, performance.now() - since);
    }
  }
  const running = Promise.all([insert(), look()]);
  return {
    async end() {
      closing.abort();
      await running;
      return seen;
    },
  };
}

const server = await startPostgres();
try {
  const db = await openPostgres({ url: server.url, maxConnections: 3 });
  const beganFilling = performance.now();
  await fill(db);
  console.log(`filled ${suggestionCount} suggestions in ${((performance.now() - beganFilling) / 1000).toFixed(0)} s`);

  const services = await openServices(readConfig({ environment: { DATABASE_URL: server.url } }), { log: silentLogger });
  const watching = watch(db);
  let last = { what: "", done: 0, at: performance.now() };
  const close = (): void => {
    const tookMs = performance.now() - last.at;
    const rate = last.done > 0 ? `, ${Math.round((last.done / tookMs) * 1000)}/s of ${last.done}` : "";
    if (last.what !== "") console.log(`${(tookMs / 1000).toFixed(2).padStart(8)} s  ${last.what.slice(0, 90)}${rate}`);
  };
  const onEvent = (event: AdoptEvent): void => {
    const what = event.kind === "step" ? event.name : event.kind === "backfill" ? event.what : "blocked";
    if (what !== last.what) {
      close();
      last = { what, done: 0, at: performance.now() };
    }
    if (event.kind !== "backfill") return;
    last.done = event.done;
  };
  const options = { functionName: "generate-message-suggestion", lockTimeoutMs: 2_000, infer: true };
  const report = await services.adopt.adopt(options, onEvent, new AbortController().signal);
  close();
  const watched = await watching.end();
  console.log(report);
  console.log(
    `locks held at most ${watched.heldMs.toFixed(0)} ms; of ${watched.insertCount} inserts the longest took ${watched.longestInsertMs.toFixed(0)} ms`,
  );
  await services.close();
  await db.close();
} finally {
  await server.stop();
}
