import type { Privacy } from "../domain/privacy.ts";
import type { LangfuseClient } from "../langfuse/client.ts";
import { feedbackToSpan } from "../langfuse/feedback-span.ts";
import { outgoingScore, outgoingSpan } from "../langfuse/outgoing.ts";
import { feedbackToScores } from "../langfuse/scores.ts";
import type { Queryable } from "../store/database.ts";
import { type Channel, loadEach } from "./delivery.ts";
import { leavingFeedback } from "./leaving-rows.ts";
import type { SoundConfigs } from "./sound-configs.ts";

/** Scores and spans together. */
const MAX_ITEMS = 1000;

/** Feedback events become the scores of their suggestion's generation, and an observation under the trace's root. */
export function createFeedbackChannel(
  db: Queryable,
  langfuse: LangfuseClient,
  scoreConfigs: SoundConfigs,
  privacy: Privacy,
): Channel {
  return {
    kind: "feedback",
    maxItems: MAX_ITEMS,
    async load(messages) {
      const rows = await leavingFeedback(
        db,
        messages.map((message) => message.ref),
        privacy,
      );
      const configs = await scoreConfigs.current();
      return loadEach(messages, new Map(rows.map((row) => [row.id, row])), {
        // Until the suggestion is there and its run has ended, nobody knows which generation the scores belong to.
        isEarly: (row) => row.status === null || row.status === "pending",
        toDelivery(message, row, note) {
          const scores = feedbackToScores(row, { configs, note });
          const span = feedbackToSpan(row, note);
          const items = [...scores.map(outgoingScore), outgoingSpan(span)];
          return { message, traceId: span.traceId, langfuseIds: items.map(({ id }) => id), items };
        },
      });
    },
    find: async (traceId) => [...(await langfuse.findScores(traceId)), ...(await langfuse.findObservations(traceId))],
    // Scores first, since a score that comes again overwrites itself.
    routes: [
      { takes: "score", send: (scores, maySend) => langfuse.sendScores(scores, maySend) },
      { takes: "span", send: (spans, maySend) => langfuse.sendSpans(spans, maySend) },
    ],
  };
}
