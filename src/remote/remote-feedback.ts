import type { FeedbackReceipt as ReceiptJson, FeedbackResults } from "../contract/feedback-receipt.ts";
import type { SentReceipt } from "../contract/sent-receipt.ts";
import type { ShownReceipt as ShownJson } from "../contract/shown-receipt.ts";
import { UptakeError } from "../domain/errors.ts";
import type { FeedbackInput, ShownInput } from "../domain/feedback.ts";
import { newId } from "../domain/ids.ts";
import { createTaskPool } from "../domain/task-pool.ts";
import type { FeedbackService } from "../feedback/feedback-service.ts";
import type { ShownReceipt, ShownResult } from "../feedback/shown.ts";
import type { FeedbackReceipt, FeedbackResult } from "../feedback/write-events.ts";
import { type Connection, toUptakeError } from "./connection.ts";
import { tryAgain } from "./try-again.ts";

export type RemoteFeedback = Pick<FeedbackService, "feedback" | "sent" | "shown">;

export type RemoteFeedbackDependencies = {
  readonly connection: Connection;
  readonly now: () => Date;
  /** Sends what the tracker still holds: feedback may come in the same instant as its suggestion. */
  readonly flushSuggestions: () => Promise<void>;
};

/** The most that one request takes. */
const MAX_ITEMS = 500;
/** A view is a request of its own, and so many are under way at once. */
const SHOWN_AT_ONCE = 8;

/** {@link FeedbackService} over HTTP: the same receipts and the same errors. What passes is tried again for a few seconds. */
export function createRemoteFeedback(dependencies: RemoteFeedbackDependencies): RemoteFeedback {
  const { connection, now, flushSuggestions } = dependencies;
  /** Sends it; where its suggestion is not there yet, once more after it is. What is recorded is answered with this field. */
  async function send(path: string, body: object, field: string): Promise<unknown> {
    const json = JSON.stringify(body);
    const ask = async () => requireField(await tryAgain(() => connection.post(path, json)), field);
    try {
      return await ask();
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await flushSuggestions();
      return ask();
    }
  }

  const keyed = (input: FeedbackInput): FeedbackInput => underKey(input, now);

  async function sendMany(inputs: readonly FeedbackInput[]): Promise<readonly FeedbackResult[]> {
    const { results } = (await send("/v1/feedback", inputs, "results")) as FeedbackResults;
    return results.map((result) =>
      result.ok ? { ok: true, receipt: receiptOf(result) } : { ok: false, error: toUptakeError(result.error) },
    );
  }

  async function sendChunk(inputs: readonly FeedbackInput[]): Promise<readonly FeedbackResult[]> {
    const results = await sendMany(inputs);
    if (!results.some(isMissing)) return results;
    await flushSuggestions();
    return sendMany(inputs);
  }

  async function sendAll(inputs: readonly FeedbackInput[]): Promise<readonly FeedbackResult[]> {
    const results: FeedbackResult[] = [];
    for (let at = 0; at < inputs.length; at += MAX_ITEMS) {
      results.push(...(await sendChunk(inputs.slice(at, at + MAX_ITEMS))));
    }
    return results;
  }

  function feedback(input: FeedbackInput): Promise<FeedbackReceipt>;
  function feedback(inputs: readonly FeedbackInput[]): Promise<readonly FeedbackResult[]>;
  async function feedback(given: FeedbackInput | readonly FeedbackInput[]) {
    if (isList(given)) return sendAll(given.map(keyed));
    return receiptOf((await send("/v1/feedback", keyed(given), "feedbackId")) as ReceiptJson);
  }

  async function showOne(suggestionId: string, seen: ShownInput): Promise<ShownReceipt> {
    const path = `/v1/suggestions/${encodeURIComponent(suggestionId)}/shown`;
    const receipt = (await send(path, { ...seen, at: seen.at ?? now() }, "shownAt")) as ShownJson;
    return { ...receipt, shownAt: new Date(receipt.shownAt) };
  }

  function shown(suggestionId: string, seen?: ShownInput): Promise<ShownReceipt>;
  function shown(suggestionIds: readonly string[], seen?: ShownInput): Promise<readonly ShownResult[]>;
  async function shown(given: string | readonly string[], seen: ShownInput = {}) {
    return isList(given) ? showAll(showOne, given, { ...seen, at: seen.at ?? now() }) : showOne(given, seen);
  }

  return {
    feedback,
    async sent(input) {
      const act = { ...input, createdAt: input.createdAt ?? now() };
      const receipt = (await send("/v1/sent", act, "recorded")) as SentReceipt;
      return receipt.recorded ? receiptOf(receipt) : undefined;
    },
    shown,
  };
}

function requireField(answer: unknown, field: string): unknown {
  if (typeof answer === "object" && answer !== null && field in answer) return answer;
  const message = "the server's answer does not say that it is recorded; is url the address of uptake serve?";
  throw new UptakeError("database_unavailable", message);
}

const receiptOf = ({ feedbackId, suggestionId, type, keptRatio, created }: ReceiptJson): FeedbackReceipt => ({
  feedbackId,
  suggestionId,
  type,
  keptRatio,
  created,
});

const isNotFound = (error: unknown): boolean => error instanceof UptakeError && error.code === "suggestion_not_found";
const isMissing = (result: FeedbackResult): boolean => !result.ok && isNotFound(result.error);

/** A refusal is a result; that the server is away is none. */
async function resultOf(receipt: Promise<ShownReceipt>): Promise<ShownResult> {
  try {
    return { ok: true, receipt: await receipt };
  } catch (error) {
    if (error instanceof UptakeError && (isNotFound(error) || error.code === "invalid_input"))
      return { ok: false, error };
    throw error;
  }
}

/** `Array.isArray` tells a read-only list from one thing only to itself. */
const isList = <One>(given: One | readonly One[]): given is readonly One[] => Array.isArray(given);

/** In the order of the ids. Where the server is away nothing more is asked, and what was under way is waited for. */
async function showAll(
  showOne: (suggestionId: string, seen: ShownInput) => Promise<ShownReceipt>,
  ids: readonly string[],
  seen: ShownInput,
): Promise<readonly ShownResult[]> {
  const results: ShownResult[] = [];
  const failures: unknown[] = [];
  const pool = createTaskPool(SHOWN_AT_ONCE);
  for (const [at, suggestionId] of ids.entries()) {
    await pool.run(async () => {
      if (failures.length > 0) return;
      try {
        results[at] = await resultOf(showOne(suggestionId, seen));
      } catch (error) {
        failures.push(error);
      }
    });
  }
  await pool.idle();
  if (failures.length > 0) throw failures[0];
  return results;
}

/** Under a key, so that sent again it is one event. */
const underKey = (input: FeedbackInput, now: () => Date): FeedbackInput => ({
  ...input,
  idempotencyKey: input.idempotencyKey ?? newId(),
  createdAt: input.createdAt ?? now(),
});
