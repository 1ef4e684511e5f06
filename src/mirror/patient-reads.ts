import { setTimeout as sleep } from "node:timers/promises";
import { UptakeError } from "../domain/errors.ts";
import type { Logger } from "../domain/logger.ts";
import type { Circuit } from "./circuit.ts";
import { failureOf } from "./read-back.ts";

/** After so many failures in a row (about a minute) Langfuse is taken to be away. */
const MAX_FAILURES = 10;

export type PatientReads = {
  /** Reads until Langfuse answers. Throws `mirror_failed` when it is away or refuses, and the signal's reason once aborted. */
  read<Result>(ask: () => Promise<Result>): Promise<Result>;
};

/**
 * Reads from Langfuse at its pace: what it cannot answer now (429, 5xx, no answer) is asked again after its Retry-After or
 * the back-off, which everything that reads side by side shares.
 */
export function createPatientReads(deps: {
  readonly circuit: Circuit;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): PatientReads {
  const { circuit, log, signal } = deps;

  function noteFailure(error: unknown): void {
    const failure = failureOf(error);
    const delayMs = circuit.failed(failure.kind === "unavailable" ? failure.retryAfterMs : undefined);
    const failureCount = circuit.failureCount();
    if (failureCount > MAX_FAILURES) {
      const message = `Langfuse cannot be read: ${failure.message}; run it again later`;
      throw new UptakeError("mirror_failed", message, { cause: error });
    }
    log.warn("mirror.read_waits", { error: failure.message, delayMs, failureCount });
  }

  return {
    async read(ask) {
      for (;;) {
        signal.throwIfAborted();
        const waitMs = circuit.waitMs();
        if (waitMs > 0) {
          await sleep(waitMs, undefined, { signal });
          continue;
        }
        try {
          const result = await ask();
          circuit.succeeded();
          return result;
        } catch (error) {
          signal.throwIfAborted();
          // Wrong keys, or no Langfuse at all: waiting does not help.
          if (failureOf(error).kind === "refused") throw error;
          noteFailure(error);
        }
      }
    },
  };
}
