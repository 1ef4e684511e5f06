/** Wakes whoever waits: a notification of the database, a stop, the end of a probe. */
export type Bell = {
  ring(): void;
  /** How often it has rung; take it before looking for work, so that a ring while looking is not missed. */
  rings(): number;
  /**
   * Resolves after the time, or at once when the bell rings or has rung more than `heard` times.
   * `holdsProcess` false lets the process end while only this is waited for.
   */
  wait(options: { readonly ms: number; readonly heard: number; readonly holdsProcess: boolean }): Promise<void>;
};

export function createBell(): Bell {
  let count = 0;
  const waiting = new Set<() => void>();
  return {
    ring() {
      count += 1;
      for (const wake of waiting) wake();
    },
    rings: () => count,
    async wait({ ms, heard, holdsProcess }) {
      if (count !== heard) return;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        if (!holdsProcess) timer.unref();
        waiting.add(wake);
      });
    },
  };
}
