import type { DeskFunction } from "../../domain/desk-settings.ts";
import { newId } from "../../domain/ids.ts";
import type { Logger } from "../../domain/logger.ts";
import { createPeriodic } from "../../domain/periodic.ts";
import type { Queryable } from "../../store/database.ts";
import { claimPending, type PendingRow } from "../../store/queries/claim-pending.ts";
import { failPending } from "../../store/queries/fail-pending.ts";
import { putBackPending } from "../../store/queries/put-back-pending.ts";
import { settlePending } from "../../store/queries/settle-pending.ts";
import { sweepPendingClaims } from "../../store/queries/sweep-pending-claims.ts";
import type { Recorder } from "../../track/recorder.ts";
import { GENERATE_MESSAGE_SUGGESTION } from "../generate-message-suggestion.ts";
import type { RunOptions } from "../run-options.ts";
import { withTimeLimit } from "../time-limit.ts";
import type { HeldRecorder } from "./held-recorder.ts";
import { PENDING_LEASE_MS, underLease } from "./lease.ts";
import type { PendingMeters } from "./pending-meters.ts";
import { DEFAULT_RETRIES, retryInMs, type RetryPolicy } from "./retry-policy.ts";

/** Pause after a look that found nothing, and after a database that did not answer. */
const POLL_MS = 1_000;
const AFTER_FAILURE_MS = 5_000;
const SWEEP_EVERY_MS = 60_000;

export type PendingWorkerDeps = {
  readonly db: Queryable;
  readonly log: Logger;
  readonly projectId: string;
  /** Whose pending rows are run. */
  readonly functions: readonly DeskFunction[];
  /** Runs the agent function of one row; its tracker records into `held`. */
  readonly run: (row: PendingRow, options: RunOptions) => Promise<void>;
  readonly held: HeldRecorder;
  /** Where the record of a last failure goes. */
  /** What is done to messages before they are stored; nothing by default. */
  readonly said?: ((text: string) => string) | undefined;
  readonly recorder: Pick<Recorder, "record">;
  readonly meters: PendingMeters;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly random: () => number;
  readonly now: () => number;
  readonly retries?: RetryPolicy | undefined;
  readonly leaseMs?: number | undefined;
  readonly pollMs?: number | undefined;
};

/**
 * Takes pending rows (`Processing...`) as a queue and runs their agent functions, so that whoever inserts one need not call
 * anything. Any number may run side by side. A worker that dies is followed by another once its lease is over; whoever
 * answers first completes the row, and an answer that comes second changes nothing.
 */
export type PendingWorker = {
  /** Starts the loop; again does nothing. */
  start(): void;
  /** Takes no more, and ends what it has in hand. */
  stop(): Promise<void>;
};

export function createPendingWorker(deps: PendingWorkerDeps): PendingWorker {
  const { db, log, projectId, functions, concurrency, now, leaseMs = PENDING_LEASE_MS, pollMs = POLL_MS } = deps;
  const running = new Set<Promise<void>>();
  let sweepAtMs = now();

  async function look(): Promise<number> {
    if (running.size >= concurrency) await Promise.race(running);
    if (now() >= sweepAtMs) {
      sweepAtMs = now() + SWEEP_EVERY_MS;
      await sweepPendingClaims(db);
    }
    const token = newId();
    const limit = concurrency - running.size;
    const claim = { projectId, unnamed: GENERATE_MESSAGE_SUGGESTION, of: { functions }, limit, leaseMs, token };
    const rows = await claimPending(db, claim);
    for (const row of rows) {
      const run = runRow({ ...deps, leaseMs }, row, token).finally(() => running.delete(run));
      running.add(run);
    }
    return rows.length > 0 ? 0 : pollMs;
  }

  const periodic = createPeriodic(async () => {
    try {
      return await look();
    } catch (error) {
      log.error("desk.pending_failed", { retryInMs: AFTER_FAILURE_MS, message: messageOf(error) });
      return AFTER_FAILURE_MS;
    }
  });

  return {
    start: periodic.start,
    async stop() {
      await periodic.stop();
      await Promise.all(running);
    },
  };
}

/** One attempt at one row, to its end. Does not reject: a row that cannot even be settled is taken up again after its lease. */
async function runRow(
  deps: PendingWorkerDeps & { readonly leaseMs: number },
  row: PendingRow,
  token: string,
): Promise<void> {
  const { db, log, held, timeoutMs, leaseMs, retries = DEFAULT_RETRIES } = deps;
  const { suggestionId, functionName, attempts } = row;
  try {
    await underLease(db, { suggestionId, token, leaseMs }, async () => {
      if (attempts > retries.maxAttempts) return await buryRow(deps, row, token);
      held.hold(suggestionId);
      try {
        await withTimeLimit(timeoutMs, (signal) => deps.run(row, { signal }));
      } catch (error) {
        return await failRow(deps, row, { token, error });
      }
      deps.meters.ended("done");
      await settlePending(db, { suggestionId, token });
      log.info("desk.pending_done", { functionName, suggestionId, attempts });
    });
  } catch (error) {
    log.error("desk.pending_failed", { suggestionId, retryInMs: leaseMs, message: messageOf(error) });
  } finally {
    held.take(suggestionId);
  }
}

type Failure = { readonly token: string; readonly error: unknown };

/** To be tried again, or for good: then what the failed run recorded is written, or its error where it recorded nothing. */
async function failRow(deps: PendingWorkerDeps, row: PendingRow, { token, error }: Failure): Promise<void> {
  const { db, log, held, recorder, projectId, random, retries = DEFAULT_RETRIES } = deps;
  const { suggestionId, functionName, attempts } = row;
  const record = held.take(suggestionId);
  const message = messageOf(error);
  const delayMs = retryInMs(retries, { error, attempts }, random());
  if (delayMs !== undefined) {
    deps.meters.ended("retry");
    log.warn("desk.pending_retry", { functionName, suggestionId, attempts, retryInMs: delayMs, message });
    await putBackPending(db, { suggestionId, token, delayMs, error: message });
    return;
  }
  deps.meters.ended("failed");
  log.error("desk.pending_gave_up", { functionName, suggestionId, attempts, message });
  const errorType = error instanceof Error ? error.name : typeof error;
  const { said = String } = deps;
  const failed = { suggestionId, projectId, functionName, errorType, message: said(message) };
  if (record === undefined) await failPending(db, failed);
  else await recorder.record(record);
  await settlePending(db, { suggestionId, token });
}

/** Nobody knows what these rows do to a process; after so many deaths, no further one is sent in. */
async function buryRow(deps: PendingWorkerDeps, row: PendingRow, token: string): Promise<void> {
  const { db, log, projectId } = deps;
  const { suggestionId, functionName, attempts } = row;
  const message = `${attempts - 1} workers died or were cut off while they ran this row`;
  deps.meters.ended("failed");
  log.error("desk.pending_gave_up", { functionName, suggestionId, attempts, message });
  await failPending(db, { suggestionId, projectId, functionName, errorType: "abandoned", message });
  await settlePending(db, { suggestionId, token });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
