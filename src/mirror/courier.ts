import type { Logger } from "../domain/logger.ts";
import type { Privacy } from "../domain/privacy.ts";
import type { LangfuseClient } from "../langfuse/client.ts";
import type { SendFailure } from "../langfuse/send-answer.ts";
import type { Database } from "../store/database.ts";
import type { ClaimedMessage } from "../store/queries/claim-messages.ts";
import type { Circuit } from "./circuit.ts";
import type { Claim } from "./claim.ts";
import { type Adjusted, type Channel, type Delivery, isPartlyDelivered, itemsFor, type Route } from "./delivery.ts";
import { createFeedbackChannel } from "./feedback-channel.ts";
import type { MirrorMeters } from "./mirror-meters.ts";
import { packDeliveries } from "./packs.ts";
import { readBack } from "./read-back.ts";
import type { Sampling } from "./sampling.ts";
import { createSettlement, type Settlement } from "./settlement.ts";
import type { SoundConfigs } from "./sound-configs.ts";
import { createTraceChannel } from "./trace-channel.ts";

/** Langfuse Cloud takes 5 MB a request and `/ingestion` 3.5 MB; a few hundred bytes come on top of what we count. */
const MAX_REQUEST_BYTES = 3_000_000;

export type CourierDeps = {
  readonly db: Database;
  readonly langfuse: LangfuseClient;
  readonly log: Logger;
  readonly privacy: Privacy;
  readonly circuit: Circuit;
  readonly meters: MirrorMeters;
  /** How long Langfuse may take to show what it has accepted. */
  readonly visibilityDelayMs: number;
  readonly scoreConfigs: SoundConfigs;
  readonly sampling: Sampling;
};

export type Courier = {
  /**
   * Delivers one claim, outside any transaction, and settles every message of it. Messages that `halted` keeps from
   * being tried go back as they were. Throws only for the database; what is unsettled then is read back after the lease.
   */
  deliver(claim: Claim, halted: () => boolean): Promise<void>;
};

export function createCourier(deps: CourierDeps): Courier {
  const traces = createTraceChannel(deps.db, deps.langfuse, deps.privacy);
  const feedback = createFeedbackChannel(deps.db, deps.langfuse, deps.scoreConfigs, deps.privacy);

  return {
    async deliver(claim, halted) {
      const settlement = createSettlement(deps, claim.token);
      const round = { ...deps, claim, settlement, halted: () => halted() || deps.circuit.waitMs() > 0 };
      await deliverKind(round, traces);
      await deliverKind(round, feedback);
    },
  };
}

type Round = CourierDeps & {
  readonly claim: Claim;
  readonly settlement: Settlement;
  readonly halted: () => boolean;
};

const messagesIn = (deliveries: readonly Delivery[]): ClaimedMessage[] =>
  deliveries.map((delivery) => delivery.message);

async function deliverKind(round: Round, channel: Channel): Promise<void> {
  const { claim, settlement, sampling } = round;
  const claimed = claim.messages.filter(({ kind }) => kind === channel.kind);
  if (claimed.length === 0) return;
  if (round.halted()) return settlement.release(claimed);

  const { going: messages, undecided } = await sampling.sift(channel.kind, claimed, claim.token);
  await settlement.release(undecided);
  if (messages.length === 0) return;

  const { deliveries: loaded, gone, early, broken, adjusted } = await channel.load(messages);
  noteAdjusted(round, adjusted, messages[0]?.kind);
  await settlement.gone(gone);
  await settlement.early(early);
  await settlement.dead(broken.map((b) => ({ ...b, unsure: b.message.wasUnsure })));

  const { going: deliveries, undecided: uncertain } = await sampling.afford(channel.kind, loaded, claim.token);
  await settlement.release(uncertain);

  const certain = deliveries.filter((delivery) => !delivery.message.wasUnsure);
  const doubtful = await resolveDoubts(
    round,
    channel,
    deliveries.filter((delivery) => delivery.message.wasUnsure),
  );
  for (const pack of packDeliveries([...doubtful, ...certain], {
    maxBytes: MAX_REQUEST_BYTES,
    maxItems: channel.maxItems,
  })) {
    await sendPack(round, channel, pack);
  }
}

/** What the rules have changed, once a rule: a warning where something was lost by it. */
function noteAdjusted({ log }: Round, adjusted: Adjusted, kind: ClaimedMessage["kind"] | undefined): void {
  for (const [rule, { count, loses }] of adjusted)
    log[loses ? "warn" : "info"]("mirror.adjusted", { kind, rule, count });
}

