import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { traceToSpans } from "../../src/langfuse/otlp.ts";
import { outgoingScore, outgoingSpan } from "../../src/langfuse/outgoing.ts";
import { feedbackToScores } from "../../src/langfuse/scores.ts";
import { createStandInLangfuse } from "../../src/testing.ts";
import { aRevision, aRun } from "./sources.ts";

const spans = traceToSpans(aRun()).map(outgoingSpan);
const scores = feedbackToScores(aRevision()).map(outgoingScore);

/** A server that notes what comes: a connection, the headers of a request, a whole request. */
async function listen() {
  const came: string[] = [];
  const server = createServer((request, response) => {
    came.push("headers");
    request.on("error", () => {});
    request.resume().on("end", () => {
      came.push(`whole ${String(request.headers["content-length"])} ${String(request.headers["transfer-encoding"])}`);
      response.end("{}");
    });
  }).on("connection", () => void came.push("connection"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => server.close().closeAllConnections());
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { came, client: createLangfuseClient({ baseUrl, publicKey: "p", secretKey: "s", fetch, timeoutMs: 5000 }) };
}

describe("a request that may not be sent any more", () => {
  it("is asked about once, after the connection was made", async () => {
    const { came, client } = await listen();
    const asked: string[][] = [];
    const answer = await client.sendSpans(spans, () => {
      asked.push([...came]);
      return true;
    });
    expect(answer).toMatchObject({ kind: "accepted" });
    expect(asked).toEqual([["connection"]]);
    expect(came[2]).toMatch(/^whole \d+ undefined$/);
  });

  it("is never whole at the other side, and stored there not at all", async () => {
    const { came, client } = await listen();
    expect(await client.sendSpans(spans, () => false)).toEqual({ kind: "withheld" });
    expect(await client.sendScores(scores, () => false)).toEqual({ kind: "withheld" });
    await sleep(50); // what would come after all
    expect(came.filter((event) => event.startsWith("whole"))).toEqual([]);

    const standIn = createStandInLangfuse();
    onTestFinished(() => standIn.close());
    const real = createLangfuseClient({ ...(await standIn.start()), fetch, timeoutMs: 5000 });
    await real.sendSpans(spans, () => false);
    await real.sendScores(scores, () => false);
    expect([standIn.observations(), standIn.scores()]).toEqual([[], []]);
    await real.sendSpans(spans, () => true);
    await real.sendScores(scores, () => true);
    expect([standIn.observations().length, standIn.scores().length]).toEqual([3, 6]);
    expect(standIn.duplicates()).toEqual({ observations: [], scores: [] });
  });
});
