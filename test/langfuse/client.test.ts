import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { traceToSpans } from "../../src/langfuse/otlp.ts";
import { outgoingScore, outgoingSpan } from "../../src/langfuse/outgoing.ts";
import { feedbackToScores } from "../../src/langfuse/scores.ts";
import { answerToError, parseRetryAfter } from "../../src/langfuse/send-answer.ts";
import { aRevision, aRun, TRACE_ID } from "./sources.ts";

const servers: Server[] = [];
const containing = (part: string): unknown => expect.stringContaining(part);
afterEach(async () => {
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }
});

async function listen(handle: RequestListener): Promise<string> {
  const server = createServer(handle);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const clientFor = (baseUrl: string, timeoutMs = 5000) =>
  createLangfuseClient({ baseUrl, publicKey: "pk-lf-1", secretKey: "sk-lf-secret", fetch, timeoutMs });

/** A server that reads the request and gives one answer. */
const answering = (status: number, body: string, headers: Record<string, string> = {}) =>
  listen((request, response) => {
    request.resume().on("end", () => response.writeHead(status, headers).end(body));
  });

const spans = traceToSpans(aRun()).map(outgoingSpan);
const events = feedbackToScores(aRevision());

describe("sending spans", () => {
  it("is accepted by 200 with JSON", async () => {
    const answer = await clientFor(await answering(200, "{}")).sendSpans(spans);
    expect(answer).toEqual({ kind: "accepted", rejected: new Map() });
  });

  it("sends nothing when there is nothing to send", async () => {
    const answer = await clientFor("http://127.0.0.1:1").sendSpans([]);
    expect(answer.kind).toBe("accepted");
  });

  it.each([400, 404, 413, 422])("is refused by %d", async (status) => {
    const answer = await clientFor(await answering(status, '{"error":"bad spans"}')).sendSpans(spans);
    expect(answer).toMatchObject({ kind: "refused", status, message: containing("bad spans") });
  });

  it.each([401, 403])("names keys and base URL on %d, and never the secret", async (status) => {
    const baseUrl = await answering(status, '{"message":"Invalid credentials."}');
    const answer = await clientFor(baseUrl).sendSpans(spans);
    expect(answer).toMatchObject({ kind: "refused", status });
    const said = JSON.stringify(answer);
    for (const part of ["LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY", "LANGFUSE_BASE_URL", baseUrl])
      expect(said).toContain(part);
    expect(said).not.toContain("sk-lf-secret");
  });

  it("does not follow a redirect, which would turn the POST into a GET", async () => {
    const baseUrl = await answering(301, "", { location: "https://elsewhere.example/" });
    const answer = await clientFor(baseUrl).sendSpans(spans);
    expect(answer).toMatchObject({
      kind: "refused",
      status: 301,
      message: containing("elsewhere.example"),
    });
  });

  it.each([500, 503])("is unavailable on %d", async (status) => {
    const answer = await clientFor(await answering(status, "<html>")).sendSpans(spans);
    expect(answer).toMatchObject({ kind: "unavailable" });
    expect(answer).not.toHaveProperty("retryAfterMs");
  });

  it.each([502, 504])("is unsure on %d: a gateway lost sight of it after passing it on", async (status) => {
    expect(await clientFor(await answering(status, "")).sendSpans(spans)).toMatchObject({ kind: "unsure" });
  });

  it("takes the wait of a 429 from Retry-After", async () => {
    const baseUrl = await answering(429, '{"message":"slow down"}', { "retry-after": "7" });
    expect(await clientFor(baseUrl).sendSpans(spans)).toMatchObject({ kind: "unavailable", retryAfterMs: 7000 });
  });

  it("is unavailable when the connection is refused or the name does not exist", async () => {
    const baseUrl = await listen(() => undefined);
    const gone = servers.pop();
    await new Promise((resolve) => gone?.close(resolve));
    expect(await clientFor(baseUrl).sendSpans(spans)).toMatchObject({
      kind: "unavailable",
      message: containing("ECONNREFUSED"),
    });
    expect(await clientFor("http://langfuse.invalid").sendSpans(spans)).toMatchObject({ kind: "unavailable" });
  });

  it("is unsure when no answer comes in time", async () => {
    const answer = await clientFor(await listen(() => undefined), 50).sendSpans(spans);
    expect(answer).toMatchObject({ kind: "unsure", message: containing("no answer in time") });
  });

  it("is unsure when the connection closes after the request was read", async () => {
    const baseUrl = await listen((request) => {
      request.resume().on("end", () => request.socket.destroy());
    });
    expect(await clientFor(baseUrl).sendSpans(spans)).toMatchObject({ kind: "unsure" });
  });

  it("is unsure when the answer breaks off in the middle", async () => {
    const baseUrl = await listen((request, response) => {
      request.resume().on("end", () => {
        response.writeHead(200, { "content-length": "100" }).write("{");
        setImmediate(() => request.socket.destroy());
      });
    });
    expect(await clientFor(baseUrl).sendSpans(spans)).toMatchObject({ kind: "unsure" });
  });

  it("is unsure when a login page answers 200", async () => {
    expect(await clientFor(await answering(200, "<html>Sign in</html>")).sendSpans(spans)).toMatchObject({
      kind: "unsure",
    });
  });
});

describe("sending scores", () => {
  const answer = (successes: unknown[], errors: unknown[]) => answering(207, JSON.stringify({ successes, errors }));
  const stored = events.map(({ id }) => ({ id, status: 201 }));

  it("is accepted when every event is", async () => {
    expect(await clientFor(await answer(stored, [])).sendScores(events.map(outgoingScore))).toEqual({
      kind: "accepted",
      rejected: new Map(),
    });
  });

  it("names each event that was refused, with the reason", async () => {
    const bad = { id: events[0]?.id, status: 400, message: "Invalid request data", error: [{ path: ["value"] }] };
    const result = await clientFor(await answer(stored.slice(1), [bad])).sendScores(events.map(outgoingScore));
    expect(result.kind === "accepted" ? [...result.rejected] : result).toEqual([
      [events[0]?.id, '400: Invalid request data: [{"path":["value"]}]'],
    ]);
  });

  it("is unavailable when Langfuse failed and stored nothing", async () => {
    const failed = events.map(({ id }) => ({ id, status: 500, error: "boom" }));
    expect(await clientFor(await answer([], failed)).sendScores(events.map(outgoingScore))).toMatchObject({
      kind: "unavailable",
    });
  });

  it("is unsure when Langfuse stored some and failed on one, or says nothing about it", async () => {
    const failed = { id: events[0]?.id, status: 500, error: "boom" };
    expect(
      await clientFor(await answer(stored.slice(1), [failed])).sendScores(events.map(outgoingScore)),
    ).toMatchObject({
      kind: "unsure",
    });
    expect(await clientFor(await answer(stored.slice(1), [])).sendScores(events.map(outgoingScore))).toMatchObject({
      kind: "unsure",
    });
  });

  it("is unsure about an answer that is not Langfuse's", async () => {
    expect(await clientFor(await answering(200, "ok")).sendScores(events.map(outgoingScore))).toMatchObject({
      kind: "unsure",
    });
  });
});

describe("reading back", () => {
  it("follows the cursor to the last page", async () => {
    const asked: (string | null)[] = [];
    const baseUrl = await listen((request, response) => {
      const url = new URL(request.url ?? "", "http://x");
      const isOlder = url.pathname === "/api/public/observations";
      if (isOlder) return response.writeHead(404).end('{"message":"not available in Langfuse v4 events_only mode"}');
      const cursor = url.searchParams.get("cursor");
      asked.push(cursor);
      const page = cursor === null ? { data: [{ id: "a" }], meta: { cursor: "2" } } : { data: [{ id: "b" }], meta: {} };
      return response.end(JSON.stringify(page));
    });
    expect(await clientFor(baseUrl).findObservations(TRACE_ID)).toEqual(["a", "b"]);
    expect(asked).toEqual([null, "2"]);
  });

  it("fails with mirror_failed instead of saying that nothing is there", async () => {
    await expect(clientFor(await answering(500, "")).findScores(TRACE_ID)).rejects.toMatchObject({
      code: "mirror_failed",
    });
    await expect(clientFor(await answering(200, "{}")).findScores(TRACE_ID)).rejects.toMatchObject({
      code: "mirror_failed",
    });
    const endless = await listen((request, response) => {
      const isOlder = (request.url ?? "").startsWith("/api/public/observations");
      if (isOlder) return response.writeHead(404).end('{"message":"not available in Langfuse v4 events_only mode"}');
      return response.end(JSON.stringify({ data: [{ id: "a" }], meta: { cursor: "same" } }));
    });
    await expect(clientFor(endless).findObservations(TRACE_ID)).rejects.toMatchObject({
      code: "mirror_failed",
      message: containing("the same page came twice"),
    });
    const pageless = await answering(200, JSON.stringify({ data: [], meta: {} }));
    await expect(clientFor(pageless).findScores(TRACE_ID)).rejects.toMatchObject({
      code: "mirror_failed",
      message: containing("how many pages"),
    });
  });
});

describe("a 200 that is no list", () => {
  const paths = ["findObservations", "findScores", "readObservations"] as const;

  it.each(paths)("is refused to %s, for the same place would say the same again", async (read) => {
    const failure = { kind: "refused", aboutContent: false, message: containing("check that LANGFUSE_BASE_URL") };
    for (const body of ["<html>Sign in</html>", '{"data":{}}', '{"data":[{"name":"no id"}],"meta":{"totalPages":1}}']) {
      const client = clientFor(await answering(200, body));
      await expect(client[read](TRACE_ID)).rejects.toMatchObject({ code: "mirror_failed", facts: { failure } });
    }
  });
});

describe("Retry-After", () => {
  it.each([
    ["120", 120_000],
    ["Sun, 22 Nov 2026 10:00:30 GMT", 30_000],
    ["Sun, 22 Nov 2026 09:00:00 GMT", 0],
    ["soon", undefined],
    [null, undefined],
  ])("%s means %s ms", (header, expected) => {
    expect(parseRetryAfter(header, Date.parse("2026-11-22T10:00:00Z"))).toBe(expected);
  });
});

describe("what an exception of fetch means", () => {
  const failure = (code: string, syscall?: string) => Object.assign(new Error(code), { code, syscall });
  const wrapped = (cause: unknown) => new TypeError("fetch failed", { cause });

  it.each([
    ["every address refused", new AggregateError([failure("ECONNREFUSED"), failure("ECONNREFUSED")]), "unavailable"],
    ["one of two addresses reset", new AggregateError([failure("ECONNREFUSED"), failure("ECONNRESET")]), "unsure"],
    ["time-out while connecting", failure("ETIMEDOUT", "connect"), "unavailable"],
    ["time-out while writing", failure("ETIMEDOUT", "write"), "unsure"],
    ["a certificate that is not trusted", failure("SELF_SIGNED_CERT_IN_CHAIN"), "unavailable"],
    ["a closed socket", failure("UND_ERR_SOCKET"), "unsure"],
    ["nothing known", undefined, "unsure"],
  ])("%s", (_what, cause, kind) => {
    expect(answerToError(wrapped(cause), "POST x")).toMatchObject({ kind });
  });
});
