import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import { newId, observationIdOf, traceIdOf } from "../../src/domain/ids.ts";
import { createPrometheus } from "../../src/http/prometheus.ts";
import { assemble, type Parts } from "../../src/server/assemble.ts";
import { serveHttp } from "../../src/server/serve-http.ts";
import type { Database } from "../../src/store/database.ts";
import type { Run } from "../../src/track/types.ts";
import { createLogBook, drain, startStandIn } from "../mirror/set-up.ts";
import { openTestPostgres } from "../support/databases.ts";
import { dump, foundIn, secret } from "./plants.ts";

// Something is planted in every field.

const quietTexts = [
  "the quiet suggestion",
  "the quiet input",
  "the quiet final text",
  "the quiet remark",
  "the quiet error",
];

type Rig = {
  parts: Parts;
  db: Database;
  spoolDir: string;
  url: string;
  log: ReturnType<typeof createLogBook>;
  sentOut(): string;
};

async function openRig(databaseUrl: string, db: Database): Promise<Rig> {
  const scratch = mkdtempSync(join(tmpdir(), "uptake-planted-"));
  const spoolDir = join(scratch, "spool");
  const { standIn, address } = await startStandIn();
  const log = createLogBook();
  const langfuse = {
    langfusePublicKey: address.publicKey,
    langfuseSecretKey: address.secretKey,
    langfuseBaseUrl: address.baseUrl,
  };
  const code = { databaseUrl, spoolDir, content: "masked,quiet=none", ...langfuse };
  const config = readConfig({ code, environment: {} });
  const parts = assemble(config, { log: log.log, worker: false, feedback: { reasons: "open" } });
  const served = { port: 0, host: "127.0.0.1", log: log.log, target: null, prometheus: createPrometheus() };
  const server = await serveHttp(parts, config, served);
  onTestFinished(async () => {
    await server.close();
    await parts.close();
    rmSync(scratch, { recursive: true, force: true });
  });
  const sentOut = (): string => JSON.stringify([standIn.observations(), standIn.scores()]);
  return { parts, db, spoolDir, url: server.url, log, sentOut };
}

async function trackEverywhere({ parts }: Pick<Rig, "parts">): Promise<string> {
  const { tracker } = parts;
  const draft = tracker.track(
    "draft",
    async (_input: unknown, run: Run) => {
      await run.observe(`look up ${secret()}`, { input: secret(), metadata: { note: secret() } }, (step) => {
        step.update({ statusMessage: secret(), metadata: { [secret()]: secret() } });
        return Promise.resolve({ rows: [secret()], password: "opensesame", headers: { authorization: "opensesame" } });
      });
      const parameters = { temperature: 0, user: secret(), api_key: "opensesame" };
      await run.generate({ model: "m", messages: [{ content: secret() }], modelParameters: parameters }, () =>
        Promise.resolve({ choices: [{ message: { content: secret(), tool: '{"password":"opensesame"}' } }] }),
      );
      run.annotate({ about: secret(), tags: [secret()] });
      return run.suggest(secret(), { metadata: { more: { deep: secret() } } });
    },
    { metadata: { always: secret() } },
  );
  const failing = tracker.track("draft", async (_input: unknown, run: Run) => {
    await run.observe("step", () => Promise.reject(new Error(secret()))).catch(() => {});
    throw Object.assign(new Error(secret()), { name: `Bad person7@planted.example` });
  });
  await failing({ question: secret() }).catch(() => {});
  return (await draft({ question: secret(), card: 4111111111111111 })).suggestionId;
}

async function runQuiet({ parts }: Rig): Promise<string> {
  const [suggestion = "", input = "", finalText = "", remark = "", problem = ""] = quietTexts;
  const quiet = parts.tracker.track("quiet", async (given: unknown, run: Run) => {
    await run.generate({ model: "m", messages: [given] }, () =>
      Promise.resolve({
        choices: [{ message: { content: suggestion } }],
        usage: { prompt_tokens: 3, completion_tokens: 4 },
      }),
    );
    return run.suggest(suggestion);
  });
  const failing = parts.tracker.track("quiet", () => Promise.reject(new Error(problem)));
  await failing({}).catch(() => {});
  const { suggestionId } = await quiet({ input });
  await parts.feedback.feedback({ suggestionId, type: "revision", reason: "tone", comment: remark, finalText });
  return suggestionId;
}

