import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseReplyAnswer } from "../../src/desk/reply-answer.ts";
import { importSampleDesk, loadSampleDesk, sampleMessageId, sampleTicketId } from "../../src/desk/sample.ts";
import { namedId, newId } from "../../src/domain/ids.ts";
import type { Observation } from "../../src/domain/observation.ts";
import type { Model } from "../../src/models/model.ts";
import type { Database } from "../../src/store/database.ts";
import { describeOnPostgres } from "../support/databases.ts";
import { openDesk } from "./desk-rig.ts";

type Row = Readonly<Record<string, unknown>> & { readonly observations: readonly Observation[] };
const asked = loadSampleDesk().tickets.find((ticket) => ticket.answeredBy?.includes("find-invoices"));
const number = asked?.number ?? 0;
const ids = { ticketId: sampleTicketId(number), messageId: sampleMessageId(number, (asked?.messages.length ?? 1) - 1) };

describeOnPostgres("generate-message-suggestion", (open) => {
  let db: Database;
  let rig: Awaited<ReturnType<typeof openDesk>>;
  beforeEach(async () => {
    db = await open();
    rig = await openDesk(db);
    await importSampleDesk(rig.desk, { at: new Date() });
  });
  afterEach(() => rig.close());

  const stored = () =>
    db.query<Row>("select s.*, t.observations from ai_suggestions s join ai_traces t on t.suggestion_id = s.id");

  it("suggests a reply, and keeps ticket, model, prompt, tokens, sources and the whole trace", async () => {
    const suggestion = await rig.generate(ids);
    const [row] = await stored();
    expect(row).toMatchObject({
      id: suggestion.suggestionId,
      ticket_id: ids.ticketId,
      message_id: ids.messageId,
      suggested_response: suggestion.text,
      status: "completed",
      function_name: "generate-message-suggestion",
      model: "uptake-retrieval",
      prompt_name: "reply",
      prompt_version: "1",
      cost_usd: 0,
      input_tokens: expect.any(Number) as unknown,
      output_tokens: expect.any(Number) as unknown,
      metadata: { sources: [{ kind: "article", id: "find-invoices" }], reasoning: expect.any(String) as unknown },
    });
    const [root, retriever, generation] = row?.observations ?? [];
    expect(root).toMatchObject({ type: "agent", name: "generate-message-suggestion" });
    expect(retriever).toMatchObject({ type: "retriever", name: "search-knowledge", parentId: root?.id });
    expect(retriever?.output).toContainEqual({
      kind: "article",
      id: "find-invoices",
      score: expect.any(Number) as unknown,
    });
    expect(generation).toMatchObject({
      type: "generation",
      model: "uptake-retrieval",
      modelParameters: { temperature: 0.2 },
      prompt: { name: "reply", version: 1 },
      usage: { input: row?.["input_tokens"], output: row?.["output_tokens"] },
      costUsd: 0,
    });
  });

  it("takes over a given suggestion id", async () => {
    const suggestionId = newId();
    expect(await rig.generate({ ...ids, suggestionId })).toMatchObject({ suggestionId });
  });

  it("names an unknown ticket or message, and records the failure", async () => {
    const unknown = namedId("nobody");
    const failing = rig.generate({ ...ids, ticketId: unknown });
    await expect(failing).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining(unknown) as unknown,
    });
    await expect(rig.generate({ ...ids, messageId: unknown })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining(unknown) as unknown,
    });
    expect((await stored()).map((row) => row["status"])).toEqual(["error", "error"]);
  });

  it("refuses ids that are no UUIDs, and writes nothing", async () => {
    const wrong = [{ ticketId: "7" }, { messageId: "'; drop table tickets" }, { suggestionId: "x" }];
    for (const bad of wrong) {
      await expect(rig.generate({ ...ids, ...bad })).rejects.toMatchObject({
        code: "invalid_input",
        message: expect.stringContaining("expected a UUID") as unknown,
      });
    }
    expect(await stored()).toEqual([]);
  });

  it("does not answer a message without text, nor an agent's", async () => {
    const blank = { ticketId: sampleTicketId(1099), messageId: sampleMessageId(1099, 0) };
    await expect(rig.generate(blank)).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("no text") as unknown,
    });
    const agents = { ticketId: sampleTicketId(1001), messageId: sampleMessageId(1001, 1) };
    await expect(rig.generate(agents)).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("records a model's malformed answer as an error, with what it answered in the trace, and rethrows", async () => {
    const model: Model = {
      name: "broken-1",
      complete: async () => ({ content: "sure!", completion: { choices: [{ message: { content: "sure!" } }] } }),
    };
    const broken = await openDesk(db, model);
    await expect(broken.generate(ids)).rejects.toMatchObject({ code: "model_failed" });
    await broken.close();
    const [row] = await stored();
    expect(row).toMatchObject({ status: "error", model: "broken-1", cost_usd: null });
    expect(row?.["error_message"]).toContain("malformed answer: it is not JSON");
    expect(JSON.stringify(row?.observations)).toContain("sure!");
  });
});

describe("a model's structured answer", () => {
  const good = { suggestedResponse: "Hi", confidence: 0.5, reasoning: "r" };
  it("is read", () => {
    expect(parseReplyAnswer(JSON.stringify(good), "m")).toEqual(good);
  });
  it.each([
    ["nothing", "null"],
    ["a blank reply", JSON.stringify({ ...good, suggestedResponse: " " })],
    ["an endless reply", JSON.stringify({ ...good, suggestedResponse: "x".repeat(200_001) })],
    ["a confidence in percent", JSON.stringify({ ...good, confidence: 50 })],
    ["no confidence", JSON.stringify({ ...good, confidence: undefined })],
    ["no reasoning", JSON.stringify({ ...good, reasoning: 1 })],
  ])("with %s is a failure of the model", (_what, content) => {
    expect(() => parseReplyAnswer(content, "m")).toThrow(expect.objectContaining({ code: "model_failed" }));
  });
});
