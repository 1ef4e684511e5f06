/**
 * What tracking one call costs the calling process: Uptake, durable write included, beside Langfuse's own `observe` with
 * its exporter at defaults, both against the bare function, in interleaved rounds of one run.
 *
 *     npx tsx bench/overhead.ts [--rounds 7] [--seconds 3] [--rate 1500]
 *
 * Postgres and the HTTP server that takes Langfuse's exports are other processes: their CPU is not counted.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { LangfuseSpanProcessor } from "@langfuse/otel";
import { observe, setLangfuseTracerProvider, updateActiveObservation } from "@langfuse/tracing";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import type * as LoggerModule from "../src/domain/logger.ts";
import type * as MigrateModule from "../src/store/migrate.ts";
import type * as PostgresModule from "../src/store/postgres.ts";
import type * as InsertModule from "../src/store/queries/insert-suggestions.ts";
import type * as GroupCommitModule from "../src/track/group-commit.ts";
import type * as TrackerModule from "../src/track/tracker.ts";
import { startPostgres } from "../test/support/postgres-server.ts";
import { median, table, writeSection } from "./report.ts";

// The files that are shipped, not the sources: what runs TypeScript directly wraps every closure, which would be counted.
// UPTAKE_SKIP_BUILD=1 takes the dist/ that is there.
const skipsBuild = process.env["UPTAKE_SKIP_BUILD"] === "1";
const built = skipsBuild
  ? { status: 0 }
  : spawnSync(process.execPath, ["scripts/build.mjs"], { cwd: new URL("..", import.meta.url), stdio: "inherit" });
if (built.status !== 0) throw new Error("the build failed: this measures dist/");
const shipped = async <Module>(path: string): Promise<Module> =>
  (await import(new URL(`../dist/${path}.js`, import.meta.url).href)) as Module;
const { silentLogger } = await shipped<typeof LoggerModule>("domain/logger");
const { migrate } = await shipped<typeof MigrateModule>("store/migrate");
const { openPostgres } = await shipped<typeof PostgresModule>("store/postgres");
const { insertSuggestions } = await shipped<typeof InsertModule>("store/queries/insert-suggestions");
const { createGroupCommit } = await shipped<typeof GroupCommitModule>("track/group-commit");
const { createTracker } = await shipped<typeof TrackerModule>("track/tracker");

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    seconds: { type: "string", default: "3" },
    rate: { type: "string", default: "1500" },
    only: { type: "string" },
  },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const rate = Number(options.rate);
const workers = 20;
const modelMs = 5;

type Message = { readonly role: string; readonly content: string };
type Input = { readonly ticketId: string; readonly messages: readonly Message[] };

const modelParameters = { temperature: 0.2, max_tokens: 400, top_p: 1 };
const metadata = { team: "support", locale: "en", channel: "e-mail", attempt: 1 };
const usage = { prompt_tokens: 512, completion_tokens: 148, total_tokens: 660 };

/** About 2 kB of messages and 600 bytes of answer, different in every call. */
function inputOf(call: number): Input {
  const thread = `Call ${call}: my order has not arrived and nobody answers my "letters".\nPlease help, it is urgent. `;
  return {
    ticketId: `ticket-${call}`,
    messages: [
      { role: "system", content: "You draft replies for a support desk. Be kind, short and correct. ".repeat(12) },
      { role: "user", content: thread.repeat(10) },
    ],
  };
}

async function callModel({ ticketId }: Input): Promise<{
  model: string;
  choices: { message: Message }[];
  usage: typeof usage;
}> {
  await sleep(modelMs);
  const content = `About ${ticketId}: thank you for writing, we have found your parcel. `.repeat(9);
  return { model: "gpt-4.1-mini-2025-04-14", choices: [{ message: { role: "assistant", content } }], usage };
}

const textOf = (answer: Awaited<ReturnType<typeof callModel>>): string => answer.choices[0]?.message.content ?? "";

type Arm = { readonly name: string; readonly call: (input: Input) => Promise<unknown>; flush(): Promise<void> };

const bare: Arm = { name: "bare function", call: async (input) => textOf(await callModel(input)), async flush() {} };

/** Everything Langfuse exports goes here; it reads and forgets. */
async function startSink(): Promise<{ url: string; stop(): void }> {
  const script = `require("node:http").createServer((request, response) => {
    request.resume().on("end", () => response.setHeader("content-type", "application/json").end("{}"));
  }).listen(0, "127.0.0.1", function () { console.log(this.address().port); });`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  return { url: `http://127.0.0.1:${port.toString().trim()}`, stop: () => void child.kill() };
}

function langfuseArms(baseUrl: string): readonly Arm[] {
  const processor = new LangfuseSpanProcessor({ publicKey: "pk-lf-bench", secretKey: "sk-lf-bench", baseUrl });
  setLangfuseTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const flush = (): Promise<void> => processor.forceFlush();
  const usageDetails = { input: usage.prompt_tokens, output: usage.completion_tokens, total: usage.total_tokens };
  const prompt = { name: "reply", version: 7, isFallback: false };

  const generate = observe(
    async (input: Input) => {
      const answer = await callModel(input);
      const { model } = answer;
      updateActiveObservation({ model, modelParameters, usageDetails, metadata, prompt }, { asType: "generation" });
      return textOf(answer);
    },
    { name: "generate-message-suggestion", asType: "generation" },
  );
  const agent = observe(async (input: Input) => generate(input), {
    name: "generate-message-suggestion",
    asType: "agent",
  });
  return [
    { name: "Langfuse `observe` + exporter, one generation", call: generate, flush },
    { name: "Langfuse `observe` + exporter, agent and generation", call: agent, flush },
  ];
}

