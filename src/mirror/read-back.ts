import { UptakeError } from "../domain/errors.ts";
import type { SendFailure } from "../langfuse/send-answer.ts";
import type { Claim } from "./claim.ts";
import type { Channel, Delivery } from "./delivery.ts";

/** Enough to hide the round trips, few enough not to use up Langfuse's limit for reads at once. */
const READERS = 4;

export type ReadBack = {
  /** All of it is in Langfuse. */
  readonly found: readonly Delivery[];
  /** Not there, or cut down to the part that is not there. */
  readonly toSend: readonly Delivery[];
  /** Langfuse could not be asked about these, because of `failure`. */
  readonly unread: readonly Delivery[];
  readonly failure: SendFailure | undefined;
};

/**
 * Asks Langfuse what it has of deliveries whose last holder never settled them. Sending a span again would store it
 * twice, for Langfuse 4 does not merge; so only what is missing is sent. A slow Langfuse may take longer than a lease
 * for a whole claim, which is therefore held from one read to the next.
 */
export async function readBack(
  channel: Channel,
  deliveries: readonly Delivery[],
  { claim, halted }: { readonly claim: Claim; readonly halted: () => boolean },
): Promise<ReadBack> {
  const found: Delivery[] = [];
  const toSend: Delivery[] = [];
  const queue = [...deliveries];
  const unread: Delivery[] = [];
  let failure: SendFailure | undefined;

  async function reader(): Promise<void> {
    for (let delivery = queue.shift(); delivery !== undefined; delivery = queue.shift()) {
      if (failure !== undefined || halted()) {
        unread.push(delivery);
        continue;
      }
      // To read what has been lost meanwhile does no harm: neither settling nor sending takes it. Outside the attempt,
      // since a database that fails says nothing about Langfuse.
      await claim.hold();
      try {
        const there = new Set(await channel.find(delivery.traceId));
        const missing = delivery.items.filter((item) => !there.has(item.id));
        if (missing.length === 0) found.push(delivery);
        else toSend.push({ ...delivery, items: missing });
      } catch (error) {
        failure ??= failureOf(error);
        unread.push(delivery);
      }
    }
  }
  await Promise.all(Array.from({ length: READERS }, reader));
  return { found, toSend, unread, failure };
}

/** What the client says in the error's facts; anything else that fails while reading is worth another try as well. */
export function failureOf(error: unknown): SendFailure {
  const failure = error instanceof UptakeError ? error.facts["failure"] : undefined;
  if (isSendFailure(failure)) return failure;
  return { kind: "unavailable", message: error instanceof Error ? error.message : String(error) };
}

const isSendFailure = (value: unknown): value is SendFailure =>
  typeof value === "object" && value !== null && "kind" in value && "message" in value;
