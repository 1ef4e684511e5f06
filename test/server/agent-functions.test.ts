import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LangfuseClient } from "@langfuse/client";
import { describe, expect, it, onTestFinished } from "vitest";
import { importSampleDesk, sampleMessageId, sampleTicketId } from "../../src/desk/sample.ts";
import { newId, traceIdOf } from "../../src/domain/ids.ts";
import { createApp } from "../../src/http/app.ts";
import { functionRoutes } from "../../src/http/routes/functions.ts";
import { createFunctionServices } from "../../src/server/function-services.ts";
import { createLogBook, drain, startStandIn } from "../mirror/set-up.ts";
import { deskScript, SCRIPTED_MODEL, type Script, startScriptedModel } from "../models/scripted-model.ts";
import { openTestPostgres } from "../support/databases.ts";
import { fakeServices, openAdmission } from "../http/fake-services.ts";
import { openDeskProgram } from "./open-desk-program.ts";

const NUMBER = 1026;
const ticketId = sampleTicketId(NUMBER);
const message = { message_id: sampleMessageId(NUMBER, 0), ticket_id: ticketId, system_user_id: "host" };
const ticket = { id: ticketId, title: "Wrong company name on invoice", description: "In May we changed …" };
const ALL_FIELDS = "core,basic,time,io,model,usage,prompt,metadata,trace_context";

type Body = Readonly<Record<string, unknown>>;
type Problem = { readonly error: { readonly code: string; readonly message: string; readonly details: string[] } };

