import type { FeedbackRow } from "../domain/feedback-row.ts";
import { namedId, scoreIdOf } from "../domain/ids.ts";
import { storableText } from "../domain/text.ts";
import { normalizeEnvironment } from "./environment.ts";
import { scoredObservationId } from "./otlp.ts";

type ScoreValue =
  | { readonly dataType: "CATEGORICAL" | "CORRECTION"; readonly value: string }
  | { readonly dataType: "BOOLEAN"; readonly value: 0 | 1 }
  | { readonly dataType: "NUMERIC"; readonly value: number };

export type ScoreBody = ScoreValue & {
  readonly id: string;
  readonly name: string;
  readonly traceId: string;
  readonly observationId?: string;
  readonly environment: string;
  readonly comment?: string;
  readonly metadata: Readonly<Record<string, string>>;
};

/** One `score-create` event of Langfuse's ingestion API. The score gets the event's timestamp. */
export type ScoreEvent = {
  readonly id: string;
  readonly type: "score-create";
  readonly timestamp: string;
  readonly body: ScoreBody;
};

/** The scores' names in Langfuse. */
export const SCORE_NAME = {
  feedback: "feedback",
  accepted: "accepted",
  reason: "feedback-reason",
  keptRatio: "kept-ratio",
  timeToFeedback: "time-to-feedback",
  /** Langfuse gives every CORRECTION this name and shows it as the corrected output. */
  correction: "output",
} as const;

/** A category longer than this is no category; the whole reason is the `feedback` score's comment. */
const MAX_CATEGORY_CHARS = 500;

/**
 * One feedback event as Langfuse scores. Pure, and the same bytes for the same row: Langfuse knows a score by its id,
 * name and the UTC day of its timestamp, so with all three fixed a repeated delivery overwrites and never doubles.
 *
 * - `feedback` CATEGORICAL: approval, revision or rejection; its comment is the person's, or else the reasons
 * - `accepted` BOOLEAN: 1 for an approval; 0 for a revision and a rejection
 * - `feedback-reason` CATEGORICAL, one for each reason that is given
 * - `kept-ratio` NUMERIC 0–1, where known
 * - `time-to-feedback` NUMERIC in **seconds**, where known
 * - `output` CORRECTION: what was sent instead, for a revision
 *
 * A value that Langfuse would drop after answering 200 (not a finite number, no text) is left out here.
 */
export function feedbackToScores(row: FeedbackRow): ScoreEvent[] {
  const reasons = [...new Set([row.reason, ...row.otherReasons].flatMap((reason) => textOrNothing(reason) ?? []))];
  const finalText = row.type === "revision" ? textOrNothing(row.finalText) : undefined;
  const seconds = row.timeToFeedbackMs === null ? null : row.timeToFeedbackMs / 1000;
  const said = textOrNothing(row.comment) ?? reasons.join(", ");
  const comment = said === "" ? {} : { comment: said };
  return [
    scoreEvent(row, SCORE_NAME.feedback, { dataType: "CATEGORICAL", value: row.type }, comment),
    scoreEvent(row, SCORE_NAME.accepted, { dataType: "BOOLEAN", value: row.type === "approval" ? 1 : 0 }),
    ...reasons.map((reason, index) =>
      scoreEvent(
        row,
        SCORE_NAME.reason,
        { dataType: "CATEGORICAL", value: category(reason) },
        reasonKey(reason, index),
      ),
    ),
    ...numeric(row, SCORE_NAME.keptRatio, row.keptRatio),
    ...numeric(row, SCORE_NAME.timeToFeedback, seconds),
    ...(finalText === undefined
      ? []
      : [scoreEvent(row, SCORE_NAME.correction, { dataType: "CORRECTION", value: finalText })]),
  ];
}

function numeric(row: FeedbackRow, name: string, value: number | null): ScoreEvent[] {
  if (value === null || !Number.isFinite(value) || value < 0) return [];
  return [scoreEvent(row, name, { dataType: "NUMERIC", value })];
}

/** Scores of one name and day need ids of their own, or the last would overwrite the others. */
const reasonKey = (reason: string, index: number): { key?: string } =>
  index === 0 ? {} : { key: `${SCORE_NAME.reason}:${reason}` };

type Extra = { readonly comment?: string; readonly key?: string };

function scoreEvent(
  row: FeedbackRow,
  name: string,
  value: ScoreValue,
  { key = name, ...extra }: Extra = {},
): ScoreEvent {
  const timestamp = row.createdAt.toISOString();
  const body: ScoreBody = {
    id: scoreIdOf(row.id, key),
    name,
    ...value,
    traceId: row.traceId,
    ...subjectOf(row),
    environment: normalizeEnvironment(row.environment),
    ...extra,
    metadata: {
      feedbackId: row.id,
      source: row.source,
      ...(row.agentId === null ? {} : { agentId: storableText(row.agentId) }),
    },
  };
  // Langfuse files an event under its id: a retry must repeat it, changed content must not.
  return { id: namedId("score-create", timestamp, JSON.stringify(body)), type: "score-create", timestamp, body };
}

/** Before the suggestion has arrived nobody knows its observations; the score then stands on the trace. */
function subjectOf(row: FeedbackRow): { observationId?: string } {
  if (row.observationId === null && row.suggestedResponse === null) return {};
  return { observationId: scoredObservationId(row.traceId, row.observationId) };
}

function textOrNothing(text: string | null): string | undefined {
  return text === null || text.trim() === "" ? undefined : storableText(text);
}

/** Cut at whole characters. */
const category = (reason: string): string =>
  reason.length <= MAX_CATEGORY_CHARS
    ? reason
    : storableText(reason.slice(0, MAX_CATEGORY_CHARS)).replace(/\uFFFD$/, "");
