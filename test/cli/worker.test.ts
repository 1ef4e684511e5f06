import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { createStandInLangfuse } from "../../src/langfuse/stand-in/stand-in.ts";
import { insertSuggestions } from "../../src/store/queries/insert-suggestions.ts";
import { rowOf } from "../../src/track/rows.ts";
import { openTestPostgres } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { readExposition } from "../support/exposition.ts";
import { recordOfSize } from "../track/memory-recorder.ts";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

function startWorker(env: Readonly<Record<string, string>>, ...args: string[]) {
  const child = spawn(process.execPath, [main, "worker", ...args], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const told = { text: "" };
  child.stderr.setEncoding("utf8").on("data", (text: string) => (told.text += text));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, told, ended };
}

it("several workers on one Postgres stay up, mirror what arrives once, and end with 0 at SIGTERM", async () => {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  const langfuse = createStandInLangfuse();
  onTestFinished(() => langfuse.close());
  const { baseUrl, publicKey, secretKey } = await langfuse.start();
  const keys = { LANGFUSE_PUBLIC_KEY: publicKey, LANGFUSE_SECRET_KEY: secretKey, LANGFUSE_BASE_URL: baseUrl };
  const workers = [1, 2].map(() => startWorker({ DATABASE_URL: postgres.url, ...keys }));
  for (const { told } of workers)
    await eventually("the worker runs", () => told.text.includes("worker running"), 30_000);
  // They have nothing to do yet, and must be there all the same when there is.
  await insertSuggestions(
    postgres.db,
    Array.from({ length: 30 }, () => rowOf(recordOfSize(newId()))),
  );
  const traceCount = (): number => new Set(langfuse.observations().map(({ traceId }) => traceId)).size;
  await eventually("all traces are there", () => traceCount() === 30);
  for (const { child } of workers) child.kill("SIGTERM");
  expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual([0, 0]);
  expect(langfuse.duplicates().observations).toEqual([]);
  expect(workers.map(({ told }) => told.text).join("")).toContain("mirror.delivered kind=trace");
});

it("a worker with a port shows there what it does, also when its Postgres is away, and ends with 1 where the port is taken", async () => {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  const langfuse = createStandInLangfuse();
  onTestFinished(() => langfuse.close());
  const { baseUrl, publicKey, secretKey } = await langfuse.start();
  const env = {
    DATABASE_URL: postgres.url,
    LANGFUSE_PUBLIC_KEY: publicKey,
    LANGFUSE_SECRET_KEY: secretKey,
    LANGFUSE_BASE_URL: baseUrl,
  };
  const { told, child, ended } = startWorker(env, "--port", "0");
  const shown = /http:\/\/127\.0\.0\.1:\d+(?=\/metrics)/u;
  await eventually("the worker runs", () => shown.test(told.text), 30_000);
  const [url = ""] = shown.exec(told.text) ?? [];
  const read = async () => readExposition(await (await fetch(`${url}/metrics`)).text());
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  await insertSuggestions(
    postgres.db,
    Array.from({ length: 5 }, () => rowOf(recordOfSize(newId()))),
  );
  await eventually(
    "the deliveries are counted",
    async () => (await read()).value("uptake_mirror_attempts_total", { kind: "trace", outcome: "done" }) === 5,
  );
  expect((await read()).value("uptake_database_up")).toBe(1);

  const { port } = new URL(url);
  const second = startWorker(env, "--port", port);
  expect(await second.ended).toBe(1);
  expect(second.told.text).toContain(`port ${port} of 127.0.0.1 is taken`);

  await postgres.drop();
  await eventually("the database is away", async () => (await read()).value("uptake_database_up") === 0, 20_000);
  expect((await read()).value("uptake_mirror_attempts_total", { kind: "trace", outcome: "done" })).toBe(5);
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
});

it("a worker without a port does not listen", async () => {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  const { told, child, ended } = startWorker({ DATABASE_URL: postgres.url });
  await eventually("the worker runs", () => told.text.includes("worker running"), 30_000);
  expect(told.text).not.toContain("http://");
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
});
