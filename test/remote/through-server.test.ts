import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { createUptake, type Logger, type Uptake, type UptakeOptions } from "../../src/index.ts";
import { newId } from "../../src/domain/ids.ts";
import { createApiKey } from "../../src/service/manage-api-keys.ts";
import type { Database } from "../../src/store/database.ts";
import { startServing } from "../http/serving.ts";
import { built, startChild } from "../support/child.ts";
import { openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";

const SECRET = "a-secret-of-forty-characters-or-so-it-is";

beforeEach(() => {
  for (const name of ["UPTAKE_URL", "UPTAKE_KEY", "DATABASE_URL", "UPTAKE_FEEDBACK_SECRET"])
    vi.stubEnv(name, undefined);
  return () => void vi.unstubAllEnvs();
});

type Line = { readonly event: string; readonly facts: Readonly<Record<string, unknown>> | undefined };

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "uptake-remote-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function startUptake(options: UptakeOptions): { readonly uptake: Uptake; readonly lines: Line[] } {
  const lines: Line[] = [];
  const write: Logger["info"] = (event, facts) => void lines.push({ event, facts });
  const log = { info: write, warn: write, error: write };
  const uptake = createUptake({ log, spoolDir: join(newFolder(), "spool"), ...options });
  onTestFinished(() => uptake.close());
  return { uptake, lines };
}

async function openStore(): Promise<{ readonly db: Database; readonly url: string }> {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  return postgres;
}

async function newKey(db: Database, scopes: Parameters<typeof createApiKey>[1]["scopes"]): Promise<string> {
  const { publicKey, secretKey } = await createApiKey(db, { projectId: "default", scopes, name: "test" });
  return `${publicKey}:${secretKey}`;
}

const idsIn = async (db: Database): Promise<readonly string[]> =>
  (await db.query<{ id: string }>("select id from ai_suggestions order by id")).map(({ id }) => id);

/** A process that is killed as soon as its calls have returned, while its server is away; resolves to their ids. */
async function leaveInSpool(
  place: Pick<UptakeOptions, "url" | "spoolDir" | "projectId">,
  count: number,
): Promise<readonly string[]> {
  const options = JSON.stringify({ ...place, durability: "background" });
  const child = startChild(`
    import { createUptake } from ${JSON.stringify(built("index.js"))};
    const uptake = createUptake(${options});
    const work = uptake.track("draft", async (n, run) => run.suggest("Reply " + n));
    const ids = [];
    for (let n = 0; n < ${count}; n++) ids.push((await work(n)).suggestionId);
    console.log(JSON.stringify(ids));
    setInterval(() => {}, 1000);`);
  const ids = JSON.parse(await child.line()) as string[];
  child.kill("SIGKILL");
  await child.ended;
  return ids;
}

