import type { Instruments, Sample } from "../domain/instruments.ts";
import type { Backlog } from "../store/queries/read-backlog.ts";
import { createLook, type Look } from "./look.ts";

/**
 * Shows what waits in the database. One query a look; where it fails or takes too long, `uptake_database_up` says so and
 * what it would have told is left out.
 */
export function gaugeBacklog(instruments: Instruments, read: () => Promise<readonly Backlog[]>): void {
  const look = createLook(read);
  const perKind = (samplesOf: (backlog: Backlog) => number | null) => async (): Promise<Sample[]> =>
    ((await look()) ?? []).flatMap((backlog) => {
      const value = samplesOf(backlog);
      return value === null ? [] : [{ value, labels: { kind: backlog.kind } }];
    });
  const labelNames = ["kind"];

  instruments.gauge({ name: "uptake_database_up", help: "1 where the database answers." }, async () => [
    { value: (await look()) === undefined ? 0 : 1 },
  ]);
  instruments.gauge(
    {
      name: "uptake_mirror_waiting_messages",
      help: "Messages in the outbox still to be delivered; the same in every process on one database.",
      labelNames,
    },
    perKind(({ waiting }) => waiting),
  );
  instruments.gauge(
    {
      name: "uptake_mirror_oldest_waiting_seconds",
      help: "Age of the oldest message still to be delivered; absent where none waits.",
      labelNames,
    },
    perKind(({ oldestWaitingSeconds }) => oldestWaitingSeconds),
  );
  instruments.gauge(
    {
      name: "uptake_mirror_held_messages",
      help: "Messages that sampling holds: feedback may still come, or the day's budget is spent.",
      labelNames,
    },
    perKind(({ held }) => held),
  );
  instruments.gauge(
    { name: "uptake_mirror_dead_messages", help: "Messages that were refused for good and are kept.", labelNames },
    perKind(({ dead }) => dead),
  );
  gaugeOnce(instruments, look);
}

/** What every line of the backlog says alike. */
function gaugeOnce(instruments: Instruments, look: Look<readonly Backlog[]>): void {
  const once = (sampleOf: (backlog: Backlog) => number | null) => async (): Promise<Sample[]> =>
    ((await look()) ?? []).slice(0, 1).flatMap((backlog) => {
      const value = sampleOf(backlog);
      return value === null ? [] : [{ value }];
    });
  instruments.gauge(
    { name: "uptake_rollup_waiting_deltas", help: "Deltas not added to the rollup yet." },
    once(({ waitingDeltas }) => waitingDeltas),
  );
  instruments.gauge(
    {
      name: "uptake_erasures_pending",
      help: "Erasures of persons that are not done everywhere; the same in every process on one database.",
    },
    once(({ pendingErasures }) => pendingErasures),
  );
  instruments.gauge(
    {
      name: "uptake_erasures_oldest_pending_seconds",
      help: "Time since the oldest of them was asked for; absent where none is pending.",
    },
    once(({ oldestErasureSeconds }) => oldestErasureSeconds),
  );
}
