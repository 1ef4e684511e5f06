import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { importSampleDesk, sampleMessageId, sampleTicketId } from "../../src/desk/sample.ts";
import { newId } from "../../src/domain/ids.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { createApp } from "../../src/http/app.ts";
import { openTo } from "../../src/http/caller.ts";
import { deskRoutes } from "../../src/http/routes/desk.ts";
import { createDeskServices } from "../../src/server/desk-services.ts";
import { adopt } from "../../src/store/adoption/adopt.ts";
import { startHost } from "../adopt/host.ts";
import { fakeServices } from "../http/fake-services.ts";
import { openTestPostgres } from "../support/databases.ts";
import { openDeskProgram } from "./open-desk-program.ts";

const ticketId = sampleTicketId(1026);
const other = sampleTicketId(1027);
const agentId = "jo";

type Json = Readonly<Record<string, unknown>>;
type Ticket = {
  readonly messages: readonly Json[];
  readonly suggestion: { readonly suggestionId: string; readonly text: string } & Json;
  readonly classification: { readonly suggestionId: string } & Json;
} & Json;

/** The desk over a database, asked without a port; `project` is whose credentials come along. */
async function deskOver(url: string, project: string) {
  const scratch = mkdtempSync(join(tmpdir(), "uptake-desk-"));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  const environment = { DATABASE_URL: url, UPTAKE_SPOOL_DIR: join(scratch, "spool") };
  const { config, parts, desk } = await openDeskProgram(environment, silentLogger);
  const app = createApp({
    services: fakeServices(),
    admission: { authenticate: openTo(project), admit: () => Promise.resolve() },
    log: silentLogger,
    now: Date.now,
    routes: deskRoutes(createDeskServices(parts, desk, config)),
  });
  async function ask(path: string, init?: RequestInit) {
    const response = await app.request(`/v1/desk/tickets${path}`, init);
    return { status: response.status, json: (await response.json()) as Json };
  }
  const post = (path: string, body: unknown) =>
    ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const ticket = async (id = ticketId) => (await ask(`/${id}`)).json as Ticket;
  return { get: ask, post, ticket, desk };
}

async function sampleDesk() {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const mine = await deskOver(opened.url, "default");
  await importSampleDesk(mine.desk.store, { at: new Date() });
  return { ...mine, ...opened };
}

const errorOf = ({ json }: { readonly json: Json }) =>
  json["error"] as { readonly code: string; readonly message: string };
const ticketsOf = ({ json }: { readonly json: Json }) => json["tickets"] as readonly Json[];

