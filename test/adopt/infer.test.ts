import { asItIs } from "../../src/domain/privacy.ts";
import { describe, expect, it, onTestFinished } from "vitest";
import type { InstrumentFacts } from "../../src/domain/instruments.ts";
import { noInstruments } from "../../src/domain/instruments.ts";
import { type Logger, silentLogger } from "../../src/domain/logger.ts";
import { inferenceOf } from "../../src/feedback/feedback-service.ts";
import { createInferrer, type Inferrer } from "../../src/feedback/inferrer.ts";
import { adopt, planAdoption, type AdoptSettings } from "../../src/store/adoption/adopt.ts";
import { removeAdoption } from "../../src/store/adoption/remove.ts";
import type { Database } from "../../src/store/database.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { openTestEmbedded } from "../support/databases.ts";
import { describeSchema } from "../support/describe-schema.ts";
import { as, judge, type Person, startHost, suggest, type Host } from "./host.ts";

const settings: AdoptSettings = {
  projectId: "default",
  functionName: "generate-message-suggestion",
  environment: "production",
  lockTimeoutMs: 1_000,
  infer: true,
};
const silent = (): void => {};
const SUGGESTED = "Your refund was sent today and reaches your card within five days.";

function inferrerOn(
  db: Database,
  over: { waitMs?: number; log?: Logger; counts?: Map<string, number> } = {},
): Inferrer {
  const { waitMs = 0, log = silentLogger, counts } = over;
  const counter = ({ name }: InstrumentFacts) => ({
    add: (amount: number, labels = {}) => {
      const key = `${name} ${Object.values(labels).join()}`;
      counts?.set(key, (counts.get(key) ?? 0) + amount);
    },
  });
  const instruments = { ...noInstruments, counter };
  return createInferrer({
    db,
    log,
    instruments,
    privacy: asItIs,
    everyMs: 20,
    waitMs,
    now: () => new Date(),
    ...inferenceOf({}),
  });
}

async function inferringHost(): Promise<Host & { inferrer: Inferrer }> {
  const host = await startHost();
  await adopt(host.db, settings, silent);
  return { ...host, inferrer: inferrerOn(host.db) };
}

type Message = { content: string; type?: string; byAi?: boolean };

/** What the host's front end does when a person sends something; under that person's own rights. */
async function send(host: Host, person: Person, ticketId: string, message: Message): Promise<string> {
  const sql = `insert into ticket_messages (ticket_id, user_id, content, message_type, is_ai_generated)
    values ($1, $2, $3, $4, $5) returning id`;
  const { content, type = "user_message", byAi = false } = message;
  const [row] = await as(host, person, (tx) =>
    tx.query<{ id: string }>(sql, [ticketId, person.profileId, content, type, byAi]),
  );
  return row?.id ?? "";
}

const events = (db: Database): Promise<readonly unknown[]> =>
  db.query(
    `select suggestion_id as "suggestionId", feedback_type as type, source, agent_id as "agentId", agent_response as text
     from ai_feedback_events order by created_at, id`,
  );
const waitingCount = async (db: Database): Promise<unknown> =>
  (await db.query<{ n: number }>("select count(*) as n from uptake_sent_messages"))[0]?.n;

async function outcomeOf(db: Database, id: string): Promise<string | undefined> {
  return (await db.query<{ outcome: string }>("select outcome from ai_suggestions where id = $1", [id]))[0]?.outcome;
}

