import { createHash } from "node:crypto";
import { UptakeError, invalidInput } from "../domain/errors.ts";
import { checkFeedback, checkSent, type FeedbackInput, type FeedbackType, type SentInput } from "../domain/feedback.ts";
import { namedId, newId } from "../domain/ids.ts";
import { keptRatio } from "../domain/kept-ratio.ts";
import { checkThresholds, inferFeedbackType, type OutcomeThresholds } from "../domain/outcome.ts";
import type { Database } from "../store/database.ts";
import { findJudgedSuggestion, type JudgedSuggestion } from "../store/queries/find-judged-suggestion.ts";
import { findOpenSuggestion } from "../store/queries/find-open-suggestion.ts";
import { findSameFeedback, type RecordedFeedback } from "../store/queries/find-same-feedback.ts";
import { insertFeedback, type FeedbackEventRow } from "../store/queries/insert-feedback.ts";

/** What was recorded. `created` is false when the same event was there already: nothing was written. */
export type FeedbackReceipt = {
  readonly feedbackId: string;
  readonly suggestionId: string;
  readonly type: FeedbackType;
  /** 0–1; undefined where no final text was given or the suggestion has no words. */
  readonly keptRatio: number | undefined;
  readonly created: boolean;
};

export type FeedbackService = {
  /** Records what a person said about a suggestion. Throws `invalid_input` or `suggestion_not_found`; then nothing is written. */
  feedback(input: FeedbackInput): Promise<FeedbackReceipt>;
  /**
   * Records what a person sent, and infers approval, revision or rejection from how much of the suggestion survived.
   * Undefined where a ticket has no open suggestion: a reply without a suggestion is no feedback.
   */
  sent(input: SentInput): Promise<FeedbackReceipt | undefined>;
};

export type FeedbackDependencies = {
  readonly db: Database;
  readonly projectId: string;
  readonly now: () => Date;
  readonly thresholds: OutcomeThresholds;
  /** Commits what the tracker still holds: feedback may come in the same instant as its suggestion. */
  readonly flushSuggestions: () => Promise<void>;
};

/** Throws `invalid_configuration` for thresholds that are no kept ratios. */
export function createFeedbackService(dependencies: FeedbackDependencies): FeedbackService {
  checkThresholds(dependencies.thresholds);
  return {
    feedback: (input) => recordStated(dependencies, input),
    sent: (input) => recordSent(dependencies, input),
  };
}

async function recordStated(dependencies: FeedbackDependencies, input: FeedbackInput): Promise<FeedbackReceipt> {
  const { projectId, now } = dependencies;
  const { suggestionId, type, reason, finalText, agentId, idempotencyKey, createdAt, metadata } = checkFeedback(
    input,
    now(),
  );
  const suggestion = await judgedSuggestion(dependencies, suggestionId, "feedback.suggestionId");
  return insertEvent(dependencies, {
    id: idempotencyKey === undefined ? newId() : namedId("feedback", projectId, idempotencyKey),
    suggestionId: suggestion.id,
    type,
    source: "explicit",
    reason: reason ?? null,
    finalText: finalText ?? null,
    agentId: agentId ?? null,
    keptRatio: finalText === undefined ? null : (keptRatio(suggestion.suggestedResponse, finalText) ?? null),
    idempotencyKey: idempotencyKey ?? null,
    createdAt: (createdAt ?? now()).toISOString(),
    metadata: metadata ?? {},
  });
}

