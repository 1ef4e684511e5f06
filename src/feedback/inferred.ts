import { createHash } from "node:crypto";
import { compareTexts } from "../domain/comparison.ts";
import { invalidInput, UptakeError } from "../domain/errors.ts";
import { checkSent, type FeedbackType, type SentInput } from "../domain/feedback.ts";
import { namedId } from "../domain/ids.ts";
import { inferFeedbackType, type OutcomeThresholds } from "../domain/outcome.ts";
import type { Privacy } from "../domain/privacy.ts";
import type { SentPart } from "../domain/sent-parts.ts";
import type { Database, Queryable } from "../store/database.ts";
import { explainMisfits, isMisfit } from "../store/host-ids.ts";
import type { JudgedSuggestion } from "../store/queries/find-judged-suggestions.ts";
import { findOpenSuggestion } from "../store/queries/find-open-suggestion.ts";
import type { FeedbackEventRow } from "../store/queries/insert-feedback.ts";
import { readJudged, suggestionNotFound, type SuggestionSource } from "./judged-suggestions.ts";
import { type EventDraft, writeEvents, type FeedbackReceipt } from "./write-events.ts";

/** How a sent text is compared. */
export type Inference = { readonly thresholds: OutcomeThresholds; readonly ignoreInSent: readonly SentPart[] };

/** The same, and what is done to texts. */
export type Comparing = Inference & { readonly privacy: Privacy };

export type InferredDependencies = SuggestionSource & Inference & { readonly now: () => Date };

/** Records what a person sent, and infers the act from it; undefined where a ticket has no open suggestion. */
export async function recordSent(
  dependencies: InferredDependencies,
  input: SentInput,
): Promise<FeedbackReceipt | undefined> {
  const draft = await draftOf(dependencies, input);
  if (draft instanceof UptakeError) throw draft;
  return draft && writeDraft(dependencies.db, dependencies.projectId, draft);
}

/**
 * The same in one transaction with what `write` writes, which comes first and may hold the ticket locked. That stands alone
 * where there is nothing to compare with, and where the act is none that `counts`.
 */
export async function recordSentWith<Written>(
  dependencies: InferredDependencies,
  input: SentInput,
  write: (tx: Queryable) => Promise<Written>,
  counts: (type: FeedbackType) => boolean = () => true,
): Promise<{ readonly written: Written; readonly receipt: FeedbackReceipt | undefined }> {
  const { db, projectId } = dependencies;
  const found = await draftOf(dependencies, input);
  const draft = found instanceof UptakeError || (found && !counts(found.row.type)) ? undefined : found;
  return db.transaction(async (tx) => {
    const written = await write(tx);
    return { written, receipt: draft && (await writeDraft(withinTransaction(db, tx), projectId, draft)) };
  });
}

/** For what asks for a database: everything goes into the transaction that there is. */
const withinTransaction = (db: Database, tx: Queryable): Database => ({
  ...db,
  query: (text, values) => tx.query(text, values),
  transaction: (callback) => callback(tx),
});

/** The event to be; undefined where a ticket has no open suggestion, and an error where there is nothing to compare with. */
async function draftOf(
  dependencies: InferredDependencies,
  input: SentInput,
): Promise<EventDraft | UptakeError | undefined> {
  const { projectId, now, privacy } = dependencies;
  const { finalText, suggestedText, agentId, createdAt } = checkSent(input, now());
  const at = createdAt ?? now();
  const suggestion = await comparedSuggestion(dependencies, input, at);
  if (suggestion === undefined) return undefined;
  const key = input.idempotencyKey ?? sameSending(suggestion.id, privacy.text(finalText, suggestion.functionName));
  const sent = { finalText, suggestedText, agentId, at, key };
  const row = inferredEvent({ ...suggestion, projectId }, sent, dependencies);
  if (row === undefined) {
    return invalidInput(
      "sent.suggestionId",
      `suggestion ${suggestion.id} ${whyNot(suggestion, privacy)}, so there is nothing to compare with`,
    );
  }
  return { row, place: "sent", chosenByUs: input.suggestionId === undefined };
}

async function writeDraft(db: Database, projectId: string, draft: EventDraft): Promise<FeedbackReceipt | undefined> {
  const result = (await writeEvents(db, projectId, [draft])).get(draft);
  if (result?.ok === false) throw result.error;
  return result?.receipt;
}

function whyNot({ status, functionName }: JudgedSuggestion, privacy: Privacy): string {
  if (status === "pending") return "is still being made";
  if (privacy.contentOf(functionName) !== "none") return "has no text";
  return "has no stored text (its content is none) and no suggestedText was given";
}

export type SentText = {
  readonly finalText: string;
  /** What was suggested, as the caller says. */
  readonly suggestedText: string | undefined;
  readonly agentId: string | undefined;
  readonly at: Date;
  readonly key: string;
};

/** The act that a sent text stands for; undefined where the suggestion has no text (yet) to compare it with. */
export function inferredEvent(
  suggestion: JudgedSuggestion & { readonly projectId: string },
  { finalText, suggestedText, agentId, at, key }: SentText,
  { thresholds, ignoreInSent, privacy }: Comparing,
): FeedbackEventRow | undefined {
  const { id, status, functionName, projectId } = suggestion;
  const pair = status === "pending" ? undefined : privacy.compared(suggestion, finalText, suggestedText);
  const compared = pair && compareTexts(pair.suggested, pair.sent, ignoreInSent);
  if (compared?.keptRatio === undefined) return undefined;
  const row: FeedbackEventRow = {
    id: namedId("feedback", projectId, key),
    suggestionId: id,
    projectId,
    type: inferFeedbackType(compared.keptRatio, thresholds),
    source: "inferred",
    reasons: [],
    comment: null,
    finalText,
    agentId: agentId ?? null,
    keptRatio: compared.keptRatio,
    editDistance: compared.editDistance ?? null,
    compressionDistance: compared.compressionDistance ?? null,
    idempotencyKey: key,
    createdAt: at.toISOString(),
    metadata: {},
  };
  return privacy.words(row, functionName);
}

async function comparedSuggestion(
  dependencies: InferredDependencies,
  { suggestionId, ticketId, messageId, finalText, agentId, idempotencyKey }: SentInput,
  at: Date,
): Promise<JudgedSuggestion | undefined> {
  const { db, projectId, privacy } = dependencies;
  if (suggestionId !== undefined) {
    const id = suggestionId.toLowerCase();
    const found = (await readJudged(dependencies, [id])).get(id);
    if (found === undefined) throw suggestionNotFound("sent.suggestionId", suggestionId, projectId);
    return found;
  }
  if (ticketId === undefined) {
    const remedy = "say which suggestion by suggestionId, or which ticket by ticketId";
    throw invalidInput("sent.suggestionId", `missing; ${remedy}`);
  }
  await dependencies.flushSuggestions();
  const isKeyed = idempotencyKey !== undefined;
  try {
    const forms = privacy.storedForms(finalText);
    const finalTexts = { finalTexts: forms, finalTextDigests: forms.map(digestOf) };
    return await findOpenSuggestion(db, { ticketId, messageId, projectId, ...finalTexts, agentId, isKeyed, at });
  } catch (error) {
    if (!isMisfit(error)) throw error;
    const explain = await explainMisfits(db);
    throw explain({ ticketId, messageId, agentId }, "sent") ?? error;
  }
}

/** A reply sent twice by a retrying caller is one act. */
function sameSending(suggestionId: string, finalText: string): string {
  return `sent:${suggestionId}:${digestOf(finalText)}`;
}

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32);
