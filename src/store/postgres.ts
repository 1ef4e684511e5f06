import { Client, type ClientConfig, DatabaseError, Pool, type PoolClient } from "pg";
import { UptakeError } from "../domain/errors.ts";
import type { Database, Queryable } from "./database.ts";
import { createPostgresListener } from "./postgres-listener.ts";
import { commit, queryRows, rowTypes } from "./session.ts";
import { createTransactionGuard } from "./transaction-guard.ts";

/** The oldest server that the SQL is written for and tested on. */
const oldestVersion = 15;
const connectionTimeoutMs = 10_000;

/** Where a connection goes, for people: never with the password. */
type Target = { readonly host: string; readonly port: number; readonly database: string; readonly user: string };

/** What to do about a connection error, by the code of the system or of Postgres. */
const remedies: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Start Postgres there, or correct DATABASE_URL.",
  ENOENT: "Start Postgres there, or correct DATABASE_URL.",
  ENOTFOUND: "Correct the host in DATABASE_URL.",
  EAI_AGAIN: "Correct the host in DATABASE_URL, or look at this machine's name resolution.",
  "28P01": "Correct the user or password in DATABASE_URL.",
  "28000": "Correct the user in DATABASE_URL, or allow it in pg_hba.conf.",
  "3D000": "Create the database, or correct its name in DATABASE_URL.",
  "53300": "Raise max_connections, or run fewer processes.",
  "57P03": "The server is starting or stopping: try again in a moment.",
};
const certificateRemedy =
  "Add sslrootcert=/path/of/its-authority.pem to DATABASE_URL, or correct the host if the certificate is for another one.";
const generalRemedy = "Look whether the server runs and can be reached from here.";

/** Codes of Postgres that are about the connection and not about the statement: classes 08 and 28, and these. */
const connectionCodes = new Set(["3D000", "53300", "57P01", "57P02", "57P03", "57P05"]);

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function isAboutConnection(error: unknown): boolean {
  const code = codeOf(error);
  if (error instanceof DatabaseError)
    return connectionCodes.has(code) || code.startsWith("08") || code.startsWith("28");
  if (!(error instanceof Error)) return false;
  return (
    /^E[A-Z_]+$/.test(code) ||
    isAboutCertificate(error) ||
    /connection terminated|connection timeout|timeout exceeded when trying to connect|connection error|not queryable|pool after calling end|SSL/i.test(
      error.message,
    )
  );
}

/** Codes of Node's TLS, such as DEPTH_ZERO_SELF_SIGNED_CERT and ERR_TLS_CERT_ALTNAME_INVALID. */
const isAboutCertificate = (error: unknown): boolean => /CERT|UNABLE_TO_VERIFY/.test(codeOf(error));

function unavailable({ host, port, database, user }: Target, cause: unknown): UptakeError {
  // Several addresses that all failed come as one AggregateError without a message.
  const reason = (cause instanceof Error && cause.message) || codeOf(cause) || String(cause);
  const remedy = isAboutCertificate(cause) ? certificateRemedy : (remedies[codeOf(cause)] ?? generalRemedy);
  return new UptakeError(
    "database_unavailable",
    `Postgres at ${host}:${port} (database ${database}, user ${user}) is not available: ${reason}. ${remedy}`,
    { facts: { host, port, database, user }, cause },
  );
}

/** Reads the URL as `pg` will. Its own error is not passed on: it carries the URL with the password. */
function targetOf(url: string): Target {
  try {
    const { host, port, database, user } = new Client({ connectionString: url });
    return { host, port, database: database ?? "", user: user ?? "" };
  } catch {
    throw new UptakeError(
      "invalid_configuration",
      "DATABASE_URL is not a Postgres URL: expected postgres://user:password@host:5432/database, with special characters of the password percent-encoded.",
    );
  }
}

