import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { onTestFinished } from "vitest";
import type { StandInAddress } from "../../src/testing.ts";

/** What happens to a post on its way to Langfuse; what is not passed on never arrives. */
export type Trouble =
  /** Answered here instead. */
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  /** Read, and never answered. */
  | "hang"
  /** Read, and the connection reset. */
  | "reset"
  /** Passed on and taken; the connection is closed without an answer. */
  | "cut"
  /** Passed on and taken; the answer breaks off in the middle. */
  | "break"
  /** Passed on and taken; the answer is changed. */
  | { readonly changeAnswer: (body: string) => string };

export type Gateway = {
  readonly address: StandInAddress;
  /** Makes trouble for every post, or for those whose body (inflated) holds the text; null ends it. */
  setTrouble(trouble: Trouble | null, holding?: string): void;
  /** Paths of all posts that came. */
  readonly posts: readonly string[];
};

/** A real server in front of the stand-in: for the answers that come from what lies between Langfuse and us. */
export async function startGateway(behind: StandInAddress): Promise<Gateway> {
  const posts: string[] = [];
  let trouble: Trouble | null = null;
  let concerned = "";

  async function passOn(request: IncomingMessage, body: Buffer): Promise<Response> {
    const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
      typeof value !== "string" || ["host", "connection", "content-length"].includes(name) ? [] : [[name, value]],
    );
    const { method = "GET", url = "/" } = request;
    return fetch(behind.baseUrl + url, { method, headers, ...(method === "POST" ? { body } : {}) });
  }

  function troubleFor(request: IncomingMessage, body: Buffer): Trouble | null {
    if (request.method !== "POST") return null;
    posts.push(request.url ?? "");
    const text = request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
    return text.includes(concerned) ? trouble : null;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const met = troubleFor(request, body);
    if (met === "hang") return;
    if (met === "reset") return void request.socket.resetAndDestroy();
    if (met !== null && typeof met === "object" && "status" in met) {
      response.writeHead(met.status, met.headers).end(met.body ?? "");
      return;
    }
    const answer = await passOn(request, body);
    const text = await answer.text();
    if (met === "cut") return void request.socket.destroy();
    const length = met === "break" ? { "content-length": String(text.length + 100) } : {};
    response.writeHead(answer.status, { "content-type": "application/json", ...length });
    if (met === "break") response.write(text, () => request.socket.destroy());
    else response.end(met === null ? text : met.changeAnswer(text));
  }

  const server = createServer((request, response) => void handle(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    address: { ...behind, baseUrl },
    posts,
    setTrouble(next, holding = "") {
      trouble = next;
      concerned = holding;
    },
  };
}
