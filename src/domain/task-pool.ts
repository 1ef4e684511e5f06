/** Runs at most `size` tasks at once: `run` resolves when its task has begun, `idle` when all have ended. */
export type TaskPool = { run(task: () => Promise<void>): Promise<void>; idle(): Promise<void> };

/** Tasks must not reject: what they throw is thrown at whoever waits. */
export function createTaskPool(size: number): TaskPool {
  const running = new Set<Promise<void>>();
  return {
    async run(task) {
      while (running.size >= Math.max(1, size)) await Promise.race(running);
      const started = task().finally(() => running.delete(started));
      running.add(started);
    },
    async idle() {
      await Promise.all(running);
    },
  };
}
