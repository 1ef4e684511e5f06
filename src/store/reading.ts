import { UptakeError } from "../domain/errors.ts";
import type { Database } from "./database.ts";

/** A database that is only asked, see {@link createReading}. */
export type Reading = Pick<Database, "kind" | "query">;

export type ReadingOptions = {
  /** How long one statement may take. */
  readonly timeoutMs: number;
  /** Statements under way at once; the others wait for their turn. */
  readonly maxAtOnce: number;
};

/** Half of the pool's connections, so that what is written never waits for what is read. */
export const READING: ReadingOptions = { timeoutMs: 20_000, maxAtOnce: 5 };

const MAX_WAITING = 200;

/**
 * The database for questions from outside, such as a search through every text. Each statement is in a transaction of its own
 * that can only read, and Postgres itself ends it after `timeoutMs`: an answer that nobody waits for any more would else hold
 * its connection for as long as it takes. The embedded database has one connection and no such limit: it is asked as it is.
 */
export function createReading(db: Database, { timeoutMs, maxAtOnce }: ReadingOptions): Reading {
  if (db.kind === "embedded") return db;
  let freeCount = maxAtOnce;
  const waiting: (() => void)[] = [];

  async function turn(): Promise<void> {
    if (freeCount > 0) {
      freeCount -= 1;
      return;
    }
    if (waiting.length >= MAX_WAITING) {
      throw new UptakeError("too_busy", "too many questions wait for the database already; try again later");
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  /** Whoever waits takes over the place, so that nobody who comes later is before them. */
  function pass(): void {
    const next = waiting.shift();
    if (next === undefined) freeCount += 1;
    else next();
  }

  return {
    kind: db.kind,
    async query(text, values) {
      await turn();
      try {
        return await db.transaction(async (tx) => {
          await tx.query(`set transaction read only; set local statement_timeout = ${timeoutMs}`);
          return tx.query(text, values);
        });
      } finally {
        pass();
      }
    },
  };
}
