import { beforeEach, expect, it, onTestFinished } from "vitest";
import { importSampleDesk, loadSampleDesk, sampleTicketId } from "../../src/desk/sample.ts";
import { automaticMessageId } from "../../src/desk/send-reply.ts";
import { namedId, newId } from "../../src/domain/ids.ts";
import type { Observation } from "../../src/domain/observation.ts";
import { readMetrics } from "../../src/metrics/read-metrics.ts";
import { readSurvival } from "../../src/metrics/read-survival.ts";
import { createExpirer } from "../../src/feedback/expirer.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import type { Database } from "../../src/store/database.ts";
import { deskScript, startScriptedModel } from "../models/scripted-model.ts";
import { describeOnPostgres } from "../support/databases.ts";
import { openDesk, PROJECT, type RigOptions } from "./desk-rig.ts";

const NUMBER = 1026;
const ticketId = sampleTicketId(NUMBER);
const sample = loadSampleDesk().tickets.find(({ number }) => number === NUMBER);
/** The host's body. */
const ticket = { id: ticketId, title: sample?.title ?? "", description: sample?.messages[0]?.text ?? "" };

type Answers = NonNullable<Parameters<typeof deskScript>[0]>;
type Message = Readonly<Record<string, unknown>>;
type Row = Readonly<Record<string, unknown>> & { readonly observations: readonly Observation[] };