async function uptakeArm(url: string): Promise<{ arm: Arm; statementCount: () => number; close(): Promise<void> }> {
  const db = await openPostgres({ url });
  await migrate(db);
  let statements = 0;
  const recorder = createGroupCommit({
    log: silentLogger,
    async write(records) {
      statements++;
      await insertSuggestions(db, records);
    },
  });
  const parts = { projectId: "default", environment: "bench", release: null, now: Date.now, log: silentLogger };
  const tracker = createTracker({ recorder, ...parts });
  const call = tracker.track("generate-message-suggestion", async (input: Input, run) => {
    const request = { model: "gpt-4.1-mini", modelParameters, messages: input.messages };
    const prompt = { name: "reply", version: 7 };
    const answer = await run.generate({ ...request, prompt }, () => callModel(input));
    return run.suggest(textOf(answer), { confidence: 0.8, ticketId: input.ticketId, metadata });
  });
  const arm: Arm = { name: "Uptake `track`, committed", call, flush: () => tracker.flush() };
  const close = async (): Promise<void> => {
    await tracker.close();
    await db.close();
  };
  return { arm, statementCount: () => statements, close };
}

type Round = { readonly cpuUs: number; readonly addedMs: readonly number[]; readonly calls: number };

/** `workers` callers that share the rate evenly; what one of them is late by, it does not make up for by haste. */
async function runRound(arm: Arm, durationS: number): Promise<Round> {
  const perWorker = Math.round((rate * durationS) / workers);
  const everyMs = (1_000 * workers) / rate;
  const tookMs: number[] = [];
  const before = process.cpuUsage();
  const start = performance.now();
  const work = async (worker: number): Promise<void> => {
    for (let index = 0; index < perWorker; index++) {
      const waitMs = start + (index + worker / workers) * everyMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      const input = inputOf(worker * perWorker + index);
      const from = performance.now();
      await arm.call(input);
      tookMs.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  await arm.flush();
  const { user, system } = process.cpuUsage(before);
  return { cpuUs: (user + system) / tookMs.length, addedMs: tookMs, calls: tookMs.length };
}

async function main(): Promise<void> {
  const [postgres, sink] = await Promise.all([startPostgres(), startSink()]);
  const uptake = await uptakeArm(postgres.url);
  const all = [bare, ...langfuseArms(sink.url), uptake.arm];
  const arms = all.filter((arm) => options.only === undefined || arm.name.toLowerCase().includes(options.only));
  const results = new Map(arms.map((arm) => [arm, [] as Round[]]));

  for (const arm of arms) await runRound(arm, Math.min(2, seconds));
  const statementsBefore = uptake.statementCount();
  for (let round = 0; round < rounds; round++) {
    // Every round begins with another one, so that none always follows the same neighbour.
    const order = arms.map((_, index) => arms[(index + round) % arms.length]);
    for (const arm of order) if (arm !== undefined) results.get(arm)?.push(await runRound(arm, seconds));
  }
  if (options.only === undefined) report(results, uptake.statementCount() - statementsBefore, uptake.arm);

  await uptake.close();
  sink.stop();
  await postgres.stop();
}

function report(results: ReadonlyMap<Arm, readonly Round[]>, statements: number, uptake: Arm): void {
  const bareRounds = results.get(bare) ?? [];
  const quantile = (round: Round | undefined, q: number): number =>
    round?.addedMs.toSorted((a, b) => a - b)[Math.floor(q * (round.calls - 1))] ?? Number.NaN;
  const added = (rounds: readonly Round[], q: number): string =>
    median(rounds.map((round, index) => quantile(round, q) - quantile(bareRounds[index], q))).toFixed(2);
  const rows = [...results].map(([arm, rounds]) => {
    const cpu = rounds.map((round, index) => round.cpuUs - (bareRounds[index]?.cpuUs ?? Number.NaN));
    const range = `${Math.min(...cpu).toFixed(0)}–${Math.max(...cpu).toFixed(0)}`;
    if (arm === bare) return [arm.name, "–", "–", "–", "–"];
    return [arm.name, median(cpu).toFixed(0), range, added(rounds, 0.5), added(rounds, 0.99)];
  });
  const calls = (results.get(uptake) ?? []).reduce((sum, round) => sum + round.calls, 0);
  const head = ["", "added CPU µs per call", "range of rounds", "added p50 ms", "added p99 ms"];
  const bareUs = median(bareRounds.map((round) => round.cpuUs)).toFixed(0);
  const perStatement = (calls / statements).toFixed(1);
  writeSection("overhead", [
    "## What tracking a call costs",
    "",
    `\`npx tsx bench/overhead.ts\`: ${rate} calls a second from ${workers} callers, ${seconds} s a round, medians of ${rounds} interleaved rounds. 2 kB of`,
    `messages in, 600 B out, model, parameters, usage, prompt and metadata; a model that takes ${modelMs} ms. CPU is the calling process's, flush`,
    `included; Postgres and the server that takes Langfuse's exports are other processes. The bare function with its timers`,
    `costs ${bareUs} µs. Uptake's calls return after their commit (${perStatement} suggestions a statement); Langfuse's return with their span in memory.`,
    "",
    table(head, rows),
  ]);
}

await main();