describe("what agents send through the host's own messages", () => {
  it("becomes inferred feedback on the suggestion that was open, once, with the agent and the time of the message", async () => {
    const host = await inferringHost();
    const [kept, changed] = [
      await suggest(host, host.ticketId, SUGGESTED),
      await suggest(host, host.otherTicketId, SUGGESTED),
    ];
    const messageId = await send(host, host.agent, host.ticketId, { content: `Hi Mia,\n\n${SUGGESTED}\n\nBest,\nJo` });
    const other = "Your refund was sent yesterday and reaches your bank account within two days.";
    await send(host, host.otherAgent, host.otherTicketId, { content: other });
    expect(await host.inferrer.inferAll()).toEqual({ approval: 1, revision: 1 });
    expect(await host.inferrer.inferAll()).toEqual({});
    expect(await events(host.db)).toMatchObject([
      { suggestionId: kept, type: "approval", source: "inferred", agentId: host.agent.profileId },
      { suggestionId: changed, type: "revision", source: "inferred", agentId: host.otherAgent.profileId, text: other },
    ]);
    const [written] = await host.db.query(
      `select e.idempotency_key as key, e.created_at = date_trunc('milliseconds', m.created_at) as "sameTime", e.time_to_feedback > '0' as timed,
         e.ticket_id = m.ticket_id as "sameTicket", s.outcome, s.kept_ratio as "keptRatio"
       from ai_feedback_events e join ticket_messages m on m.id = $1 join ai_suggestions s on s.id = e.suggestion_id
       where s.id = $2`,
      [messageId, kept],
    );
    expect(written).toEqual({
      key: `message:${messageId}`,
      sameTime: true,
      timed: true,
      sameTicket: true,
      outcome: "accepted",
      keptRatio: 1,
    });
    expect(await waitingCount(host.db)).toBe(0);
  });

  it("is nobody's judgement where it comes from the customer, a machine, or an automatic suggestion", async () => {
    const host = await inferringHost();
    const id = await suggest(host, host.ticketId, SUGGESTED);
    await host.db.query(
      `insert into ticket_messages (ticket_id, user_id, content, message_type, is_ai_generated) values
         ($1, $2, 'Any news?', 'user_message', false),
         ($1, $3, 'By a machine', 'user_message', true),
         ($1, $3, 'Proposed', 'auto_suggestion', false)`,
      [host.ticketId, host.customer.profileId, host.agent.profileId],
    );
    expect(await waitingCount(host.db)).toBe(0);
    expect(await host.inferrer.inferAll()).toEqual({});
    expect(await outcomeOf(host.db, id)).toBe("pending");
  });

  it("is not compared with a classification of the ticket, which nobody sends", async () => {
    const host = await inferringHost();
    const reply = await suggest(host, host.ticketId, SUGGESTED);
    const classified = await suggest(host, host.ticketId, '{"category":"refund","priority":"high"}');
    const metadata = { classification: { category: "refund", priority: "high" } };
    await host.db.query("update ai_suggestions set metadata = $2 where id = $1", [classified, metadata]);
    await send(host, host.agent, host.ticketId, { content: SUGGESTED });
    expect(await host.inferrer.inferAll()).toEqual({ approval: 1 });
    expect(await outcomeOf(host.db, reply)).toBe("accepted");
    expect(await outcomeOf(host.db, classified)).toBe("pending");
  });

  it("is compared with the newest suggestion or with none, and never with an older one", async () => {
    const host = await inferringHost();
    const older = await suggest(host, host.ticketId, "Please restart the router.");
    const newest = await suggest(host, host.ticketId, SUGGESTED);
    await judge(host, host.agent, host.ticketId, [{ suggestionId: newest, type: "approval" }]);
    await send(host, host.agent, host.ticketId, { content: SUGGESTED });
    // Still being made: nobody has seen it, whatever it says by the time the worker comes.
    await host.db.query(
      `insert into ai_suggestions (ticket_id, suggested_response, confidence_score) values ($1, 'Processing...', 0)`,
      [host.ticketId],
    );
    await send(host, host.agent, host.ticketId, { content: "One moment, please." });
    await host.db.query(
      `update ai_suggestions set status = 'completed', suggested_response = $1 where status = 'pending'`,
      [SUGGESTED],
    );
    await suggest(host, host.ticketId, "Made after both messages.");
    expect(await host.inferrer.inferAll()).toEqual({ no_suggestion: 2 });
    expect(await outcomeOf(host.db, older)).toBe("pending");
    expect(await events(host.db)).toHaveLength(1);
  });

  it("says nothing where somebody has said it meanwhile, and gives way where somebody says it later", async () => {
    const host = await inferringHost();
    const said = await suggest(host, host.ticketId, SUGGESTED);
    await send(host, host.agent, host.ticketId, { content: "Something else entirely." });
    await judge(host, host.agent, host.ticketId, [{ suggestionId: said, type: "approval" }]);
    expect(await host.inferrer.inferAll()).toEqual({ judged: 1 });
    expect(await outcomeOf(host.db, said)).toBe("accepted");

    const later = await suggest(host, host.otherTicketId, SUGGESTED);
    await send(host, host.otherAgent, host.otherTicketId, { content: "Nothing in common." });
    expect(await host.inferrer.inferAll()).toEqual({ rejection: 1 });
    await judge(host, host.otherAgent, host.otherTicketId, [{ suggestionId: later, type: "approval" }]);
    expect(await outcomeOf(host.db, later)).toBe("accepted");
    expect(await events(host.db)).toHaveLength(3);
  });

  it("is left alone for a while, since what a person says comes in the same breath", async () => {
    const host = await inferringHost();
    await suggest(host, host.ticketId, SUGGESTED);
    await send(host, host.agent, host.ticketId, { content: SUGGESTED });
    expect(await inferrerOn(host.db, { waitMs: 60_000 }).inferAll()).toEqual({});
    await host.db.query("update uptake_sent_messages set queued_at = queued_at - interval '61 seconds'");
    expect(await inferrerOn(host.db, { waitMs: 60_000 }).inferAll()).toEqual({ approval: 1 });
  });

  it("counts though its suggestion has expired before the worker came", async () => {
    const host = await inferringHost();
    const id = await suggest(host, host.ticketId, SUGGESTED);
    await send(host, host.agent, host.ticketId, { content: SUGGESTED });
    await host.db.query("update ai_suggestions set outcome = 'expired' where id = $1", [id]);
    await send(host, host.agent, host.ticketId, { content: "Sent when it was expired" });
    expect(await host.inferrer.inferAll()).toEqual({ approval: 1, no_suggestion: 1 });
    expect(await outcomeOf(host.db, id)).toBe("accepted");
  });

  it("is read as it stands when the worker comes; deleted, it and its suggestion leave nothing behind", async () => {
    const host = await inferringHost();
    await suggest(host, host.ticketId, SUGGESTED);
    const edited = await send(host, host.agent, host.ticketId, { content: "Teh refnud" });
    await host.db.query("update ticket_messages set content = $1 where id = $2", [SUGGESTED, edited]);
    expect(await host.inferrer.inferAll()).toEqual({ approval: 1 });

    await suggest(host, host.ticketId, SUGGESTED);
    const deleted = await send(host, host.agent, host.ticketId, { content: SUGGESTED });
    await host.db.query("delete from ticket_messages where id = $1", [deleted]);
    await suggest(host, host.otherTicketId, SUGGESTED);
    await send(host, host.otherAgent, host.otherTicketId, { content: SUGGESTED });
    await host.db.query("delete from ai_suggestions where ticket_id = $1", [host.otherTicketId]);
    expect(await host.inferrer.inferAll()).toEqual({ gone: 1, no_suggestion: 1 });
    expect(await waitingCount(host.db)).toBe(0);
  });

  it("says nothing without words, such as an attachment", async () => {
    const host = await inferringHost();
    const id = await suggest(host, host.ticketId, SUGGESTED);
    await send(host, host.agent, host.ticketId, { content: "  " });
    expect(await host.inferrer.inferAll()).toEqual({ nothing_to_compare: 1 });
    expect(await outcomeOf(host.db, id)).toBe("pending");
  });

  it("of two for one suggestion the first counts", async () => {
    const host = await inferringHost();
    const id = await suggest(host, host.ticketId, SUGGESTED);
    await send(host, host.agent, host.ticketId, { content: SUGGESTED });
    await send(host, host.agent, host.ticketId, { content: "Anything else?" });
    expect(await host.inferrer.inferAll()).toEqual({ approval: 1, judged: 1 });
    expect(await outcomeOf(host.db, id)).toBe("accepted");
  });
});

