import { LangfuseClient } from "@langfuse/client";
import { expect, it } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { insertFeedback } from "../../src/store/queries/insert-feedback.ts";
import { insertSuggestions } from "../../src/store/queries/insert-suggestions.ts";
import { createGroupCommit } from "../../src/track/group-commit.ts";
import { createTracker } from "../../src/track/tracker.ts";
import { describeOnPostgres } from "../support/databases.ts";
import { feedbackOn } from "./rows.ts";
import { drain, mirrorTo, startStandIn } from "./set-up.ts";

const ALL_FIELDS = "core,basic,time,io,model,usage,prompt,trace_context";
const SUGGESTIONS = 24;

/** An answer in the shape of an OpenAI chat completion. */
const completion = (text: string, index: number) => ({
  model: "gpt-4.1-mini",
  choices: [{ message: { role: "assistant", content: text } }],
  usage: { prompt_tokens: 100 + index, completion_tokens: 20 },
});

describeOnPostgres("tracked suggestions and feedback, seen through Langfuse's own client", (open) => {
  it("are one trace with its generation each, and scores on that generation", async () => {
    const db = await open();
    const { address } = await startStandIn();
    const recorder = createGroupCommit({ log: silentLogger, write: (rows) => insertSuggestions(db, rows) });
    const about = { projectId: "default", environment: "test", release: "r1", now: Date.now, log: silentLogger };
    const tracker = createTracker({ recorder, ...about, commitTimeoutMs: 30_000 });
    const draft = tracker.track("generate-message-suggestion", async (index: number, run) => {
      await run.observe("search-knowledge", { type: "retriever", input: "refund" }, async () => ["kb-1"]);
      const messages = [{ role: "user", content: `Where is order ${index}?` }];
      const prompt = { name: "reply", version: 7 };
      const text = `It is on its way, ${index}.`;
      await run.generate({ model: "gpt-4.1-mini", messages, prompt }, async () => completion(text, index));
      return run.suggest(text, { confidence: 0.8, ticketId: `T-${index}` });
    });
    const suggestions = await Promise.all(Array.from({ length: SUGGESTIONS }, (_, index) => draft(index)));
    await tracker.close();
    const feedback = suggestions.slice(0, 12).map((s, index) => ({
      ...feedbackOn(s.suggestionId, index),
      createdAt: new Date(Date.now() + 60_000).toISOString(),
    }));
    await insertFeedback(db, feedback);
    await drain(mirrorTo(db, address).mirror);

    const official = new LangfuseClient(address);
    const everything = await official.api.observations.getMany({ fields: "core", limit: 1000 });
    expect(everything.data).toHaveLength(SUGGESTIONS * 3 + feedback.length);
    for (const [index, { suggestionId, traceId }] of suggestions.entries()) {
      const { data } = await official.api.observations.getMany({ traceId, fields: ALL_FIELDS });
      const isDecided = index < feedback.length;
      expect(data.map((row) => row.type).sort()).toEqual([
        "AGENT",
        ...(isDecided ? ["EVENT"] : []),
        "GENERATION",
        "RETRIEVER",
      ]);
      const root = data.find((row) => row.type === "AGENT");
      const generation = data.find((row) => row.type === "GENERATION");
      expect(root).toMatchObject({ parentObservationId: null, traceName: "generate-message-suggestion" });
      expect(generation).toMatchObject({
        parentObservationId: root?.id,
        model: "gpt-4.1-mini",
        usageDetails: { input: 100 + index, output: 20 },
        promptName: "reply",
        promptVersion: 7,
        sessionId: `T-${index}`,
        environment: "test",
      });
      expect(generation?.input).toContain(`Where is order ${index}?`);
      expect(generation?.output).toContain(`It is on its way, ${index}.`);

      const event = feedback.find((row) => row.suggestionId === suggestionId);
      expect(data.filter((row) => row.type === "EVENT")).toMatchObject(
        isDecided
          ? [
              {
                name: "human-feedback",
                parentObservationId: root?.id,
                startTime: event?.createdAt,
                endTime: event?.createdAt,
                input: `It is on its way, ${index}.`,
                output: event?.finalText,
                traceName: "generate-message-suggestion",
                sessionId: `T-${index}`,
                release: "r1",
                version: "7",
                environment: "test",
              },
            ]
          : [],
      );
      const scores = await official.api.scoresV3.getManyV3({ traceId, fields: "details,subject" });
      const named = Object.fromEntries(scores.data.map((score) => [score.name, score.value]));
      expect(scores.data).toHaveLength(Object.keys(named).length);
      for (const { subject } of scores.data) expect(subject).toMatchObject({ kind: "observation", id: generation?.id });
      expect([named["feedback"], named["accepted"], named["feedback-reason"], named["output"]]).toEqual([
        event?.type,
        event && event.type === "approval",
        event?.reasons[0],
        event?.type === "revision" ? event.finalText : undefined,
      ]);
      expect(Number(named["time-to-feedback"] ?? 0) > 0).toBe(event !== undefined);
    }
  });
});