/** The whole program but for its port: configuration, database, desk, routes, and a mirror into a stand-in Langfuse. */
async function serviceWith(script: Script | null, environment: Record<string, string> = {}) {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { standIn, address } = await startStandIn();
  const scripted = script === null ? null : await startScriptedModel(script);
  const scratch = mkdtempSync(join(tmpdir(), "uptake-functions-"));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  const book = createLogBook();
  const { log } = book;
  const { config, parts, desk } = await openDeskProgram(
    {
      DATABASE_URL: opened.url,
      UPTAKE_SPOOL_DIR: join(scratch, "spool"),
      LANGFUSE_PUBLIC_KEY: address.publicKey,
      LANGFUSE_SECRET_KEY: address.secretKey,
      LANGFUSE_BASE_URL: address.baseUrl,
      ...(scripted === null ? {} : { OPENAI_BASE_URL: scripted.baseUrl, UPTAKE_MODEL: SCRIPTED_MODEL }),
      ...environment,
    },
    log,
  );
  await importSampleDesk(desk.store, { at: new Date() });
  const routes = functionRoutes(createFunctionServices(parts, desk, config), log);
  const app = createApp({ services: fakeServices(), admission: openAdmission, log, now: Date.now, routes });

  async function post(name: string, body: unknown, headers: Record<string, string> = {}) {
    const response = await app.request(`/functions/v1/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, text, json: () => JSON.parse(text) as Body };
  }
  const official = new LangfuseClient(address);
  /** The trace as Langfuse's own client reads it, root first. */
  async function traceOf(suggestionId: unknown) {
    const { mirror } = parts;
    if (mirror === null) throw new Error("Langfuse is set");
    await drain(mirror);
    const { data } = await official.api.observations.getMany({
      traceId: traceIdOf(String(suggestionId)),
      fields: ALL_FIELDS,
    });
    return data.toSorted((a, b) => Number(a.parentObservationId !== null) - Number(b.parentObservationId !== null));
  }
  return { db: opened.db, scripted, standIn, official, post, traceOf, book };
}

const readRow = async (db: Awaited<ReturnType<typeof serviceWith>>["db"], id: unknown) =>
  (await db.query<Body>("select * from ai_suggestions where id = $1", [id]))[0];

describe("the agent functions over HTTP, seen through Langfuse's own client", () => {
  it("answer the host's bodies offline, each with its trace", async () => {
    const { post, traceOf, db } = await serviceWith(null, { UPTAKE_AUTO_SEND: "generate-response=0.000001" });
    const suggested = await post("generate-message-suggestion", message);
    expect(suggested.status).toBe(200);
    const reply = suggested.json();
    expect(reply).toEqual({
      suggestion_id: expect.any(String) as unknown,
      trace_id: traceIdOf(String(reply["suggestion_id"])),
      status: "completed",
      suggested_response: expect.stringContaining("Hi ") as unknown,
      confidence_score: expect.any(Number) as unknown,
    });
    expect(await readRow(db, reply["suggestion_id"])).toMatchObject({
      system_user_id: "host",
      message_id: message.message_id,
    });
    const [root, ...others] = await traceOf(reply["suggestion_id"]);
    expect(root).toMatchObject({ type: "AGENT", traceName: "generate-message-suggestion", sessionId: ticketId });
    expect(others.find(({ type }) => type === "GENERATION")).toMatchObject({
      model: "uptake-retrieval",
      promptName: "reply",
      promptVersion: 1,
      parentObservationId: root?.id,
    });

    const classified = (await post("classify-ticket", { ticket })).json();
    expect(classified).toMatchObject({ status: "completed", category: "billing", escalate: false });
    const [, sorted] = await traceOf(classified["suggestion_id"]);
    expect(sorted).toMatchObject({ type: "GENERATION", promptName: "classify" });
    expect(sorted?.output).toContain("category billing: shares");

    const answered = (await post("generate-response", { ticket })).json();
    expect(answered).toMatchObject({ sent: true, held_back_by: null, threshold: 0.000001 });
    const trace = await traceOf(answered["suggestion_id"]);
    expect(trace.map(({ type }) => type).sort()).toEqual(["AGENT", "GENERATION", "GUARDRAIL", "RETRIEVER", "TOOL"]);
    expect(JSON.stringify(trace[0]?.metadata)).toContain(String(answered["message_id"]));
    const [sent] = await db.query<Body>("select * from ticket_messages where id = $1", [answered["message_id"]]);
    expect(sent).toMatchObject({ content: answered["suggested_response"], is_ai_generated: true });
  });

  it("ask a model with a prompt of Langfuse's, and record its link", async () => {
    const { post, traceOf, official, scripted } = await serviceWith(
      deskScript({ text: "Scripted.", confidence: 0.7 }),
      {
        UPTAKE_PROMPTS: "generate-message-suggestion=langfuse:desk-reply@production",
      },
    );
    const prompt = "From Langfuse.\n=== user ===\n{{articles}} {{pastReplies}} {{thread}}";
    await official.api.prompts.create({ type: "text", name: "desk-reply", prompt, labels: [] });
    await official.api.prompts.create({ type: "text", name: "desk-reply", prompt, labels: ["production"] });
    const reply = (await post("generate-message-suggestion", message)).json();
    expect(reply).toMatchObject({ suggested_response: "Scripted.", confidence_score: 0.7 });
    expect(scripted?.asked[0]?.messages[0]).toEqual({ role: "system", content: "From Langfuse." });
    const generation = (await traceOf(reply["suggestion_id"])).find(({ type }) => type === "GENERATION");
    expect(generation).toMatchObject({
      model: SCRIPTED_MODEL,
      promptName: "desk-reply",
      promptVersion: 2,
      usageDetails: { input: 321, output: 45 },
    });
  });

  it("stream a reply as it is written, with the time to its first token", async () => {
    const text = 'Hi "Ana",\n\nhere it is: é 🎉 – done.';
    const { post, db, scripted } = await serviceWith(deskScript({ text }));
    for (const [name, body] of [
      ["generate-message-suggestion", message],
      ["generate-response", { ticket }],
    ] as const) {
      const streamed = await post(name, body, { accept: "text/event-stream" });
      const events = [...streamed.text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(([, event, data = ""]) => ({
        event,
        data: JSON.parse(data) as Body,
      }));
      const deltas = events.filter(({ event }) => event === "delta");
      expect(deltas.length).toBeGreaterThan(3);
      expect(deltas.map(({ data }) => data["text"]).join("")).toBe(text);
      const last = events.at(-1);
      expect(last).toMatchObject({ event: "completed", data: { status: "completed", suggested_response: text } });
      const row = await readRow(db, last?.data["suggestion_id"]);
      expect(row).toMatchObject({ status: "completed", suggested_response: text, input_tokens: 321 });
      expect(row?.["time_to_first_token_ms"]).toEqual(expect.any(Number));
    }
    expect(scripted?.asked.every(({ stream }) => stream === true)).toBe(true);
    const plain = (await post("generate-message-suggestion", message)).json();
    expect(await readRow(db, plain["suggestion_id"])).toMatchObject({ time_to_first_token_ms: null });
  });

  it("complete a pending row in place, once, however often they are called for it", async () => {
    let release = () => {};
    const { post, db, scripted } = await serviceWith(async (asked, index) => {
      if (index === 0) await new Promise<void>((resolve) => (release = resolve));
      return deskScript({ text: "Once." })(asked, index);
    });
    const suggestionId = newId();
    await db.query(
      `insert into ai_suggestions (id, ticket_id, message_id, suggested_response, confidence_score, metadata)
       values ($1, $2, $3, 'Processing...', 0, '{"host": true}')`,
      [suggestionId, ticketId, message.message_id],
    );
    const body = { ...message, suggestion_id: suggestionId };
    const first = post("generate-message-suggestion", body);
    await expect.poll(() => scripted?.asked.length).toBe(1);
    const second = await post("generate-message-suggestion", body);
    expect([second.status, second.json()]).toEqual([
      202,
      { suggestion_id: suggestionId, trace_id: traceIdOf(suggestionId), status: "pending" },
    ]);
    release();
    expect((await first).json()).toMatchObject({ suggestion_id: suggestionId, suggested_response: "Once." });
    const third = await post("generate-message-suggestion", body);
    expect([third.status, third.json()["suggested_response"]]).toEqual([200, "Once."]);
    expect(scripted?.asked).toHaveLength(1);
    expect(await readRow(db, suggestionId)).toMatchObject({
      status: "completed",
      function_name: "generate-message-suggestion",
      metadata: { host: true },
    });
    expect(await db.query("select from ai_pending_claims")).toEqual([]);
    const other = await post("classify-ticket", { ticket, suggestion_id: suggestionId });
    expect([other.status, (other.json() as Problem).error.code]).toEqual([409, "suggestion_id_taken"]);
  });

  it("make a row that is not there yet once, too, where two ask for it at once", async () => {
    let release = () => {};
    const { post, scripted, db } = await serviceWith(async (asked, index) => {
      if (index === 0) await new Promise<void>((resolve) => (release = resolve));
      return deskScript({ text: `Answer ${index}.` })(asked, index);
    });
    const suggestionId = newId();
    const body = { ...message, suggestion_id: suggestionId };
    const first = post("generate-message-suggestion", body);
    await expect.poll(() => scripted?.asked.length).toBe(1);
    const second = await post("generate-message-suggestion", { ...body, suggestion_id: suggestionId.toUpperCase() });
    expect([second.status, second.json()["status"]]).toEqual([202, "pending"]);
    release();
    expect((await first).json()).toMatchObject({ suggestion_id: suggestionId, suggested_response: "Answer 0." });
    const third = await post("generate-message-suggestion", body);
    expect([third.status, third.json()["suggested_response"]]).toEqual([200, "Answer 0."]);
    expect(scripted?.asked).toHaveLength(1);
    expect(await readRow(db, suggestionId)).toMatchObject({ suggested_response: "Answer 0." });
  });

  it.each(["pending", "completed"])(
    "refuse a row of another project's that is %s, and ask no model for it",
    async (status) => {
      const { post, db, scripted } = await serviceWith(deskScript({}));
      const suggestionId = newId();
      await db.query(
        "insert into ai_suggestions (id, project_id, suggested_response, status) values ($1, 'of-others', 'Theirs', $2)",
        [suggestionId, status],
      );
      const theirs = await readRow(db, suggestionId);
      for (const [name, body] of [
        ["generate-message-suggestion", message],
        ["generate-response", { ticket }],
        ["classify-ticket", { ticket }],
      ] as const) {
        const refused = await post(name, { ...body, suggestion_id: suggestionId });
        const { error } = refused.json() as Problem;
        expect([refused.status, error.code]).toEqual([409, "suggestion_id_taken"]);
        expect(error.message).not.toMatch(/of-others|project/u);
      }
      expect(scripted?.asked).toEqual([]);
      expect(await readRow(db, suggestionId)).toEqual(theirs);
    },
  );

  it("take an override and a confirmation", async () => {
    const { post, db } = await serviceWith(deskScript({ category: "billing" }));
    const made = (await post("classify-ticket", { ticket })).json();
    const override = { suggestion_id: made["suggestion_id"], category: "hardware", agent_id: "jo" };
    const decided = await post("classify-ticket/decision", override);
    expect(decided.json()).toMatchObject({
      type: "revision",
      classification: { category: "hardware", priority: "medium" },
      changed: ["category"],
    });
    expect((await post("classify-ticket/decision", { suggestion_id: made["suggestion_id"] })).json()).toMatchObject({
      type: "approval",
      changed: [],
    });
    const events = await db.query<Body>(
      "select feedback_type, feedback_reason from ai_feedback_events order by created_at",
    );
    expect(events).toEqual([
      { feedback_type: "revision", feedback_reason: "wrong category" },
      { feedback_type: "approval", feedback_reason: null },
    ]);
  });

  it("answer with a problem that helps, and with nothing from inside", async () => {
    const { post, db, book } = await serviceWith(() => ({ status: 401 }));
    const problemOf = async (name: string, body: unknown) => {
      const { status, json } = await post(name, body);
      const { error } = json() as Problem;
      return [status, error.code, error.message];
    };
    expect(await problemOf("generate-message-suggestion", {})).toEqual([
      400,
      "invalid_input",
      expect.stringMatching(/^ticket_id: .*\nmessage_id: /u),
    ]);
    expect(await problemOf("generate-response", { ticket: { id: "7" } })).toEqual([
      400,
      "invalid_input",
      expect.stringContaining("ticket.id: expected a UUID"),
    ]);
    expect(await problemOf("classify-ticket", { ticket: { id: newId() } })).toEqual([
      404,
      "not_found",
      expect.stringContaining("does not exist in this project"),
    ]);
    expect(await problemOf("classify-ticket/decision", { suggestion_id: newId() })).toEqual([
      404,
      "suggestion_not_found",
      expect.any(String),
    ]);
    expect(await problemOf("generate-message-suggestion", message)).toEqual([
      502,
      "model_failed",
      expect.not.stringContaining("127.0.0.1"),
    ]);
    const failed = await db.query<Body>(
      "select * from ai_suggestions where status = 'error' and error_message like '%status 401%'",
    );
    expect(failed).toHaveLength(1);
    expect(book.named("http.failed")).toHaveLength(1);

    const streamed = await post("generate-message-suggestion", message, { accept: "text/event-stream" });
    expect(streamed.text).toMatch(/^event: error\ndata: \{"error":\{"code":"model_failed"/u);
  });
});
