import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createUptake, type Logger, type Uptake } from "../../../src/index.ts";
import type { Database } from "../../../src/store/database.ts";
import { built, startChild, type Child } from "../../support/child.ts";
import { openTestPostgres } from "../../support/databases.ts";
import { eventually } from "../../support/eventually.ts";
import { startPostgresProxy, type PostgresProxy } from "./postgres-proxy.ts";
import { filesIn, newSpoolDir, spooledIds } from "./spool-rig.ts";

// Real processes that are killed, and a real Postgres behind a proxy that can be away.

const silent: Logger = { info() {}, warn() {}, error() {} };
const environment = "spool";

async function openPlace(): Promise<{ db: Database; proxy: PostgresProxy; spoolDir: string }> {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  return { db: postgres.db, proxy: await startPostgresProxy(postgres.url), spoolDir: newSpoolDir() };
}

type Given = { readonly databaseUrl: string; readonly spoolDir: string; readonly durability: string };

const prelude = (given: Given): string => `
  import { writeSync } from "node:fs";
  import { createUptake } from ${JSON.stringify(built("index.js"))};
  const uptake = createUptake({ ...${JSON.stringify({ ...given, environment })}, worker: false });
  const reply = uptake.track("reply", async (input, run) => run.suggest("answer " + input));
  const say = (text) => writeSync(1, text + "\\n");`;

/** Makes all its calls at once and dies, by its own kill -9, when the thousandth has returned. */
const killedAfterThousand = (given: Given): Child =>
  startChild(`${prelude(given)}
  const returned = [];
  for (let index = 0; index < 1200; index++) {
    reply(index).then(({ suggestionId }) => {
      if (returned.push(suggestionId) < 1000) return;
      say(returned.join());
      process.kill(process.pid, "SIGKILL");
    });
  }`);

async function returnedBy(child: Child): Promise<string[]> {
  const ids = (await child.line()).split(",");
  expect(await child.ended).toMatchObject({ signal: "SIGKILL" });
  return ids;
}

function startUptake(given: Given): Uptake {
  const uptake = createUptake({ ...given, durability: "commit", environment, worker: false, log: silent });
  onTestFinished(() => uptake.close());
  return uptake;
}

/** How often each id is there: as a suggestion, as a trace, and as a message to be mirrored. */
async function timesOf(db: Database, ids: readonly string[]): Promise<unknown> {
  const [row] = await db.query(
    `select count(*) as suggestions, count(distinct s.id) as ids,
       (select count(*) from ai_traces t where t.suggestion_id = any($1::uuid[])) as traces,
       (select count(*) from langfuse_outbox o where o.ref = any($1::uuid[])) as messages
     from ai_suggestions s where s.id = any($1::uuid[])`,
    [ids],
  );
  return row;
}
const once = (count: number) => ({ suggestions: count, ids: count, traces: count, messages: count });
const isEmpty = (dir: string) => () => filesIn(dir).length === 0;

describe("a process killed with kill -9", () => {
  it.each(["background", "commit"])(
    "while Postgres is away has lost none of its 1,000 returned calls (%s)",
    async (durability) => {
      const { db, proxy, spoolDir } = await openPlace();
      proxy.setAway(true);
      const given = { databaseUrl: proxy.url, spoolDir, durability };
      const ids = await returnedBy(killedAfterThousand(given));
      expect(new Set(ids).size).toBe(1_000);
      expect(await timesOf(db, ids)).toEqual(once(0));
      proxy.setAway(false);
      await startUptake(given).start();
      await eventually("the spool is replayed", isEmpty(spoolDir));
      expect(await timesOf(db, ids)).toEqual(once(1_000));
    },
  );

  it("while it writes has lost none of the calls that had returned, and doubled none", async () => {
    const { db, proxy, spoolDir } = await openPlace();
    const given = { databaseUrl: proxy.url, spoolDir, durability: "background" };
    const child = startChild(`${prelude(given)}
      await uptake.start();
      const returned = [];
      for (let index = 0; ; index++) {
        const { suggestionId } = await reply(index);
        returned.push(suggestionId);
        if (index % 25 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        if (index === 3000) { say(returned.join()); process.kill(process.pid, "SIGKILL"); }
      }`);
    const ids = await returnedBy(child);
    const [before] = await db.query<{ count: number }>("select count(*)::int as count from ai_suggestions");
    expect(before?.count).toBeGreaterThan(0); // Postgres followed meanwhile
    await startUptake(given).start();
    await eventually("the spool is replayed", isEmpty(spoolDir));
    expect(await timesOf(db, ids)).toEqual(once(3_001));
  });

  it("is replayed twice without a difference", async () => {
    const { db, proxy, spoolDir } = await openPlace();
    proxy.setAway(true);
    const given = { databaseUrl: proxy.url, spoolDir, durability: "background" };
    const ids = await returnedBy(killedAfterThousand(given));
    const copy = newSpoolDir();
    cpSync(spoolDir, copy, { recursive: true });
    proxy.setAway(false);
    const everything = () =>
      db.query(`select (select md5(string_agg(s::text, '' order by id)) from ai_suggestions s) as suggestions,
        (select count(*) from langfuse_outbox) as messages, (select count(*) from rollup_deltas) as deltas`);
    const first = startUptake(given);
    await first.start();
    await eventually("the spool is replayed", isEmpty(spoolDir));
    const once = await everything();
    await startUptake({ ...given, spoolDir: copy }).start();
    await eventually("the copy is replayed", isEmpty(copy));
    expect(await everything()).toEqual(once);
    expect(ids).toHaveLength(1_000);
  });
});

