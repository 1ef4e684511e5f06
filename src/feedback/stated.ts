import { compareTexts } from "../domain/comparison.ts";
import { UptakeError } from "../domain/errors.ts";
import { checkFeedback, type FeedbackInput } from "../domain/feedback.ts";
import { namedId, newId } from "../domain/ids.ts";
import type { ReasonReader } from "../domain/reasons.ts";
import type { SentPart } from "../domain/sent-parts.ts";
import type { JudgedSuggestion } from "../store/queries/find-judged-suggestions.ts";
import { readJudged, suggestionNotFound, type SuggestionSource } from "./judged-suggestions.ts";
import { writeEvents, type EventDraft, type FeedbackResult } from "./write-events.ts";

export type StatedDependencies = SuggestionSource & {
  readonly now: () => Date;
  readonly reasons: ReasonReader;
  readonly ignoreInSent: readonly SentPart[];
};

/** Records what people said about suggestions: the good ones in one transaction, one result an input, in order. */
export async function recordStated(
  dependencies: StatedDependencies,
  inputs: readonly FeedbackInput[],
  placeOf: (index: number) => string,
): Promise<readonly FeedbackResult[]> {
  const now = dependencies.now();
  const checked = inputs.map((input, index) => attempt(() => checkFeedback(input, now, placeOf(index))));
  const ids = checked.flatMap((input) => (input instanceof UptakeError ? [] : idOf(input)));
  const suggestions = await readJudged(dependencies, ids);
  const drafts = checked.map((input, index) => {
    if (input instanceof UptakeError) return input;
    return attempt(() => draftOf(dependencies, { input, now, place: placeOf(index) }, suggestions.get(idOf(input))));
  });
  const good = drafts.flatMap((draft) => (draft instanceof UptakeError ? [] : draft));
  const results = await writeEvents(dependencies.db, dependencies.projectId, good);
  return drafts.flatMap((draft) =>
    draft instanceof UptakeError ? { ok: false as const, error: draft } : (results.get(draft) ?? []),
  );
}

/** Postgres writes ids in lower case. */
const idOf = ({ suggestionId }: FeedbackInput): string => suggestionId.toLowerCase();

/** The value, or the refusal that it was answered with. */
function attempt<Value>(make: () => Value): Value | UptakeError {
  try {
    return make();
  } catch (error) {
    if (error instanceof UptakeError) return error;
    throw error;
  }
}

type Said = { readonly input: FeedbackInput; readonly now: Date; readonly place: string };

/** Throws where the suggestion is not there or a reason is none of its agent function's. */
function draftOf(
  { projectId, reasons: reader, ignoreInSent, privacy }: StatedDependencies,
  { input, now, place }: Said,
  suggestion: JudgedSuggestion | undefined,
): EventDraft {
  if (suggestion === undefined) throw suggestionNotFound(`${place}.suggestionId`, input.suggestionId, projectId);
  const { type, finalText, agentId, idempotencyKey, createdAt, metadata } = input;
  const { reasons, unknown } = reader.read(input.reason, `${place}.reason`, suggestion.functionName);
  const comment = [...unknown, ...(input.comment === undefined ? [] : [input.comment])].join("\n");
  const pair = finalText === undefined ? null : privacy.compared(suggestion, finalText, input.suggestedText);
  const compared = pair && compareTexts(pair.suggested, pair.sent, ignoreInSent);
  const row = {
    id: idempotencyKey === undefined ? newId() : namedId("feedback", projectId, idempotencyKey),
    suggestionId: suggestion.id,
    projectId,
    type,
    source: "explicit" as const,
    reasons,
    comment: comment === "" ? null : comment,
    finalText: finalText ?? null,
    agentId: agentId ?? null,
    keptRatio: compared?.keptRatio ?? null,
    editDistance: compared?.editDistance ?? null,
    compressionDistance: compared?.compressionDistance ?? null,
    idempotencyKey: idempotencyKey ?? null,
    createdAt: (createdAt ?? now).toISOString(),
    metadata: metadata ?? {},
  };
  return { row: privacy.words(row, suggestion.functionName), place };
}
