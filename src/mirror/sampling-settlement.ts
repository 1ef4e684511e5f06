import type { Logger } from "../domain/logger.ts";
import { MUST_RULES } from "../domain/sampling.ts";
import type { Database, Queryable } from "../store/database.ts";
import { bringLeftOut } from "../store/queries/bring-left-out.ts";
import type { ClaimedMessage, MessageKind } from "../store/queries/claim-messages.ts";
import { type HeldMessage, holdMessages } from "../store/queries/hold-messages.ts";
import { leaveOutFeedback, type LeavingFeedback } from "../store/queries/leave-out-feedback.ts";
import { leaveOutTraces, type LeavingTrace } from "../store/queries/leave-out-traces.ts";
import { type KeptTrace, markKept } from "../store/queries/mark-kept.ts";
import type { SamplingMeters } from "./sampling-meters.ts";

/** What of something claimed goes on; what is `undecided` is to be given back as it was, since others decided meanwhile. */
export type Sifted<Item> = { readonly going: readonly Item[]; readonly undecided: readonly ClaimedMessage[] };

/** Writes decisions down. What they resolve to are the messages that are settled by it. */
export type SamplingSettlement = ReturnType<typeof createSamplingSettlement>;

export function createSamplingSettlement({
  db,
  log,
  meters,
}: {
  readonly db: Database;
  readonly log: Logger;
  readonly meters: SamplingMeters;
}) {
  function noteLeftOut(kind: MessageKind, settled: readonly { readonly rule: string }[]): void {
    for (const [rule, count] of countByRule(settled)) {
      meters.leftOut(kind, rule, count);
      log.info("mirror.left_out", { kind, rule, count });
    }
  }

  return {
    charged: (unitCount: number): void => meters.charged(unitCount),
    /** Whoever holds the traces: they are mirrored, and what was left out of them comes back. */
    async keep(traces: readonly KeptTrace[]): Promise<void> {
      if (traces.length === 0) return;
      const [marked, brought] = await db.transaction(
        async (tx: Queryable) => [await markKept(tx, traces, MUST_RULES), await bringLeftOut(tx, traces)] as const,
      );
      // A trace and feedback on it may decide the same at once; it is kept once.
      const kept = new Set([...marked, ...brought.map(({ suggestionId }) => suggestionId)]);
      const decided = traces.filter(({ suggestionId }) => kept.has(suggestionId));
      for (const [rule, count] of countByRule(decided)) meters.kept(rule, count);
      if (brought.length > 0) log.info("mirror.brought_back", { count: brought.length });
    },
    hold: async (token: string, held: readonly HeldMessage[]): Promise<ReadonlySet<number>> =>
      held.length === 0 ? NONE : holdMessages(db, token, held),
    async leaveTraces(token: string, leaving: readonly LeavingTrace[]): Promise<ReadonlySet<number>> {
      if (leaving.length === 0) return NONE;
      const settled = await leaveOutTraces(db, token, leaving);
      noteLeftOut(
        "trace",
        leaving.filter(({ id }) => settled.has(id)),
      );
      return settled;
    },
    async leaveFeedback(
      token: string,
      leaving: readonly (LeavingFeedback & { readonly rule: string })[],
    ): Promise<ReadonlySet<number>> {
      if (leaving.length === 0) return NONE;
      const settled = await leaveOutFeedback(db, token, leaving);
      noteLeftOut(
        "feedback",
        leaving.filter(({ id }) => settled.has(id)),
      );
      return settled;
    },
  };
}

const NONE: ReadonlySet<number> = new Set();

function countByRule(items: readonly { readonly rule: string }[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { rule } of items) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  return counts;
}
