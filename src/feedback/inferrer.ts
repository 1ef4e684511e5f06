import { UptakeError } from "../domain/errors.ts";
import { checkSent, type FeedbackType } from "../domain/feedback.ts";
import type { Instruments } from "../domain/instruments.ts";
import type { Logger } from "../domain/logger.ts";
import { createPeriodic } from "../domain/periodic.ts";
import { blamesTheData } from "../domain/refused-data.ts";
import { isInferring } from "../store/adoption/infer.ts";
import type { Database, Queryable } from "../store/database.ts";
import { claimSentMessage, type SentMessage } from "../store/queries/claim-sent-message.ts";
import { dropSentMessage, dropSentMessages, type DropReason } from "../store/queries/drop-sent-messages.ts";
import { insertFeedback } from "../store/queries/insert-feedback.ts";
import { type Comparing, inferredEvent } from "./inferred.ts";

export type InferrerOptions = Comparing & {
  readonly db: Database;
  readonly log: Logger;
  readonly instruments: Instruments;
  /** Pause between two passes, in milliseconds. */
  readonly everyMs: number;
  /**
   * How long a message is left alone. What a person says about a suggestion comes in the same breath, or with the next batch
   * of the front end, and makes comparing needless.
   */
  readonly waitMs: number;
  readonly now: () => Date;
};

/** What became of one message: the act that it stands for, or why there is none. */
export type InferResult = FeedbackType | DropReason | "known" | "nothing_to_compare" | "refused";
export type InferReport = Readonly<Partial<Record<InferResult, number>>>;

/**
 * Turns what people sent through the host's own `ticket_messages` into inferred feedback, as `sent()` does, in a database
 * that was adopted with `--infer`; anywhere else it does nothing. Any number may run side by side: a message is
 * claimed and its feedback written in one transaction, under a key made from the message's id.
 */
export type Inferrer = {
  /** Starts the loop; again does nothing. */
  start(): void;
  /** Ends the loop after the message in hand; called again it returns the same promise. */
  stop(): Promise<void>;
  /** One pass over all that is due now; ends early, after a message, once the signal is aborted. */
  inferAll(signal?: AbortSignal): Promise<InferReport>;
};

const NOTES_AT_ONCE = 1000;

export function createInferrer(options: InferrerOptions): Inferrer {
  const { db, log, instruments, everyMs, waitMs } = options;
  const messages = instruments.counter({
    name: "uptake_inferred_messages_total",
    help: "Messages of people that were compared with a suggestion, or why they were not.",
    labelNames: ["result"],
  });

  async function inferAll(signal: AbortSignal): Promise<InferReport> {
    const report = new Map<InferResult, number>();
    const count = (result: InferResult, amount: number): void => {
      report.set(result, (report.get(result) ?? 0) + amount);
      messages.add(amount, { result });
    };
    if (await isInferring(db)) {
      await compareAll(count, signal);
      await dropAll(count, signal);
    }
    return Object.fromEntries(report);
  }

  async function compareAll(count: (result: InferResult, amount: number) => void, signal: AbortSignal): Promise<void> {
    let afterId = 0;
    while (!signal.aborted) {
      let claimed: SentMessage | undefined;
      try {
        const result = await db.transaction(async (tx) => {
          claimed = await claimSentMessage(tx, { afterId, waitMs });
          return claimed === undefined ? undefined : inferFrom(tx, claimed, options);
        });
        if (result !== undefined) count(result, 1);
      } catch (error) {
        if (claimed === undefined || !blamesTheData(error)) throw error;
        // Left in the queue it would be refused for ever, and everything behind it would wait.
        await dropSentMessage(db, claimed.noteId);
        count("refused", 1);
        log.warn("feedback.message_refused", { messageId: claimed.messageId, error: String(error) });
      }
      if (claimed === undefined) return;
      afterId = claimed.noteId;
    }
  }

  /** After comparing, which settles what else was sent for the same suggestions. */
  async function dropAll(count: (result: InferResult, amount: number) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const dropped = await dropSentMessages(db, { waitMs, limit: NOTES_AT_ONCE });
      for (const { reason, count: amount } of dropped) count(reason, amount);
      if (dropped.reduce((sum, { count }) => sum + count, 0) < NOTES_AT_ONCE) return;
    }
  }

  const periodic = createPeriodic(async (signal) => {
    try {
      const report = await inferAll(signal);
      if (Object.keys(report).length > 0) log.info("feedback.inferred", report);
    } catch (error) {
      log.error("feedback.infer_failed", { retryInMs: everyMs, message: String(error) });
    }
    return everyMs;
  });

  return { start: periodic.start, stop: periodic.stop, inferAll: (signal = periodic.signal) => inferAll(signal) };
}

async function inferFrom(tx: Queryable, message: SentMessage, options: InferrerOptions): Promise<InferResult> {
  const { messageId, content, agentId, sentAt, suggestionId: id, ...suggestion } = message;
  const sent = {
    finalText: content,
    suggestedText: undefined,
    agentId: agentId ?? undefined,
    at: sentAt,
    key: `message:${messageId}`,
  };
  if (!isComparable(content, options.now())) return "nothing_to_compare";
  const event = inferredEvent({ id, ...suggestion }, sent, options);
  if (event === undefined) return "nothing_to_compare";
  const created = await insertFeedback(tx, [event]);
  return created.size === 0 ? "known" : event.type;
}

/** Not a message that is nothing but an attachment, or a book. */
function isComparable(finalText: string, now: Date): boolean {
  try {
    checkSent({ finalText }, now);
    return true;
  } catch (error) {
    if (error instanceof UptakeError) return false;
    throw error;
  }
}
