import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "../track/memory-recorder.ts";

/** What the server answers: JSON, text, or server-sent events; `hang`: it never ends what it has begun. */
export type Reply = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
  readonly events?: readonly unknown[];
  readonly hang?: boolean;
  /** Not even headers come. */
  readonly silent?: boolean;
  /** Ends the connection instead of the answer. */
  readonly cut?: boolean;
};

export type Asked = { readonly path: string; readonly body: Readonly<Record<string, unknown>>; readonly retry: string };

export type ScriptedOpenAI = {
  readonly baseURL: string;
  /** Every request since the last call of this. */
  takeAsked(): Asked[];
  /** Resolves once a request has come that was not taken yet. */
  whenAsked(): Promise<void>;
  /** Answers that were cut off by the client. */
  readonly leftCount: () => number;
  close(): Promise<void>;
};

/** An OpenAI-compatible server on loopback that answers by script; `attempt` counts the retries of one call. */
export async function startScriptedOpenAI(script: (asked: Asked) => Reply): Promise<ScriptedOpenAI> {
  let asked: Asked[] = [];
  let leftCount = 0;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const text = Buffer.concat(parts).toString();
      const body = (text === "" ? {} : JSON.parse(text)) as Asked["body"];
      const one = {
        path: (request.url ?? "").replace(/^\/v1/u, ""),
        body,
        retry: String(request.headers["x-stainless-retry-count"]),
      };
      asked.push(one);
      response.on("close", () => response.writableFinished || leftCount++);
      send(response, script(one));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    takeAsked() {
      const taken = asked;
      asked = [];
      return taken;
    },
    whenAsked: () => until(() => asked.length > 0),
    leftCount: () => leftCount,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, reply: Reply): void {
  if (reply.silent === true) return;
  const type = reply.events ? "text/event-stream" : reply.json === undefined ? "text/plain" : "application/json";
  response.writeHead(reply.status ?? 200, { "content-type": type, "x-request-id": "req_1", ...reply.headers });
  for (const event of reply.events ?? []) response.write(eventOf(event));
  if (reply.json !== undefined) response.write(JSON.stringify(reply.json));
  if (reply.text !== undefined) response.write(reply.text);
  if (reply.cut === true) setImmediate(() => response.destroy());
  else if (reply.hang !== true) response.end();
  else response.flushHeaders();
}

/** Strings go as they are; events of a response name their type, as OpenAI does. */
function eventOf(event: unknown): string {
  if (typeof event === "string") return `data: ${event}\n\n`;
  const { type } = event as { readonly type?: unknown };
  const named = typeof type === "string" ? `event: ${type}\n` : "";
  return `${named}data: ${JSON.stringify(event)}\n\n`;
}