async function refuseOldServer(pool: Pool, { host, port }: Target): Promise<void> {
  const [row] = (await queryRows(pool, "select current_setting('server_version_num')::integer as version")) as {
    version: number;
  }[];
  const major = Math.floor((row?.version ?? 0) / 10_000);
  if (major >= oldestVersion) return;
  throw new UptakeError(
    "database_unavailable",
    `Postgres at ${host}:${port} is version ${major}; Uptake needs ${oldestVersion} or newer. Upgrade the server.`,
    { facts: { host, port, version: major, oldestVersion } },
  );
}

/** A transaction on a client of its own. A client that cannot even roll back is thrown away, not given to the next. */
async function runTransaction<T>(
  client: PoolClient,
  callback: () => Promise<T>,
  translate: (error: unknown) => unknown,
): Promise<T> {
  /** The callback's own errors are none of the database's, whatever their code. */
  const translated = async (step: Promise<unknown>): Promise<void> => {
    await step.catch((error: unknown) => {
      throw translate(error);
    });
  };
  let broken: boolean | Error = false;
  try {
    await translated(client.query("begin"));
    const result = await callback();
    await translated(commit(client));
    return result;
  } catch (error) {
    await client.query("rollback").catch((failure: unknown) => {
      broken = failure instanceof Error ? failure : true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

function queryableOn(session: Pool | PoolClient, translate: (error: unknown) => unknown): Queryable {
  return {
    async query<Row>(text: string, values?: readonly unknown[]) {
      try {
        return (await queryRows(session, text, values)) as readonly Row[]; // the caller names the row type of its own statement
      } catch (error) {
        throw translate(error);
      }
    },
  };
}

/**
 * Opens a pool of connections to a Postgres server (15 or newer).
 *
 * @param options.url `postgres://user:password@host:5432/database`
 * @param options.maxConnections most connections at once, 10 by default; listening takes one more
 * @param options.timeoutMs longest wait for a connection and for a statement; by default ten seconds, and for ever
 * @throws UptakeError `database_unavailable` with host and remedy, here and from every later query that finds the
 *   connection gone; `invalid_configuration` for a URL that is none
 */
export async function openPostgres({
  url,
  maxConnections = 10,
  timeoutMs,
}: {
  url: string;
  maxConnections?: number;
  timeoutMs?: number;
}): Promise<Database> {
  const target = targetOf(url);
  const config: ClientConfig = {
    connectionString: url,
    application_name: "uptake",
    types: rowTypes,
    keepAlive: true,
    connectionTimeoutMillis: timeoutMs ?? connectionTimeoutMs,
    ...(timeoutMs === undefined ? {} : { query_timeout: timeoutMs }),
  };
  // Idle connections do not keep a program alive that forgot close().
  const pool = new Pool({ ...config, max: maxConnections, allowExitOnIdle: true });
  // A connection lost while nobody waits on it is only reported by an event, and an unheard error event ends the
  // process. There is nothing to do: the pool drops the connection, a holder's next query fails.
  pool.on("error", () => {});
  pool.on("connect", (client) => void client.on("error", () => {}));

  const translate = (error: unknown): unknown => (isAboutConnection(error) ? unavailable(target, error) : error);
  try {
    await refuseOldServer(pool, target);
  } catch (error) {
    await pool.end();
    throw translate(error);
  }

  const guard = createTransactionGuard();
  const autocommit = queryableOn(pool, translate);
  const listener = createPostgresListener(() => new Client(config));
  let closing: Promise<void> | undefined;

  return {
    kind: "postgres",
    async query(text, values) {
      guard.refuseInside("query");
      return autocommit.query(text, values);
    },
    async transaction(callback) {
      guard.refuseInside("transaction");
      const client = await pool.connect().catch((error: unknown) => {
        throw translate(error);
      });
      return runTransaction(client, () => guard.run(queryableOn(client, translate), callback), translate);
    },
    async listen(channel, onNotify) {
      guard.refuseInside("listen");
      try {
        return await listener.listen(channel, onNotify);
      } catch (error) {
        throw translate(error);
      }
    },
    close: () => (closing ??= Promise.all([listener.close(), pool.end()]).then(() => {})),
  };
}
