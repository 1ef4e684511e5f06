import { describe, expect, it, onTestFinished } from "vitest";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { traceToSpans } from "../../src/langfuse/otlp.ts";
import { outgoingScore, outgoingSpan } from "../../src/langfuse/outgoing.ts";
import { feedbackToScores } from "../../src/langfuse/scores.ts";
import { createStandInLangfuse, type LangfuseDialect, type StandInLangfuseOptions } from "../../src/testing.ts";
import { until } from "../mirror/until.ts";
import { aRevision, aRun, TRACE_ID } from "./sources.ts";

const spans = traceToSpans(aRun()).map(outgoingSpan);
const events = feedbackToScores(aRevision());
const eventIdOf = (name: string): string | undefined => events.find(({ body }) => body.name === name)?.id;

async function start(options: StandInLangfuseOptions) {
  const standIn = createStandInLangfuse(options);
  onTestFinished(() => standIn.close());
  const address = await standIn.start();
  return { standIn, client: createLangfuseClient({ ...address, fetch, timeoutMs: 5000 }) };
}

describe.each<LangfuseDialect>(["v4", "v3"])(
  "the trouble that a stand-in of dialect %s makes with scores",
  (dialect) => {
    it("refuses those of a name, and stores the others", async () => {
      const { standIn, client } = await start({ dialect });
      standIn.setFailure({ refuseScores: { name: "kept-ratio" } });
      const answer = await client.sendScores(events.map(outgoingScore));
      expect(answer.kind === "accepted" ? [...answer.rejected.keys()] : answer).toEqual([eventIdOf("kept-ratio")]);
      expect(standIn.scores().map(({ name }) => name)).toEqual(
        events.map(({ body }) => body.name).filter((name) => name !== "kept-ratio"),
      );
    });

    it("fails on every n-th with the status that it was told", async () => {
      const { standIn, client } = await start({ dialect });
      standIn.setFailure({ refuseScores: { every: 4 }, status: 500 });
      expect(await client.sendScores(events.map(outgoingScore))).toMatchObject({ kind: "unsure" });
      expect(await client.findScores(TRACE_ID)).toHaveLength(5);
      standIn.setFailure({ refuseScores: { every: 1 }, status: 500 });
      expect(await client.sendScores(events.map(outgoingScore))).toMatchObject({ kind: "unavailable" });
    });

    it("drops scores after saying that it has them", async () => {
      const { standIn, client } = await start({ dialect });
      standIn.failNext({ dropScores: { name: "output" } });
      // Reads and spans leave it to the scores that it is about.
      await client.sendSpans(spans);
      expect(await client.findScores(TRACE_ID)).toEqual([]);
      expect(await client.sendScores(events.map(outgoingScore))).toEqual({ kind: "accepted", rejected: new Map() });
      expect(standIn.scores().map(({ name }) => name)).not.toContain("output");
      expect(await client.findScores(TRACE_ID)).toHaveLength(5);
      await client.sendScores(events.map(outgoingScore));
      expect(await client.findScores(TRACE_ID)).toHaveLength(6);

      standIn.setFailure({ dropScores: { every: 2 } });
      const before = standIn.scores().length;
      await client.sendScores(events.map(outgoingScore));
      expect(standIn.scores()).toHaveLength(before + 3);
    });

    it("treats a span as malformed, and with it the whole export", async () => {
      const { standIn, client } = await start({ dialect });
      standIn.failNext({ refuseSpans: { name: "search-knowledge" } });
      await client.sendScores(events.map(outgoingScore)); // not about these
      const refused = {
        kind: "refused",
        aboutContent: true,
        message: expect.stringContaining("search-knowledge") as unknown,
      };
      const silent = { kind: "accepted", rejected: new Map() };
      expect(await client.sendSpans(spans)).toMatchObject(dialect === "v4" ? refused : silent);
      expect(standIn.observations()).toEqual([]);
      standIn.failNext({ refuseSpans: { name: "another" } });
      await client.sendSpans(spans);
      expect(standIn.observations()).toHaveLength(3);
    });
  },
);

describe.each<LangfuseDialect>(["v4", "v3"])("a stand-in of dialect %s that shows things late", (dialect) => {
  it("has what it accepted at once, and shows it after the delay", async () => {
    const { standIn, client } = await start({ dialect, visibleAfterMs: 300 });
    const sentAt = Date.now();
    await client.sendSpans(spans);
    await client.sendScores(events.map(outgoingScore));
    expect(standIn.observations()).toHaveLength(3);
    expect(standIn.scores()).toHaveLength(6);
    expect(await client.findObservations(TRACE_ID)).toEqual([]);
    expect(await client.findScores(TRACE_ID)).toEqual([]);
    expect(standIn.currentObservations()).toEqual([]);
    await until("the scores are shown", async () => (await client.findScores(TRACE_ID)).length === 6);
    expect(Date.now() - sentAt).toBeGreaterThanOrEqual(299);
    expect(await client.findObservations(TRACE_ID)).toHaveLength(3);
  });
});