describe("two workers, and one that dies", () => {
  it("write every message's feedback once", async () => {
    const host = await inferringHost();
    for (let at = 0; at < 30; at += 1) {
      await suggest(host, host.ticketId, SUGGESTED);
      await send(host, host.agent, host.ticketId, { content: SUGGESTED });
    }
    const second = await openPostgres({ url: host.url });
    onTestFinished(() => second.close());
    const counts = new Map<string, number>();
    const both = [host.db, second].map((db) => inferrerOn(db, { counts }));
    await Promise.all(both.map((inferrer) => inferrer.inferAll()));
    await Promise.all(both.map((inferrer) => inferrer.inferAll()));
    expect(await events(host.db)).toHaveLength(30);
    expect(counts).toEqual(new Map([["uptake_inferred_messages_total approval", 30]]));
    expect(await waitingCount(host.db)).toBe(0);
  });

  it("neither lose nor double a message whose feedback was written and whose note came back", async () => {
    const host = await inferringHost();
    const id = await suggest(host, host.ticketId, SUGGESTED);
    const messageId = await send(host, host.agent, host.ticketId, { content: SUGGESTED });
    expect(await host.inferrer.inferAll()).toEqual({ approval: 1 });
    await host.db.query("update ai_suggestions set outcome = 'pending' where id = $1", [id]);
    await host.db.query("insert into uptake_sent_messages (message_id, suggestion_id) values ($1, $2)", [
      messageId,
      id,
    ]);
    expect(await host.inferrer.inferAll()).toEqual({ known: 1 });
    expect(await events(host.db)).toHaveLength(1);
  });

  it("pass by what somebody holds, and what is refused holds up nothing", async () => {
    const host = await inferringHost();
    const held = await suggest(host, host.ticketId, SUGGESTED);
    const bad = await suggest(host, host.otherTicketId, SUGGESTED);
    await send(host, host.agent, host.ticketId, { content: SUGGESTED });
    const badMessage = await send(host, host.otherAgent, host.otherTicketId, { content: SUGGESTED });
    // A rule of the host's that the inferred event breaks.
    await host.db.query(
      `alter table ai_feedback_events add constraint no_jo check (agent_id <> '${host.otherAgent.profileId}')`,
    );
    const lines: unknown[] = [];
    const log: Logger = { ...silentLogger, warn: (event, facts) => lines.push([event, facts]) };
    const inferrer = inferrerOn(host.db, { log });
    const second = await openPostgres({ url: host.url });
    onTestFinished(() => second.close());
    await second.transaction(async (tx) => {
      await tx.query("select from ai_suggestions where id = $1 for update", [held]);
      expect(await inferrer.inferAll()).toEqual({ refused: 1 });
    });
    expect(lines).toMatchObject([["feedback.message_refused", { messageId: badMessage }]]);
    expect(await inferrer.inferAll()).toEqual({ approval: 1 });
    expect(await outcomeOf(host.db, bad)).toBe("pending");
  });
});