describe("two processes on one spool directory", () => {
  it("leave each other's files alone while both live; the second takes over when the first is dead", async () => {
    const { db, proxy, spoolDir } = await openPlace();
    proxy.setAway(true);
    const given = { databaseUrl: proxy.url, spoolDir, durability: "background" };
    // A synchronous call, and then it stands still: it lives, and writes nothing into Postgres by itself.
    const first = startChild(`${prelude(given)}
      const now = uptake.track("now", (input, run) => run.suggest(input).suggestionId);
      say(now("first"));
      process.kill(process.pid, "SIGSTOP");`);
    const id = await first.line();
    const files = filesIn(spoolDir);
    proxy.setAway(false);
    const second = startUptake(given);
    await second.start();
    const reply = second.track("reply", async (_: string, run) => run.suggest("second"));
    const { suggestionId } = await reply("x");
    await second.close();
    expect(await timesOf(db, [id, suggestionId])).toEqual(once(1));
    expect(filesIn(spoolDir)).toEqual(files);
    expect(spooledIds(spoolDir)).toEqual([id]);
    first.kill("SIGKILL");
    await first.ended;
    const [third, fourth] = [startUptake(given), startUptake(given)];
    await Promise.all([third.start(), fourth.start()]);
    await eventually("the spool is replayed", isEmpty(spoolDir));
    expect(await timesOf(db, [id, suggestionId])).toEqual(once(2));
  });
});

describe("a graceful end while Postgres is away", () => {
  it("keeps its deadline and leaves everything to the next process", async () => {
    const { db, proxy, spoolDir } = await openPlace();
    proxy.setAway(true);
    const given = { databaseUrl: proxy.url, spoolDir, durability: "commit" };
    const child = startChild(`${prelude(given)}
      const calls = Array.from({ length: 50 }, (_, index) => reply(index));
      await new Promise((resolve) => setImmediate(resolve));
      const before = performance.now();
      await uptake.close();
      say(String(performance.now() - before));
      say((await Promise.all(calls)).map(({ suggestionId }) => suggestionId).join());`);
    expect(Number(await child.line())).toBeLessThan(20_000);
    const ids = (await child.line()).split(",");
    expect(await child.ended).toMatchObject({ code: 0 });
    expect(filesIn(spoolDir, ".lock")).toEqual([]);
    proxy.setAway(false);
    await startUptake(given).start();
    await eventually("the spool is replayed", isEmpty(spoolDir));
    expect(await timesOf(db, ids)).toEqual(once(50));
  });
});

describe("a directory that cannot be written", () => {
  it("is reported, once a minute, and costs no call its answer", async () => {
    const { db, proxy, spoolDir } = await openPlace();
    mkdirSync(spoolDir);
    writeFileSync(join(spoolDir, "kept"), "");
    chmodSync(join(spoolDir, ".."), 0o755);
    chmodSync(spoolDir, 0o555);
    onTestFinished(() => chmodSync(spoolDir, 0o755)); // else whoever is not root cannot remove it
    const child = startChild(`
      if (process.getuid() === 0) process.setuid(65534); // root may write anywhere
      ${prelude({ databaseUrl: proxy.url, spoolDir, durability: "background" })}
      const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => reply(index)));
      await uptake.close();
      say(answers.map(({ suggestionId }) => suggestionId).join());`);
    const ids = (await child.line()).split(",");
    const { code, errors } = await child.ended;
    expect(code).toBe(0);
    expect(await timesOf(db, ids)).toEqual(once(100));
    const lines = errors.split("\n").filter((line) => line.includes("track.spool_failed"));
    expect(lines).toHaveLength(2); // the first at once, the others at the close
    expect(lines[0]).toContain("EACCES");
    expect(filesIn(spoolDir)).toEqual(["kept"]);
  });
});
