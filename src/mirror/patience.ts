import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../domain/logger.ts";
import type { SendFailure } from "../langfuse/send-answer.ts";
import { createCircuit } from "./circuit.ts";

const BACK_OFF = { baseMs: 500, capMs: 10_000 };

/** An answer, or why there is none. */
export type Attempt<Value> = { readonly value: Value } | SendFailure;

/** A limited time for asking one Langfuse. */
export type Patience = {
  /**
   * Asks until it has an answer, a failure that another attempt does not mend, or no time left; resolves to the last
   * attempt. Between attempts it waits for the back-off, or as long as Langfuse says. Throws the signal's reason once aborted.
   */
  ask<Value>(
    attempt: () => Promise<Attempt<Value>>,
    worthMore: readonly SendFailure["kind"][],
  ): Promise<Attempt<Value>>;
  leftMs(): number;
  /** How long it was at first, in words. */
  readonly text: string;
  /** What the last failure was, and that it was not for want of patience. */
  inVain(failure: SendFailure): string;
};

/** Begins now. */
export function createPatience(deps: {
  readonly patienceMs: number;
  readonly log: Logger;
  readonly now: () => number;
  readonly random: () => number;
  readonly signal: AbortSignal;
}): Patience {
  const { patienceMs, log, now, signal } = deps;
  const circuit = createCircuit({ ...BACK_OFF, ...deps });
  const deadline = now() + patienceMs;
  const leftMs = (): number => Math.max(0, deadline - now());

  const text = `${patienceMs / 1000} s`;

  return {
    leftMs,
    text,
    inVain: ({ kind, message }) => (kind === "refused" ? message : `${message}; no better answer within ${text}`),
    async ask(attempt, worthMore) {
      for (;;) {
        signal.throwIfAborted();
        const answer = await attempt();
        signal.throwIfAborted();
        if (!("kind" in answer)) circuit.succeeded();
        if (!("kind" in answer) || !worthMore.includes(answer.kind)) return answer;
        const delayMs = circuit.failed(answer.kind === "unavailable" ? answer.retryAfterMs : undefined);
        if (delayMs >= leftMs()) return answer;
        log.warn("verify.waits", { error: answer.message, delayMs });
        await sleep(delayMs, undefined, { signal });
      }
    },
  };
}
