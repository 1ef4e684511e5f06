import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import type { ArmName, Place } from "./arm.ts";
import type { Load, Measured } from "./loads.ts";
import { type Companion, spoolDirIn, startCompanion } from "./processes.ts";
import type { Arrived, SinkRequest, Trouble } from "./sink.ts";

/** Where Uptake's mirror runs: nowhere, in a worker process beside the arm as in production, or in the arm's process. */
export type Mirror = "none" | "beside" | "within";

/** One arm in its process, with a sink of its own and, for Uptake, a database of its own. */
export type Player = {
  readonly place: Place;
  run(load: Load): Promise<Measured>;
  trouble(trouble: Trouble): Promise<void>;
  /** How many of these calls have come to the end of their way. */
  arrivedOf(measured: Measured): Promise<number>;
  stop(): Promise<void>;
};

export type Stage = {
  play(name: ArmName, options?: { readonly mirror?: Mirror }): Promise<Player>;
  close(): Promise<void>;
};

const SETTLE_MS = 500;
const MIRRORED_TIMEOUT_MS = 240_000;

export const isUptake = (name: ArmName): boolean => name.startsWith("uptake");

/** Makes databases on the server, and processes that end with the stage. */
export function createStage(postgresUrl: string, scratch: string): Stage {
  const players: Player[] = [];
  let number = 0;

  async function play(name: ArmName, { mirror = "none" }: { readonly mirror?: Mirror } = {}): Promise<Player> {
    const id = `${name.replaceAll("-", "_")}_${++number}`;
    const isMirrored = mirror !== "none";
    const sink = await startCompanion<SinkRequest, Arrived>("sink", [isMirrored ? "langfuse" : "peers"]);
    const databaseUrl = isUptake(name) ? await createDatabase(postgresUrl, id) : "";
    const spoolDir = spoolDirIn(scratch, id);
    const place: Place = { sinkUrl: sink.greeting, databaseUrl, spoolDir, mirrorsHere: mirror === "within" };
    const child = await startCompanion<Load, Measured>("overhead-child", [name, JSON.stringify(place)]);
    const worker = mirror === "beside" ? startWorker(place) : undefined;
    const player = await createPlayer({ place, sink, child, worker });
    players.push(player);
    return player;
  }

  return {
    play,
    async close() {
      for (const player of players) await player.stop();
    },
  };
}

type PlayerParts = {
  readonly place: Place;
  readonly sink: Companion<SinkRequest, Arrived>;
  readonly child: Companion<Load, Measured>;
  readonly worker: ChildProcess | undefined;
};

async function createPlayer({ place, sink, child, worker }: PlayerParts): Promise<Player> {
  const database = place.databaseUrl === "" ? undefined : await openDatabase(place.databaseUrl);
  let stopped = false;

  return {
    place,
    run: (load) => child.ask(load),
    async trouble(trouble) {
      await sink.ask({ trouble });
    },
    async arrivedOf({ firstCall, callCount }) {
      if (database !== undefined) return database.countOf(firstCall, callCount);
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const { calls } = await sink.ask({ count: true });
      return calls.filter((call) => call >= firstCall && call < firstCall + callCount).length;
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      await Promise.all([child.kill(), sink.kill(), endWorker(worker)]);
      await database?.close();
    },
  };
}

/** The mirror's own command, as production runs it. */
export function startWorker({ databaseUrl, sinkUrl }: Place): ChildProcess {
  const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
  const langfuse = { LANGFUSE_PUBLIC_KEY: "pk-lf-stand-in", LANGFUSE_SECRET_KEY: "sk-lf-stand-in" };
  return spawn(process.execPath, [program, "worker"], {
    env: { PATH: process.env["PATH"], DATABASE_URL: databaseUrl, LANGFUSE_BASE_URL: sinkUrl, ...langfuse },
    stdio: "ignore",
  });
}

export async function endWorker(worker: ChildProcess | undefined): Promise<void> {
  if (worker === undefined || worker.exitCode !== null || worker.signalCode !== null) return;
  const ended = once(worker, "exit");
  worker.kill("SIGKILL");
  await ended;
}

export async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const server = new Client({ connectionString: serverUrl });
  await server.connect();
  await server.query(`create database ${name}`);
  await server.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

export type OpenDatabase = {
  /** Calls of the workload that are stored, as often as they are. */
  calls(): Promise<readonly number[]>;
  countOf(firstCall: number, callCount: number): Promise<number>;
  untilMirrored(): Promise<void>;
  close(): Promise<void>;
};

export async function openDatabase(url: string): Promise<OpenDatabase> {
  const client = new Client({ connectionString: url });
  await client.connect();
  async function calls(): Promise<readonly number[]> {
    const text = "select substring(suggested_response from '#call-(\\d+)#')::integer as call from ai_suggestions";
    const { rows } = await client.query<{ call: number }>(text);
    return rows.map(({ call }) => call);
  }
  return {
    calls,
    async countOf(firstCall, callCount) {
      const stored = new Set(await calls());
      return Array.from({ length: callCount }, (_, index) => firstCall + index).filter((call) => stored.has(call))
        .length;
    },
    async untilMirrored() {
      const deadline = Date.now() + MIRRORED_TIMEOUT_MS;
      while (Date.now() < deadline) {
        const { rows } = await client.query<{ count: string }>("select count(*) from langfuse_outbox");
        if (rows[0]?.count === "0") return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      console.error(`the mirror is not done after ${MIRRORED_TIMEOUT_MS} ms`);
    },
    close: () => client.end(),
  };
}