describe("the host's messages", () => {
  it("are inserted whatever becomes of our queue or of their own table", async () => {
    const host = await inferringHost();
    await suggest(host, host.ticketId, SUGGESTED);
    await host.db.query("alter table ticket_messages rename column is_ai_generated to written_by_machine");
    const sql = "insert into ticket_messages (ticket_id, user_id, content) values ($1, $2, 'Hello') returning id";
    const insert = () => as(host, host.agent, (tx) => tx.query(sql, [host.ticketId, host.agent.profileId]));
    expect(await insert()).toHaveLength(1);
    await host.db.query("alter table ticket_messages rename column written_by_machine to is_ai_generated");
    await host.db.query("drop table uptake_sent_messages");
    expect(await insert()).toHaveLength(1);
    expect(await host.inferrer.inferAll()).toEqual({});
  });

  it("lie in a queue that no person of the host's can read or write", async () => {
    const host = await inferringHost();
    await suggest(host, host.ticketId, SUGGESTED);
    await send(host, host.agent, host.ticketId, { content: SUGGESTED });
    for (const person of [host.admin, host.agent, host.customer]) {
      expect(await as(host, person, (tx) => tx.query("select * from uptake_sent_messages"))).toEqual([]);
      const insert = "insert into uptake_sent_messages (message_id) values (gen_random_uuid())";
      await expect(as(host, person, (tx) => tx.query(insert))).rejects.toThrow(/row-level security/);
    }
    expect(await waitingCount(host.db)).toBe(1);
  });
});

