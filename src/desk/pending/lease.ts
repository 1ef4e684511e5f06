import type { Queryable } from "../../store/database.ts";
import { renewPending } from "../../store/queries/renew-pending.ts";

/** Seconds to a takeover after a death; several renewals fit in, so a database that is slow for a moment costs no claim. */
export const PENDING_LEASE_MS = 30_000;

export type HeldRow = { readonly suggestionId: string; readonly token: string; readonly leaseMs: number };

/** Does the work while the claim is renewed beside it. A renewal that fails is left to the next; at worst two do the work, and one of them counts. */
export async function underLease<Result>(db: Queryable, row: HeldRow, work: () => Promise<Result>): Promise<Result> {
  const timer = setInterval(() => void renewPending(db, row).catch(() => {}), row.leaseMs / 3);
  timer.unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
