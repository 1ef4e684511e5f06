import { Cron } from "croner";

/** Work that is done once a night while its process lives. */
export type Nightly = {
  /** Waits for the night; again does nothing. Does not hold the process. */
  readonly start: () => void;
  /** Ends the pass under way, which is told by the signal, and waits for it. */
  readonly stop: () => Promise<void>;
  /** Aborted once it is to stop. */
  readonly signal: AbortSignal;
};

export type NightlyOptions = {
  /** When, in UTC, as cron has it: `17 3 * * *`. */
  readonly pattern: string;
  readonly pass: () => Promise<unknown>;
  readonly onFailure: (error: unknown) => void;
};

export function createNightly({ pattern, pass, onFailure }: NightlyOptions): Nightly {
  const stopping = new AbortController();
  let cron: Cron | undefined;
  let running: Promise<unknown> = Promise.resolve();

  function runTonight(): void {
    running = pass().catch(onFailure);
  }

  return {
    start() {
      if (!stopping.signal.aborted) cron ??= new Cron(pattern, { timezone: "UTC", unref: true }, runTonight);
    },
    async stop() {
      stopping.abort();
      cron?.stop();
      await running;
    },
    signal: stopping.signal,
  };
}
