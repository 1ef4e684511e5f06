import type { Instruments } from "../domain/instruments.ts";
import { messageKinds } from "../domain/mirror-report.ts";
import type { ClaimedMessage, MessageKind } from "../store/queries/claim-messages.ts";

/** What one try came to. `split`: it was in a request that was refused and is sent again in halves. */
const OUTCOMES = ["done", "retry", "unsure", "split", "dead"] as const;
export type AttemptOutcome = (typeof OUTCOMES)[number];

const READ_BACK_RESULTS = ["found", "missing", "unread"] as const;
export type ReadBackResult = (typeof READ_BACK_RESULTS)[number];

const ATTEMPT_BUCKETS = [1, 2, 3, 5, 10, 20, 50];
/** From one look of a worker to a day without Langfuse. */
const LAG_BUCKETS_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 21_600, 86_400];

/** Counts what the mirror of this process does. */
export type MirrorMeters = {
  /** Messages that a try ended for; those that were not tried count nowhere. */
  ended(outcome: AttemptOutcome, messages: readonly Pick<ClaimedMessage, "kind">[]): void;
  /** One message is in Langfuse and in the ledger, so long after it was written into the outbox. */
  arrived(message: Pick<ClaimedMessage, "kind" | "attempts">, lagSeconds: number): void;
  /** Messages in doubt that Langfuse was asked about. */
  readBack(kind: MessageKind, counts: Readonly<Record<ReadBackResult, number>>): void;
};

/** `isOpen`: whether Langfuse is being left alone, or probed. */
export function createMirrorMeters(instruments: Instruments, isOpen: () => boolean): MirrorMeters {
  const attempts = instruments.counter({
    name: "uptake_mirror_attempts_total",
    help: "Tries to deliver one message, by what each came to: done, retry, unsure, split or dead.",
    labelNames: ["kind", "outcome"],
  });
  const deliveryAttempts = instruments.histogram({
    name: "uptake_mirror_delivery_attempts",
    help: "Attempts that a delivered message took.",
    labelNames: ["kind"],
    buckets: ATTEMPT_BUCKETS,
  });
  const lag = instruments.histogram({
    name: "uptake_mirror_delivery_lag_seconds",
    help: "From the row's commit, which puts the message into the outbox, to its delivery; by the database's clock.",
    labelNames: ["kind"],
    buckets: LAG_BUCKETS_SECONDS,
  });
  const readBacks = instruments.counter({
    name: "uptake_mirror_read_backs_total",
    help: "Messages in doubt that Langfuse was asked about: found, missing (all or part), or unread.",
    labelNames: ["kind", "result"],
  });
  instruments.gauge(
    { name: "uptake_mirror_circuit_open", help: "1 while this process takes Langfuse to be away and only probes it." },
    () => [{ value: isOpen() ? 1 : 0 }],
  );
  // Zero until something happens: a rate over a series that begins with its first event misses that event.
  for (const kind of messageKinds) {
    for (const outcome of OUTCOMES) attempts.add(0, { kind, outcome });
    for (const result of READ_BACK_RESULTS) readBacks.add(0, { kind, result });
  }

  return {
    ended(outcome, messages) {
      for (const { kind } of messages) attempts.add(1, { kind, outcome });
    },
    arrived({ kind, attempts }, lagSeconds) {
      deliveryAttempts.observe(attempts, { kind });
      lag.observe(lagSeconds, { kind });
    },
    readBack(kind, counts) {
      for (const result of READ_BACK_RESULTS) readBacks.add(counts[result], { kind, result });
    },
  };
}
