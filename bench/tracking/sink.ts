/**
 * A process that stands for every backend: takes what the SDKs send, answers as theirs would, counts which calls have
 * arrived, and makes trouble when it is told to. `node sink.js peers` reads marks in whatever comes; `node sink.js
 * langfuse` is the stand-in Langfuse, which checks what it is sent and can be read back.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { getRequestListener } from "@hono/node-server";
import type * as AppModule from "../../src/langfuse/stand-in/app.ts";
import type * as FailuresModule from "../../src/langfuse/stand-in/failures.ts";
import type * as StoreModule from "../../src/langfuse/stand-in/store.ts";
import { MARK } from "./workload.ts";

/** `hang` takes a request and never answers it; `refuse` closes the port and every connection. */
export type Trouble = "none" | "500" | "hang" | "refuse";
export type SinkRequest = { readonly trouble: Trouble } | { readonly count: true };
export type Arrived = { readonly calls: readonly number[]; readonly doubledCount: number };

/** Counts the marks of the calls in what was accepted. */
type Counting = { readonly listener: RequestListener; arrived(): Iterable<number> };

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const encoding = request.headers["content-encoding"];
  if (encoding === "gzip") return gunzipSync(body);
  if (encoding === "deflate") return inflateSync(body);
  return encoding === "br" ? brotliDecompressSync(body) : body;
}

/** What an SDK waits for before it sends anything, by path; everything else is content with an empty object. */
function answerOf(path: string, baseUrl: string): unknown {
  if (path.endsWith("/info")) {
    const batch = {
      use_multipart_endpoint: true,
      size_limit: 100,
      size_limit_bytes: 20_971_520,
      scale_up_nthreads_limit: 16,
    };
    return { version: "0.12.0", batch_ingest_config: batch, instance_flags: { gzip_body_enabled: true } };
  }
  if (path.endsWith("/apikey/login")) {
    return { org_info: [{ id: "bench", name: "bench", api_url: baseUrl, proxy_url: baseUrl, is_universal_api: true }] };
  }
  if (path.endsWith("/project/register")) return { project: { id: "bench", name: "bench" } };
  return {};
}

/** Opik sends every call as a trace and as a span: the span is the one that counts. */
const isSecondCopy = (path: string): boolean => path.includes("/private/traces");

function countMarks(baseUrl: () => string): Counting {
  const seen: number[] = [];
  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    const body = await bodyOf(request);
    // Not a character is more than one byte here, and protobuf holds texts as they are.
    const text = isSecondCopy(path) ? "" : body.toString("latin1");
    for (const [, call] of text.matchAll(MARK)) seen.push(Number(call));
    const isProtobuf = request.headers["content-type"]?.includes("protobuf") === true;
    if (isProtobuf) return void response.setHeader("content-type", "application/x-protobuf").end();
    response.setHeader("content-type", "application/json").end(JSON.stringify(answerOf(path, baseUrl())));
  };
  return { listener: (request, response) => void listener(request, response), arrived: () => seen };
}

/** From dist/: the children are compiled, and what is measured is what is shipped. */
const shipped = async <Module>(path: string): Promise<Module> =>
  (await import(new URL(`../../../../../dist/langfuse/stand-in/${path}.js`, import.meta.url).href)) as Module;

async function playLangfuse(): Promise<Counting> {
  const { createApp } = await shipped<typeof AppModule>("app");
  const { createFailureSwitch } = await shipped<typeof FailuresModule>("failures");
  const { createStore } = await shipped<typeof StoreModule>("store");
  const store = createStore({ dialect: "v4", visibleAfterMs: 0 });
  const keys = { publicKey: "pk-lf-stand-in", secretKey: "sk-lf-stand-in" };
  const app = createApp({ store, failures: createFailureSwitch(), offersScoresV3: true, ...keys });
  const handle = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  return {
    listener: (request, response) => void handle(request, response),
    *arrived() {
      for (const { isRootObservation, output } of store.observations) {
        if (!isRootObservation) continue;
        for (const [, call] of (output ?? "").matchAll(MARK)) yield Number(call);
      }
    },
  };
}

let trouble: Trouble = "none";
let port = 0;
const baseUrl = (): string => `http://127.0.0.1:${port}`;
const counting = process.argv[2] === "langfuse" ? await playLangfuse() : countMarks(baseUrl);

const server = createServer((request, response) => {
  if (trouble === "none") return counting.listener(request, response);
  request.resume();
  if (trouble === "500") response.writeHead(500, { "content-type": "application/json" }).end("{}");
});
server.keepAliveTimeout = 60_000;

async function listen(): Promise<void> {
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
}

async function make(next: Trouble): Promise<void> {
  if (trouble === "refuse" && next !== "refuse") await listen();
  if (trouble !== "refuse" && next === "refuse") {
    server.close();
    server.closeAllConnections();
  }
  trouble = next;
}

function count(): Arrived {
  const all = [...counting.arrived()];
  const calls = [...new Set(all)];
  return { calls, doubledCount: all.length - calls.length };
}

async function answer(request: SinkRequest): Promise<unknown> {
  if ("count" in request) return count();
  await make(request.trouble);
  return trouble;
}

process.on("message", (request: SinkRequest) => {
  void answer(request).then((reply) => process.send?.(reply));
});
process.on("disconnect", () => process.exit());
await listen();
process.send?.(baseUrl());
