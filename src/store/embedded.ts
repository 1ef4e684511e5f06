import { Worker } from "node:worker_threads";
import { DatabaseError } from "pg";
import { UptakeError } from "../domain/errors.ts";
import type { Database, Queryable } from "./database.ts";
import { openDataDirectory, type DataDirectory } from "./data-directory.ts";
import type { EmbeddedReply, EmbeddedRequest, WireError } from "./embedded-protocol.ts";
import { createTransactionGuard } from "./transaction-guard.ts";

// Run from TypeScript (tests), the worker is the built one: a worker thread cannot load TypeScript on Node 20.
const workerUrl = import.meta.url.endsWith(".ts")
  ? new URL("../../dist/store/embedded-worker.js", import.meta.url)
  : new URL("./embedded-worker.js", import.meta.url);

const inMemory: DataDirectory = { path: "memory://", finished() {}, release() {} };

type Waiting = {
  readonly resolve: (rows: readonly unknown[]) => void;
  readonly reject: (error: Error) => void;
};

type Link = {
  call(request: EmbeddedRequest): Promise<readonly unknown[]>;
  onNotify(listener: number, callback: (payload: string) => void): void;
  forget(listener: number): void;
  terminate(): Promise<void>;
};

/** An error of the worker as `pg` would have thrown it here. */
function fromWire({ message, stack, fields }: WireError): Error {
  if (fields === null) return new Error(message, { cause: stack });
  const error = new DatabaseError(message, message.length, "error");
  return Object.assign(error, fields);
}

/**
 * Questions and answers with the worker thread. It holds the process only while an answer is outstanding, so a
 * program that forgets close() still ends.
 */
function linkTo(worker: Worker, place: string): Link {
  const waiting = new Map<number, Waiting>();
  const callbacks = new Map<number, (payload: string) => void>();
  let lastId = 0;
  let gone: Error | undefined;

  function settle(id: number): Waiting | undefined {
    const entry = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    return entry;
  }
  function stopped(cause: unknown): void {
    gone ??= new UptakeError(
      "database_unavailable",
      `Embedded database ${place}: its thread has ended. Open it again.`,
      {
        cause,
      },
    );
    for (const { reject } of waiting.values()) reject(gone);
    waiting.clear();
  }
  worker.on("message", (reply: EmbeddedReply) => {
    if (reply.kind === "notify") callbacks.get(reply.listener)?.(reply.payload);
    else if (reply.kind === "rows") settle(reply.id)?.resolve(reply.rows);
    else settle(reply.id)?.reject(fromWire(reply.error));
  });
  worker.on("error", stopped);
  worker.on("exit", (code) => stopped(new Error(`worker thread exited with code ${code}`)));
  worker.unref();

  return {
    call(request) {
      return new Promise((resolve, reject) => {
        if (gone !== undefined) return reject(gone);
        lastId += 1;
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        worker.postMessage({ ...request, id: lastId });
        worker.ref();
        waiting.set(lastId, { resolve, reject });
      });
    },
    onNotify: (listener, callback) => void callbacks.set(listener, callback),
    forget: (listener) => void callbacks.delete(listener),
    async terminate() {
      await worker.terminate();
    },
  };
}

/** Objects go as JSON, as `pg` would send them; dates, arrays and bytes cross the thread as they are. */
function toParameter(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(toParameter);
  return value instanceof Date || ArrayBuffer.isView(value) ? value : JSON.stringify(value);
}

/** The adapter over an open worker; `release` frees the directory once the worker has let go of it. */
function createEmbedded(link: Link, release: () => void): Database {
  const guard = createTransactionGuard();
  let lastNumber = 0;
  let closing: Promise<void> | undefined;

  function queryable(session: number | null): Queryable {
    return {
      async query<Row>(text: string, values: readonly unknown[] = []) {
        const rows = await link.call({ kind: "query", session, text, values: values.map(toParameter) });
        return rows as readonly Row[]; // the caller names the row type of its own statement
      },
    };
  }
  const autocommit = queryable(null);

  async function closeOnce(): Promise<void> {
    try {
      await link.call({ kind: "close" });
    } finally {
      await link.terminate();
      release();
    }
  }

  return {
    kind: "embedded",
    async query(text, values) {
      guard.refuseInside("query");
      return autocommit.query(text, values);
    },
    async transaction(callback) {
      guard.refuseInside("transaction");
      const session = (lastNumber += 1);
      await link.call({ kind: "begin", session });
      try {
        const result = await guard.run(queryable(session), callback);
        await link.call({ kind: "commit", session });
        return result;
      } catch (error) {
        // After a failed commit there is nothing left to roll back, and the worker says so; the first error counts.
        await link.call({ kind: "rollback", session }).catch(() => {});
        throw error;
      }
    },
    async listen(channel, onNotify) {
      guard.refuseInside("listen");
      const listener = (lastNumber += 1);
      link.onNotify(listener, onNotify);
      await link.call({ kind: "listen", listener, channel });
      return async () => {
        link.forget(listener);
        if (closing === undefined) await link.call({ kind: "unlisten", listener });
      };
    },
    close: () => (closing ??= closeOnce()),
  };
}

export type EmbeddedOptions = {
  /** Folder of the data, created if missing and locked for this process; `memory` keeps all in memory, without a lock. */
  readonly dataDir: string;
  /** Throws away the database that the folder holds. */
  readonly fresh?: boolean;
  /** Opens it even if it was moved elsewhere: to look, not to work. */
  readonly evenMoved?: boolean;
};

/**
 * Opens Postgres inside this process (PGlite, in a worker thread).
 *
 * @throws UptakeError `data_directory_in_use` when another living process has the folder open, `data_directory_moved`
 *   when `uptake move` has moved what it holds, `database_unavailable` when the data cannot be opened
 */
export async function openEmbedded({ dataDir, ...options }: EmbeddedOptions): Promise<Database> {
  const directory = dataDir === "memory" ? inMemory : openDataDirectory(dataDir, options);
  // Flags of this process (loaders, inspectors) are none of the worker's business.
  const worker = new Worker(workerUrl, { execArgv: [] });
  const link = linkTo(worker, directory.path);
  try {
    await link.call({ kind: "open", dataDir: directory.path });
    directory.finished();
  } catch (error) {
    await link.terminate();
    directory.release();
    // Of a thread that has ended, why it has.
    const reason = error instanceof UptakeError ? error.cause : error;
    throw new UptakeError(
      "database_unavailable",
      `Embedded database ${directory.path} cannot be opened: ${reason instanceof Error ? reason.message : String(reason)}. ` +
        "If the folder is damaged or was made by another version, choose another one.",
      { facts: { dataDir: directory.path }, cause: error },
    );
  }
  return createEmbedded(link, () => directory.release());
}
