import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, inject, it, onTestFinished, vi } from "vitest";
import { createUptake, UptakeError, type Logger, type Uptake, type UptakeOptions } from "../src/index.ts";
import { openEmbedded } from "../src/store/embedded.ts";
import { createStandInLangfuse, type StandInAddress, type StandInLangfuse } from "../src/testing.ts";
import { built, startChild } from "./support/child.ts";
import { eventually } from "./support/eventually.ts";
import { watch } from "./support/exposition.ts";

// Everything here goes through the public path; the database is opened apart, after close, only to look at the rows.

const VARIABLES = ["DATABASE_URL", "UPTAKE_DATA_DIR", "UPTAKE_PROJECT", "LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY"];
const MORE = ["LANGFUSE_API_KEY", "LANGFUSE_BASE_URL", "LANGFUSE_BASEURL", "LANGFUSE_RELEASE"];
beforeEach(() => {
  for (const name of [...VARIABLES, ...MORE, "LANGFUSE_TRACING_ENVIRONMENT"]) vi.stubEnv(name, undefined);
  return () => void vi.unstubAllEnvs();
});

const silent: Logger = { info() {}, warn() {}, error() {} };

function newFolder(): string {
  const scratch = mkdtempSync(join(tmpdir(), "uptake-create-"));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  return scratch;
}

/** A migrated data directory, which spares a test the seconds that making one takes. */
function migratedDataDir(): string {
  const dataDir = join(newFolder(), "data");
  cpSync(inject("embeddedTemplate"), dataDir, { recursive: true });
  return dataDir;
}

/** Closed when the test is over, before its folder is removed. */
function startUptake(options: UptakeOptions): Uptake {
  const uptake = createUptake({ log: silent, worker: false, spoolDir: join(newFolder(), "spool"), ...options });
  onTestFinished(() => uptake.close());
  return uptake;
}

async function startStandIn(): Promise<{ standIn: StandInLangfuse; address: StandInAddress }> {
  const standIn = createStandInLangfuse();
  onTestFinished(() => standIn.close());
  return { standIn, address: await standIn.start() };
}

type Row = Readonly<Record<string, unknown>>;

/** The rows of each statement, read after whoever wrote them has closed. */
async function rowsOf(dataDir: string, ...statements: readonly string[]): Promise<readonly (readonly Row[])[]> {
  const db = await openEmbedded({ dataDir });
  try {
    return await Promise.all(statements.map((statement) => db.query<Row>(statement)));
  } finally {
    await db.close();
  }
}

const SUGGESTIONS = `
  select s.*, cost_usd::float8 as "costUsd", t.observations -> 0 ->> 'level' as level,
    jsonb_path_query_array(t.observations, '$[*].type') as types
  from ai_suggestions s join ai_traces t on t.suggestion_id = s.id order by s.id`;
const FEEDBACK = `
  select e.* from ai_feedback_events e join ai_suggestions s on s.id = e.suggestion_id order by s.id`;

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** The answer of a model that takes at least this long. */
const MODEL_TAKES_MS = 25;
const completion = (text: string) => ({
  model: "gpt-4.1-mini-2025-04-14",
  choices: [{ message: { role: "assistant", content: text } }],
  usage: { prompt_tokens: 120, completion_tokens: 9 },
});

type Question = { readonly ticketId: string; readonly question: string };

/** The agent function of the README, with a model of our own. */
const draftReplyWith = (uptake: Uptake) =>
  uptake.track("draft-reply", async (input: Question, run) => {
    const articles = await run.observe("search-knowledge", { type: "retriever", input }, () =>
      Promise.resolve(["kb-1"]),
    );
    const messages = [{ role: "user", content: `${input.question} ${articles.join()}` }];
    const answer = await run.generate(
      { model: "gpt-4.1-mini", messages, prompt: { name: "reply", version: 7 }, costUsd: 0.0004 },
      async () => {
        await new Promise((resolve) => setTimeout(resolve, MODEL_TAKES_MS));
        return completion(`Your refund is on its way, dear owner of ticket ${input.ticketId}.`);
      },
    );
    return run.suggest(answer.choices[0]?.message.content ?? "", { ticketId: input.ticketId, confidence: 0.8 });
  });

