import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import type { DoctorAnswer } from "../../src/contract/doctor-answer.ts";
import type { MirrorAnswer } from "../../src/contract/mirror-answer.ts";
import { newId } from "../../src/domain/ids.ts";
import { openServices } from "../../src/server.ts";
import { keepReport } from "../../src/server/keep-verification.ts";
import { goodVerify } from "../cli/fake-services.ts";
import { createLogBook, startStandIn } from "../mirror/set-up.ts";
import { openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";

const SOON_MS = 20_000;

/** A database, a Langfuse, and processes over them. */
async function openPlace() {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db, url } = opened;
  const { address } = await startStandIn();
  const scratch = mkdtempSync(join(tmpdir(), "uptake-workers-"));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  const base = {
    DATABASE_URL: url,
    UPTAKE_SPOOL_DIR: join(scratch, "spool"),
    LANGFUSE_BASE_URL: address.baseUrl,
    LANGFUSE_PUBLIC_KEY: address.publicKey,
    LANGFUSE_SECRET_KEY: address.secretKey,
  };
  const servicesWith = async (more: Readonly<Record<string, string>> = {}) => {
    const book = createLogBook();
    const sources = { environment: { ...base, ...more } };
    const services = await openServices(readConfig(sources), { log: book.log, sources });
    onTestFinished(() => services.close());
    return { ...services, book };
  };
  return { db, address, base, scratch, servicesWith };
}

type Service = { readonly url: string };

async function read<Answer>({ url }: Service, path: string): Promise<Answer> {
  return (await (await fetch(url + path)).json()) as Answer;
}

const mirrorOf = (service: Service) => read<MirrorAnswer>(service, "/v1/mirror");

