import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { UptakeError } from "../../domain/errors.ts";
import type { LangfuseDialect } from "../dialect.ts";
import { createApp } from "./app.ts";
import { createFailureSwitch, type Failure } from "./failures.ts";
import { createStore } from "./store.ts";
import type { DroppedScore, Duplicates, StoredObservation, StoredScore } from "./stored.ts";

export type StandInLangfuseOptions = {
  readonly publicKey?: string;
  readonly secretKey?: string;
  /** 0 (the default) takes any free port. */
  readonly port?: number;
  /** Which Langfuse it plays; 4 by default. */
  readonly dialect?: LangfuseDialect;
  /** Whether a Langfuse 3 has `v3/scores`, as from 3.200 on; true by default. */
  readonly offersScoresV3?: boolean;
  /** How long reads do not show what was accepted; 0 by default. */
  readonly visibleAfterMs?: number;
};

/** Where the stand-in listens, and the keys that it takes. */
export type StandInAddress = { readonly baseUrl: string; readonly publicKey: string; readonly secretKey: string };

export type StandInLangfuse = {
  /** Listens on 127.0.0.1; called again it returns the same promise. Throws `port_in_use`. */
  start(): Promise<StandInAddress>;
  /** Stops, also requests under way; called again it returns the same promise. What was stored stays readable. */
  close(): Promise<void>;
  /** Makes trouble from now on; null ends it. */
  setFailure(failure: Failure | null): void;
  /** Makes trouble for the next requests only, one by default. */
  failNext(failure: Failure, count?: number): void;
  /** Every observation row that arrived, in order, duplicates included. */
  observations(): readonly StoredObservation[];
  /** Every score as it was posted, in order, overwritten ones included. */
  scores(): readonly StoredScore[];
  /** Scores that were answered as accepted and then dropped, as Langfuse's worker does without telling anybody. */
  droppedScores(): readonly DroppedScore[];
  /** The observations as Langfuse shows them by now: every visible row in version 4, merged by id in version 3. */
  currentObservations(): readonly StoredObservation[];
  /** The scores as Langfuse shows them by now: overwritten and deleted ones left out, and those not visible yet. */
  currentScores(): readonly StoredScore[];
  /** How many requests came, by `METHOD /path`. */
  requests(): Readonly<Record<string, number>>;
  /** What came more than once. */
  duplicates(): Duplicates;
};

/**
 * A Langfuse 4 or 3 to test against and to try Uptake with, in this process and on loopback only: its API, its strictness
 * and its answers, without its database. Keeps everything in memory until the process ends.
 *
 * @example
 * const standIn = createStandInLangfuse();
 * const { baseUrl, publicKey, secretKey } = await standIn.start();
 */
export function createStandInLangfuse(options: StandInLangfuseOptions = {}): StandInLangfuse {
  const publicKey = options.publicKey ?? "pk-lf-stand-in";
  const secretKey = options.secretKey ?? "sk-lf-stand-in";
  const store = createStore({ dialect: options.dialect ?? "v4", visibleAfterMs: options.visibleAfterMs ?? 0 });
  const offersScoresV3 = options.offersScoresV3 ?? true;
  const failures = createFailureSwitch();
  let server: Server | undefined;
  let started: Promise<StandInAddress> | undefined;
  let closed: Promise<void> | undefined;

  async function listen(): Promise<StandInAddress> {
    const app = createApp({ store, failures, offersScoresV3, publicKey, secretKey });
    const handle = getRequestListener(app.fetch, { overrideGlobalObjects: false });
    server = createServer((request, response) => void handle(request, response));
    const port = await listenOn(server, options.port ?? 0);
    return { baseUrl: `http://127.0.0.1:${port}`, publicKey, secretKey };
  }

  async function stop(): Promise<void> {
    await started?.catch(() => undefined);
    const listening = server;
    if (listening === undefined || !listening.listening) return;
    await new Promise<void>((resolve) => {
      listening.close(() => resolve());
      listening.closeAllConnections();
    });
  }

  return {
    start: () => (started ??= listen()),
    close: () => (closed ??= stop()),
    setFailure: failures.set,
    failNext: failures.next,
    observations: () => [...store.observations],
    scores: () => [...store.posts],
    droppedScores: () => [...store.dropped],
    currentObservations: () => [...store.currentObservations()],
    currentScores: store.currentScores,
    requests: () => Object.fromEntries(store.requests),
    duplicates: store.duplicates,
  };
}

function listenOn(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "EADDRINUSE" ? portInUse(port, error) : error);
    });
    server.listen(port, "127.0.0.1", () => {
      // A TCP server's address is an AddressInfo once it listens.
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function portInUse(port: number, cause: Error): UptakeError {
  return new UptakeError(
    "port_in_use",
    `port ${port} on 127.0.0.1 is taken by another program, so the stand-in Langfuse cannot listen there; ` +
      `stop that program or choose another port (0 takes any free one)`,
    { facts: { port }, cause },
  );
}