describe("the desk's queue", () => {
  it("has who waits longest first, page by page, each ticket once", async () => {
    const { get } = await sampleDesk();
    const all = ticketsOf(await get("?limit=200"));
    expect(all.length).toBeGreaterThan(30);
    expect(all.every((one) => one["waitingSince"] !== null && one["lastFrom"] === "customer")).toBe(true);
    const since = all.map((one) => String(one["waitingSince"]));
    expect(since).toEqual(since.toSorted());
    const paged: unknown[] = [];
    let cursor = "";
    for (let page = 0; page < 50 && (page === 0 || cursor !== ""); page += 1) {
      const answered = await get(`?limit=7&cursor=${cursor}`);
      paged.push(...ticketsOf(answered).map((one) => one["ticketId"]));
      const { nextCursor } = answered.json as { readonly nextCursor: string | null };
      cursor = nextCursor ?? "";
    }
    expect(paged).toEqual(all.map((one) => one["ticketId"]));
  });

  it("sends nobody back who asks once more: the first message without an answer is what counts", async () => {
    const { get, post, db } = await sampleDesk();
    const write = (id: unknown) =>
      db.query(
        `insert into ticket_messages (id, ticket_id, user_id, content, position)
         select gen_random_uuid(), id, customer_id, 'Is anybody there?', 100 from tickets where id = $1`,
        [id],
      );
    const before = ticketsOf(await get("?limit=200"));
    const [first, second] = before;
    await write(first?.["ticketId"]);
    const [still] = ticketsOf(await get("?limit=200"));
    expect(still).toMatchObject({
      ticketId: first?.["ticketId"],
      waitingSince: first?.["waitingSince"],
      lastText: "Is anybody there?",
    });
    await post(`/${String(second?.["ticketId"])}/reply`, { messageId: newId(), text: "On it.", agentId });
    const [answered] = ticketsOf(await get("?queue=answered&limit=1"));
    expect(answered).toMatchObject({ ticketId: second?.["ticketId"], waitingSince: null });
    await write(second?.["ticketId"]);
    expect(ticketsOf(await get("?limit=200")).at(-1)).toMatchObject({ ticketId: second?.["ticketId"] });
  });

  it("has the newest first page by page as well, and a ticket moves with what is said in it", async () => {
    const { get, post, db } = await sampleDesk();
    // Many at one moment, so that pages end between tickets that only their ids keep apart; and some without a message.
    await db.query(
      `update tickets set last_message_at = '2026-03-01T12:00:00Z', waiting_since = '2026-03-01T12:00:00Z'
       where ticket_number % 3 = 0`,
    );
    await db.query(
      "insert into tickets (id, title, customer_id) select gen_random_uuid(), 'quiet ' || n, 'c' from generate_series(1, 5) n",
    );
    const idsIn = (answered: { readonly json: Json }) => ticketsOf(answered).map((one) => one["ticketId"]);
    for (const queue of ["waiting", "all"]) {
      const all = idsIn(await get(`?queue=${queue}&limit=200`));
      const paged: unknown[] = [];
      let cursor: string | null = "";
      for (let page = 0; page < 50 && cursor !== null; page += 1) {
        const answered = await get(`?queue=${queue}&limit=4&cursor=${cursor}`);
        paged.push(...idsIn(answered));
        cursor = (answered.json as { readonly nextCursor: string | null }).nextCursor;
      }
      expect(paged).toEqual(all);
      expect(new Set(all).size).toBe(all.length);
    }
    const [quiet] = ticketsOf(await get("?search=quiet&queue=waiting"));
    expect(quiet).toMatchObject({ lastText: null, lastFrom: null, waitingSince: expect.any(String) as string });
    const text = "It is on its way.";
    await post(`/${ticketId}/reply`, { messageId: newId(), text, agentId });
    expect(ticketsOf(await get("?queue=answered&limit=1"))).toMatchObject([{ ticketId, lastText: text }]);
    expect(idsIn(await get("?limit=200"))).not.toContain(ticketId);
    await db.query(
      `insert into ticket_messages (id, ticket_id, user_id, content, position)
       select gen_random_uuid(), id, customer_id, 'And when?', 100 from tickets where id = $1`,
      [ticketId],
    );
    expect(ticketsOf(await get("?limit=200")).at(-1)).toMatchObject({ ticketId, lastText: "And when?" });
  });

  it("tells answered from waiting, newest first, and finds by title, number, customer and message", async () => {
    const { get } = await sampleDesk();
    const answered = ticketsOf(await get("?queue=answered&limit=200"));
    expect(answered.length).toBeGreaterThan(3);
    expect(answered.every((one) => one["waitingSince"] === null && one["lastFrom"] !== "customer")).toBe(true);
    const times = answered.map((one) => String(one["lastAt"]));
    expect(times).toEqual(times.toSorted().toReversed());
    const [one] = ticketsOf(await get("?search=1026"));
    expect(one).toMatchObject({ ticketId, number: 1026, suggestion: null, classification: null });
    const titled = ticketsOf(await get(`?search=${encodeURIComponent(String(one?.["title"]).toUpperCase())}`));
    expect(titled.map((found) => found["ticketId"])).toContain(ticketId);
    const named = ticketsOf(await get(`?search=${encodeURIComponent(String(one?.["customerName"]))}`));
    expect(named.map((found) => found["ticketId"])).toContain(ticketId);
    expect(ticketsOf(await get("?queue=all&search=1_26"))).toEqual([]);
    for (const query of ["limit=0", "limit=201", "cursor=x", "queue=mine", "unknown=1"])
      expect([query, (await get(`?${query}`)).status]).toEqual([query, 400]);
  });
});