describe("createUptake", () => {
  it.each([
    { given: "LANGFUSE_PUBLIC_KEY", value: "pk-lf-1", missing: "LANGFUSE_SECRET_KEY", half: "secret" },
    { given: "LANGFUSE_SECRET_KEY", value: "sk-lf-1", missing: "LANGFUSE_PUBLIC_KEY", half: "public" },
  ])("throws at once when $missing is missing, and names it", ({ given, value, missing, half }) => {
    vi.stubEnv(given, value);
    const error = thrownBy(() => createUptake());
    expect(error).toBeInstanceOf(UptakeError);
    expect(error).toMatchObject({ code: "invalid_configuration" });
    expect(String(error)).toContain(`${missing}: the ${half} key is missing although ${given} is set`);
    expect(String(error)).not.toContain(value);
  });

  it.each([
    { langfuse: { publicKey: "pk-lf-1", secretKey: "" }, missing: "LANGFUSE_SECRET_KEY" },
    { langfuse: { publicKey: "", secretKey: "sk-lf-1" }, missing: "LANGFUSE_PUBLIC_KEY" },
  ])("throws at once when the keys given in code lack $missing", ({ langfuse, missing }) => {
    const error = thrownBy(() => createUptake({ langfuse }));
    expect(error).toMatchObject({ code: "invalid_configuration" });
    expect(String(error)).toContain(`${missing}: the `);
  });

  it("opens nothing, makes no folder and connects nowhere until the first use", async () => {
    const connections: number[] = [];
    const postgres = createServer((socket) => {
      connections.push(socket.remotePort ?? 0);
      socket.destroy();
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void postgres.close());
    await once(postgres, "listening");
    const { port } = postgres.address() as AddressInfo;
    const { standIn, address } = await startStandIn();
    const dataDir = join(newFolder(), "data");

    const embedded = createUptake({ dataDir, langfuse: address, log: silent });
    const onServer = createUptake({
      databaseUrl: `postgres://u:p@127.0.0.1:${port}/x`,
      langfuse: address,
      log: silent,
    });
    draftReplyWith(embedded);
    draftReplyWith(onServer);
    await embedded.flush();
    await embedded.close();
    await onServer.close();

    // A connection of our own comes after any that was made before it.
    const own = connect(port, "127.0.0.1").on("error", () => {});
    await once(own, "close");
    expect(connections).toHaveLength(1);
    expect(standIn.requests()).toEqual({});
    expect(existsSync(dataDir)).toBe(false);
    expect(existsSync(`${dataDir}.lock`)).toBe(false);
  });

  it("records suggestions, what people said, and what they sent, in a folder that it makes", async () => {
    const dataDir = join(newFolder(), "made/on/the/way");
    const uptake = startUptake({ dataDir, projectId: "desk", environment: "staging", release: "r1" });
    const draftReply = draftReplyWith(uptake);
    await uptake.start();
    const startedAt = Date.now();
    const asIs = await draftReply({ ticketId: "1", question: "Where is my refund?" });
    const rejected = await draftReply({ ticketId: "2", question: "Where is my refund?" });
    const edited = await draftReply({ ticketId: "3", question: "Where is my refund?" });
    const replaced = await draftReply({ ticketId: "4", question: "Where is my refund?" });
    const elapsedMs = Date.now() - startedAt;
    expect(asIs).toMatchObject({ text: "Your refund is on its way, dear owner of ticket 1.", confidence: 0.8 });
    expect(asIs.traceId).toBe(asIs.suggestionId.replaceAll("-", ""));

    const { suggestionId } = asIs;
    expect(await uptake.sent({ suggestionId, finalText: asIs.text })).toMatchObject({
      type: "approval",
      created: true,
    });
    expect(await uptake.sent({ suggestionId, finalText: asIs.text })).toMatchObject({ created: false });
    await uptake.feedback({
      suggestionId: rejected.suggestionId,
      type: "rejection",
      reason: "too generic",
      agentId: "jo",
    });
    const finalText = "Your refund is on its way and arrives on Friday.";
    expect(await uptake.sent({ ticketId: "3", finalText, agentId: "jo" })).toMatchObject({
      suggestionId: edited.suggestionId,
      type: "revision",
    });
    const other = { suggestionId: replaced.suggestionId, finalText: "Please call us tomorrow morning." };
    expect(await uptake.sent(other)).toMatchObject({ type: "rejection" });
    expect(await uptake.sent({ ticketId: "unknown", finalText: "Hello" })).toBeUndefined();

    const hourMs = 3_600_000;
    const range = { from: new Date(Date.now() - hourMs), to: new Date(Date.now() + hourMs) };
    const question = { ...range, bucket: "total", by: ["promptVersion"] } as const;
    expect(await uptake.readMetrics(question)).toMatchObject([
      {
        suggestionCount: 4,
        decidedCount: 4,
        costUsd: 0.0016,
        costPerAcceptedUsd: 0.0016,
        dimensions: { promptVersion: "7" },
      },
    ]);
    expect(await uptake.readReasons(question)).toMatchObject([
      { reason: "too generic", share: { numerator: 1, denominator: 2 } },
    ]);
    expect(await uptake.readCalibration(question)).toMatchObject([{ bands: [{ decidedCount: 4, acceptedCount: 1 }] }]);
    expect(await uptake.readSurvival(question)).toMatchObject([{ decidedCount: 4, openCount: 0 }]);
    await uptake.close();

    const [suggestions = [], events = []] = await rowsOf(dataDir, SUGGESTIONS, FEEDBACK);
    expect(suggestions.map(({ id }) => id)).toEqual([asIs, rejected, edited, replaced].map((s) => s.suggestionId));
    for (const row of suggestions) {
      // What the metrics are counted by and from.
      expect(row).toMatchObject({
        project_id: "desk",
        function_name: "draft-reply",
        environment: "staging",
        release: "r1",
        model: "gpt-4.1-mini-2025-04-14",
        prompt_name: "reply",
        prompt_version: "7",
        input_tokens: 120,
        output_tokens: 9,
        costUsd: 0.0004,
        error_type: null,
        types: ["agent", "retriever", "generation"],
      });
      expect(row["latency_ms"]).toBeGreaterThanOrEqual(MODEL_TAKES_MS - 1);
      expect(row["latency_ms"]).toBeLessThanOrEqual(elapsedMs);
      expect(row["decided_at"]).toBeInstanceOf(Date);
    }
    expect(suggestions.map(({ outcome }) => outcome)).toEqual(["accepted", "rejected", "revised", "rejected"]);

    const [approval, stated, revision, inferred] = events;
    expect(events).toHaveLength(4);
    expect(approval).toMatchObject({ feedback_type: "approval", source: "inferred", kept_ratio: 1 });
    expect(stated).toMatchObject({ source: "explicit", feedback_reason: "too generic", agent_id: "jo" });
    expect(revision).toMatchObject({ agent_response: finalText, agent_id: "jo", ticket_id: "3" });
    expect(revision?.["kept_ratio"]).toBeGreaterThan(0.3);
    expect(revision?.["kept_ratio"]).toBeLessThan(0.95);
    expect(inferred?.["kept_ratio"]).toBeLessThan(0.3);
  });

  it("reads feedback as it is told to, and marks what was shown", async () => {
    const dataDir = migratedDataDir();
    const uptake = startUptake({
      dataDir,
      reasons: { classify: ["wrong category"] },
      ignoreInSent: [],
    });
    const classify = uptake.track("classify", (_: object, run) => Promise.resolve(run.suggest("billing and refunds")));
    const [one, two] = [await classify({}), await classify({})];
    expect(await uptake.shown([one.suggestionId, two.suggestionId], { agentId: "jo" })).toMatchObject([
      { ok: true, receipt: { first: true } },
      { ok: true, receipt: { first: true } },
    ]);
    const results = await uptake.feedback([
      { suggestionId: one.suggestionId, type: "rejection", reason: "Wrong_Category" },
      { suggestionId: one.suggestionId, type: "rejection", reason: "too long" },
    ]);
    expect(results.map(({ ok }) => ok)).toEqual([true, false]);
    const finalText = "Hi Mia,\nbilling and refunds";
    await uptake.sent({ suggestionId: one.suggestionId, finalText });
    await uptake.close();
    const [suggestions = [], events = []] = await rowsOf(
      dataDir,
      "select outcome, shown_to from ai_suggestions order by id",
      "select edit_distance from ai_feedback_events where source = 'inferred'",
    );
    expect(suggestions).toEqual([
      { outcome: "rejected", shown_to: "jo" },
      { outcome: "pending", shown_to: "jo" },
    ]);
    // The greeting counts, as nothing is ignored.
    expect(events).toEqual([{ edit_distance: expect.closeTo(8 / 27, 5) as unknown }]);
  });

  it("expires in its worker what nobody acted on", { timeout: 150_000 }, async () => {
    const dataDir = migratedDataDir();
    await rowsOf(
      dataDir,
      `insert into ai_suggestions (suggested_response, status, function_name, created_at)
       values ('text', 'completed', 'classify', now() - interval '2 hours'), ('text', 'completed', 'draft', now() - interval '2 hours')`,
    );
    const told: unknown[] = [];
    const log = { ...silent, info: (event: string, facts: unknown) => void told.push([event, facts]) };
    const uptake = startUptake({ dataDir, worker: true, log, expireAfter: "7d,classify=1h" });
    await uptake.start();
    await eventually("the worker has looked", () => told.length > 0, 30_000);
    await uptake.close();
    expect(told).toContainEqual(["feedback.expired", { expiredCount: 1, abandonedCount: 0 }]);
  });

  it("refuses feedback on a suggestion that is not there, and writes nothing", async () => {
    const dataDir = migratedDataDir();
    const uptake = startUptake({ dataDir });
    const suggestionId = "0197f3a0-0000-7000-8000-000000000001";
    const error = await errorOf(uptake.feedback({ suggestionId, type: "approval" }));
    expect(error).toMatchObject({ code: "suggestion_not_found" });
    await uptake.close();
    expect(await rowsOf(dataDir, FEEDBACK, "select from langfuse_outbox")).toEqual([[], []]);
  });

  it("rethrows the very same error of a tracked function and records it", async () => {
    const dataDir = migratedDataDir();
    const uptake = startUptake({ dataDir });
    const failure = new TypeError("the model is away");
    const frozen = Object.freeze({ reason: "not even an Error" });
    const rejects = uptake.track("rejects", async (_: string, run) => {
      await run.generate({ model: "gpt-4.1-mini", prompt: { name: "reply", version: 7 } }, () =>
        Promise.reject(failure),
      );
    });
    const throws = uptake.track("throws", (): string => {
      // oxlint-disable-next-line typescript/only-throw-error -- what an application may do
      throw frozen;
    });
    await uptake.start();
    expect(await errorOf(rejects("x"))).toBe(failure);
    expect(thrownBy(() => throws())).toBe(frozen);
    await uptake.flush();
    await uptake.close();
    const [rows = []] = await rowsOf(dataDir, SUGGESTIONS);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({
      function_name: "rejects",
      status: "error",
      error_type: "TypeError",
      error_message: "the model is away",
      prompt_version: "7",
      level: "ERROR",
    });
    expect(rows[1]).toMatchObject({ function_name: "throws", status: "error", level: "ERROR" });
  });

  it("says whose data directory it is, and still answers calls, which it records once the directory is free", async () => {
    const dataDir = migratedDataDir();
    const child = startChild(`
      import { createUptake } from ${JSON.stringify(built("index.js"))};
      const uptake = createUptake({ dataDir: ${JSON.stringify(dataDir)}, worker: false });
      await uptake.start();
      console.log("open");
      process.stdin.once("data", async () => { await uptake.close(); process.exit(0); });
    `);
    expect(await child.line()).toBe("open");

    const uptake = startUptake({ dataDir });
    const error = await errorOf(uptake.start());
    expect(error).toBeInstanceOf(UptakeError);
    expect(error).toMatchObject({ code: "data_directory_in_use", facts: { pid: child.pid } });
    expect(String(error)).toContain(`process ${child.pid}`);

    const startedAt = Date.now();
    const suggestion = await draftReplyWith(uptake)({ ticketId: "1", question: "Where is my refund?" });
    expect(Date.now() - startedAt).toBeLessThan(10_000); // it waits 2 s for its commit
    expect(suggestion.text).toContain("Your refund is on its way");

    child.say("close");
    expect(await child.ended).toMatchObject({ code: 0 });
    const isFlushed = async (): Promise<boolean> => (await errorOf(uptake.flush())) === undefined;
    await eventually("the suggestion is committed", isFlushed, 30_000);
    await uptake.close();
    const [rows] = await rowsOf(dataDir, "select id from ai_suggestions");
    expect(rows).toEqual([{ id: suggestion.suggestionId }]);
  });

  it("closes once, however often it is asked to, and frees the data directory", async () => {
    const dataDir = migratedDataDir();
    const uptake = createUptake({ dataDir, log: silent });
    await uptake.start();
    expect(existsSync(`${dataDir}.lock`)).toBe(true);
    const closing = uptake.close();
    expect(uptake.close()).toBe(closing);
    await closing;
    await expect(uptake.close()).resolves.toBeUndefined();
    expect(existsSync(`${dataDir}.lock`)).toBe(false);
    const next = startUptake({ dataDir });
    await expect(next.start()).resolves.toBeUndefined();
  });

  it("delivers trace and scores by itself where it is the worker", async () => {
    const { standIn, address } = await startStandIn();
    const uptake = startUptake({ dataDir: migratedDataDir(), langfuse: address, worker: true });
    const { suggestionId, traceId, text } = await draftReplyWith(uptake)({ ticketId: "1", question: "Where is it?" });
    await uptake.feedback({ suggestionId, type: "revision", reason: "too long", finalText: `Hi! ${text}` });
    const names = ["accepted", "feedback", "feedback-reason", "kept-ratio", "output", "time-to-feedback"];
    await eventually("the scores arrive", () => standIn.scores().length >= names.length, 20_000);
    await eventually("the trace arrives", () => standIn.observations().length >= 4, 20_000);
    await uptake.close();

    // The feedback is an observation, too, and may come before the trace or after it.
    expect(new Set(standIn.observations().map((row) => row.traceId))).toEqual(new Set([traceId]));
    const types = standIn.observations().map(({ type }) => type);
    expect(types.sort()).toEqual(["AGENT", "EVENT", "GENERATION", "RETRIEVER"]);
    const generation = standIn.observations().find(({ type }) => type === "GENERATION");
    expect(generation).toMatchObject({ model: "gpt-4.1-mini-2025-04-14", promptName: "reply", promptVersion: 7 });
    expect(
      standIn
        .scores()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names);
    expect(new Set(standIn.scores().map(({ observationId }) => observationId))).toEqual(new Set([generation?.id]));
    expect(standIn.duplicates()).toEqual({ observations: [], scores: [] });
  });

  it("sends nothing itself where the worker is elsewhere, and leaves it in the outbox", async () => {
    const { standIn, address } = await startStandIn();
    const dataDir = migratedDataDir();
    const uptake = startUptake({ dataDir, langfuse: address, worker: false });
    const { suggestionId } = await draftReplyWith(uptake)({ ticketId: "1", question: "Where is it?" });
    await uptake.feedback({ suggestionId, type: "approval" });
    await uptake.close();
    expect(standIn.requests()).toEqual({});
    const [waiting] = await rowsOf(dataDir, "select kind from langfuse_outbox order by kind");
    expect(waiting).toEqual([{ kind: "feedback" }, { kind: "trace" }]);
  });
});

describe("instruments", () => {
  it("are told what happens inside, for the application's own metrics", async () => {
    const { instruments, read } = watch();
    const uptake = startUptake({ dataDir: migratedDataDir(), durability: "background", instruments });
    await uptake.start();
    await uptake.track("f", async () => "text")();
    await uptake.flush();
    const exposed = await read();
    expect(exposed.value("uptake_spool_appended_records_total")).toBe(1);
    expect(exposed.value("uptake_mirror_waiting_messages", { kind: "trace" })).toBe(1);
    expect(exposed.types.has("uptake_mirror_circuit_open")).toBe(false); // without keys there is no mirror
  });
});