describe("adopt --infer", () => {
  it("stands in the plan, can come later, changes nothing the second time, and leaves nothing behind", async () => {
    const host = await startHost();
    const found = await describeSchema(host.db);
    const names = async (infer: boolean) =>
      (await planAdoption(host.db, { ...settings, infer })).map(({ name }) => name);
    expect(await names(true)).toEqual(["indexes", "attach", "indexes of our columns", "checks", "infer"]);
    await adopt(host.db, { ...settings, infer: false }, silent);
    expect(await describeSchema(host.db)).not.toMatch(/uptake_sent_messages/);
    expect(await names(false)).toEqual([]);
    expect(await names(true)).toEqual(["infer"]);
    await adopt(host.db, settings, silent);
    const schema = await describeSchema(host.db);
    expect(schema).toMatch(/CREATE TRIGGER uptake_messages_inserted AFTER INSERT ON public.ticket_messages/);
    expect(await names(true)).toEqual([]);
    await adopt(host.db, settings, silent);
    await adopt(host.db, { ...settings, infer: false }, silent); // not asked for is not taken away
    expect(await describeSchema(host.db)).toBe(schema);
    await removeAdoption(host.db, { lockTimeoutMs: 1_000 });
    expect(await describeSchema(host.db)).toBe(found);
  });

  it("runs as it is printed", async () => {
    const host = await startHost();
    const plan = await planAdoption(host.db, settings);
    for (const { isAlone, statements } of plan) {
      if (isAlone) for (const sql of statements) await host.db.query(sql);
      else await host.db.transaction(async (tx) => void (await tx.query(statements.join(";\n"))));
    }
    const ran = await startHost();
    await adopt(ran.db, settings, silent);
    const triggers = "select tgname from pg_trigger where not tgisinternal order by 1";
    expect(await host.db.query(triggers)).toEqual(await ran.db.query(triggers));
  });

  it("is refused where messages are not as they must be, before anything is changed", async () => {
    const host = await startHost();
    const found = await describeSchema(host.db);
    await host.db.query(
      "alter table ticket_messages drop column is_ai_generated; alter table ticket_messages force row level security",
    );
    await expect(adopt(host.db, settings, silent)).rejects.toThrow(
      /ticket_messages forces row-level security[^]*ticket_messages.is_ai_generated is missing/,
    );
    expect(await describeSchema(host.db)).not.toMatch(/uptake/);
    expect(found).toMatch(/is_ai_generated/);
    await host.db.query("drop table ticket_messages cascade");
    await expect(planAdoption(host.db, settings)).rejects.toThrow(/no table ticket_messages: --infer reads/);
  });

  it("is nothing to a database of our own: its worker finds no queue and does nothing", async () => {
    const opened = await openTestEmbedded();
    onTestFinished(() => opened.drop());
    expect(await inferrerOn(opened.db).inferAll()).toEqual({});
  });
});
