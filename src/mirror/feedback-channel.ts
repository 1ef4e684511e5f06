import type { LangfuseClient } from "../langfuse/client.ts";
import { feedbackToScores, type ScoreEvent } from "../langfuse/scores.ts";
import type { Queryable } from "../store/database.ts";
import { readFeedbackForMirror } from "../store/queries/read-feedback-for-mirror.ts";
import { type Channel, loadEach } from "./delivery.ts";

const MAX_SCORES = 1000;

/** Feedback events become the scores of their suggestion's generation. */
export function createFeedbackChannel(db: Queryable, langfuse: LangfuseClient): Channel<ScoreEvent> {
  return {
    maxItems: MAX_SCORES,
    async load(messages) {
      const rows = await readFeedbackForMirror(
        db,
        messages.map((message) => message.ref),
      );
      return loadEach(messages, new Map(rows.map((row) => [row.id, row])), {
        // Until the suggestion is there and its run has ended, nobody knows which generation the scores belong to.
        isEarly: (row) => row.status === null || row.status === "pending",
        toDelivery(message, row) {
          const scores = feedbackToScores(row);
          return { message, traceId: row.traceId, langfuseIds: scores.map((score) => score.body.id), items: scores };
        },
      });
    },
    find: (traceId) => langfuse.findScores(traceId),
    send: (events) => langfuse.sendScores(events.flat()),
    idOf: (score) => score.body.id,
    eventIdOf: (score) => score.id,
  };
}
