import type { Logger } from "../domain/logger.ts";
import type { Queryable } from "../store/database.ts";
import type { ClaimedMessage, MessageKind } from "../store/queries/claim-messages.ts";
import { type Postponement, settlePostponed } from "../store/queries/settle-postponed.ts";
import { type Delivery, isPartlyDelivered } from "./delivery.ts";
import type { MirrorMeters } from "./mirror-meters.ts";

/** Feedback looks for its suggestion this often. */
const EARLY_DELAY_MS = 30_000;

const NOT_TRIED = { delayMs: 0, error: null, counted: false };

/** Another worker has what this claim held: whatever is said of it too late changes nothing. */
export function noteLost(log: Logger, kind: MessageKind | undefined, count: number): void {
  if (count > 0) log.warn("mirror.lease_lost", { kind, count });
}

export type PutBackDeps = { readonly db: Queryable; readonly log: Logger; readonly meters: MirrorMeters };

type Entry = { readonly message: ClaimedMessage; readonly unsure: boolean };

/** The half of a settlement that puts messages back into the outbox, to be claimed again. */
export function createPutBack({ db, log, meters }: PutBackDeps, token: string) {
  async function putBack(entries: readonly Entry[], how: Omit<Postponement, "messages">): Promise<void> {
    if (entries.length === 0) return;
    const messages = entries.map(({ message, unsure }) => ({ id: message.id, unsure }));
    const heldCount = await settlePostponed(db, token, { messages, ...how });
    noteLost(log, entries[0]?.message.kind, entries.length - heldCount);
  }

  async function tried(
    outcome: "retry" | "unsure",
    entries: readonly Entry[],
    how: { readonly delayMs: number; readonly error: string },
  ): Promise<void> {
    await putBack(entries, { ...how, counted: true });
    meters.ended(
      outcome,
      entries.map(({ message }) => message),
    );
  }

  return {
    /** Certainly not stored, apart from parts that were found there before. */
    unavailable(deliveries: readonly Delivery[], delayMs: number, error: string): Promise<void> {
      const entries = deliveries.map((d) => ({ message: d.message, unsure: isPartlyDelivered(d) }));
      return tried("retry", entries, { delayMs, error });
    },

    /** Perhaps stored: whoever is next reads back first. */
    unsure(deliveries: readonly Delivery[], delayMs: number, error: string): Promise<void> {
      const entries = deliveries.map(({ message }) => ({ message, unsure: true }));
      return tried("unsure", entries, { delayMs, error });
    },

    /** Not tried: everything as before the claim. */
    release: (released: readonly ClaimedMessage[]): Promise<void> => putBack(released.map(asBefore), NOT_TRIED),

    /** Not sent, or not all of it: what has arrived stays, and whoever is next looks it up before sending the rest. */
    async interrupted(deliveries: readonly Delivery[], delayMs: number): Promise<void> {
      const untouched = deliveries.filter((d) => !isPartlyDelivered(d));
      await putBack(
        untouched.map(({ message }) => asBefore(message)),
        NOT_TRIED,
      );
      const begun = deliveries.filter(isPartlyDelivered);
      await putBack(
        begun.map(({ message }) => ({ message, unsure: true })),
        { ...NOT_TRIED, delayMs },
      );
    },

    /** Feedback whose suggestion is not there, or not finished, yet. */
    async early(early: readonly ClaimedMessage[]): Promise<void> {
      if (early.length === 0) return;
      log.info("mirror.waits_for_suggestion", { count: early.length, delayMs: EARLY_DELAY_MS });
      await putBack(early.map(asBefore), { ...NOT_TRIED, delayMs: EARLY_DELAY_MS });
    },
  };
}

const asBefore = (message: ClaimedMessage): Entry => ({ message, unsure: message.wasUnsure });
