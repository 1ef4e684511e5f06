import type { MirrorFinding, MirrorMessageKind } from "../domain/mirror-report.ts";
import { isObservationId } from "../domain/ids.ts";
import { asItIs } from "../domain/privacy.ts";
import type { LangfuseClient } from "../langfuse/client.ts";
import type { Answered } from "../langfuse/send-answer.ts";
import type { Queryable } from "../store/database.ts";
import type { ClaimedMessage } from "../store/queries/claim-messages.ts";
import { type Channel, type Delivery, itemsFor } from "./delivery.ts";
import { type ExpectedDelivery, keyOf, readExpected } from "./expected-rows.ts";
import { createFeedbackChannel } from "./feedback-channel.ts";
import type { SoundConfigs } from "./sound-configs.ts";
import { createTraceChannel } from "./trace-channel.ts";

/** A row to be sent, and what is special about it. */
export type VerifySample = { readonly name: string; readonly kind: MirrorMessageKind; readonly ref: string };

/** One request. */
export type Sending = {
  /** What goes with it: Langfuse's ids by the ids that an answer names them with. */
  readonly ids: ReadonlyMap<string, string>;
  readonly send: () => Promise<Answered>;
};

/** One observation or score; times are milliseconds since 1970. */
export type CheckedItem = {
  readonly langfuseId: string;
  readonly kind: "observation" | "score";
  readonly name: string;
  /** When Langfuse took it, or may have taken it. */
  takenAt: number | null;
  seenAt: number | null;
};

/** A sample on its way to Langfuse and back. */
export type CheckedMessage = {
  readonly sample: VerifySample;
  readonly traceId: string;
  readonly expected: ExpectedDelivery;
  readonly sendings: readonly Sending[];
  readonly items: readonly CheckedItem[];
  /** A request with a part of it is out. */
  isUnderWay: boolean;
  /** Of the last look; null before the first. */
  findings: readonly MirrorFinding[] | null;
};

/** A sample stands for itself: whether a score fits a config is `uptake mirror setup`'s to say. */
const NO_CONFIGS: SoundConfigs = { current: () => Promise.resolve(new Map()) };

/** The samples through the mirror's own channels: the same rows, spans, scores and requests as in its deliveries. */
export async function loadMessages(
  { db, langfuse }: { readonly db: Queryable; readonly langfuse: LangfuseClient },
  samples: readonly VerifySample[],
): Promise<CheckedMessage[]> {
  const outgoing = new Map([
    ...(await outgoingOf(createTraceChannel(db, langfuse, asItIs), ofKind(samples, "trace"))),
    ...(await outgoingOf(createFeedbackChannel(db, langfuse, NO_CONFIGS, asItIs), ofKind(samples, "feedback"))),
  ]);
  const lines = [...outgoing.values()].map(({ line }) => line);
  const expected = new Map((await readExpected(db, lines, asItIs)).map((delivery) => [keyOf(delivery.line), delivery]));
  return samples.map((sample): CheckedMessage => {
    const known = expected.get(keyOf(sample));
    if (known === undefined) throw new Error(`${sample.name}: ${sample.kind} ${sample.ref} has no row to send`);
    const { traceId } = known.line;
    const { sendings = [] } = outgoing.get(keyOf(sample)) ?? {};
    return {
      sample,
      traceId,
      expected: known,
      sendings,
      items: itemsOf(known),
      isUnderWay: false,
      findings: null,
    };
  });
}

const ofKind = (samples: readonly VerifySample[], kind: MirrorMessageKind): VerifySample[] =>
  samples.filter((sample) => sample.kind === kind);

type Outgoing = { readonly line: ExpectedDelivery["line"]; readonly sendings: readonly Sending[] };

async function outgoingOf(channel: Channel, samples: readonly VerifySample[]): Promise<[string, Outgoing][]> {
  const messages = samples.map(({ kind, ref }, id): ClaimedMessage => ({
    id,
    kind,
    ref,
    attempts: 1,
    wasUnsure: false,
  }));
  const { deliveries } = await channel.load(messages);
  return deliveries.map((delivery) => {
    const { message, traceId, langfuseIds } = delivery;
    const { kind, ref } = message;
    const line = { kind, ref, traceId, langfuseIds, deliveredAt: new Date(0) };
    return [keyOf(line), { line, sendings: sendingsOf(channel, delivery) }];
  });
}

function sendingsOf(channel: Channel, delivery: Delivery): Sending[] {
  return channel.routes.map((route) => {
    const items = itemsFor(route, delivery.items);
    const ids = new Map(items.map((item) => [item.eventId, item.id]));
    const send = async (): Promise<Answered> => {
      const answer = await route.send(items, () => true);
      return answer.kind === "withheld" ? { kind: "unavailable", message: "it was held back" } : answer;
    };
    return { ids, send };
  });
}

function itemsOf({ items }: ExpectedDelivery): CheckedItem[] {
  return [...items].map(([langfuseId, facts]) => ({
    langfuseId,
    kind: isObservationId(langfuseId) ? "observation" : "score",
    name: String(facts?.["name"] ?? langfuseId),
    takenAt: null,
    seenAt: null,
  }));
}
