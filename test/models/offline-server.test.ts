import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createOfflineServer } from "../../src/models/offline-server.ts";
import { createModel } from "../../src/models/openai-model.ts";
import { formatArticle, formatThread } from "../../src/models/prompt-sections.ts";
import { countPromptTokens, countTokens, OFFLINE_MODEL } from "../../src/models/tokens.ts";

const server = createOfflineServer();
let baseUrl = "";
beforeAll(async () => {
  ({ baseUrl } = await server.start());
});
afterAll(() => server.close());

const content = [
  formatArticle({ id: "refunds", title: "Refunds", content: "Tap Refund on the receipt.", score: 9 }),
  formatThread({
    title: "Money back",
    customerName: "Ana",
    messages: [{ from: "customer", text: "How do I refund a receipt?" }],
  }),
].join("\n\n");
const messages = [{ role: "user" as const, content }];
const properties = { suggestedResponse: {}, confidence: {}, reasoning: {} };
const jsonSchema = { name: "reply", schema: { type: "object", properties, required: Object.keys(properties) } };
const openai = () => new OpenAI({ baseURL: baseUrl, apiKey: "none", maxRetries: 0 });

async function post(body: string): Promise<{ status: number; error: Record<string, unknown> }> {
  const response = await fetch(`${baseUrl}/chat/completions`, { method: "POST", body });
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  return { status: response.status, error };
}

describe("offline model server", () => {
  it("answers the official client with the structured answer, its own name and real token counts", async () => {
    const model = createModel({ baseUrl, apiKey: "none", model: OFFLINE_MODEL, timeoutMs: 10_000 });
    const { content: answer, completion } = await model.complete({ messages, jsonSchema, temperature: 0 });
    expect(JSON.parse(answer)).toMatchObject({
      suggestedResponse: "Hi Ana,\n\nTap Refund on the receipt.\n\nJust reply here if this does not solve it.",
      confidence: expect.any(Number) as unknown,
      reasoning: expect.stringContaining("[article:refunds]") as unknown,
    });
    const prompt = await countPromptTokens(messages);
    const output = await countTokens(answer);
    expect(completion).toMatchObject({
      object: "chat.completion",
      model: "uptake-retrieval",
      usage: { prompt_tokens: prompt, completion_tokens: output, total_tokens: prompt + output },
    });
  });

  it("streams the same text in chunks, usage last", async () => {
    const whole = await openai().chat.completions.create({ model: OFFLINE_MODEL, messages });
    const stream = await openai().chat.completions.create({
      model: OFFLINE_MODEL,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let chunkCount = 0;
    let usage: unknown;
    for await (const chunk of stream) {
      chunkCount += 1;
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(chunkCount).toBeGreaterThan(5);
    expect(usage).toEqual(whole.usage);
  });

  it("lists its one model", async () => {
    const page = await openai().models.list();
    expect(page.data.map((model) => model.id)).toEqual(["uptake-retrieval"]);
  });

  it("answers a plain question, for which it has no knowledge, by asking for detail", async () => {
    const plain = [{ role: "user" as const, content: "Why is the sky blue?" }];
    const answer = await openai().chat.completions.create({ model: OFFLINE_MODEL, messages: plain });
    expect(answer.choices[0]?.message.content).toContain("tell us a little more");
  });

  it.each([
    ["no JSON", "{", null],
    ["an array", "[]", null],
    ["no model", "{}", "model"],
    ["no messages", `{"model":"${OFFLINE_MODEL}"}`, "messages"],
    ["empty messages", `{"model":"${OFFLINE_MODEL}","messages":[]}`, "messages"],
    ["a bad role", `{"model":"${OFFLINE_MODEL}","messages":[{"role":"king","content":"x"}]}`, "messages[0].role"],
    ["no content", `{"model":"${OFFLINE_MODEL}","messages":[{"role":"user"}]}`, "messages[0].content"],
    [
      "a schema with other fields",
      JSON.stringify({
        model: OFFLINE_MODEL,
        messages,
        response_format: {
          type: "json_schema",
          json_schema: { name: "x", schema: { required: ["category", "colour"] } },
        },
      }),
      "response_format",
    ],
  ])("refuses a body with %s as OpenAI would, with status 400", async (_what, body, param) => {
    const { status, error } = await post(body);
    expect(status).toBe(400);
    expect(error).toMatchObject({ type: "invalid_request_error", param, message: expect.any(String) as unknown });
  });

  it("refuses another model's name, another path and a body of 5 MB", async () => {
    expect(await post(JSON.stringify({ model: "gpt-4.1", messages }))).toMatchObject({
      status: 404,
      error: { code: "model_not_found" },
    });
    expect((await fetch(`${baseUrl}/embeddings`, { method: "POST", body: "{}" })).status).toBe(404);
    expect((await post("x".repeat(5 * 1024 * 1024))).status).toBe(413);
  });

  it("says that a port is taken, and closes twice as once", async () => {
    const second = createOfflineServer({ port: Number(new URL(baseUrl).port) });
    await expect(second.start()).rejects.toMatchObject({
      code: "port_in_use",
      message: expect.stringContaining("taken") as unknown,
    });
    expect(second.close()).toBe(second.close());
  });
});
