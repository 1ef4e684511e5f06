import { LangfuseClient } from "@langfuse/client";
import { describe, expect, it, onTestFinished } from "vitest";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { traceToSpans } from "../../src/langfuse/otlp.ts";
import { outgoingScore, outgoingSpan } from "../../src/langfuse/outgoing.ts";
import { feedbackToScores } from "../../src/langfuse/scores.ts";
import { createStandInLangfuse, type LangfuseDialect } from "../../src/testing.ts";
import { aRevision, aRun, TRACE_ID } from "./sources.ts";

const OTHER_ID = "b".repeat(32);

describe.each<LangfuseDialect>(["v4", "v3"])("deleting from a stand-in Langfuse of dialect %s", (dialect) => {
  /** Two traces with the scores of a revision each. */
  async function start() {
    const standIn = createStandInLangfuse({ dialect });
    onTestFinished(() => standIn.close());
    const address = await standIn.start();
    const ours = createLangfuseClient({ ...address, fetch, timeoutMs: 5000 });
    const other = { traceId: OTHER_ID, observations: null, observationId: null };
    await ours.sendSpans([...traceToSpans(aRun()), ...traceToSpans(aRun(other))].map(outgoingSpan));
    await ours.sendScores(feedbackToScores(aRevision()).map(outgoingScore));
    await ours.sendScores(
      feedbackToScores(aRevision({ id: "another", traceId: OTHER_ID, observationId: null })).map(outgoingScore),
    );
    const left = () => ({
      observations: new Set(standIn.currentObservations().map(({ traceId }) => traceId)),
      scores: new Set(standIn.currentScores().map(({ traceId }) => traceId)),
    });
    return { standIn, address, ours, left, official: new LangfuseClient(address).api.trace };
  }

  it("takes the traces that our client names, with their scores, and leaves the others and the log", async () => {
    const { standIn, ours, left } = await start();
    expect(left().scores).toEqual(new Set([TRACE_ID, OTHER_ID]));
    expect(await ours.deleteTraces([TRACE_ID, "f".repeat(32)])).toEqual({ kind: "accepted", rejected: new Map() });
    expect(left()).toEqual({ observations: new Set([OTHER_ID]), scores: new Set([OTHER_ID]) });
    expect(standIn.observations().length).toBeGreaterThan(standIn.currentObservations().length);
    await ours.sendSpans(traceToSpans(aRun()).map(outgoingSpan));
    expect(left().observations).toEqual(new Set([TRACE_ID, OTHER_ID]));
  });

  it("takes one trace or many from the official client", async () => {
    const { official, left } = await start();
    await official.delete(TRACE_ID);
    expect(left().observations).toEqual(new Set([OTHER_ID]));
    await official.deleteMultiple({ traceIds: [OTHER_ID] });
    expect(left()).toEqual({ observations: new Set(), scores: new Set() });
    await expect(official.deleteMultiple({ traceIds: [] })).rejects.toMatchObject({ statusCode: 400 });
  });

  it("says why it could not, and asks for nothing when there is nothing to delete", async () => {
    const { standIn, ours, address } = await start();
    standIn.failNext({ status: 429, retryAfter: 9 });
    expect(await ours.deleteTraces([TRACE_ID])).toMatchObject({ kind: "unavailable", retryAfterMs: 9000 });
    const wrong = createLangfuseClient({ ...address, secretKey: "sk-lf-wrong", fetch, timeoutMs: 5000 });
    expect(await wrong.deleteTraces([TRACE_ID])).toMatchObject({ kind: "refused", status: 401 });
    expect(await wrong.deleteTraces([])).toMatchObject({ kind: "accepted" });
  });
});
