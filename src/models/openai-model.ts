import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from "openai";
import { UptakeError } from "../domain/errors.ts";
import { collectChunks } from "./completion-chunks.ts";
import type { CompletionRequest, Model } from "./model.ts";

/** One more try for a dropped connection, 408, 409, 429 or 5xx; a person waits for the answer, so not more. */
const MAX_RETRIES = 1;
const DEFAULT_BASE_URL = "https://api.openai.com/v1";

export type OpenAIModelOptions = {
  /** Up to and including `/v1`; OpenAI's own by default. */
  readonly baseUrl?: string;
  readonly apiKey: string;
  readonly model: string;
  readonly fetch?: typeof globalThis.fetch;
  /** Longest wait for one try. */
  readonly timeoutMs: number;
};

/**
 * A model behind any OpenAI-compatible chat-completions endpoint, asked for structured output.
 *
 * @example
 * const model = createModel({ apiKey, model: "gpt-4.1-mini", timeoutMs: 30_000 });
 * const { content } = await model.complete({ messages, jsonSchema: { name: "reply", schema } });
 */
export function createModel(options: OpenAIModelOptions): Model {
  const endpoint = options.baseUrl ?? DEFAULT_BASE_URL;
  const client = new OpenAI({
    apiKey: options.apiKey,
    baseURL: endpoint,
    timeout: options.timeoutMs,
    maxRetries: MAX_RETRIES,
    // The client would take these from the environment by itself; only the configuration table reads that.
    organization: null,
    project: null,
    logLevel: "off",
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });
  const failed = (problem: string, facts: Record<string, unknown>, cause?: unknown) =>
    new UptakeError("model_failed", `model ${options.model} at ${endpoint}: ${problem}`, {
      facts: { model: options.model, endpoint, ...facts },
      cause,
    });

  return {
    name: options.model,
    async complete(request) {
      const completion = await ask(client, options.model, request).catch((error: unknown) => {
        if (request.signal?.aborted === true) throw request.signal.reason;
        if (error instanceof APIUserAbortError) throw error;
        const { problem, status } = explain(error, options.timeoutMs, options.apiKey);
        throw failed(problem, { status }, withoutSecrets(error));
      });
      const choice = completion.choices?.[0];
      const refusal = choice?.message?.refusal;
      if (refusal) throw failed(`refused to answer: ${refusal}`, { status: 200 });
      const content = choice?.message?.content;
      if (typeof content !== "string" || content === "") {
        const reason = choice?.finish_reason ?? "no choice";
        throw failed(`answered without text (${reason}); try again, or another model`, { status: 200 });
      }
      return { content, completion };
    },
  };
}

async function ask(client: OpenAI, model: string, request: CompletionRequest) {
  const body = {
    model,
    messages: request.messages.map((message) => ({ ...message })),
    response_format: {
      type: "json_schema" as const,
      json_schema: { name: request.jsonSchema.name, schema: { ...request.jsonSchema.schema }, strict: true },
    },
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
  };
  const { signal, onText } = request;
  const options = signal === undefined ? {} : { signal };
  if (onText === undefined) return client.chat.completions.create(body, options);
  const streamed = { ...body, stream: true as const, stream_options: { include_usage: true } };
  return collectChunks(await client.chat.completions.create(streamed, options), onText);
}

function explain(error: unknown, timeoutMs: number, apiKey: string): { problem: string; status?: number } {
  if (error instanceof APIConnectionTimeoutError) {
    return { problem: `no answer within ${timeoutMs} ms; try again, or allow more time` };
  }
  if (error instanceof APIConnectionError) {
    return { problem: `cannot be reached (${rootMessage(error)}); check OPENAI_BASE_URL and the network` };
  }
  if (error instanceof APIError && typeof error.status === "number") {
    const status: number = error.status;
    // OpenAI repeats part of a wrong key in its message; other endpoints may repeat all of it.
    const said = error.message
      .replaceAll(apiKey, "[key]")
      .replaceAll(/\bsk-[\w*-]+/g, "[key]")
      .slice(0, 300);
    return { problem: `status ${said}; ${remedyFor(status)}`, status };
  }
  return { problem: `unreadable answer (${rootMessage(error)}); check that OPENAI_BASE_URL is a chat-completions API` };
}

function remedyFor(status: number): string {
  if (status === 401 || status === 403) return "check OPENAI_API_KEY";
  if (status === 404) return "check UPTAKE_MODEL and OPENAI_BASE_URL";
  if (status === 400 || status === 422) return "use a model that supports structured output (json_schema)";
  if (status === 429) return "wait, or lower the concurrency";
  return "try again later";
}

function rootMessage(error: unknown): string {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  return root instanceof Error ? root.message || root.name : String(root);
}

/** The client's errors carry response headers and the request; a cause that is logged must not. */
function withoutSecrets(error: unknown): Error {
  return new Error(error instanceof Error ? error.name : "unknown error");
}
