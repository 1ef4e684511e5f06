import type { Page } from "playwright-core";

export type LongTask = { readonly startMs: number; readonly durationMs: number };

export type PageBudget = {
  /** Answers that have ended: each with its bytes as they came over the line, packed where the server packs. */
  readonly answers: () => Promise<readonly { readonly path: string; readonly byteCount: number }[]>;
  /** Tasks of the page of over 50 ms so far, by its own clock. */
  readonly longTasks: () => Promise<readonly LongTask[]>;
  /** Milliseconds since the page was asked for. */
  readonly now: () => Promise<number>;
};

/** Takes down what a page costs; call it before the page goes anywhere. */
export async function watchBudget(page: Page): Promise<PageBudget> {
  const answers: Promise<{ path: string; byteCount: number }>[] = [];
  page.on("requestfinished", (request) => {
    const { pathname, search } = new URL(request.url());
    answers.push(
      request.sizes().then(({ responseBodySize }) => ({ path: pathname + search, byteCount: responseBodySize })),
    );
  });
  await page.addInitScript(
    `window.longTasks = [];
     new PerformanceObserver((list) => {
       for (const { startTime, duration } of list.getEntries()) longTasks.push({ startMs: startTime, durationMs: duration });
     }).observe({ type: "longtask", buffered: true });`,
  );
  return {
    answers: () => Promise.all(answers),
    // A task is told some time after it has ended.
    longTasks: () =>
      page.evaluate<readonly LongTask[]>(
        "new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(longTasks), 100)))",
      ),
    now: () => page.evaluate<number>("performance.now()"),
  };
}

export const bytesOf = (answers: readonly { readonly byteCount: number }[]): number =>
  answers.reduce((sum, { byteCount }) => sum + byteCount, 0);

/** In words, for whoever runs it. */
export const longTaskText = (tasks: readonly LongTask[]): string =>
  tasks.length === 0
    ? "none over 50 ms"
    : `${tasks.length} over 50 ms, the longest ${Math.max(...tasks.map(({ durationMs }) => durationMs)).toFixed(0)} ms`;
