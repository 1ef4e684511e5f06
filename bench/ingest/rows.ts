import type { SuggestionRecord } from "../../src/domain/suggestion.ts";
import type { FeedbackEventRow } from "../../src/store/queries/insert-feedback.ts";
import { feedbackOn, recordOf } from "../mirror/rows.ts";

const FUNCTION_COUNT = 20;
const JUDGED_OF_FIVE = 3;
const TYPES = ["approval", "revision", "rejection"] as const;

/** Finished runs of 20 functions in two environments, 2 kB of messages in and 600 B out, made within a few hours before now. */
export function recordsOf(count: number): SuggestionRecord[] {
  const startMs = Math.floor(Date.now() / 3_600_000 - 3) * 3_600_000;
  const everyMs = (3 * 3_600_000) / count;
  return Array.from({ length: count }, (_, index) => ({
    ...recordOf(index),
    functionName: `function-${index % FUNCTION_COUNT}`,
    environment: index % 9 === 0 ? "staging" : "production",
    confidenceScore: (index % 100) / 100,
    latencyMs: 300 + ((index * 7919) % 4000),
    timeToFirstTokenMs: 100 + ((index * 104_729) % 900),
    createdAt: new Date(startMs + index * everyMs).toISOString(),
  }));
}

/** Feedback on 60 % of them, a minute or some after each, half of it approvals. */
export function feedbackOf(records: readonly SuggestionRecord[]): FeedbackEventRow[] {
  return records
    .filter((_, index) => index % 5 < JUDGED_OF_FIVE)
    .map((record, index): FeedbackEventRow => {
      const type = TYPES[Math.max(0, (index % 4) - 1)] ?? "approval";
      const event = feedbackOn(record.id, index);
      return {
        ...event,
        type,
        reasons: type === "approval" ? [] : event.reasons,
        finalText: type === "approval" ? null : event.finalText,
        keptRatio: type === "approval" ? 1 : event.keptRatio,
        createdAt: new Date(Date.parse(record.createdAt) + 60_000 + ((index * 6133) % 600_000)).toISOString(),
      };
    });
}