async function recordSent(dependencies: FeedbackDependencies, input: SentInput): Promise<FeedbackReceipt | undefined> {
  const { projectId, now, thresholds } = dependencies;
  const { finalText, agentId, createdAt } = checkSent(input, now());
  const suggestion = await comparedSuggestion(dependencies, input);
  if (suggestion === undefined) return undefined;
  const ratio = suggestion.status === "pending" ? undefined : keptRatio(suggestion.suggestedResponse, finalText);
  if (ratio === undefined) {
    const state = suggestion.status === "pending" ? "is still being made" : "has no text";
    throw invalidInput(
      "sent.suggestionId",
      `suggestion ${suggestion.id} ${state}, so there is nothing to compare with`,
    );
  }
  const key = input.idempotencyKey ?? sameSending(suggestion.id, finalText);
  const row = {
    id: namedId("feedback", projectId, key),
    suggestionId: suggestion.id,
    type: inferFeedbackType(ratio, thresholds),
    source: "inferred" as const,
    reason: null,
    finalText,
    agentId: agentId ?? null,
    keptRatio: ratio,
    idempotencyKey: key,
    createdAt: (createdAt ?? now()).toISOString(),
    metadata: {},
  };
  return insertEvent(dependencies, row, input.suggestionId === undefined ? "us" : "caller");
}

/** Who named the suggestion: the caller, or we, as the newest of a ticket, which the next call may find to be another. */
type ChosenBy = "caller" | "us";

async function insertEvent(
  { db, projectId }: FeedbackDependencies,
  given: Omit<FeedbackEventRow, "projectId">,
  chosen: ChosenBy = "caller",
): Promise<FeedbackReceipt> {
  const row = { ...given, projectId };
  const created = (await insertFeedback(db, [row])).has(row.id);
  const standing = created ? undefined : await findSameFeedback(db, row);
  if (standing !== undefined) requireSameAct(row, standing, chosen);
  const { id, suggestionId, type, keptRatio: ratio } = standing ?? row;
  return { feedbackId: id, suggestionId, type, keptRatio: ratio ?? undefined, created };
}

/** A key that already stands for another act would make this one vanish. An inferred type may differ: thresholds change. */
function requireSameAct(given: FeedbackEventRow, standing: RecordedFeedback, chosen: ChosenBy): void {
  const { suggestionId, source, type } = standing;
  const sameSuggestion = chosen === "us" || given.suggestionId === suggestionId;
  const sameType = given.source === "inferred" || given.type === type;
  if (sameSuggestion && sameType && given.source === source) return;
  throw invalidInput(
    `${given.source === "inferred" ? "sent" : "feedback"}.idempotencyKey`,
    `${JSON.stringify(given.idempotencyKey)} already stands for the ${source} ${type} of suggestion ${suggestionId}; give every act a key of its own`,
  );
}

async function judgedSuggestion(
  { db, projectId, flushSuggestions }: FeedbackDependencies,
  suggestionId: string,
  place: string,
): Promise<JudgedSuggestion> {
  const found = await findJudgedSuggestion(db, suggestionId, projectId);
  if (found !== undefined) return found;
  await flushSuggestions();
  const late = await findJudgedSuggestion(db, suggestionId, projectId);
  if (late !== undefined) return late;
  throw new UptakeError(
    "suggestion_not_found",
    `${place}: no suggestion ${suggestionId} in project "${projectId}"; check the id and the project`,
    { facts: { suggestionId, projectId } },
  );
}

async function comparedSuggestion(
  dependencies: FeedbackDependencies,
  { suggestionId, ticketId, messageId, finalText }: SentInput,
): Promise<JudgedSuggestion | undefined> {
  if (suggestionId !== undefined) return judgedSuggestion(dependencies, suggestionId, "sent.suggestionId");
  if (ticketId === undefined) {
    const remedy = "say which suggestion by suggestionId, or which ticket by ticketId";
    throw invalidInput("sent.suggestionId", `missing; ${remedy}`);
  }
  await dependencies.flushSuggestions();
  const { db, projectId } = dependencies;
  return findOpenSuggestion(db, { ticketId, messageId, projectId, finalText });
}

/** A reply sent twice by a retrying caller is one act. */
function sameSending(suggestionId: string, finalText: string): string {
  return `sent:${suggestionId}:${createHash("sha256").update(finalText).digest("hex").slice(0, 32)}`;
}