/** Settles what Langfuse turns out to have; resolves to what still has to be sent. */
async function resolveDoubts(
  round: Round,
  channel: Channel,
  deliveries: readonly Delivery[],
): Promise<readonly Delivery[]> {
  if (deliveries.length === 0) return [];
  const { found, toSend, unread, failure } = await readBack(channel, deliveries, round);
  const counts = { found: found.length, missing: toSend.length, unread: unread.length };
  round.log.info("mirror.read_back", {
    foundCount: counts.found,
    missingCount: counts.missing,
    unreadCount: counts.unread,
  });
  round.meters.readBack(channel.kind, counts);
  await round.settlement.delivered(found);
  if (failure === undefined) {
    await round.settlement.release(messagesIn(unread));
    // What seemed a failure was none. While something is missing, only sending shows whether Langfuse takes it.
    if (found.length > 0 && toSend.length === 0) round.circuit.succeeded();
  } else {
    const delayMs = backOff(round, failure);
    await round.settlement.unsure(unread, delayMs, failure.message);
  }
  return toSend;
}

async function sendPack(round: Round, channel: Channel, pack: readonly Delivery[]): Promise<void> {
  const { settlement, visibilityDelayMs } = round;
  const isOurs = await round.claim.hold();
  const ours = round.halted() ? [] : pack.filter((delivery) => isOurs(delivery.message));
  await settlement.interrupted(
    pack.filter((delivery) => !ours.includes(delivery)),
    visibilityDelayMs,
  );
  const route = channel.routes.find(({ takes }) => ours.some(({ items }) => items.some(({ kind }) => kind === takes)));
  if (route === undefined) return settlement.delivered(ours);
  const answer = await route.send(
    ours.flatMap(({ items }) => itemsFor(route, items)),
    round.claim.isFresh,
  );
  switch (answer.kind) {
    case "withheld":
      return settlement.interrupted(ours, visibilityDelayMs);
    case "accepted":
      return settleAccepted({ round, channel, route }, ours, answer.rejected);
    case "unavailable":
      return postpone(round, ours, answer);
    case "unsure":
      return settlement.unsure(ours, Math.max(backOff(round, answer), visibilityDelayMs), answer.message);
    case "refused":
      // What speaks of the keys or the address kills nothing.
      if (!answer.aboutContent) return postpone(round, ours, answer);
      round.circuit.succeeded();
      return isolate(round, channel, ours, answer.message);
  }
}

/** What another route has just taken has to be visible before it is looked up. */
async function postpone(round: Round, ours: readonly Delivery[], failure: SendFailure): Promise<void> {
  const delayMs = backOff(round, failure);
  const leastMs = ours.some(isPartlyDelivered) ? round.visibilityDelayMs : 0;
  await round.settlement.unavailable(ours, Math.max(delayMs, leastMs), failure.message);
}

/** Halves a refused request until the message that is to blame stands alone; that one is dead. */
async function isolate(round: Round, channel: Channel, pack: readonly Delivery[], error: string): Promise<void> {
  const [alone] = pack;
  if (alone !== undefined && pack.length === 1) {
    return round.settlement.dead([{ message: alone.message, unsure: isPartlyDelivered(alone), error }]);
  }
  round.meters.ended("split", messagesIn(pack));
  const middle = Math.ceil(pack.length / 2);
  await sendPack(round, channel, pack.slice(0, middle));
  await sendPack(round, channel, pack.slice(middle));
}

type Sent = { readonly round: Round; readonly channel: Channel; readonly route: Route };

/**
 * Settles what has arrived and sends what another route has still to take. A message one of whose items was refused is
 * dead as a whole; its other items may be in Langfuse, hence unsure.
 */
async function settleAccepted(
  { round, channel, route }: Sent,
  deliveries: readonly Delivery[],
  rejected: ReadonlyMap<string, string>,
): Promise<void> {
  const delivered: Delivery[] = [];
  const unfinished: Delivery[] = [];
  const dead: { message: ClaimedMessage; unsure: boolean; error: string }[] = [];
  for (const delivery of deliveries) {
    const reasons = delivery.items.flatMap((item) => rejected.get(item.eventId) ?? []);
    const items = delivery.items.filter(({ kind }) => kind !== route.takes);
    if (reasons.length > 0)
      dead.push({ message: delivery.message, unsure: true, error: [...new Set(reasons)].join("; ") });
    else if (items.length > 0) unfinished.push({ ...delivery, items });
    else delivered.push(delivery);
  }
  // One route that answers says nothing of the others: only with the last one is Langfuse known to be well.
  if (unfinished.length === 0) round.circuit.succeeded();
  await round.settlement.delivered(delivered);
  await round.settlement.dead(dead);
  if (unfinished.length > 0) await sendPack(round, channel, unfinished);
}

/** Opens the circuit and says so; resolves how long Langfuse is left alone. */
function backOff(round: Round, failure: SendFailure): number {
  const delayMs = round.circuit.failed(failure.kind === "unavailable" ? failure.retryAfterMs : undefined);
  const facts = { error: failure.message, delayMs, failureCount: round.circuit.failureCount() };
  // A refusal that is not about a message needs a person: the keys or the address are wrong. Nothing is given up.
  if (failure.kind === "refused") round.log.error("mirror.refused", { ...facts, status: failure.status });
  else round.log.warn(failure.kind === "unsure" ? "mirror.unsure" : "mirror.unavailable", facts);
  return delayMs;
}
