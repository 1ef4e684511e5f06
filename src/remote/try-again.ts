import { isTransient } from "./connection.ts";

export type Patience = {
  /** How long it is tried for, the pauses included. */
  readonly deadlineMs: number;
  /** 0 ≤ random() < 1 */
  readonly random: () => number;
};

/** As long as a person waits for a click to have an effect. */
export const PATIENCE: Patience = { deadlineMs: 10_000, random: Math.random };

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** Asks again, after growing pauses, while it fails for reasons that pass; then rejects with the last of them. */
export async function tryAgain<Answer>(ask: () => Promise<Answer>, { deadlineMs, random } = PATIENCE): Promise<Answer> {
  const deadline = performance.now() + deadlineMs;
  for (let failures = 0; ; failures += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!isTransient(error)) throw error;
      const most = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
      const pauseMs = Math.max(Number(error.facts["retryAfterMs"]), most * (0.5 + random() / 2));
      if (performance.now() + pauseMs > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