describeOnPostgres("generate-response", (open) => {
  let db: Database;
  beforeEach(async () => {
    db = await open();
  });

  /** `togetherCount`: the model answers nobody before it has been asked so often. */
  async function deskWith(answers: Answers, options: RigOptions = { sendAbove: 0.8 }, togetherCount = 1) {
    const script = deskScript(answers);
    let begin: () => void = () => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const scripted = await startScriptedModel(async (body, index) => {
      if (index + 1 >= togetherCount) begin();
      await begun;
      return script(body, index);
    });
    const rig = await openDesk(db, scripted.model, options);
    onTestFinished(() => rig.close());
    await importSampleDesk(rig.desk, { at: new Date() });
    return { ...rig, scripted };
  }

  const automatic = () =>
    db.query<Message>(`select * from ticket_messages where message_type = 'auto_suggestion' order by created_at`);
  const stored = async (name = "generate-response") =>
    db.query<Row>(
      `select s.*, t.observations from ai_suggestions s join ai_traces t on t.suggestion_id = s.id
       where s.function_name = $1 order by s.created_at`,
      [name],
    );

  it("sends a reply above the threshold that the classification lets go, once, and says so everywhere", async () => {
    const { respond, scripted } = await deskWith({ confidence: 0.93, text: "Hi,\n\nSettings, Invoices." });
    const { suggestionId, delivery } = await respond({ ticket });
    const messageId = automaticMessageId(suggestionId);
    expect(delivery).toEqual({ sent: true, messageId, threshold: 0.8 });
    expect(await automatic()).toMatchObject([
      {
        id: messageId,
        ticket_id: ticketId,
        content: "Hi,\n\nSettings, Invoices.",
        message_type: "auto_suggestion",
        is_ai_generated: true,
        confidence_score: expect.closeTo(0.93) as unknown,
        metadata: { suggestion_id: suggestionId, function_name: "generate-response", threshold: 0.8 },
      },
    ]);
    const [row] = await stored();
    expect(row).toMatchObject({
      id: suggestionId,
      status: "completed",
      outcome: "auto_sent",
      suggested_response: "Hi,\n\nSettings, Invoices.",
      model: "scripted-1",
      prompt_name: "first-reply",
      prompt_version: "1",
      input_tokens: 321,
      metadata: { delivery: { sent: true, messageId, threshold: 0.8 } },
    });
    expect(row?.observations.map(({ type, name }) => `${type} ${name}`)).toEqual([
      "agent generate-response",
      "retriever search-knowledge",
      "generation generation",
      "guardrail check-escalation",
      "tool send-reply",
    ]);
    // The classification that let it go is a suggestion of its own, which a person may still override.
    const [classification] = await stored("classify-ticket");
    expect(row?.observations[3]).toMatchObject({ output: "no", metadata: { classification: classification?.["id"] } });
    expect(scripted.asked).toHaveLength(2);
  });

  type Held = {
    readonly answers: Answers;
    readonly sendAbove?: number;
    readonly reason: string;
    readonly calls: number;
  };
  it.each<[string, Held]>([
    ["no threshold is set", { answers: { confidence: 1 }, reason: "auto_send_off", calls: 1 }],
    [
      "the confidence is not above it",
      { answers: { confidence: 0.8 }, sendAbove: 0.8, reason: "confidence_not_above_threshold", calls: 1 },
    ],
    [
      "the classification escalates",
      { answers: { confidence: 1, escalate: true }, sendAbove: 0.1, reason: "escalated", calls: 2 },
    ],
    [
      "the classification cannot be read",
      { answers: { confidence: 1, category: "?" }, sendAbove: 0.1, reason: "escalation_unknown", calls: 2 },
    ],
  ])("stays a suggestion where %s", async (_what, { answers, sendAbove, reason, calls }) => {
    const { respond, scripted } = await deskWith(answers, sendAbove === undefined ? {} : { sendAbove });
    const { delivery } = await respond({ ticket });
    expect(delivery).toMatchObject({ sent: false, reason });
    expect(await automatic()).toEqual([]);
    expect(await stored()).toMatchObject([{ status: "completed", outcome: "pending", metadata: { delivery } }]);
    expect(scripted.asked).toHaveLength(calls);
  });

  it("goes by what a person made of the classification, either way", async () => {
    const careful = await deskWith({ escalate: true });
    const { suggestionId } = await careful.classify({ ticket });
    expect((await careful.respond({ ticket })).delivery).toMatchObject({ sent: false, reason: "escalated" });
    await careful.decide({ suggestionId, escalate: false, agentId: "jo" });
    expect((await careful.respond({ ticket })).delivery).toMatchObject({ sent: true });

    const other = { id: sampleTicketId(1040) };
    const bold = await deskWith({ escalate: false });
    const again = await bold.classify({ ticket: other });
    await bold.decide({ suggestionId: again.suggestionId, escalate: true, agentId: "jo" });
    expect((await bold.respond({ ticket: other })).delivery).toMatchObject({ sent: false, reason: "escalated" });
    // Classified once more, by a program: what the person said still holds, and so does what is newly said.
    await bold.classify({ ticket: other });
    expect((await bold.respond({ ticket: other })).delivery).toMatchObject({ sent: false, reason: "escalated" });
    const third = { id: sampleTicketId(1041) };
    const { suggestionId: calm } = await bold.classify({ ticket: third });
    await bold.decide({ suggestionId: calm, agentId: "jo" });
    await careful.classify({ ticket: third });
    expect((await bold.respond({ ticket: third })).delivery).toMatchObject({ sent: false, reason: "escalated" });
    await db.query(
      "delete from ai_suggestions where ticket_id = $1 and id <> $2 and function_name = 'classify-ticket'",
      [other.id, again.suggestionId],
    );
    await bold.feedback.feedback({ suggestionId: again.suggestionId, type: "rejection", reason: "error" });
    expect((await bold.respond({ ticket: other })).delivery).toMatchObject({
      sent: false,
      reason: "escalation_unknown",
    });
  });

  it("goes by it as well where the host writes the ticket's id in capitals", async () => {
    const desk = await deskWith({ escalate: false });
    const inCapitals = { ticket: { ...ticket, id: ticketId.toUpperCase() } };
    const { suggestionId } = await desk.classify({ ticket });
    await desk.decide({ suggestionId, escalate: true, agentId: "jo" });
    expect((await desk.respond(inCapitals)).delivery).toMatchObject({ sent: false, reason: "escalated" });
    await desk.classify(inCapitals);
    expect(await db.query("select distinct ticket_id from ai_suggestions")).toEqual([{ ticket_id: ticketId }]);
    expect(await automatic()).toEqual([]);
  });

  it("sends what is stored where a model writes characters that Postgres cannot hold", async () => {
    const { respond } = await deskWith({ confidence: 1, text: "Hi,\u0000 it is \ud800 here." });
    const { text, delivery } = await respond({ ticket });
    expect(delivery).toMatchObject({ sent: true });
    expect(text).toBe("Hi,\ufffd it is \ufffd here.");
    expect(await automatic()).toMatchObject([{ content: text }]);
    expect(await stored()).toMatchObject([{ suggested_response: text, outcome: "auto_sent" }]);
  });

  it("does not go by how another project has classified a ticket of the same id", async () => {
    const { respond } = await deskWith({ confidence: 1, escalate: true });
    const classification = { category: "billing", priority: "low", sentiment: "neutral", escalate: false, reasons: [] };
    await db.query(
      `insert into ai_suggestions (id, project_id, function_name, ticket_id, suggested_response, status, metadata)
       values ($1, 'another', 'classify-ticket', $2, '', 'completed', jsonb_build_object('classification', $3::jsonb))`,
      [newId(), ticketId, JSON.stringify(classification)],
    );
    expect((await respond({ ticket })).delivery).toMatchObject({ sent: false, reason: "escalated" });
    expect(await automatic()).toEqual([]);
  });

  it("sends one of two replies that are made at once, and none to a ticket that somebody has answered", async () => {
    const { respond, desk } = await deskWith({}, { sendAbove: 0.8 }, 2);
    await desk.postReply({ ticketId: sampleTicketId(1040), agentId: "jo", text: "On it.", at: new Date() });
    await expect(respond({ ticket: { id: sampleTicketId(1040) } })).rejects.toMatchObject({ code: "invalid_input" });
    const replies = await Promise.all([respond({ ticket }), respond({ ticket })]);
    expect(replies.filter(({ delivery }) => delivery.sent)).toHaveLength(1);
    expect(replies.find(({ delivery }) => !delivery.sent)?.delivery).toMatchObject({ reason: "already_answered" });
    expect(await automatic()).toHaveLength(1);
    const finished = (await stored()).filter((row) => row["status"] === "completed");
    expect(finished.map((row) => String(row["outcome"])).sort()).toEqual(["auto_sent", "pending"]);
  });

  it("is no person's approval: not decided, not expired, not open for an inferred act, until somebody judges it", async () => {
    const { respond, feedback } = await deskWith({});
    const { suggestionId } = await respond({ ticket });
    const range = {
      from: new Date(0),
      to: new Date("2100-01-01T00:00:00Z"),
      bucket: "total",
      by: ["function"],
    } as const;
    const counted = async () =>
      (await readMetrics(db, { ...range, projectId: PROJECT })).find(
        ({ dimensions }) => dimensions.function === "generate-response",
      );
    expect(await counted()).toMatchObject({ suggestionCount: 1, completedCount: 1, decidedCount: 0, acceptedCount: 0 });
    expect(
      (await readSurvival(db, { ...range, projectId: PROJECT, now: new Date(Date.now() + 1000) })).map(
        (row) => row.dimensions.function,
      ),
    ).not.toContain("generate-response");

    await db.query("update ai_suggestions set created_at = now() - interval '30 days' where id = $1", [suggestionId]);
    const windows = { expireAfterMs: 1000, byFunction: new Map<string, number>(), abandonAfterMs: null };
    const expirer = createExpirer({ db, log: silentLogger, projectId: PROJECT, windows, everyMs: 1000 });
    await expirer.expireAll();
    // What an agent writes next is not compared with it.
    expect(await feedback.sent({ ticketId, finalText: "Something else.", agentId: "jo" })).toBeUndefined();
    expect(await stored()).toMatchObject([{ outcome: "auto_sent" }]);

    await feedback.feedback({ suggestionId, type: "rejection", reason: "incorrect info", agentId: "jo" });
    expect(await stored()).toMatchObject([{ outcome: "rejected" }]);
    expect(await counted()).toMatchObject({ decidedCount: 1, rejectedCount: 1, acceptedCount: 0 });
  });

  it("run again under the same id after its process died between sending and recording, sends and asks nothing", async () => {
    const suggestionId = newId();
    const first = await deskWith({ text: "The first answer." });
    await first.respond({ ticket, suggestionId });
    // As if the process had died before its record was written: only what the sending wrote is there.
    await db.query(
      `update ai_suggestions set status = 'pending', trace_id = null, observation_id = null, model = null where id = $1`,
      [suggestionId],
    );
    await db.query("delete from ai_traces where suggestion_id = $1", [suggestionId]);
    const second = await deskWith({ text: "Another answer." });
    const { text, delivery } = await second.respond({ ticket, suggestionId });
    expect(text).toBe("The first answer.");
    expect(delivery).toMatchObject({ sent: true, messageId: automaticMessageId(suggestionId) });
    expect(second.scripted.asked).toHaveLength(0);
    expect(await automatic()).toHaveLength(1);
    expect(await stored()).toMatchObject([
      { id: suggestionId, status: "completed", outcome: "auto_sent", suggested_response: "The first answer." },
    ]);
  });

  it("does not send for a suggestion that somebody else has finished", async () => {
    const { respond } = await deskWith({});
    const suggestionId = newId();
    await db.query(
      `insert into ai_suggestions (id, ticket_id, suggested_response, status) values ($1, $2, 'From elsewhere', 'completed')`,
      [suggestionId, ticketId],
    );
    expect((await respond({ ticket, suggestionId })).delivery).toMatchObject({
      sent: false,
      reason: "suggestion_finished",
    });
    expect(await automatic()).toEqual([]);
    const [row] = await db.query<Row>("select * from ai_suggestions where id = $1", [suggestionId]);
    expect(row).toMatchObject({ suggested_response: "From elsewhere", outcome: "pending" });
  });

  it("names an unknown ticket and refuses ids that are none", async () => {
    const { respond } = await deskWith({});
    await expect(respond({ ticket: { id: namedId("nobody") } })).rejects.toMatchObject({ code: "not_found" });
    await expect(respond({ ticket: { id: "7" } })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(respond({ ticket: { id: sampleTicketId(1099) } })).rejects.toMatchObject({ code: "invalid_input" });
  });
});
