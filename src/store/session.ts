import { type CustomTypesConfig, type QueryResult, types } from "pg";
import { parseIntegers } from "./array-text.ts";

/** What both adapters hold to talk to Postgres: a client of `pg`, or its pool. */
export type Session = {
  query(text: string, values?: unknown[]): Promise<QueryResult | QueryResult[]>;
};

const oid = {
  bytea: 17,
  int8: 20,
  date: 1082,
  timestamp: 1114,
  interval: 1186,
  textArray: 1009,
  int2Array: 1005,
  int4Array: 1007,
  int8Array: 1016,
  numeric: 1700,
};

const asIs = (text: string): string => text;
// pg's types list the ids of scalars only; its parsers know those of arrays as well.
const parserOf = types.getTypeParser as (id: number, format?: "text" | "binary") => (text: string) => unknown;
const textArray = parserOf(oid.textArray);

function toNumbers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toNumbers);
  return value === null ? null : Number(value);
}

const integerArray = (text: string): unknown => parseIntegers(text) ?? toNumbers(textArray(text));

/**
 * Types the rows of both adapters share, where they differ from the defaults of `pg`:
 * - `bigint` and `numeric` are numbers (exact up to 2^53; sums and ids of ours stay far below);
 * - `date`, `timestamp` (without time zone) and `interval` stay text: a Date would smuggle in the process's time zone;
 * - `bytea` is a plain Uint8Array, since a Buffer would not survive the way out of the worker thread.
 * The result format is always text: binary results are decoded wrongly by pg 8.23 (brianc/node-postgres#3495).
 */
const parsers = new Map<number, (text: string) => unknown>([
  [oid.bytea, (text) => Uint8Array.from(Buffer.from(text.slice(2), "hex"))],
  [oid.int8, Number],
  [oid.int2Array, integerArray],
  [oid.int4Array, integerArray],
  [oid.int8Array, integerArray],
  [oid.numeric, Number],
  [oid.date, asIs],
  [oid.timestamp, asIs],
  [oid.interval, asIs],
]);

export const rowTypes: CustomTypesConfig = {
  getTypeParser: (id: number, format?: "text" | "binary") => parsers.get(id) ?? parserOf(id, format),
};

/**
 * Sends a text and returns its rows. Without parameters `pg` uses the simple protocol, so a migration's many
 * statements may go in one text; the rows are those of the last one.
 */
export async function queryRows(session: Session, text: string, values: readonly unknown[] = []): Promise<unknown[]> {
  const result = values.length === 0 ? await session.query(text) : await session.query(text, [...values]);
  const rows: unknown[] | undefined = (Array.isArray(result) ? result.at(-1) : result)?.rows;
  return rows ?? [];
}

/**
 * Commits, and refuses to call it a success when it was none: Postgres answers a COMMIT of a transaction in which a
 * statement failed with ROLLBACK and no error, so a callback that swallowed that failure would lose its writes unseen.
 */
export async function commit(session: Session): Promise<void> {
  const result = await session.query("commit");
  if (!Array.isArray(result) && result.command === "ROLLBACK") {
    throw new Error(
      "Transaction rolled back at commit: a statement in it had failed and the error was caught. Let it reach transaction(), or use a savepoint.",
    );
  }
}
