import type { Config } from "../config/config.ts";
import type { FeedbackInput } from "../domain/feedback.ts";
import { newId } from "../domain/ids.ts";
import type { VerifySample } from "../mirror/verify-messages.ts";
import { insertPlainSuggestion } from "../store/queries/insert-plain-suggestion.ts";
import type { Run } from "../track/types.ts";
import type { Parts } from "./assemble.ts";

/** Name, tag and session of the check's traces, so that nobody takes them for real ones. */
export const VERIFY_NAME = "uptake-verify";

const QUESTION = "Is this Langfuse set up right?";
const TEXT = "This is a check of the deployment: nobody asked, and nobody was answered by it.";
const SHORTER = "This is a check of the deployment: nobody asked.";
const OTHER = "Something else entirely";

type SampleParts = Pick<Parts, "db" | "tracker" | "feedback">;

/**
 * Records one suggestion of every kind and one feedback event of every type, by the same means as an application: the
 * tracker, a plain insert, the feedback service. No model is called, hence the costs of zero.
 */
export async function makeSamples(
  { db, tracker, feedback }: SampleParts,
  { projectId, environment }: Pick<Config, "projectId" | "environment">,
): Promise<VerifySample[]> {
  const completedId = await recordRun(tracker, completeRun);
  const failedId = await recordRun(tracker, failRun);
  const plainId = newId();
  const about = { projectId, environment, functionName: VERIFY_NAME, ticketId: VERIFY_NAME };
  await insertPlainSuggestion(db, { ...about, id: plainId, suggestedResponse: TEXT });
  await tracker.flush();
  const samples: VerifySample[] = [
    { name: "completed suggestion", kind: "trace", ref: completedId },
    { name: "failed suggestion", kind: "trace", ref: failedId },
    { name: "plain row", kind: "trace", ref: plainId },
  ];
  for (const act of statedActs) {
    const { feedbackId, type } = await feedback.feedback({ ...act, suggestionId: completedId, agentId: VERIFY_NAME });
    samples.push({ name: `explicit ${type}`, kind: "feedback", ref: feedbackId });
  }
  for (const finalText of [TEXT, SHORTER, OTHER]) {
    const receipt = await feedback.sent({ suggestionId: plainId, finalText, agentId: VERIFY_NAME });
    if (receipt !== undefined)
      samples.push({ name: `inferred ${receipt.type}`, kind: "feedback", ref: receipt.feedbackId });
  }
  return samples;
}

const statedActs: readonly Omit<FeedbackInput, "suggestionId">[] = [
  { type: "approval" },
  { type: "revision", reason: "too long", finalText: SHORTER },
  { type: "rejection", reason: ["off-topic", "error"] },
];

/** One tracked run; resolves to its suggestion's id, whether or not it fails, as it is meant to. */
async function recordRun(tracker: Parts["tracker"], work: (run: Run) => Promise<unknown>): Promise<string> {
  let suggestionId = "";
  const tracked = tracker.track(
    VERIFY_NAME,
    async (_question: string, run) => {
      ({ suggestionId } = run);
      return work(run);
    },
    { ticketId: () => VERIFY_NAME },
  );
  await tracked(QUESTION).catch(() => {});
  return suggestionId;
}

/** Observations of every type, nested. */
async function completeRun(run: Run): Promise<unknown> {
  await run.observe("check-question", { type: "guardrail", input: QUESTION }, async () => true);
  await run.observe("gather", { type: "chain", input: QUESTION }, async () => {
    await run.observe("search-knowledge", { type: "retriever", input: QUESTION }, async () => {
      await run.observe("embed-question", { type: "embedding", input: QUESTION }, async (embedding) => {
        embedding.update({ model: VERIFY_NAME, usage: { input: 3 }, costUsd: 0 });
        return [0.1, 0.2];
      });
      return [{ id: "kb-1", score: 0.9 }];
    });
    return run.observe("look-up-order", { type: "tool", input: { id: 1 } }, async () => ({ found: false }));
  });
  await generate(run, async () => TEXT);
  await run.observe("judge-answer", { type: "evaluator", input: TEXT }, async (judge) => {
    judge.update({ level: "WARNING", statusMessage: "a warning, as a check" });
    return 0.5;
  });
  await run.observe("tidy", { type: "span" }, async () => undefined);
  await run.observe("note", { type: "event", input: "done" }, async () => undefined);
  return run.suggest(TEXT, { confidence: 0.5, systemUserId: VERIFY_NAME });
}

async function failRun(run: Run): Promise<unknown> {
  return generate(run, () => Promise.reject(new Error("fails on purpose, as a check")));
}

const generate = (run: Run, answer: () => Promise<string>): Promise<string> =>
  run.generate(
    {
      model: VERIFY_NAME,
      messages: [{ role: "user", content: QUESTION }],
      modelParameters: { temperature: 0 },
      prompt: { name: VERIFY_NAME, version: 1 },
      costUsd: 0,
    },
    async (generation) => {
      const text = await answer();
      generation.firstToken();
      generation.update({ usage: { input: 12, input_cached_tokens: 2, output: 14 } });
      return text;
    },
  );
