import type { Logger } from "../domain/logger.ts";
import type { Queryable } from "../store/database.ts";
import type { ClaimedMessage } from "../store/queries/claim-messages.ts";
import { type Postponement, settlePostponed } from "../store/queries/settle-postponed.ts";
import { type Delivery, isPartlyDelivered } from "./delivery.ts";

/** Feedback looks for its suggestion this often. */
const EARLY_DELAY_MS = 30_000;

const NOT_TRIED = { delayMs: 0, error: null, counted: false };

/** The half of a settlement that puts messages back into the outbox, to be claimed again. */
export function createPutBack(db: Queryable, log: Logger, token: string) {
  async function putBack(messages: Postponement["messages"], how: Omit<Postponement, "messages">): Promise<void> {
    if (messages.length > 0) await settlePostponed(db, token, { messages, ...how });
  }
  const release = (released: readonly ClaimedMessage[]): Promise<void> =>
    putBack(
      released.map((message) => ({ id: message.id, unsure: message.wasUnsure })),
      NOT_TRIED,
    );

  /** Not sent, or not all of it: what has arrived stays, and whoever is next looks it up before sending the rest. */
  async function interrupted(deliveries: readonly Delivery<unknown>[], delayMs: number): Promise<void> {
    await release(deliveries.filter((d) => !isPartlyDelivered(d)).map((d) => d.message));
    const messages = deliveries.filter(isPartlyDelivered).map((d) => ({ id: d.message.id, unsure: true }));
    await putBack(messages, { ...NOT_TRIED, delayMs });
  }

  return {
    /** Certainly not stored, apart from parts that were found there before. */
    unavailable(deliveries: readonly Delivery<unknown>[], delayMs: number, error: string): Promise<void> {
      const messages = deliveries.map((d) => ({ id: d.message.id, unsure: isPartlyDelivered(d) }));
      return putBack(messages, { delayMs, error, counted: true });
    },

    /** Perhaps stored: whoever is next reads back first. */
    unsure(deliveries: readonly Delivery<unknown>[], delayMs: number, error: string): Promise<void> {
      const messages = deliveries.map((d) => ({ id: d.message.id, unsure: true }));
      return putBack(messages, { delayMs, error, counted: true });
    },

    /** Not tried: everything as before the claim. */
    release,

    interrupted,

    /** Not sent, since our time for it is over: another worker may have it by now. */
    async overdue(deliveries: readonly Delivery<unknown>[], delayMs: number): Promise<void> {
      if (deliveries.length === 0) return;
      log.warn("mirror.lease_lost", { kind: deliveries[0]?.message.kind, count: deliveries.length });
      await interrupted(deliveries, delayMs);
    },

    /** Feedback whose suggestion is not there, or not finished, yet. */
    async early(early: readonly ClaimedMessage[]): Promise<void> {
      if (early.length === 0) return;
      log.info("mirror.waits_for_suggestion", { count: early.length, delayMs: EARLY_DELAY_MS });
      const messages = early.map((message) => ({ id: message.id, unsure: message.wasUnsure }));
      await putBack(messages, { ...NOT_TRIED, delayMs: EARLY_DELAY_MS });
    },
  };
}
