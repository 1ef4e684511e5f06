import { newId } from "../domain/ids.ts";
import type { Queryable } from "../store/database.ts";
import { type ClaimedMessage, claimMessages } from "../store/queries/claim-messages.ts";
import { renewClaims } from "../store/queries/renew-claims.ts";

/** Some messages that only we may deliver, as long as the lease lasts. */
export type Claim = {
  readonly messages: readonly ClaimedMessage[];
  /** Of this claim alone, so even a second claim of the same worker is fenced off from the first. */
  readonly token: string;
  /**
   * Makes sure, before a request, that the lease outlasts it; resolves to whether the message is still ours. Renews when
   * a sixth of the lease is used up, which leaves at least as much for making the request and connecting.
   */
  hold(): Promise<(message: ClaimedMessage) => boolean>;
  /**
   * Whether what the last `hold` said still counts: asks the clock alone, for the very moment of sending. Not after a third
   * of the lease, so what is sent is always settled or known to be unsure within the other two thirds: these have to
   * hold one request's time limit and Langfuse's delay until it shows what it has.
   */
  readonly isFresh: () => boolean;
};

export type ClaimOptions = { readonly leaseMs: number; readonly now: () => number };

/** Claims up to `limit` due messages. Times are taken before the database's, so our idea of the lease is the shorter one. */
export async function takeClaim(db: Queryable, limit: number, options: ClaimOptions): Promise<Claim> {
  const { leaseMs, now } = options;
  const token = newId();
  let heldSinceMs = now();
  const messages = await claimMessages(db, { limit, leaseMs, token });
  let held: ReadonlySet<number> = new Set(messages.map((message) => message.id));
  const isHeldFor = (share: number): boolean => now() - heldSinceMs < leaseMs * share;
  const isFresh = (): boolean => isHeldFor(1 / 3);

  return {
    messages,
    token,
    isFresh,
    async hold() {
      if (!isHeldFor(1 / 6)) {
        const renewedAtMs = now();
        held = await renewClaims(db, { ids: [...held], token, leaseMs });
        heldSinceMs = renewedAtMs;
      }
      // A process that slept through the renewal as well sends nothing: the lease may be over again.
      const fresh = isFresh();
      return (message) => fresh && held.has(message.id);
    },
  };
}