describe("createUptake over a server", () => {
  it("does the whole loop: records, takes feedback of every kind, reads the numbers with dates", async () => {
    const { db, url: databaseUrl } = await openStore();
    const key = await newKey(db, ["write", "feedback", "read"]);
    const env = { UPTAKE_FEEDBACK_SECRET: SECRET };
    const { url } = await startServing(databaseUrl, env);
    vi.stubEnv("UPTAKE_FEEDBACK_SECRET", SECRET);
    const { uptake, lines } = startUptake({ url, key });
    await uptake.start();
    const draft = uptake.track("draft", async (n: number, run) => run.suggest(`Reply ${n}`, { ticketId: `t${n}` }));
    const [one, two, three] = await Promise.all([draft(1), draft(2), draft(3)]);

    const said = { suggestionId: one.suggestionId, type: "rejection", reason: "too_generic" } as const;
    const receipt = await uptake.feedback({ ...said, idempotencyKey: "k", createdAt: new Date() });
    expect(receipt).toMatchObject({ suggestionId: one.suggestionId, type: "rejection", created: true });
    expect(await uptake.feedback({ ...said, idempotencyKey: "k" })).toMatchObject({ created: false });
    expect(await uptake.sent({ ticketId: "t2", finalText: "Reply 2", agentId: "jo" })).toMatchObject({
      suggestionId: two.suggestionId,
      type: "approval",
      keptRatio: 1,
    });
    expect(await uptake.sent({ ticketId: "nobody's", finalText: "Hello" })).toBeUndefined();
    const shown = await uptake.shown([one.suggestionId, newId()], { agentId: "jo" });
    expect(shown).toMatchObject([
      { ok: true, receipt: { first: true } },
      { ok: false, error: { code: "suggestion_not_found" } },
    ]);
    expect(shown[0]?.ok === true && shown[0].receipt.shownAt).toBeInstanceOf(Date);
    const results = await uptake.feedback([
      { suggestionId: three.suggestionId, type: "approval" },
      { suggestionId: newId(), type: "approval" },
    ]);
    expect(results).toMatchObject([
      { ok: true, receipt: { type: "approval" } },
      { ok: false, error: { code: "suggestion_not_found" } },
    ]);

    const range = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 3_600_000) };
    const [row] = await uptake.readMetrics({ ...range, bucket: "total", by: ["function"] });
    expect(row).toMatchObject({
      suggestionCount: 3,
      acceptedCount: 2,
      rejectedCount: 1,
      dimensions: { function: "draft" },
    });
    expect(row?.bucketStart).toBeInstanceOf(Date);
    const [reason] = await uptake.readReasons({ ...range, bucket: "total", by: [] });
    expect(reason).toMatchObject({ outcome: "rejected", reason: "too generic" });
    expect(await uptake.readSurvival({ ...range, bucket: "total", by: [] })).toMatchObject([{ decidedCount: 2 }]);
    expect(await uptake.readCalibration({ ...range, bucket: "total", by: [], only: { function: "other" } })).toEqual(
      [],
    );

    // A browser may use the token that the application signed itself, before anything was committed.
    const answer = await fetch(`${url}/v1/suggestions/${one.suggestionId}/shown`, {
      method: "POST",
      headers: { authorization: `Bearer ${one.feedbackToken}` },
    });
    expect(answer.status).toBe(200);
    // On a busy machine a commit may take long enough for the spool to be first.
    expect(lines.filter(({ event }) => event !== "track.spooled")).toEqual([]);
  });

  it("rejects with the same codes as over a database", async () => {
    const { db, url: databaseUrl } = await openStore();
    const [writing, reading] = [await newKey(db, ["write"]), await newKey(db, ["read"])];
    const { url } = await startServing(databaseUrl);
    const { uptake } = startUptake({ url, key: writing });
    await expect(uptake.feedback({ suggestionId: newId(), type: "approval" })).rejects.toMatchObject({
      name: "UptakeError",
      code: "suggestion_not_found",
    });
    await expect(uptake.sent({ finalText: " ", ticketId: "1" })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(uptake.start()).resolves.toBeUndefined();
    await expect(startUptake({ url, key: reading }).uptake.start()).rejects.toMatchObject({ code: "forbidden" });
    const wrong = startUptake({ url, key: "pk-up-none:sk-up-none" });
    await expect(wrong.uptake.start()).rejects.toMatchObject({ code: "unauthorized" });
  });

  it("refuses at once what only a database can follow, and a key without a server", () => {
    const url = "http://127.0.0.1:1";
    const make = (options: UptakeOptions) => () => createUptake(options);
    expect(make({ url, databaseUrl: "postgres://localhost/db", worker: true })).toThrow(
      /databaseUrl, worker: given beside/u,
    );
    expect(make({ url, langfuse: { publicKey: "pk-lf-1", secretKey: "sk-lf-1" } })).toThrow(/langfuse: given beside/u);
    expect(make({ key: "pk-up-a:sk-up-b" })).toThrow(/address is missing although key is set/u);
    expect(make({ url, key: "sk-up-b" })).toThrow(/expected the public and the secret key/u);
    expect(make({ url: "localhost:4100" })).toThrow(/url: got/u);
  });

  it("loses and doubles nothing when the server is killed and comes back in the middle", async () => {
    const { db, url: databaseUrl } = await openStore();
    const first = await startServing(databaseUrl);
    const { uptake } = startUptake({ url: first.url });
    const ids: string[] = [];
    const work = uptake.track("draft", async (n: number, run) => {
      ids.push(run.suggestionId);
      return run.suggest(`Reply ${n}`);
    });
    const over = new AbortController();
    const callers = Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let n = 0; !over.signal.aborted; n += 1) await work(n);
      }),
    );
    await eventually("some are recorded", () => ids.length > 200, 30_000);
    first.kill("SIGKILL");
    await first.ended;
    const atKill = ids.length;
    const second = await startServing(databaseUrl, {}, new URL(first.url).port);
    expect(second.url).toBe(first.url);
    await eventually("it goes on", () => ids.length > atKill + 200, 60_000);
    over.abort();
    await callers;
    await eventually("all are there", async () => {
      await uptake.flush().catch(() => {});
      return (await idsIn(db)).length >= ids.length;
    });
    expect(await idsIn(db)).toEqual([...ids].sort());
  }, 180_000);

  it.each([
    ["when it starts", false],
    ["after its first record, where it was never started", true],
  ])(
    "survives a kill -9 of the application while the server is away: the next process replays %s",
    async (_, isFirst) => {
      const { db, url: databaseUrl } = await openStore();
      const serving = await startServing(databaseUrl);
      serving.kill("SIGKILL");
      await serving.ended;
      const spoolDir = join(newFolder(), "spool");
      const ids = [...(await leaveInSpool({ url: serving.url, spoolDir }, 300))];
      await startServing(databaseUrl, {}, new URL(serving.url).port);
      const { uptake } = startUptake({ url: serving.url, spoolDir, durability: "background" });
      if (isFirst) {
        const work = uptake.track("draft", (_: string, run) => Promise.resolve(run.suggest("Reply")));
        ids.push((await work("now")).suggestionId);
      } else await uptake.start();
      await eventually("all are there", async () => (await idsIn(db)).length >= ids.length, 30_000);
      expect(await idsIn(db)).toEqual([...ids].sort());
    },
    120_000,
  );

  it("replays what was meant for it, and nothing that was meant for another server or project", async () => {
    const { db, url: databaseUrl } = await openStore();
    const serving = await startServing(databaseUrl);
    serving.kill("SIGKILL");
    await serving.ended;
    const spoolDir = join(newFolder(), "spool");
    const elsewhere = new URL(serving.url);
    elsewhere.hostname = "localhost";
    await leaveInSpool({ url: elsewhere.origin, spoolDir }, 2);
    await leaveInSpool({ url: serving.url, spoolDir, projectId: "another" }, 2);
    const ids = await leaveInSpool({ url: serving.url, spoolDir }, 2);
    await startServing(databaseUrl, {}, new URL(serving.url).port);
    const { uptake } = startUptake({ url: serving.url, spoolDir });
    await uptake.start();
    await eventually("those are there", async () => (await idsIn(db)).length >= ids.length, 30_000);
    await uptake.close();
    expect(await idsIn(db)).toEqual([...ids].sort());
  }, 120_000);
});
