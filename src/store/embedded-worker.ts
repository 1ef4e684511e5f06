import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parentPort } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { createPgConfig } from "@electric-sql/pglite/node-postgres";
import { escapeIdentifier, Pool, type PoolClient } from "pg";
import type { EmbeddedReply, EmbeddedRequest, NumberedRequest, WireError } from "./embedded-protocol.ts";
import { commit, queryRows, rowTypes } from "./session.ts";

// The embedded Postgres, on its own thread because a query blocks the thread it runs on. `pg` speaks to it in process,
// so SQL, row types and error codes are those of a real server. PGlite has one session; therefore the pool has one
// client (a second one is a protocol error), and a transaction holds it while everyone else waits in the pool's queue.
// `copy … from stdin` ends the whole database: never send it.

// PGlite writes this over the whole postgresql.conf at every open, so every setting we want is here every time.
const postgresqlconf = [
  // The default 128 MB doubles the memory of the process; the operating system's cache serves as well.
  "shared_buffers=16MB",
  "timezone='UTC'",
  "default_text_search_config='pg_catalog.english'",
];
/** A cluster as initdb leaves it, made by the build: to unpack it is a sixth of the CPU that initdb takes in WebAssembly. */
const newCluster = new URL("./embedded-cluster.tgz", import.meta.url);
/** Below 128 MiB PGlite crashes at start. */
const initialMemory = 128 * 1024 * 1024;

type Opened = { readonly db: PGlite; readonly pool: Pool };

const port = parentPort;
if (port === null) throw new Error("embedded-worker runs as a worker thread only; use openEmbedded()");
const post = (reply: EmbeddedReply): void => port.postMessage(reply);

let opened: Opened | undefined;
const sessions = new Map<number, PoolClient>();
const listeners = new Map<number, () => Promise<void>>();

function whenOpen(): Opened {
  if (opened === undefined) throw new Error("the embedded database is not open");
  return opened;
}

function sessionOf(number: number): PoolClient {
  const client = sessions.get(number);
  if (client === undefined) throw new Error("the transaction is over");
  return client;
}

async function open(dataDir: string): Promise<void> {
  const options = { dataDir, postgresqlconf, initialMemory };
  const isNew = !existsSync(join(dataDir, "PG_VERSION"));
  const db = await PGlite.create(isNew ? { ...options, loadDataDir: new Blob([await readFile(newCluster)]) } : options);
  // pg's types ask for a host and a port; PGlite's config stands in for the connection itself.
  const config = Object.assign(createPgConfig(db), { max: 1, types: rowTypes, idleTimeoutMillis: 0 });
  opened = { db, pool: new Pool(config) };
}

/** Ends a transaction and frees the session, whatever happened. */
async function end(session: number, how: (client: PoolClient) => Promise<unknown>): Promise<void> {
  const client = sessionOf(session);
  sessions.delete(session);
  try {
    await how(client);
  } finally {
    client.release();
  }
}

/** Listens while holding the session: inside someone's transaction a LISTEN would be undone by its rollback. */
async function listen(listener: number, channel: string): Promise<void> {
  const { db, pool } = whenOpen();
  const held = await pool.connect();
  try {
    const name = escapeIdentifier(channel);
    const stop = await db.listen(name, (payload) => post({ kind: "notify", listener, payload }));
    listeners.set(listener, () => stop());
  } finally {
    held.release();
  }
}

async function unlisten(listener: number): Promise<void> {
  const stop = listeners.get(listener);
  listeners.delete(listener);
  const held = await whenOpen().pool.connect();
  try {
    await stop?.();
  } finally {
    held.release();
  }
}

async function close(): Promise<void> {
  if (opened === undefined) return;
  for (const session of sessions.keys()) await end(session, (client) => client.query("rollback"));
  await opened.pool.end();
  await opened.db.close();
  opened = undefined;
}

async function begin(session: number): Promise<void> {
  const client = await whenOpen().pool.connect();
  try {
    await client.query("begin");
  } catch (error) {
    client.release(true);
    throw error;
  }
  sessions.set(session, client);
}

/** Does what is asked; a query's answer are its rows. */
async function answer(request: EmbeddedRequest): Promise<readonly unknown[] | void> {
  switch (request.kind) {
    case "open":
      return open(request.dataDir);
    case "query": {
      const session = request.session === null ? whenOpen().pool : sessionOf(request.session);
      return queryRows(session, request.text, request.values);
    }
    case "begin":
      return begin(request.session);
    case "commit":
      return end(request.session, commit);
    case "rollback":
      return end(request.session, (client) => client.query("rollback"));
    case "listen":
      return listen(request.listener, request.channel);
    case "unlisten":
      return unlisten(request.listener);
    case "close":
      return close();
    default:
      return request satisfies never;
  }
}

/** What Postgres says about an error. Told by its fields: PGlite carries an error class of its own. */
const errorFields: readonly string[] = [
  "severity",
  "code",
  "detail",
  "hint",
  "position",
  "internalPosition",
  "internalQuery",
  "where",
  "schema",
  "table",
  "column",
  "dataType",
  "constraint",
  "file",
  "line",
  "routine",
];

function toWire(error: unknown): WireError {
  if (!(error instanceof Error)) return { message: String(error), stack: undefined, fields: null };
  const { message, stack } = error;
  if (!("severity" in error)) return { message, stack, fields: null };
  const said = new Map<string, unknown>(Object.entries(error));
  const fields: Record<string, string> = {};
  for (const field of errorFields) {
    const value = said.get(field);
    if (typeof value === "string") fields[field] = value;
  }
  return { message, stack, fields };
}

port.on("message", (request: NumberedRequest) => {
  answer(request).then(
    (rows) => post({ kind: "rows", id: request.id, rows: rows ?? [] }),
    (error: unknown) => post({ kind: "error", id: request.id, error: toWire(error) }),
  );
});
