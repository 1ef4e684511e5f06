/** Closers of what was opened, run in reverse, once. */
export type Closers = { push(close: () => Promise<void>): void; close(): Promise<void> };

export function createClosers(): Closers {
  const opened: (() => Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  async function closeAll(): Promise<void> {
    for (const close of opened.reverse()) await close();
  }
  return { push: (close) => void opened.push(close), close: () => (closing ??= closeAll()) };
}
