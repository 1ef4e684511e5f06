/**
 * A server that takes what a mirror sends, answers as Langfuse does and counts by id, as cheaply as it can: texts are
 * searched, not parsed. A child process; `ReceiverOrder`s come and `ReceiverReport`s go by message.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { INGESTION_PATH } from "../../src/langfuse/otlp-attributes.ts";
import type { Posted, ReceiverOrder, ReceiverReport } from "./receiver.ts";

const SPAN_ID = '"spanId":"';
const SPAN_ID_CHARS = 16;
const UUID_CHARS = 36;
/** Of a `score-create` event, and of the score in it. */
const EVENT_ID = '{"id":"';

const fresh = () => ({
  spans: new Set<string>(),
  scores: new Set<string>(),
  doubleCount: 0,
  requestCount: 0,
  bytes: 0,
  keeps: false,
  kept: [] as Posted[],
});
let seen = fresh();

function idsAfter(text: string, mark: string, chars: number): string[] {
  const ids: string[] = [];
  for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at + mark.length)) {
    ids.push(text.slice(at + mark.length, at + mark.length + chars));
  }
  return ids;
}

function count(into: Set<string>, ids: readonly string[]): void {
  const before = into.size;
  for (const id of ids) into.add(id);
  seen.doubleCount += ids.length - (into.size - before);
}

/** Takes a body in and resolves to the answer. */
function take({ path, headers, body }: Posted): { status: number; text: string } {
  seen.requestCount += 1;
  seen.bytes += body.length;
  if (path !== INGESTION_PATH) {
    const text = (headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString("latin1");
    count(seen.spans, idsAfter(text, SPAN_ID, SPAN_ID_CHARS));
    return { status: 200, text: "{}" };
  }
  // Each event comes as `{"id":EVENT,…,"body":{"id":SCORE,…`.
  const ids = idsAfter(body.toString("latin1"), EVENT_ID, UUID_CHARS);
  count(
    seen.scores,
    ids.filter((_, index) => index % 2 === 1),
  );
  const successes = ids.filter((_, index) => index % 2 === 0).map((id) => `{"id":"${id}","status":201}`);
  return { status: 207, text: `{"successes":[${successes.join(",")}],"errors":[]}` };
}

function headersOf(request: IncomingMessage): Record<string, string> {
  const names = ["authorization", "accept", "user-agent", "content-type", "content-encoding"];
  const all = { ...request.headers };
  const kept = [...names, ...Object.keys(all).filter((name) => name.startsWith("x-"))];
  return Object.fromEntries(kept.flatMap((name) => (typeof all[name] === "string" ? [[name, all[name]]] : [])));
}

function handle(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const posted = { path: request.url ?? "", headers: headersOf(request), body: Buffer.concat(chunks) };
    const { status, text } = take(posted);
    if (seen.keeps) seen.kept.push(posted);
    response.writeHead(status, { "content-type": "application/json" }).end(text);
  });
}

const server = createServer(handle).listen(0, "127.0.0.1");

function report(): ReceiverReport {
  const { spans, scores, doubleCount, requestCount, bytes, kept } = seen;
  const { port } = server.address() as AddressInfo; // a TCP server that listens
  return { port, spanCount: spans.size, scoreCount: scores.size, doubleCount, requestCount, bytes, kept };
}

server.on("listening", () => process.send?.(report()));
process.on("message", (order: ReceiverOrder) => {
  if (order.kind === "count") seen = { ...fresh(), keeps: order.keeps };
  process.send?.(report());
});
process.on("disconnect", () => process.exit());