describe("a ticket at the desk", () => {
  it("is suggested a reply, shows it with the reasons to reject it, and what was said about it", async () => {
    const { post, ticket, get, db } = await sampleDesk();
    expect(await ticket()).toMatchObject({ suggestion: null, feedback: [], messages: [{ from: "customer" }] });
    const asked = await post(`/${ticketId}/suggest`, { agentId });
    expect([asked.status, asked.json["status"]]).toEqual([200, "completed"]);
    const shown = await ticket();
    expect(shown.suggestion).toMatchObject({
      suggestionId: asked.json["suggestionId"],
      text: asked.json["text"],
      outcome: "pending",
      messageId: sampleMessageId(1026, 0),
    });
    expect(shown["reasons"]).toEqual(expect.arrayContaining(["too generic", "incorrect info"]));
    const [listed] = ticketsOf(await get("?search=1026"));
    expect(listed?.["suggestion"]).toMatchObject({ suggestionId: asked.json["suggestionId"], outcome: "pending" });
    const [row] = await db.query("select system_user_id from ai_suggestions where id = $1", [
      asked.json["suggestionId"],
    ]);
    expect(row).toEqual({ system_user_id: agentId });
  });

  it("is answered once however often the same message is sent, and the suggestion judged in the same commit", async () => {
    const { post, ticket, get, db } = await sampleDesk();
    await post(`/${ticketId}/suggest`, {});
    const { suggestion } = await ticket();
    const reply = { messageId: newId(), text: suggestion.text, agentId, suggestionId: suggestion.suggestionId };
    const answers = await Promise.all([1, 2, 3].map(() => post(`/${ticketId}/reply`, reply)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    for (const { json } of answers) {
      expect(json).toMatchObject({
        messageId: reply.messageId,
        inferred: { type: "approval", keptRatio: 1, suggestionId: suggestion.suggestionId },
      });
    }
    const after = await ticket();
    expect(after.messages).toMatchObject([{ from: "customer" }, { from: "agent", text: reply.text, author: agentId }]);
    expect(after).toMatchObject({
      waitingSince: null,
      suggestion: { outcome: "accepted" },
      feedback: [{ type: "approval", source: "inferred", agentId, finalText: reply.text }],
    });
    expect(ticketsOf(await get("?search=1026"))).toEqual([]);
    const changed = await post(`/${ticketId}/reply`, { ...reply, text: "Something else" });
    expect([changed.status, errorOf(changed).code]).toEqual([409, "message_id_taken"]);
    const elsewhere = await post(`/${other}/reply`, { messageId: reply.messageId, text: reply.text, agentId });
    expect([elsewhere.status, errorOf(elsewhere).code]).toEqual([409, "message_id_taken"]);
    expect(await db.query("select from ai_feedback_events")).toHaveLength(1);
    expect(await db.query("select from ticket_messages where id = $1", [reply.messageId])).toHaveLength(1);
  });

  it("takes an edited reply as a revision, and one without a suggestion as no feedback", async () => {
    const { post, ticket } = await sampleDesk();
    await post(`/${ticketId}/suggest`, {});
    const { suggestion } = await ticket();
    const words = suggestion.text.split(" ");
    const edited = [...words.slice(0, Math.ceil(words.length * 0.7)), "and the rest is said otherwise"].join(" ");
    // Found as sent() finds it, where the agent does not say which.
    const sent = await post(`/${ticketId}/reply`, { messageId: newId(), text: edited, agentId });
    expect(sent.json["inferred"]).toMatchObject({ type: "revision", suggestionId: suggestion.suggestionId });
    const plain = await post(`/${other}/reply`, { messageId: newId(), text: "Hello there", agentId });
    expect([plain.status, plain.json["inferred"]]).toEqual([201, null]);
  });

  it("judges a suggestion by the replies that use it, and by no later one of other words", async () => {
    const { post, ticket } = await sampleDesk();
    await post(`/${ticketId}/suggest`, {});
    const { suggestion } = await ticket();
    const { suggestionId, text } = suggestion;
    const send = (words: string, messageId = newId()) =>
      post(`/${ticketId}/reply`, { messageId, text: words, agentId, suggestionId });
    const outcome = async () => (await ticket()).suggestion["outcome"];
    expect((await send("I look into it.")).json["inferred"]).toMatchObject({ type: "rejection" });
    expect((await send(text)).json["inferred"]).toMatchObject({ type: "approval" });
    expect(await outcome()).toBe("accepted");
    const messageId = newId();
    expect(await send("You are welcome, have a good day!", messageId)).toMatchObject({
      status: 201,
      json: { created: true, inferred: null },
    });
    expect(await send("You are welcome, have a good day!", messageId)).toMatchObject({
      status: 200,
      json: { created: false, inferred: null },
    });
    expect(await outcome()).toBe("accepted");
    expect((await ticket()).messages).toHaveLength(4);
  });

  it("takes no reply for a word about one that went out by itself", async () => {
    const { post, ticket, db } = await sampleDesk();
    await post(`/${ticketId}/suggest`, {});
    const { suggestion } = await ticket();
    const { suggestionId, text } = suggestion;
    await db.query("update ai_suggestions set outcome = 'auto_sent' where id = $1", [suggestionId]);
    for (const words of ["You are welcome, have a good day!", text]) {
      const sent = await post(`/${ticketId}/reply`, { messageId: newId(), text: words, agentId, suggestionId });
      expect(sent).toMatchObject({ status: 201, json: { inferred: null } });
    }
    expect((await ticket()).suggestion["outcome"]).toBe("auto_sent");
  });

  it.each(["completed", "pending", "error"])(
    "is answered though there is nothing to compare with: a suggestion without text that is %s",
    async (status) => {
      const { post, ticket, db } = await sampleDesk();
      await post(`/${ticketId}/suggest`, {});
      const { suggestionId } = (await ticket()).suggestion;
      await db.query("update ai_suggestions set suggested_response = '', status = $1", [status]);
      for (const which of [{}, { suggestionId }]) {
        const reply = { messageId: newId(), text: "Settings, Invoices.", agentId, ...which };
        const sent = await post(`/${ticketId}/reply`, reply);
        expect(sent).toMatchObject({ status: 201, json: { created: true, inferred: null } });
      }
      expect((await ticket()).messages).toHaveLength(3);
    },
  );

  it("leaves neither message nor feedback where one of the two cannot be written", async () => {
    const { post, ticket, db } = await sampleDesk();
    await post(`/${ticketId}/suggest`, {});
    const { suggestion } = await ticket();
    await db.query(`create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'refused by the test'; end $$`);
    await db.query("create trigger refuse before insert on ai_feedback_events for each row execute function refuse()");
    const reply = { messageId: newId(), text: suggestion.text, agentId, suggestionId: suggestion.suggestionId };
    expect((await post(`/${ticketId}/reply`, reply)).status).toBe(500);
    expect((await ticket()).messages).toHaveLength(1);
    await db.query("drop trigger refuse on ai_feedback_events");
    expect((await post(`/${ticketId}/reply`, reply)).status).toBe(201);
  });

  it("is classified, and a person confirms or changes that", async () => {
    const { post, ticket, get } = await sampleDesk();
    expect((await post(`/${ticketId}/classify`, {})).json).toMatchObject({ status: "completed" });
    const { classification } = await ticket();
    expect(classification).toMatchObject({ state: "suggested", category: "billing", escalate: false });
    expect((classification["reasons"] as readonly string[]).length).toBeGreaterThan(0);
    const { suggestionId } = classification;
    const change = { suggestionId, category: "hardware", priority: "high", agentId };
    const changed = await post(`/${ticketId}/classification`, change);
    expect(changed.json).toMatchObject({ type: "revision", changed: ["category", "priority"] });
    expect((await ticket()).classification).toMatchObject({ state: "changed", category: "hardware", priority: "high" });
    const [listed] = ticketsOf(await get("?search=1026"));
    expect(listed?.["classification"]).toMatchObject({ state: "changed", category: "hardware" });
    const confirmed = await post(`/${ticketId}/classification`, { suggestionId, agentId });
    expect(confirmed.json).toMatchObject({ type: "approval", changed: [] });
    expect((await ticket()).classification).toMatchObject({ state: "confirmed", category: "billing" });
    const wrong = await post(`/${ticketId}/classification`, { suggestionId, category: "weather", agentId });
    expect([wrong.status, errorOf(wrong).message]).toEqual([400, expect.stringContaining("weather")]);
  });

  it("refuses what is of another ticket, no suggestion, or no text", async () => {
    const { post, get, ticket } = await sampleDesk();
    await post(`/${ticketId}/suggest`, {});
    await post(`/${ticketId}/classify`, {});
    const { suggestion, classification } = await ticket();
    const reply = { messageId: newId(), text: "Hello", agentId };
    const refused = await Promise.all([
      post(`/${other}/reply`, { ...reply, suggestionId: suggestion.suggestionId }),
      post(`/${ticketId}/reply`, { ...reply, suggestionId: classification.suggestionId }),
      post(`/${other}/classification`, { suggestionId: classification.suggestionId, agentId }),
      post(`/${ticketId}/classification`, { suggestionId: suggestion.suggestionId, agentId }),
      post(`/${ticketId}/reply`, { ...reply, text: "  " }),
      post(`/${ticketId}/reply`, { ...reply, messageId: "m" }),
    ]);
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400]);
    const unknown = newId();
    const missing = await Promise.all([
      get(`/${unknown}`),
      post(`/${unknown}/reply`, reply),
      post(`/${unknown}/suggest`, {}),
      post(`/${unknown}/classify`, {}),
      post(`/${unknown}/classification`, { suggestionId: classification.suggestionId, agentId }),
    ]);
    expect(missing.map((one) => [one.status, errorOf(one).code])).toEqual(missing.map(() => [404, "not_found"]));
  });
});

