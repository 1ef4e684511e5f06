import type { FeedbackInput, FeedbackType, SentInput, ShownInput } from "../domain/feedback.ts";
import { checkThresholds, DEFAULT_THRESHOLDS, type OutcomeThresholds } from "../domain/outcome.ts";
import { asItIs, type Privacy } from "../domain/privacy.ts";
import { createReasonReader, type ReasonTaxonomy } from "../domain/reasons.ts";
import { checkSentParts, SENT_PARTS, type SentPart } from "../domain/sent-parts.ts";
import type { Queryable } from "../store/database.ts";
import { type Inference, recordSent, recordSentWith } from "./inferred.ts";
import type { SuggestionSource } from "./judged-suggestions.ts";
import { recordShown, type ShownReceipt, type ShownResult } from "./shown.ts";
import { recordStated } from "./stated.ts";
import type { FeedbackReceipt, FeedbackResult, Result } from "./write-events.ts";

export type FeedbackService = {
  /**
   * Records what a person said about a suggestion. Throws `invalid_input` or `suggestion_not_found`; then nothing is
   * written. Of a list the good ones are written in one transaction, and each has its result, in order.
   */
  feedback(this: void, input: FeedbackInput): Promise<FeedbackReceipt>;
  feedback(this: void, inputs: readonly FeedbackInput[]): Promise<readonly FeedbackResult[]>;
  /** The same for a list whose messages say where the caller has each of them. */
  feedbackAt(
    this: void,
    inputs: readonly FeedbackInput[],
    placeOf: (index: number) => string,
  ): Promise<readonly FeedbackResult[]>;
  /**
   * Records what a person sent, and infers approval, revision or rejection from how much of the suggestion survived.
   * Undefined where a ticket has no open suggestion: a reply without a suggestion is no feedback.
   */
  sent(this: void, input: SentInput): Promise<FeedbackReceipt | undefined>;
  /**
   * The same, in one transaction with what the caller writes: either both are there or neither is. That alone is written where
   * there is nothing to compare with, and where the act is none that `counts`.
   */
  sentWith<Written>(
    this: void,
    input: SentInput,
    write: (tx: Queryable) => Promise<Written>,
    counts?: (type: FeedbackType) => boolean,
  ): Promise<{ readonly written: Written; readonly receipt: FeedbackReceipt | undefined }>;
  /** Marks that a person has seen a suggestion, or several; the first time counts. Refuses as `feedback` does. */
  shown(this: void, suggestionId: string, seen?: ShownInput): Promise<ShownReceipt>;
  shown(this: void, suggestionIds: readonly string[], seen?: ShownInput): Promise<readonly ShownResult[]>;
};

/** How feedback is read; everything has a default. */
export type FeedbackSettings = {
  /** From which kept ratio on a sent text is an approval, and below which a rejection. */
  readonly thresholds?: OutcomeThresholds | undefined;
  /** Why people may reject or revise, by agent function. */
  readonly reasons?: ReasonTaxonomy | undefined;
  /** Parts of sent texts that say nothing about the suggestion. */
  readonly ignoreInSent?: readonly SentPart[] | undefined;
};

export type FeedbackDependencies = Omit<SuggestionSource, "privacy"> &
  FeedbackSettings & {
    readonly now: () => Date;
    /** What is done to texts before they are stored; nothing by default. */
    readonly privacy?: Privacy | undefined;
  };

/** Throws `invalid_configuration` for thresholds that are no kept ratios, reasons that contradict each other, unknown parts. */
export function createFeedbackService(dependencies: FeedbackDependencies): FeedbackService {
  const reasons = createReasonReader(dependencies.reasons);
  const { privacy = asItIs } = dependencies;
  const known = { ...dependencies, ...inferenceOf(dependencies), reasons, privacy };

  function feedback(input: FeedbackInput): Promise<FeedbackReceipt>;
  function feedback(inputs: readonly FeedbackInput[]): Promise<readonly FeedbackResult[]>;
  async function feedback(given: FeedbackInput | readonly FeedbackInput[]) {
    if (isList(given)) return recordStated(known, given, (index) => `feedback[${index}]`);
    return receiptOf(await recordStated(known, [given], () => "feedback"));
  }

  function shown(suggestionId: string, seen?: ShownInput): Promise<ShownReceipt>;
  function shown(suggestionIds: readonly string[], seen?: ShownInput): Promise<readonly ShownResult[]>;
  async function shown(given: string | readonly string[], seen: ShownInput = {}) {
    if (isList(given)) return recordShown(known, { ...seen, ids: given }, (index) => `shown.suggestionId[${index}]`);
    return receiptOf(await recordShown(known, { ...seen, ids: [given] }, () => "shown.suggestionId"));
  }

  return {
    feedback,
    feedbackAt: (inputs, placeOf) => recordStated(known, inputs, placeOf),
    sent: (input) => recordSent(known, input),
    sentWith: (input, write, counts) => recordSentWith(known, input, write, counts),
    shown,
  };
}

/** How sent texts are compared. Throws `invalid_configuration` for thresholds that are no kept ratios, and unknown parts. */
export function inferenceOf({
  thresholds = DEFAULT_THRESHOLDS,
  ignoreInSent = SENT_PARTS,
}: FeedbackSettings): Inference {
  checkThresholds(thresholds);
  checkSentParts(ignoreInSent);
  return { thresholds, ignoreInSent };
}

/** `Array.isArray` tells a read-only list from one thing only to itself. */
const isList = <One>(given: One | readonly One[]): given is readonly One[] => Array.isArray(given);

function receiptOf<Receipt>([result]: readonly Result<Receipt>[]): Receipt {
  if (result === undefined) throw new TypeError("one input has one result");
  if (!result.ok) throw result.error;
  return result.receipt;
}
