import { expect } from "vitest";
import { feedbackObservationIdOf, scoreIdOf } from "../../src/domain/ids.ts";
import type { Database } from "../../src/store/database.ts";
import type { FeedbackEventRow } from "../../src/store/queries/insert-feedback.ts";
import type { StandInLangfuse } from "../../src/testing.ts";
import type { Made } from "./rows.ts";
import { readLedger, readOutbox } from "./set-up.ts";

/** The names of the scores that one sample feedback event must become, written out by hand. */
function scoreNamesOf(row: FeedbackEventRow): string[] {
  const names = ["accepted", "feedback", "time-to-feedback"];
  if (row.type !== "approval") names.push("feedback-reason");
  if (row.type === "revision") names.push("kept-ratio", "output");
  return names.sort();
}

/** Everything once in Langfuse, all of it in the ledger, nothing left in the outbox. */
export async function expectAllOnce(
  where: { readonly db: Database; readonly standIn: StandInLangfuse },
  suggestions: readonly Made[],
  feedback: readonly FeedbackEventRow[],
): Promise<void> {
  const { db, standIn } = where;
  const made = new Map(suggestions.map((s) => [s.id, s]));
  const spans = standIn.observations().map((row) => `${row.traceId}:${row.id} ${row.type} ${row.parentObservationId}`);
  const ofRuns = suggestions.flatMap(({ traceId, spanIds: [rootId, ...others] }) => [
    `${traceId}:${rootId} AGENT null`,
    ...others.map((id, index) => `${traceId}:${id} ${index === 0 ? "RETRIEVER" : "GENERATION"} ${rootId}`),
  ]);
  const ofFeedback = feedback.map(({ id, suggestionId }) => {
    const { traceId, spanIds } = made.get(suggestionId) ?? { traceId: "?", spanIds: [] };
    return `${traceId}:${feedbackObservationIdOf(id)} EVENT ${spanIds[0]}`;
  });
  expect(spans.sort()).toEqual([...ofRuns, ...ofFeedback].sort());

  const scores = standIn.scores().map((score) => `${score.id} ${score.name} ${score.observationId}`);
  const expected = feedback.flatMap((row) =>
    scoreNamesOf(row).map((name) => `${scoreIdOf(row.id, name)} ${name} ${made.get(row.suggestionId)?.generationId}`),
  );
  expect(scores.sort()).toEqual(expected.sort());
  expect(standIn.duplicates()).toEqual({ observations: [], scores: [] });

  const ledger = (await readLedger(db)).map((line) => [line.kind, line.ref, [...line.langfuseIds].sort()]);
  expect(ledger).toEqual(
    [
      ...feedback.map((row) => [
        "feedback",
        row.id,
        [...scoreNamesOf(row).map((name) => scoreIdOf(row.id, name)), feedbackObservationIdOf(row.id)].sort(),
      ]),
      ...suggestions.map((s) => ["trace", s.id, [...s.spanIds].sort()]),
    ].sort((a, b) => (String(a.slice(0, 2)) < String(b.slice(0, 2)) ? -1 : 1)),
  );
  expect(await readOutbox(db)).toEqual([]);
}
