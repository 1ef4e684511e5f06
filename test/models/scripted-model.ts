import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { Model } from "../../src/models/model.ts";
import { createModel } from "../../src/models/openai-model.ts";

/** The body of a chat-completions request, as the official client sends it. */
export type AskedOfModel = {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly stream?: boolean;
  readonly response_format?: { readonly json_schema?: { readonly name?: string } };
};

/** What the model does with a request: answers with this as JSON, refuses with a status, or never answers. */
export type ScriptedAnswer = { readonly answer: unknown } | { readonly status: number } | { readonly hang: true };
export type Script = (asked: AskedOfModel, index: number) => ScriptedAnswer | Promise<ScriptedAnswer>;

export type ScriptedModel = {
  readonly model: Model;
  readonly baseUrl: string;
  readonly asked: readonly AskedOfModel[];
};

export const SCRIPTED_MODEL = "scripted-1";

/** An OpenAI-compatible server that answers as told, closed when the test is over, and a model that asks it. */
export async function startScriptedModel(script: Script): Promise<ScriptedModel> {
  const asked: AskedOfModel[] = [];
  const server = createServer((request, response) => {
    void handle(request, response, async (body) => script(body, asked.push(body) - 1));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return {
    model: createModel({ baseUrl, apiKey: "sk-test", model: SCRIPTED_MODEL, timeoutMs: 20_000 }),
    baseUrl,
    asked,
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  script: (asked: AskedOfModel) => Promise<ScriptedAnswer>,
): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  const body = JSON.parse(Buffer.concat(parts).toString("utf8")) as AskedOfModel;
  const scripted = await script(body);
  if ("hang" in scripted) return;
  if ("status" in scripted) {
    response.writeHead(scripted.status, { "content-type": "application/json", "retry-after-ms": "1" });
    response.end(JSON.stringify({ error: { message: "scripted", type: "server_error" } }));
    return;
  }
  const content = JSON.stringify(scripted.answer);
  if (body.stream === true) stream(response, content);
  else {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(completion({ message: { role: "assistant", content }, finish_reason: "stop" })));
  }
}

const USAGE = { prompt_tokens: 321, completion_tokens: 45, total_tokens: 366 };

const completion = (choice: object) => ({
  id: "chatcmpl-1",
  object: "chat.completion",
  model: SCRIPTED_MODEL,
  choices: [{ index: 0, ...choice }],
  usage: USAGE,
});

/** Seven characters at a time, usage last. */
function stream(response: ServerResponse, content: string): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const chunk = (delta: object, finish_reason: string | null) =>
    `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", model: SCRIPTED_MODEL, choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
  for (let at = 0; at < content.length; at += 7) response.write(chunk({ content: content.slice(at, at + 7) }, null));
  response.write(chunk({}, "stop"));
  response.write(`data: ${JSON.stringify({ id: "chatcmpl-1", model: SCRIPTED_MODEL, choices: [], usage: USAGE })}\n\n`);
  response.end("data: [DONE]\n\n");
}

type Answers = {
  readonly confidence?: number;
  readonly text?: string;
  readonly escalate?: boolean;
  readonly category?: string;
};

/** Answers both kinds of question of the desk, by the name of the schema that is asked for. */
export const deskScript =
  ({
    confidence = 0.95,
    text = "Hi,\n\nTap Refund on the receipt.",
    escalate = false,
    category = "billing",
  }: Answers = {}): Script =>
  ({ response_format: format }) =>
    format?.json_schema?.name === "classification"
      ? {
          answer: {
            category,
            priority: "medium",
            sentiment: "neutral",
            escalate,
            reasons: ["scripted"],
            confidence: 0.9,
          },
        }
      : { answer: { suggestedResponse: text, confidence, reasoning: "scripted [article:find-invoices]" } };