it("another project sees none of it and writes to none of it", async () => {
  const mine = await sampleDesk();
  await mine.post(`/${ticketId}/suggest`, {});
  await mine.post(`/${ticketId}/classify`, {});
  const { suggestion, classification } = await mine.ticket();
  const foreign = await deskOver(mine.url, "another");
  expect(ticketsOf(await foreign.get("?queue=all"))).toEqual([]);
  const reply = { messageId: newId(), text: "Hello", agentId, suggestionId: suggestion.suggestionId };
  const asked = await Promise.all([
    foreign.get(`/${ticketId}`),
    foreign.post(`/${ticketId}/reply`, reply),
    foreign.post(`/${ticketId}/suggest`, {}),
    foreign.post(`/${ticketId}/classify`, {}),
    foreign.post(`/${ticketId}/classification`, { suggestionId: classification.suggestionId, agentId }),
  ]);
  expect(asked.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
  expect(await mine.db.query("select from ai_feedback_events")).toEqual([]);
  expect((await mine.ticket()).messages).toHaveLength(1);
});

it("what another project records about the same ticket id is not seen here", async () => {
  const mine = await sampleDesk();
  await mine.post(`/${ticketId}/suggest`, {});
  await mine.post(`/${ticketId}/classify`, {});
  const seen = async () => [(await mine.get("?queue=all")).json, await mine.ticket()];
  const before = await seen();
  const classification = { category: "billing", priority: "low", sentiment: "positive", escalate: false, reasons: [] };
  await mine.db.query(
    `insert into ai_suggestions (id, project_id, function_name, ticket_id, suggested_response, status, metadata)
     select gen_random_uuid(), 'another', name, $1, 'Foreign', 'completed', jsonb_build_object('classification', $2::jsonb)
     from unnest('{generate-message-suggestion,classify-ticket}'::text[]) name`,
    [ticketId, JSON.stringify(classification)],
  );
  expect(await seen()).toEqual(before);
});

it("there is no desk in an adopted database", async () => {
  const host = await startHost();
  const settings = { projectId: "default", functionName: "f", environment: "production", lockTimeoutMs: 3000 };
  await adopt(host.db, settings, () => {});
  const desk = await deskOver(host.url, "default");
  const asked = await Promise.all([
    desk.get(""),
    desk.get(`/${host.ticketId}`),
    desk.post(`/${host.ticketId}/reply`, { messageId: newId(), text: "Hello", agentId }),
    desk.post(`/${host.ticketId}/suggest`, {}),
  ]);
  for (const one of asked) {
    expect([one.status, errorOf(one).code]).toEqual([404, "not_found"]);
    expect(errorOf(one).message).toContain("tickets are the application's own");
  }
});
