import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { UptakeError } from "../domain/errors.ts";
import { readChatRequest, refusal } from "./chat-request.ts";
import type { ChatRequest } from "./chat-request.ts";
import { answerOffline, chunksOf, completionOf } from "./offline-answer.ts";
import { OFFLINE_MODEL } from "./tokens.ts";

const HOST = "127.0.0.1";
/** Above what 200,000 characters of thread and knowledge come to; a larger body is a mistake. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

export type OfflineServer = {
  /** Listens, and resolves to the base URL for an OpenAI client; called again it resolves to the same. */
  start(): Promise<{ readonly baseUrl: string }>;
  close(): Promise<void>;
};

/**
 * The offline model `uptake-retrieval` behind an OpenAI-compatible server on the loopback interface. It is no language
 * model: it quotes what the prompt's articles and past replies say. Keeps nothing between requests.
 *
 * @example
 * const server = createOfflineServer();
 * const { baseUrl } = await server.start();
 * const model = createModel({ baseUrl, apiKey: "none", model: OFFLINE_MODEL, timeoutMs: 10_000 });
 */
export function createOfflineServer({ port = 0 }: { readonly port?: number } = {}): OfflineServer {
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: { message, type: "server_error", param: null, code: null } });
    });
  });
  let started: Promise<{ baseUrl: string }> | undefined;
  let closed: Promise<void> | undefined;
  return {
    start: () => (started ??= listen(server, port)),
    close: () =>
      (closed ??= new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      })),
  };
}

function listen(server: Server, port: number): Promise<{ baseUrl: string }> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === "EADDRINUSE";
      const problem = taken ? "is taken; choose another, or 0 for any" : `cannot be opened (${cause.message})`;
      reject(
        new UptakeError(taken ? "port_in_use" : "model_failed", `port ${port} of the offline model ${problem}`, {
          facts: { port },
          cause,
        }),
      );
    });
    server.listen(port, HOST, () => {
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      resolve({ baseUrl: `http://${HOST}:${bound}/v1` });
    });
  });
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? "/", "http://localhost").pathname;
  if (request.method === "GET" && path === "/v1/models") {
    const model = { id: OFFLINE_MODEL, object: "model", created: 0, owned_by: "uptake" };
    sendJson(response, 200, { object: "list", data: [model] });
  } else if (request.method === "POST" && path === "/v1/chat/completions") {
    const text = await readBody(request);
    const chat =
      text === null ? refusal(413, `The body is larger than ${MAX_BODY_BYTES} bytes.`) : readChatRequest(text);
    if ("status" in chat) sendJson(response, chat.status, chat.body);
    else await answer(chat, response);
  } else {
    const { status, body } = refusal(404, `Unknown request URL: ${request.method} ${path}.`, null, "unknown_url");
    sendJson(response, status, body);
  }
}

async function answer(chat: ChatRequest, response: ServerResponse): Promise<void> {
  const envelope = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000) };
  const answered = await answerOffline(chat);
  if (!chat.stream) {
    sendJson(response, 200, completionOf(envelope, answered));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  for (const chunk of chunksOf(envelope, answered, chat.includeUsage)) {
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  }
  response.end("data: [DONE]\n\n");
}

/** The body as text; null when it is too large. The rest of it is read away, so that the refusal can be received. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes <= MAX_BODY_BYTES) parts.push(part);
    else parts.length = 0;
  }
  return bytes > MAX_BODY_BYTES ? null : Buffer.concat(parts).toString("utf8");
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}
