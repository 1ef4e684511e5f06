import type { Logger } from "../domain/logger.ts";
import type { Queryable } from "../store/database.ts";
import type { ClaimedMessage } from "../store/queries/claim-messages.ts";
import { type Postponement, settlePostponed } from "../store/queries/settle-postponed.ts";
import { type Delivery, isPartlyDelivered } from "./delivery.ts";
import type { AttemptOutcome, MirrorMeters } from "./mirror-meters.ts";

/** Feedback looks for its suggestion this often. */
const EARLY_DELAY_MS = 30_000;

const NOT_TRIED = { delayMs: 0, error: null, counted: false };

export type PutBackDeps = { readonly db: Queryable; readonly log: Logger; readonly meters: MirrorMeters };

/** The half of a settlement that puts messages back into the outbox, to be claimed again. */
export function createPutBack({ db, log, meters }: PutBackDeps, token: string) {
  async function putBack(messages: Postponement["messages"], how: Omit<Postponement, "messages">): Promise<void> {
    if (messages.length > 0) await settlePostponed(db, token, { messages, ...how });
  }
  async function tried(
    outcome: AttemptOutcome,
    deliveries: readonly Delivery<unknown>[],
    how: {
      readonly unsure: (delivery: Delivery<unknown>) => boolean;
      readonly delayMs: number;
      readonly error: string;
    },
  ): Promise<void> {
    const messages = deliveries.map((d) => ({ id: d.message.id, unsure: how.unsure(d) }));
    await putBack(messages, { delayMs: how.delayMs, error: how.error, counted: true });
    meters.ended(
      outcome,
      deliveries.map((d) => d.message),
    );
  }
  const release = (released: readonly ClaimedMessage[]): Promise<void> =>
    putBack(
      released.map((message) => ({ id: message.id, unsure: message.wasUnsure })),
      NOT_TRIED,
    );

  return {
    /** Certainly not stored, apart from parts that were found there before. */
    unavailable: (deliveries: readonly Delivery<unknown>[], delayMs: number, error: string): Promise<void> =>
      tried("retry", deliveries, { unsure: isPartlyDelivered, delayMs, error }),

    /** Perhaps stored: whoever is next reads back first. */
    unsure: (deliveries: readonly Delivery<unknown>[], delayMs: number, error: string): Promise<void> =>
      tried("unsure", deliveries, { unsure: () => true, delayMs, error }),

    /** Not tried: everything as before the claim. */
    release,

    /** Not sent, or not all of it: what has arrived stays, and whoever is next looks it up before sending the rest. */
    async interrupted(deliveries: readonly Delivery<unknown>[], delayMs: number): Promise<void> {
      await release(deliveries.filter((d) => !isPartlyDelivered(d)).map((d) => d.message));
      const messages = deliveries.filter(isPartlyDelivered).map((d) => ({ id: d.message.id, unsure: true }));
      await putBack(messages, { ...NOT_TRIED, delayMs });
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
