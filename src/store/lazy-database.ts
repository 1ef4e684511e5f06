import type { Database } from "./database.ts";

export type LazyDatabase = Database & {
  /** Resolves once an opening that is under way has ended, however it ended; at once where nothing opens. */
  settled(): Promise<void>;
};

/**
 * A database that opens at its first use, once, however many ask at the same time. Where opening fails the callers
 * of that moment get the error and the next use tries again, so a database that is away at start is found later.
 */
export function createLazyDatabase(kind: Database["kind"], open: () => Promise<Database>): LazyDatabase {
  let opening: Promise<Database> | undefined;
  let closing: Promise<void> | undefined;

  function opened(): Promise<Database> {
    if (closing !== undefined) return Promise.reject(new Error("the database is closed"));
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  async function closeOpened(): Promise<void> {
    const database = await opening?.catch(() => undefined);
    await database?.close();
  }

  return {
    kind,
    query: async (text, values) => (await opened()).query(text, values),
    transaction: async (callback) => (await opened()).transaction(callback),
    listen: async (channel, onNotify) => (await opened()).listen(channel, onNotify),
    async settled() {
      await opening?.catch(() => {});
    },
    close() {
      closing ??= closeOpened();
      return closing;
    },
  };
}
