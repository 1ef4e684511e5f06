import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { createModel } from "../../src/models/openai-model.ts";

const KEY = "sk-very-secret-0123456789";
const request = { messages: [{ role: "user" as const, content: "hi" }], jsonSchema: { name: "reply", schema: {} } };

/** Asks a loopback endpoint that answers so; resolves to the error. */
async function failureOf(answer: RequestListener, timeoutMs = 5_000): Promise<{ error: unknown; calls: number }> {
  let calls = 0;
  const server = createServer((req, res) => {
    calls += 1;
    req.resume();
    answer(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const model = createModel({ baseUrl: `http://127.0.0.1:${port}/v1`, apiKey: KEY, model: "m-1", timeoutMs });
  try {
    const error: unknown = await model.complete(request).then(
      () => undefined,
      (failed: unknown) => failed,
    );
    return { error, calls };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const answering =
  (status: number, body: unknown): RequestListener =>
  (_req, res) => {
    res.writeHead(status, { "content-type": "application/json", "retry-after-ms": "1" });
    res.end(typeof body === "string" ? body : JSON.stringify(body));
  };

describe("model behind an OpenAI-compatible endpoint", () => {
  it.each([
    [401, "check OPENAI_API_KEY", 1],
    [404, "check UPTAKE_MODEL", 1],
    [400, "structured output", 1],
    [429, "lower the concurrency", 2],
    [503, "try again later", 2],
  ])("says status %d, the endpoint and the remedy, never the key", async (status, remedy, expectedCalls) => {
    const { error, calls } = await failureOf(answering(status, { error: { message: `bad: ${KEY}` } }));
    expect(error).toMatchObject({ code: "model_failed", facts: { status, model: "m-1" } });
    const { message } = error as Error;
    expect(message).toContain(String(status));
    expect(message).toContain("http://127.0.0.1:");
    expect(message).toContain(remedy);
    expect(`${message} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toContain(KEY);
    expect(calls).toBe(expectedCalls);
  });

  it("says that it waited long enough", async () => {
    const { error } = await failureOf(() => {}, 50);
    expect(error).toMatchObject({ code: "model_failed", message: expect.stringContaining("within 50 ms") as unknown });
  });

  it("says that nobody listens", async () => {
    const model = createModel({ baseUrl: "http://127.0.0.1:1/v1", apiKey: KEY, model: "m-1", timeoutMs: 5_000 });
    await expect(model.complete(request)).rejects.toMatchObject({
      code: "model_failed",
      message: expect.stringMatching(/cannot be reached.*OPENAI_BASE_URL/) as unknown,
    });
  });

  it.each([
    ["a web page", "<html></html>"],
    ["no choices", { choices: [] }],
    ["no text", { choices: [{ message: { content: null }, finish_reason: "length" }] }],
    ["a refusal", { choices: [{ message: { content: null, refusal: "I will not." } }] }],
  ])("takes %s for a failure", async (_what, body) => {
    const { error } = await failureOf(answering(200, body));
    expect(error).toMatchObject({ code: "model_failed" });
  });

  it("sends messages, schema and temperature, and hands the completion back as it came", async () => {
    let sent: unknown;
    const completion = { model: "m-1", choices: [{ message: { content: "{}" } }], usage: { prompt_tokens: 3 } };
    const model = createModel({
      apiKey: KEY,
      baseUrl: "http://model.test/v1",
      model: "m-1",
      timeoutMs: 1_000,
      fetch: async (url, init) => {
        sent = await new Request(url, init).json();
        return Response.json(completion);
      },
    });
    const answer = await model.complete({ ...request, temperature: 0.2 });
    expect(answer).toMatchObject({ content: "{}", completion });
    expect(sent).toEqual({
      model: "m-1",
      messages: request.messages,
      temperature: 0.2,
      response_format: { type: "json_schema", json_schema: { name: "reply", schema: {}, strict: true } },
    });
  });
});
