import { cpSync, existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { databaseDestination } from "../../src/server/assemble-recorder.ts";
import { createStandInLangfuse } from "../../src/testing.ts";
import type { Database } from "../../src/store/database.ts";
import { lockDirectory } from "../../src/store/directory-lock.ts";
import { openEmbedded } from "../../src/store/embedded.ts";
import { CREATE_MOVE } from "../../src/store/move/move-ledger.ts";
import { movedMark } from "../../src/store/moved-mark.ts";
import { rowOf } from "../../src/track/rows.ts";
import { createSpool } from "../../src/track/spool/spool.ts";
import { sampleRecord } from "../mirror/rows.ts";
import { built, startChild } from "../support/child.ts";
import { startStandIn } from "../mirror/set-up.ts";
import { openTestPostgres } from "../support/databases.ts";
import { runNode, runUptake, type Finished } from "./run-program.ts";

const scratch = mkdtempSync(join(tmpdir(), "uptake-move-"));
const dataDir = join(scratch, "data");
const spoolDir = join(scratch, "spool");
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
/** Each test moves the same database once more. */
const takeMarkAway = (): void => rmSync(movedMark(dataDir), { force: true });
afterEach(takeMarkAway);

const uptake = (args: readonly string[], env: Record<string, string> = {}): Promise<Finished> =>
  runUptake(args, { cwd: scratch, env: { UPTAKE_SPOOL_DIR: spoolDir, ...env } });
const moveTo = (url: string, ...flags: string[]): Promise<Finished> =>
  uptake(["move", "--to", url, "--data-dir", dataDir, ...flags]);

async function inEmbedded<Result>(work: (db: Database) => Promise<Result>): Promise<Result> {
  const db = await openEmbedded({ dataDir, evenMoved: true });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** Every row of every table as a text, and where the sequences stand. Made without anything of the move's own. */
async function contentOf(db: Database): Promise<Record<string, readonly string[]>> {
  return db.transaction(async (tx) => {
    await tx.query("set local timezone = 'UTC'");
    const tables = await tx.query<{ name: string }>(
      `select relname::text as name from pg_class
       where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
         and relname <> 'schema_migrations' order by 1`,
    );
    const content: Record<string, readonly string[]> = {};
    for (const { name } of tables) {
      const rows = await tx.query<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t`);
      content[name] = rows.map(({ row }) => row).sort();
    }
    const sequences = await tx.query<{ name: string }>(
      `select relname::text as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'S' order by 1`,
    );
    for (const { name } of sequences) {
      const [state] = await tx.query<{ row: string }>(`select last_value || ' ' || is_called as row from ${name}`);
      content[`sequence ${name}`] = [state?.row ?? ""];
    }
    return content;
  });
}

function conversations(from: number, to: number): string {
  const topics = ["refund", "parcel", "invoice", "password", "address"];
  const lines = Array.from({ length: to - from }, (_, position) => {
    const topic = topics[position % topics.length];
    return JSON.stringify({
      id: `conversation-${from + position}`,
      resolved: position % 3 > 0,
      messages: [
        { role: "user", content: `Where is my ${topic}? It is number ${position}.` },
        { role: "assistant", content: `Your ${topic} was sent on day ${position % 7}; it takes three days.` },
        { role: "user", content: `Thank you. And what if the ${topic} is lost?` },
        { role: "assistant", content: `Then we send the ${topic} again, at no cost.` },
      ],
    });
  });
  return `${lines.join("\n")}\n`;
}

/** What a replay does not bring: values at their edges, feedback too early, deltas not added up, a dead letter, many rows. */
const PLAIN_ROWS = `
  insert into ai_suggestions (function_name, suggested_response, metadata, status, confidence_score, cost_usd, created_at)
  select 'edge', e'a "quoted", (bracketed) \\\\ text {with} \\u00e9 \\u2603\\n' || i, jsonb_build_object('n', i, 't', e'"\\\\'),
    case i % 5 when 0 then 'pending' when 1 then 'error' else 'completed' end, i / 7.0::real, i * 0.000000123456789012345,
    timestamptz '2026-10-25 00:59:59.123457+00' + make_interval(mins => i)
  from generate_series(1, 1200) i;
  insert into ai_feedback_events (suggestion_id, feedback_type, feedback_reason, time_to_feedback, agent_response)
  select id, 'rejection', 'too generic', interval '1 day -2 hours 0.000001 seconds', '' from ai_suggestions
  where function_name = 'edge' and status = 'completed' limit 50;
  insert into ai_feedback_events (suggestion_id, feedback_type) values (gen_random_uuid(), 'approval');
  update langfuse_outbox set dead_at = now(), last_error = e'400\\n{"error"}', attempts = 3
  where id = (select max(id) from langfuse_outbox);
  insert into api_keys (public_key, secret_sha256, project_id, scopes) values ('pk-up-one', repeat('a', 64), 'default', '{read,write}');
  insert into dashboard_sessions (token_sha256, public_key, expires_at) values (repeat('b', 64), 'pk-up-one', now());
`;

/** A process that dies with a record that only the spool has. */
const DYING = `
  const { createUptake } = await import(${JSON.stringify(built("index.js"))});
  const uptake = createUptake({ durability: "background" });
  const reply = uptake.track("spooled", async (input, run) => run.suggest("only in the spool"));
  await reply({});
  process.kill(process.pid, "SIGKILL");
`;

beforeAll(async () => {
  const standIn = createStandInLangfuse();
  const { baseUrl, publicKey, secretKey } = await standIn.start();
  const langfuse = { LANGFUSE_BASE_URL: baseUrl, LANGFUSE_PUBLIC_KEY: publicKey, LANGFUSE_SECRET_KEY: secretKey };
  cpSync(inject("embeddedTemplate"), dataDir, { recursive: true });
  writeFileSync(join(scratch, "delivered.jsonl"), conversations(0, 6));
  writeFileSync(join(scratch, "waiting.jsonl"), conversations(6, 12));
  const first = await uptake(["replay", "delivered.jsonl", "--data-dir", dataDir], langfuse);
  const second = await uptake(["replay", "waiting.jsonl", "--data-dir", dataDir]);
  await standIn.close();
  for (const { code, stderr } of [first, second]) if (code !== 0) throw new Error(stderr);
  await inEmbedded((db) => db.query(PLAIN_ROWS));
  const env = { UPTAKE_DATA_DIR: dataDir, UPTAKE_SPOOL_DIR: spoolDir };
  await runNode(["--input-type=module", "--eval", DYING], { cwd: scratch, env });
}, 400_000);

async function targetOf(options: Parameters<typeof openTestPostgres>[0] = {}) {
  const opened = await openTestPostgres(options);
  onTestFinished(() => opened.drop());
  return opened;
}

/** What both sides say about themselves on the command line. */
async function numbersOf(...where: string[]): Promise<Pick<Finished, "code" | "stdout">[]> {
  const metrics = ["metrics", "--from", "2026-10-01", "--to", "2027-10-01", "--bucket", "day", "--json"];
  const byVersion = await uptake([...metrics, "--by", "function,model,promptVersion", ...where]);
  const check = await uptake(["rollup", "check", ...where]);
  return [byVersion, check].map(({ code, stdout }) => ({ code, stdout }));
}

// In this order: the first to move takes in the spool, and the last needs all that the others left alone.
describe("uptake move", { timeout: 300_000 }, () => {
  it("says with --dry-run what it would move and from the spool, and changes nothing", async () => {
    const { db, url } = await targetOf({ migrated: false });
    const before = await inEmbedded(contentOf);
    const ran = await moveTo(url, "--dry-run");
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout).toMatch(/^ai_suggestions +1224$/mu);
    expect(ran.stdout).toContain("1 file of the spool would be written to the embedded database first\n");
    expect(await db.query("select from pg_class where relnamespace = 'public'::regnamespace")).toEqual([]);
    expect(await inEmbedded(contentOf)).toEqual(before);
  });

  it("keeps every row of every table, the spool's as well, and the numbers, in a Postgres that has no tables yet", async () => {
    const { db, url } = await targetOf({ migrated: false });
    const ran = await moveTo(url);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout).toMatch(/^ai_suggestions +1225 +[0-9a-f]{12}$/mu);
    expect(ran.stdout).not.toContain("copied by an earlier run");
    const [source, target] = [await inEmbedded(contentOf), await contentOf(db)];
    expect(target).toEqual(source);
    for (const table of ["langfuse_outbox", "langfuse_deliveries", "api_keys", "ai_metrics_hourly", "rollup_deltas"]) {
      expect([table, target[table]?.length === 0]).toEqual([table, false]);
    }
    expect(target["ai_suggestions"]?.filter((row) => row.includes("only in the spool"))).toHaveLength(1);
    expect(readdirSync(spoolDir).filter((name) => name.endsWith(".spool"))).toEqual([]);

    takeMarkAway();
    const [ours, theirs] = [await numbersOf("--data-dir", dataDir), await numbersOf("--database-url", url)];
    expect(theirs).toEqual(ours);
    expect(theirs.map(({ code }) => code)).toEqual([0, 0]);
    expect(theirs[0]?.stdout.match(/"promptVersion"/gu)?.length).toBeGreaterThan(3);
  });

  it("marks what it has moved, so that nothing is delivered from there once more", async () => {
    const { url } = await targetOf();
    expect(await moveTo(url)).toMatchObject({ code: 0 });
    const place = new URL(url);
    place.password = "";
    const told = `${realpathSync(dataDir)} was moved to ${place.href} by uptake move`;
    const { standIn, address } = await startStandIn();
    const env = {
      LANGFUSE_BASE_URL: address.baseUrl,
      LANGFUSE_PUBLIC_KEY: address.publicKey,
      LANGFUSE_SECRET_KEY: address.secretKey,
    };
    for (const args of [["worker", "--port", "0"], ["mirror", "retry"], ["metrics"]]) {
      const ran = await uptake([...args, "--data-dir", dataDir], env);
      expect([args, ran.code === 0, ran.stderr.includes(told)]).toEqual([args, false, true]);
    }
    const { stderr: remedy } = await uptake(["metrics", "--data-dir", dataDir]);
    expect(remedy).toContain("Set DATABASE_URL to that database.");
    const working = `
      const { createUptake } = await import(${JSON.stringify(built("index.js"))});
      const uptake = createUptake({ worker: true });
      await uptake.start().catch(({ code, message }) => console.log(code, message));
      await uptake.close().catch(() => {});
    `;
    const script = ["--input-type=module", "--eval", working];
    const started = await runNode(script, {
      cwd: scratch,
      env: { ...env, UPTAKE_DATA_DIR: dataDir, UPTAKE_SPOOL_DIR: spoolDir },
    });
    expect(started.stdout).toContain(`data_directory_moved Data directory ${told}`);
    expect(standIn.requests()).toEqual({});
    const { url: other } = await targetOf();
    const again = await moveTo(other);
    expect([again.code, again.stderr.includes(told)]).toEqual([1, true]);
  });

  it("leaves triggers and sequences ready for what comes next", async () => {
    const { db, url } = await targetOf();
    expect(await moveTo(url)).toMatchObject({ code: 0 });
    const count = "select count(*)::int as n from langfuse_outbox";
    const [before] = await db.query<{ n: number }>(count);
    await db.query(
      "insert into ai_suggestions (function_name, suggested_response, status) values ('next', 'x', 'completed')",
    );
    const [after] = await db.query<{ n: number }>(count);
    expect(after?.n).toBe((before?.n ?? 0) + 1);
    expect(await uptake(["rollup", "check", "--database-url", url])).toMatchObject({ code: 0 });
  });

  it("moves into partitions", async () => {
    const { db, url } = await targetOf({ partitioned: true });
    expect(await moveTo(url)).toMatchObject({ code: 0 });
    const source = await inEmbedded(contentOf);
    expect(await contentOf(db)).toEqual(source);
    expect(await db.query("select from ai_suggestions_early limit 1")).toHaveLength(1);
  });

  it("refuses a target with rows, and names the tables", async () => {
    const { db, url } = await targetOf();
    await db.query("insert into ai_suggestions (function_name, suggested_response) values ('theirs', 'x')");
    const before = await contentOf(db);
    const ran = await moveTo(url);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("The target is not empty: there are rows in ai_suggestions, ");
    expect(await contentOf(db)).toEqual(before);
    expect(await moveTo(url, "--dry-run")).toMatchObject({ code: 1, stderr: ran.stderr });
  });

  it("refuses a target that holds another move, or whose tables are not the same", async () => {
    const { db, url } = await targetOf();
    await db.query(CREATE_MOVE);
    await db.query("insert into uptake_move (source, table_name) values ('/elsewhere', 'tickets')");
    const begun = await moveTo(url);
    expect(begun).toMatchObject({ code: 1 });
    expect(begun.stderr).toContain("The target holds part of a move from /elsewhere, not from ");
    await db.query("drop table uptake_move");
    await db.query("alter table tickets add column theirs text");
    const other = await moveTo(url);
    expect(other).toMatchObject({ code: 1 });
    expect(other.stderr).toMatch(/Table tickets has other columns in the target: .*theirs text/u);
    expect(await db.query("select from ai_suggestions limit 1")).toEqual([]);
  });

  it("refuses while a process that lives has records of it in the spool, and moves nothing", async () => {
    const { db, url } = await targetOf({ migrated: false });
    const destination = databaseDestination(readConfig({ code: { dataDir, spoolDir }, environment: {} }));
    const lock = (path: string) => lockDirectory(path);
    const owner = createSpool({ dir: spoolDir, destination, lock, log: silentLogger });
    expect(owner.append(rowOf(sampleRecord(0)))).toBeDefined();
    const ran = await moveTo(url);
    owner.close();
    for (const name of readdirSync(spoolDir).filter((one) => one.startsWith(basename(owner.ownerPath)))) {
      rmSync(join(spoolDir, name));
    }
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.stderr).toContain(`Records in ${owner.ownerPath}.`);
    expect(ran.stderr).toContain("could not be written to the embedded database");
    expect(await db.query("select from pg_class where relnamespace = 'public'::regnamespace")).toEqual([]);
    expect(existsSync(movedMark(dataDir))).toBe(false);
  });

  it("refuses while another process has the embedded database open, and where there is none", async () => {
    const { url } = await targetOf();
    await inEmbedded(async () => {
      const ran = await moveTo(url);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain(`is in use by process ${process.pid}`);
    });
    const nowhere = join(scratch, "nowhere");
    const ran = await uptake(["move", "--to", url, "--data-dir", nowhere]);
    expect(ran).toMatchObject({ code: 2, stderr: `uptake: --data-dir: there is no embedded database in ${nowhere}\n` });
    expect(existsSync(nowhere)).toBe(false);
    expect(await uptake(["move", "--data-dir", dataDir])).toMatchObject({ code: 2 });
  });

  /** Moves in a process of its own that kills itself in the middle of the table with the most rows. */
  async function moveKilled(url: string): Promise<void> {
    const child = startChild(`
      const { openEmbedded } = await import(${JSON.stringify(built("store/embedded.js"))});
      const { openPostgres } = await import(${JSON.stringify(built("store/postgres.js"))});
      const { move } = await import(${JSON.stringify(built("store/move/move.js"))});
      const source = await openEmbedded({ dataDir: ${JSON.stringify(dataDir)} });
      const target = await openPostgres({ url: ${JSON.stringify(url)}, maxConnections: 2 });
      let last = 0, full = 0;
      await move({ source, target }, {
        sourceName: ${JSON.stringify(dataDir)},
        signal: new AbortController().signal,
        onProgress(step, done) {
          full = done - last === 200 ? full + 1 : 0;
          last = done;
          if (full === 5) process.kill(process.pid, "SIGKILL"); // 1,000 rows of one table
        },
      });
    `);
    expect(await child.ended).toMatchObject({ signal: "SIGKILL" });
  }

  it("goes on after kill -9 in the middle of a table, with nothing lost and nothing twice", async () => {
    const { db, url } = await targetOf();
    await moveKilled(url);
    const halfway = await contentOf(db);
    const source = await inEmbedded(contentOf);
    expect(halfway["uptake_move"]?.length).toBeGreaterThan(0);
    const torn = Object.entries(halfway).filter(
      ([table, rows]) =>
        table !== "uptake_move" && !table.startsWith("sequence ") && ![0, source[table]?.length].includes(rows.length),
    );
    expect(torn).toEqual([]);
    const states = await db.query<{ state: string }>(
      "select distinct tgenabled::text as state from pg_trigger where not tgisinternal",
    );
    expect(states).toEqual([{ state: "O" }]);

    expect(existsSync(movedMark(dataDir))).toBe(false);
    const ran = await moveTo(url);
    expect(ran).toMatchObject({ code: 0 });
    expect(existsSync(movedMark(dataDir))).toBe(true);
    expect(ran.stdout).toMatch(/^\d+ tables? copied by an earlier run$/mu);
    expect(await contentOf(db)).toEqual(source);
  });

  it("refuses to call it the same where one side was written to meanwhile, and names the row", async () => {
    const { db, url } = await targetOf();
    await moveKilled(url);
    await db.query("update ai_feedback_waiting set created_at = created_at + interval '1 microsecond'");
    const ran = await moveTo(url);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(
      /^uptake: The two databases are not the same: row \([^)]+\) of ai_feedback_waiting differs\./mu,
    );
    expect(existsSync(movedMark(dataDir))).toBe(false);
  });
});
