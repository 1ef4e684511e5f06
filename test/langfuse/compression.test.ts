import { describe, expect, it, onTestFinished } from "vitest";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { isLoopback } from "../../src/langfuse/compression.ts";
import { traceToSpans } from "../../src/langfuse/otlp.ts";
import { outgoingSpan } from "../../src/langfuse/outgoing.ts";
import { createStandInLangfuse } from "../../src/testing.ts";
import { aRun } from "./sources.ts";

const spans = traceToSpans(aRun()).map(outgoingSpan);

/** Sends spans to a stand-in under this name; resolves to the encoding, which the stand-in has understood. */
async function encodingTowards(baseUrl: string): Promise<string | null> {
  const standIn = createStandInLangfuse();
  onTestFinished(() => standIn.close());
  const address = await standIn.start();
  let encoding: string | null = null;
  const resolved: typeof globalThis.fetch = (input, init) => {
    encoding = new Headers(init?.headers).get("content-encoding");
    const url = input instanceof Request ? input.url : input.toString();
    return fetch(url.replace(baseUrl, address.baseUrl), init);
  };
  const client = createLangfuseClient({ ...address, baseUrl, fetch: resolved, timeoutMs: 5000 });
  expect(await client.sendSpans(spans)).toEqual({ kind: "accepted", rejected: new Map() });
  expect(standIn.observations()).toHaveLength(spans.length);
  return encoding;
}

describe("spans", () => {
  it("go compressed to another machine, and as they are to this one", async () => {
    expect(await encodingTowards("https://langfuse.example")).toBe("gzip");
    expect(await encodingTowards("http://localhost:3000")).toBeNull();
  });
});

describe("this machine", () => {
  it.each([
    "http://localhost:3000",
    "http://LOCALHOST/",
    "http://langfuse.localhost",
    "https://127.0.0.1",
    "http://127.1.2.3",
    "http://[::1]:3000",
  ])("is %s", (url) => expect(isLoopback(url)).toBe(true));

  it.each([
    "https://cloud.langfuse.com",
    "http://localhost.example",
    "http://127.example",
    "http://127.0.0.1.example",
    "http://10.0.0.1",
    "http://[::2]",
    "http://notlocalhost",
  ])("is not %s", (url) => expect(isLoopback(url)).toBe(false));
});
