import type { ClaimedMessage } from "../store/queries/claim-messages.ts";
import { settleDead } from "../store/queries/settle-dead.ts";
import { settleDelivered } from "../store/queries/settle-delivered.ts";
import { settleGone } from "../store/queries/settle-gone.ts";
import type { Delivery } from "./delivery.ts";
import { createPutBack, noteLost, type PutBackDeps } from "./put-back.ts";

/** Writes down what became of a claim's messages. Whatever the claim no longer holds stays as its new holder left it. */
export type Settlement = ReturnType<typeof createSettlement>;

export function createSettlement(deps: PutBackDeps, token: string) {
  const { db, log, meters } = deps;
  return {
    ...createPutBack(deps, token),

    /** In Langfuse: out of the outbox, into the ledger. */
    async delivered(deliveries: readonly Delivery[]): Promise<void> {
      if (deliveries.length === 0) return;
      const settled = await settleDelivered(
        db,
        token,
        deliveries.map((d) => ({ id: d.message.id, traceId: d.traceId, langfuseIds: d.langfuseIds })),
      );
      for (const { message } of deliveries) {
        const lagSeconds = settled.get(message.id);
        if (lagSeconds === undefined) continue;
        meters.ended("done", [message]);
        meters.arrived(message, lagSeconds);
      }
      const kind = deliveries[0]?.message.kind;
      log.info("mirror.delivered", { kind, count: settled.size });
      noteLost(log, kind, deliveries.length - settled.size);
    },

    /** Langfuse will never take it as it is. `unsure` where a part of it may be there. */
    async dead(messages: readonly { message: ClaimedMessage; unsure: boolean; error: string }[]): Promise<void> {
      if (messages.length === 0) return;
      const settled = await settleDead(
        db,
        token,
        messages.map(({ message, unsure, error }) => ({ id: message.id, unsure, error })),
      );
      const dead = messages.filter(({ message }) => settled.has(message.id));
      for (const { message, error } of dead) {
        log.error("mirror.dead", { kind: message.kind, ref: message.ref, attempts: message.attempts, error });
      }
      meters.ended(
        "dead",
        dead.map(({ message }) => message),
      );
      noteLost(log, messages[0]?.message.kind, messages.length - settled.size);
    },

    /** The row was deleted, so there is nothing to deliver. */
    async gone(gone: readonly ClaimedMessage[]): Promise<void> {
      if (gone.length === 0) return;
      log.info("mirror.row_gone", { refs: gone.map((message) => message.ref) });
      await settleGone(
        db,
        token,
        gone.map((message) => message.id),
      );
    },
  };
}
