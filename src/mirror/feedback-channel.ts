import type { LangfuseClient } from "../langfuse/client.ts";
import { feedbackToSpan } from "../langfuse/feedback-span.ts";
import type { OtlpSpan } from "../langfuse/otlp-types.ts";
import { feedbackToScores, type ScoreEvent } from "../langfuse/scores.ts";
import type { Queryable } from "../store/database.ts";
import { readFeedbackForMirror } from "../store/queries/read-feedback-for-mirror.ts";
import { type Channel, loadEach, type Route } from "./delivery.ts";
import type { SoundConfigs } from "./sound-configs.ts";

/** Scores and spans together. */
const MAX_ITEMS = 1000;

/** What a feedback event becomes: some scores and one span. */
export type FeedbackItem = { readonly score: ScoreEvent } | { readonly span: OtlpSpan };

/** Feedback events become the scores of their suggestion's generation, and an observation under the trace's root. */
export function createFeedbackChannel(
  db: Queryable,
  langfuse: LangfuseClient,
  scoreConfigs: SoundConfigs,
): Channel<FeedbackItem> {
  return {
    kind: "feedback",
    maxItems: MAX_ITEMS,
    async load(messages) {
      const rows = await readFeedbackForMirror(
        db,
        messages.map((message) => message.ref),
      );
      const configs = await scoreConfigs.current();
      return loadEach(messages, new Map(rows.map((row) => [row.id, row])), {
        // Until the suggestion is there and its run has ended, nobody knows which generation the scores belong to.
        isEarly: (row) => row.status === null || row.status === "pending",
        toDelivery(message, row, note) {
          const scores = feedbackToScores(row, { configs, note }).map((score) => ({ score }));
          const span = feedbackToSpan(row, note);
          const items: FeedbackItem[] = [...scores, { span }];
          return { message, traceId: span.traceId, langfuseIds: items.map(idOf), items };
        },
      });
    },
    find: async (traceId) => [...(await langfuse.findScores(traceId)), ...(await langfuse.findObservations(traceId))],
    routes: [scoreRoute(langfuse), spanRoute(langfuse)],
    idOf,
    eventIdOf: (item) => ("score" in item ? item.score.id : item.span.spanId),
  };
}

/** First, since a score that comes again overwrites itself. */
const scoreRoute = (langfuse: LangfuseClient): Route<FeedbackItem> => ({
  takes: (item) => "score" in item,
  send: (items, maySend) =>
    langfuse.sendScores(
      items.flat().flatMap((item) => ("score" in item ? [item.score] : [])),
      maySend,
    ),
});

const spanRoute = (langfuse: LangfuseClient): Route<FeedbackItem> => ({
  takes: (item) => "span" in item,
  send: (items, maySend) =>
    langfuse.sendSpans(
      items.map((some) => some.flatMap((item) => ("span" in item ? [item.span] : []))),
      maySend,
    ),
});

const idOf = (item: FeedbackItem): string => ("score" in item ? item.score.body.id : item.span.spanId);
