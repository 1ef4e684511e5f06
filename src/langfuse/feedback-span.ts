import type { FeedbackRow } from "../domain/feedback-row.ts";
import { feedbackObservationIdOf, observationIdOf } from "../domain/ids.ts";
import type { Observation } from "../domain/observation.ts";
import { FEEDBACK_ROW_RULES } from "./checks/row-rules.ts";
import { applyRules, type Note, noteNothing } from "./checks/rule.ts";
import { finishSpans } from "./checks/span-rules.ts";
import type { OtlpSpan } from "./otlp-types.ts";
import { toDraft } from "./otlp.ts";
import { traceAttributes } from "./trace-attributes.ts";

/** The name of a feedback event's observation in Langfuse. */
export const FEEDBACK_OBSERVATION_NAME = "human-feedback";

/**
 * One feedback event as an EVENT observation under its trace's root: input the suggestion, output what was really sent,
 * as far as either is known. A new span in an old trace, since Langfuse 4 would keep a span that comes again as a
 * second one. Pure, like the scores: same row, same id and same times.
 */
export function feedbackToSpan(given: FeedbackRow, note: Note = noteNothing): OtlpSpan {
  const row = applyRules(given, FEEDBACK_ROW_RULES, note) ?? given;
  const parentId = row.rootObservationId ?? observationIdOf(row.traceId, 0);
  const at = row.createdAt.toISOString();
  const { type, reason, otherReasons, comment, agentId, source, keptRatio, id: feedbackId } = row;
  const several = otherReasons.length === 0 ? {} : { reasons: [reason, ...otherReasons] };
  const observation: Observation = {
    id: feedbackObservationIdOf(feedbackId),
    parentId,
    type: "event",
    name: FEEDBACK_OBSERVATION_NAME,
    startTime: at,
    endTime: at,
    level: "DEFAULT",
    input: textOrNothing(row.suggestedResponse),
    output: textOrNothing(row.finalText),
    metadata: { type, reason, ...several, comment, agentId, source, keptRatio, feedbackId },
  };
  const [span] = finishSpans([toDraft(row, observation, traceAttributes(row, row.tags), note)], note);
  if (span === undefined) throw new Error("no rule leaves out an observation");
  return span;
}

const textOrNothing = (text: string | null): string | undefined =>
  text === null || text.trim() === "" ? undefined : text;