async function record({ url }: Service): Promise<void> {
  const body = JSON.stringify({ functionName: "draft-reply", text: "Hello" });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/suggestions`, { method: "POST", headers, body });
  expect(response.status).toBe(201);
}

it("lists who works: what each is, what it last did, and whether it ended or went silent", async () => {
  const { db, servicesWith } = await openPlace();
  const [first, second] = [await servicesWith(), await servicesWith()];
  const service = await first.serve({ port: 0, host: "127.0.0.1" });
  const worker = await second.startWorker({ port: null });
  await eventually("both are seen", async () => (await mirrorOf(service)).workers.length === 2, SOON_MS);
  const { workers } = await mirrorOf(service);
  expect(workers.map(({ kind, state, pid }) => ({ kind, state, pid }))).toEqual([
    { kind: "worker", state: "running", pid: process.pid },
    { kind: "serve", state: "running", pid: process.pid },
  ]);
  expect(workers.map(({ host, version }) => host !== "" && /^\d+\.\d+/u.test(version))).toEqual([true, true]);

  await worker.stop();
  // Killed, as far as anybody can tell; and one that was seen a day ago.
  const insert = `insert into uptake_workers (id, kind, host, pid, version, seen_at)
    values ($1, 'worker', $2, 7, '0.1.0', now() - $3::interval)`;
  await db.query(insert, [newId(), "killed", "1 minute"]);
  await db.query(insert, [newId(), "old", "25 hours"]);
  const states = (await mirrorOf(service)).workers.map(({ host, kind, state }) => [
    host === "killed" ? host : kind,
    state,
  ]);
  expect(states).toEqual([
    ["killed", "silent"],
    ["serve", "running"],
    ["worker", "stopped"],
  ]);
  const third = await servicesWith();
  await (await third.startWorker({ port: null })).stop();
  expect(await db.query("select host from uptake_workers where host = 'old'")).toEqual([]);
  await service.stop();
});

it("says what a worker last did, once it has done it", { timeout: 150_000 }, async () => {
  const { db, servicesWith } = await openPlace();
  const services = await servicesWith();
  const service = await services.serve({ port: 0, host: "127.0.0.1" });
  const actOf = async () => (await mirrorOf(service)).workers[0]?.lastAct;
  await eventually("it is there", async () => (await mirrorOf(service)).workers.length === 1, SOON_MS);
  expect(await actOf()).toBeNull();
  await record(service);
  await eventually("it is mirrored", async () => (await mirrorOf(service)).deliveredTraceCount === 1, SOON_MS);
  await eventually("and added up", async () => (await db.query("select from rollup_deltas")).length === 0, SOON_MS);
  await service.stop();
  const [row] = await db.query<{ lastAct: string; agoMs: number }>(
    `select last_act as "lastAct", extract(epoch from seen_at - last_act_at)::double precision * 1000 as "agoMs"
     from uptake_workers`,
  );
  expect(["mirrored", "added up"]).toContain(row?.lastAct);
  expect(row?.agoMs).toBeGreaterThanOrEqual(0);
  expect(row?.agoMs).toBeLessThan(60_000);
});

it("a worker whose row cannot be written works on, and says so", async () => {
  const { db, servicesWith } = await openPlace();
  await db.query("alter table uptake_workers rename to gone");
  const services = await servicesWith();
  const worker = await services.startWorker({ port: null });
  await eventually("it is said", () => services.book.named("worker.not_noted").length > 0);
  await db.query(
    "insert into ai_suggestions (suggested_response, function_name, status) values ('Hello', 'draft-reply', 'completed')",
  );
  const delivered = async () => (await db.query("select from langfuse_deliveries")).length === 1;
  await eventually("it mirrors all the same", delivered, SOON_MS);
  expect(services.book.named("worker.not_noted")[0]?.level).toBe("warn");
  await worker.stop();
});

const verifyOptions = { patienceMs: 20_000, keep: false, onProgress: () => {}, signal: new AbortController().signal };

it("keeps how the last verify went, against which Langfuse, and what was wrong", { timeout: 150_000 }, async () => {
  const { address, servicesWith } = await openPlace();
  const services = await servicesWith();
  const service = await services.serve({ port: 0, host: "127.0.0.1" });
  expect((await mirrorOf(service)).lastVerification).toBeNull();
  const report = await services.verify(verifyOptions);
  expect(report.ok).toBe(true);
  const slowest = Math.max(...report.messages.flatMap(({ items }) => items.map((item) => item.seenAfterMs ?? -1)));
  expect((await mirrorOf(service)).lastVerification).toEqual({
    baseUrl: address.baseUrl,
    verifiedAt: expect.stringMatching(/^20/u) as string,
    ok: true,
    version: report.place?.version,
    project: report.place?.project,
    seenAfterMs: slowest,
    problem: null,
  });
  const wrongKeys = await servicesWith({ LANGFUSE_SECRET_KEY: "sk-lf-wrong" });
  const failed = await wrongKeys.verify({ ...verifyOptions, patienceMs: 1000 });
  expect(failed.ok).toBe(false);
  expect((await services.mirror.status()).lastVerification).toMatchObject({
    ok: false,
    version: null,
    seenAfterMs: null,
    problem: failed.problems[0],
  });
  await service.stop();
});

it("verify leaves a database alone that is not there, and says why it kept nothing in one that is not ours", async () => {
  const { db, base, scratch } = await openPlace();
  const report = { ...goodVerify, interrupted: false };
  const keptIn = async (more: Readonly<Record<string, string>> = {}) => {
    const book = createLogBook();
    await keepReport(readConfig({ environment: { ...base, ...more } }), report, book.log);
    return book.named("verify.not_kept").map(({ facts }) => facts?.["reason"]);
  };
  expect(await keptIn()).toEqual([]);
  expect(await db.query("select ok from mirror_verifications")).toEqual([{ ok: true }]);
  expect(await keptIn({ DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" })).toEqual([
    expect.stringContaining("127.0.0.1"),
  ]);
  const dataDir = join(scratch, "unmade");
  expect(await keptIn({ DATABASE_URL: "", UPTAKE_DATA_DIR: dataDir })).toEqual([]);
  expect(existsSync(dataDir)).toBe(false);
  await db.query("update schema_migrations set checksum = 'another' where version = 1");
  await db.query("delete from mirror_verifications");
  expect(await keptIn()).toEqual(["the tables are not of this version (edited)"]);
  expect(await db.query("select from mirror_verifications")).toEqual([]);
});

it("the doctor of a service finds what the command would, once in ten seconds", async () => {
  const { db, servicesWith } = await openPlace();
  const services = await servicesWith({ UPTAKE_ENVIROMENT: "production" });
  const service = await services.serve({ port: 0, host: "127.0.0.1" });
  await db.query("alter table ai_suggestions disable trigger ai_suggestions_inserted");
  const report = await read<DoctorAnswer>(service, "/v1/doctor");
  const wrong = report.findings.filter(({ level }) => level !== "ok");
  expect(wrong.map(({ code }) => code)).toEqual(["config.unread_variable", "triggers.disabled"]);
  expect(wrong.every(({ remedy }) => remedy !== null)).toBe(true);
  expect(report.ok).toBe(false);
  expect(JSON.stringify(report)).not.toContain("sk-lf-");
  expect(report.findings.some(({ found }) => found.startsWith("DATABASE_URL = "))).toBe(true);
  const again = await Promise.all([1, 2].map(() => read<DoctorAnswer>(service, "/v1/doctor")));
  expect(again).toEqual([report, report]);
  await service.stop();
});
