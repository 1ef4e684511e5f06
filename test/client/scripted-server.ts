import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export type Asked = {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
};

/** What a request is answered with: a status and JSON, or nothing at all. */
export type Reply =
  | { readonly status: number; readonly json: unknown; readonly headers?: Readonly<Record<string, string>> }
  | "cut";

export type ScriptedServer = { readonly url: string; readonly asked: readonly Asked[] };

/** Answers as `replyTo` says, on loopback. */
export async function startScripted(replyTo: (asked: Asked, nth: number) => Reply): Promise<ScriptedServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      const one = { path: request.url ?? "", authorization: request.headers.authorization, body };
      const reply = replyTo(one, asked.push(one));
      if (reply === "cut") {
        request.socket.destroy();
        return;
      }
      response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
      response.end(JSON.stringify(reply.json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function read(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
}

/** The answer that takes all of a list. */
export const taken = ({ body }: Asked): Reply => ({
  status: 201,
  json: {
    results: (body as { readonly suggestionId: string }[]).map(({ suggestionId }) => ({ ok: true, suggestionId })),
  },
});

export const problem = (status: number, code: string, headers = {}): Reply => ({
  status,
  headers,
  json: { error: { code, message: `${code} said`, details: ["a detail"] } },
});
