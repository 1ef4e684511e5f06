import { LONGEST_TIMER_MS } from "../domain/durations.ts";
/** Listens for the request to stop. The first one asks the work to end what it has in hand, the second ends the process. */
export type Interrupt = { readonly signal: AbortSignal; stop(): void; dispose(): void };

type Signals = {
  on(name: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  off(name: "SIGINT" | "SIGTERM", listener: () => void): unknown;
};

/** Listens until disposed. `stop` is for other reasons to end, such as a closed pipe. */
export function createInterrupt(deps: {
  readonly signals: Signals;
  readonly note: (line: string) => void;
  readonly exitAtOnce: () => void;
}): Interrupt {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      deps.exitAtOnce();
      return;
    }
    deps.note("uptake: stopping; once more to stop at once");
    controller.abort();
  };
  deps.signals.on("SIGINT", onSignal);
  deps.signals.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    stop: () => controller.abort(),
    dispose() {
      deps.signals.off("SIGINT", onSignal);
      deps.signals.off("SIGTERM", onSignal);
    },
  };
}

/** Resolves once the signal is aborted. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** The same, and the process stays up until then: neither a listener nor a database at rest would keep it. */
export async function stayUntilAborted(signal: AbortSignal): Promise<void> {
  const hold = setInterval(() => {}, LONGEST_TIMER_MS);
  await whenAborted(signal);
  clearInterval(hold);
}
