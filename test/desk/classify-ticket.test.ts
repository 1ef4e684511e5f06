import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { DEFAULT_CATEGORIES } from "../../src/desk/categories.ts";
import { parseClassificationAnswer } from "../../src/desk/classification-answer.ts";
import type { ClassificationDecision } from "../../src/desk/decide-classification.ts";
import { importSampleDesk, sampleTicketId } from "../../src/desk/sample.ts";
import { newId } from "../../src/domain/ids.ts";
import type { Observation } from "../../src/domain/observation.ts";
import type { Classification } from "../../src/models/classification.ts";
import type { Database } from "../../src/store/database.ts";
import { deskScript, startScriptedModel } from "../models/scripted-model.ts";
import { describeOnPostgres } from "../support/databases.ts";
import { openDesk } from "./desk-rig.ts";

const ticket = { id: sampleTicketId(1050) };
type Row = Readonly<Record<string, unknown>> & { readonly observations: readonly Observation[] };

describeOnPostgres("classify-ticket", (open) => {
  let db: Database;
  beforeEach(async () => {
    db = await open();
  });

  async function deskWith(model?: Parameters<typeof openDesk>[1]) {
    const rig = await openDesk(db, model);
    onTestFinished(() => rig.close());
    await importSampleDesk(rig.desk, { at: new Date() });
    return rig;
  }

  const stored = async () => {
    const [row] = await db.query<Row>(
      "select s.*, t.observations from ai_suggestions s join ai_traces t on t.suggestion_id = s.id",
    );
    return row;
  };
  const events = () =>
    db.query<Readonly<Record<string, unknown>>>("select * from ai_feedback_events order by created_at, id");

  it("sorts a ticket offline by keywords, and keeps value, reasons and trace", async () => {
    const { classify } = await deskWith();
    const classified = await classify({ ticket });
    expect(classified).toMatchObject({ category: "payments", priority: "high", escalate: true });
    const { suggestionId, category, priority, sentiment, escalate, reasons, confidence } = classified;
    const row = await stored();
    expect(row).toMatchObject({
      id: suggestionId,
      function_name: "classify-ticket",
      ticket_id: ticket.id,
      suggested_response: JSON.stringify({ category, priority, sentiment, escalate }),
      confidence_score: expect.closeTo(confidence) as unknown,
      model: "uptake-retrieval",
      prompt_name: "classify",
      prompt_version: "1",
      metadata: { classification: { category, priority, sentiment, escalate, reasons } },
    });
    expect(row?.observations).toMatchObject([
      { type: "agent", name: "classify-ticket" },
      { type: "generation", prompt: { name: "classify", version: 1 } },
    ]);
  });

  it("asks a model for structured output with the desk's categories", async () => {
    const scripted = await startScriptedModel(deskScript({ category: "hardware" }));
    const { classify } = await deskWith(scripted.model);
    expect(await classify({ ticket })).toMatchObject({
      category: "hardware",
      priority: "medium",
      reasons: ["scripted"],
    });
    expect(scripted.asked[0]?.response_format).toMatchObject({
      type: "json_schema",
      json_schema: {
        strict: true,
        schema: { properties: { category: { enum: DEFAULT_CATEGORIES.map(({ name }) => name) } } },
      },
    });
  });

  const suggested: Classification = { category: "billing", priority: "medium", sentiment: "neutral", escalate: false };
  it.each<[string, Partial<Classification>, string, readonly string[] | null]>([
    ["nothing changed", {}, "approval", null],
    ["the same said again", { ...suggested }, "approval", null],
    ["another category", { category: "payments" }, "revision", ["wrong category"]],
    [
      "another priority and sentiment",
      { priority: "high", sentiment: "negative" },
      "revision",
      ["wrong priority", "wrong sentiment"],
    ],
    ["an escalation", { escalate: true }, "revision", ["wrong escalation"]],
  ])("takes %s for what it is", async (_what, change, type, reasons) => {
    const scripted = await startScriptedModel(deskScript());
    const { classify, decide } = await deskWith(scripted.model);
    const { suggestionId } = await classify({ ticket });
    const chosen = { ...suggested, ...change };
    const decision: ClassificationDecision = {
      suggestionId,
      agentId: "jo",
      comment: "c",
      idempotencyKey: "k",
      ...change,
    };
    const decided = await decide(decision);
    expect(decided).toMatchObject({ type, classification: chosen });
    expect(await decide(decision)).toEqual(decided);
    expect(await events()).toMatchObject([
      {
        suggestion_id: suggestionId,
        feedback_type: type,
        feedback_reasons: reasons,
        agent_response: JSON.stringify(chosen),
        agent_id: "jo",
        comment: "c",
        metadata: type === "approval" ? {} : { chosen },
      },
    ]);
    expect((await stored())?.["outcome"]).toBe(type === "approval" ? "accepted" : "revised");
  });

  it("refuses a decision that is none", async () => {
    const scripted = await startScriptedModel(deskScript());
    const { classify, decide, generate } = await deskWith(scripted.model);
    const { suggestionId } = await classify({ ticket });
    const wrong = { suggestionId, category: "nonsense" };
    await expect(decide(wrong)).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining('category is "nonsense", expected one of billing') as unknown,
    });
    await expect(decide({ suggestionId: newId() })).rejects.toMatchObject({ code: "suggestion_not_found" });
    await expect(decide({ suggestionId: "7" })).rejects.toMatchObject({ code: "invalid_input" });
    const [message] = await db.query<{ id: string }>("select id from ticket_messages where ticket_id = $1", [
      ticket.id,
    ]);
    const reply = await generate({ ticketId: ticket.id, messageId: message?.id ?? "" });
    await expect(decide({ suggestionId: reply.suggestionId })).rejects.toMatchObject({
      message: expect.stringContaining("is no finished classification") as unknown,
    });
    expect(await events()).toEqual([]);
  });

  it("is not what a sent reply is compared with", async () => {
    const { classify, feedback } = await deskWith();
    await classify({ ticket });
    expect(await feedback.sent({ ticketId: ticket.id, finalText: "Hello!" })).toBeUndefined();
  });
});

describe("a model's classification", () => {
  const good = {
    category: "billing",
    priority: "low",
    sentiment: "positive",
    escalate: false,
    reasons: ["r"],
    confidence: 0.5,
  };
  const read = (value: unknown) => parseClassificationAnswer(JSON.stringify(value) ?? "", "m", DEFAULT_CATEGORIES);
  it("is read, with nothing that was not asked for", () => {
    expect(read({ ...good, extra: 1 })).toEqual(good);
  });
  it.each([
    ["nothing", null],
    ["an unknown category", { ...good, category: "weather" }],
    ["an unknown priority", { ...good, priority: "urgent" }],
    ["no sentiment", { ...good, sentiment: undefined }],
    ["an escalation in words", { ...good, escalate: "yes" }],
    ["one reason as text", { ...good, reasons: "r" }],
    ["a confidence in percent", { ...good, confidence: 50 }],
  ])("with %s is a failure of the model", (_what, value) => {
    expect(() => read(value)).toThrow(expect.objectContaining({ code: "model_failed" }));
  });
});