async function post(url: string, path: string, body: unknown): Promise<string> {
  const response = await fetch(new URL(path, url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return `${response.status} ${await response.text()}`;
}

async function tellOverHttp({ url }: Rig): Promise<string> {
  const suggestionId = newId();
  const time = {
    startTime: new Date(Date.now() - 2_000).toISOString(),
    endTime: new Date(Date.now() - 1_000).toISOString(),
  };
  const observations = [
    {
      id: "a",
      type: "agent",
      name: secret(),
      ...time,
      input: secret(),
      output: { text: secret() },
      metadata: { m: secret() },
    },
    {
      id: "b",
      parentId: "a",
      type: "generation",
      name: "g",
      ...time,
      output: secret(),
      level: "ERROR",
      statusMessage: secret(),
    },
  ];
  const suggestion = { suggestionId, functionName: "draft", text: secret(), metadata: { m: secret() }, observations };
  const failed = { functionName: "draft", input: secret(), error: { type: "Bad", message: secret() } };
  const feedback = {
    suggestionId,
    type: "rejection",
    reason: "too long",
    comment: secret(),
    finalText: secret(),
    metadata: { m: secret() },
  };
  const answers = [
    await post(url, "/v1/suggestions", [suggestion, failed]),
    await post(url, "/v1/feedback", feedback),
    await post(url, "/v1/sent", { suggestionId, finalText: secret() }),
    // Refused, each with a message that quotes it.
    await post(url, "/v1/feedback", { ...feedback, reason: "person9@planted.example" }),
    await post(url, "/v1/feedback", [feedback, { ...feedback, reason: "person8@planted.example" }]),
    await post(url, "/v1/suggestions", { ...suggestion, "person6@planted.example": 1 }),
  ];
  expect(answers.map((answer) => answer.slice(0, 1)).join("")).toBe("222424");
  return answers.join("\n");
}

/** A host's own rows, which nobody has masked: all that is read of them before it leaves. */
async function insertAsHost(db: Database): Promise<void> {
  const id = newId();
  await db.query(
    `insert into ai_suggestions (id, project_id, function_name, suggested_response, status, error_type, error_message, metadata,
       created_at, confidence_score)
     values ($1, 'default', 'draft', $2, 'error', $3, $4, $5, now(), 0.5)`,
    [
      id,
      secret(),
      secret(),
      secret(),
      JSON.stringify({ note: secret(), tags: [secret()], password: "opensesame", [secret()]: 1 }),
    ],
  );
  // One recorded and one not: of the other, its own columns are all that there is.
  const recorded = newId();
  await db.query(
    `insert into ai_suggestions (id, project_id, function_name, suggested_response, status, created_at)
     values ($1, 'default', 'draft', $2, 'completed', now())`,
    [recorded, secret()],
  );
  const times = { startTime: "2026-03-01T09:00:00.000Z", endTime: "2026-03-01T09:00:01.000Z" };
  const texts = () => ({
    name: secret(),
    input: secret(),
    output: { text: secret() },
    metadata: { [secret()]: secret() },
  });
  const observations = [
    { id: observationIdOf(traceIdOf(recorded), 0), parentId: null, type: "agent", ...times, ...texts() },
    {
      id: observationIdOf(traceIdOf(recorded), 1),
      parentId: observationIdOf(traceIdOf(recorded), 0),
      type: "generation",
      ...times,
      ...texts(),
      level: "ERROR",
      statusMessage: secret(),
      modelParameters: { user: secret(), api_key: "opensesame" },
    },
  ];
  await db.query("insert into ai_traces (trace_id, suggestion_id, observations) values ($1, $2, $3)", [
    traceIdOf(recorded),
    recorded,
    JSON.stringify(observations),
  ]);
  const [reason, quietId] = [secret(), newId()];
  await db.query(
    `insert into ai_feedback_events (id, suggestion_id, project_id, feedback_type, source, agent_response, feedback_reason,
       feedback_reasons, comment, metadata, created_at)
     values ($1, $2, 'default', 'revision', 'explicit', $3, $4, array[$4, $5], $6, $7, now())`,
    [newId(), id, secret(), reason, secret(), secret(), JSON.stringify({ more: secret() })],
  );
  await db.query(
    `insert into ai_suggestions (id, project_id, function_name, suggested_response, status, created_at, confidence_score)
     values ($1, 'default', 'quiet', $2, 'completed', now(), 0.5)`,
    [quietId, quietTexts[0]],
  );
  await db.query(
    `insert into ai_feedback_events (id, suggestion_id, project_id, feedback_type, feedback_reason, agent_response, comment)
     values ($1, $2, 'default', 'revision', 'tone', $3, $4)`,
    [newId(), quietId, quietTexts[2], quietTexts[3]],
  );
}

it("finds what was planted nowhere: database, logs, answers, Langfuse", async () => {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db, url } = opened;
  const rig = await openRig(url, db);
  const suggestionId = await trackEverywhere(rig);
  const said = { reason: secret(), comment: secret(), finalText: secret(), metadata: { more: secret() } };
  await rig.parts.feedback.feedback({ suggestionId, type: "revision", ...said });
  await rig.parts.feedback.sent({ suggestionId, finalText: secret() });
  const quietId = await runQuiet(rig);
  const answers = await tellOverHttp(rig);
  await rig.parts.tracker.flush();

  const stored = await dump(db);
  expect(stored).toContain("[email]");
  expect.soft(foundIn(stored), "database").toEqual([]);
  expect
    .soft(
      quietTexts.filter((text) => stored.includes(text)),
      "database, content none",
    )
    .toEqual([]);
  expect.soft(foundIn(answers), "answers over HTTP").toEqual([]);

  const [quiet] = await db.query(
    `select kept_ratio is not null as compared, input_tokens, model, latency_ms is not null as timed, suggested_response
     from ai_suggestions where id = $1`,
    [quietId],
  );
  expect(quiet).toEqual({ compared: true, input_tokens: 3, model: "m", timed: true, suggested_response: "" });

  await insertAsHost(db);
  const { mirror } = rig.parts;
  if (mirror === null) throw new Error("a Langfuse is set");
  await drain(mirror);
  const sentOut = rig.sentOut();
  expect(sentOut).toContain("[email]");
  expect.soft(foundIn(sentOut), "Langfuse").toEqual([]);
  expect
    .soft(
      quietTexts.filter((text) => sentOut.includes(text)),
      "Langfuse, content none",
    )
    .toEqual([]);
  expect(rig.log.named("mirror.dead")).toEqual([]);
  expect.soft(foundIn(JSON.stringify(rig.log.lines)), "logs").toEqual([]);
}, 120_000);

it("finds it in no file of the spool", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "uptake-planted-spool-"));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  const code = {
    databaseUrl: "postgres://nobody@127.0.0.1:1/none",
    spoolDir: scratch,
    durability: "background",
    content: "masked",
  };
  const log = createLogBook();
  const parts = assemble(readConfig({ code, environment: {} }), { log: log.log, worker: false });
  onTestFinished(() => parts.close());
  await trackEverywhere({ parts });
  const files = readdirSync(scratch, { recursive: true, encoding: "utf8" }).map((name) => join(scratch, name));
  const spooled = files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file, "latin1"));
  expect(spooled.join("")).toContain("[email]");
  expect(foundIn(spooled.join(""))).toEqual([]);
  expect(foundIn(JSON.stringify(log.lines))).toEqual([]);
}, 60_000);
