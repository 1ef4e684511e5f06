import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BENCH_KEYS } from "./keys.ts";
import type { PosterOrder } from "./poster.ts";
import type { Posted, ReceiverOrder, ReceiverReport } from "./receiver.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

async function ask(child: ChildProcess, order: PosterOrder | ReceiverOrder): Promise<unknown> {
  const answered = once(child, "message");
  child.send(order);
  const [answer] = (await answered) as [unknown];
  return answer;
}

const start = (file: string): ChildProcess =>
  fork(new URL(file, import.meta.url), { serialization: "advanced", execArgv: ["--import", "tsx"] });

export type Receiver = {
  readonly pid: number;
  readonly port: number;
  /** Forgets what came; `keeps` true remembers the requests from now on. */
  forget(keeps?: boolean): Promise<void>;
  report(): Promise<ReceiverReport>;
  stop(): void;
};

/** What plays Langfuse: a sink that is as cheap as can be, or the stand-in. */
export async function startReceiver(file: "./sink.ts" | "./stand-in.ts"): Promise<Receiver> {
  const child = start(file);
  const [{ port }] = (await once(child, "message")) as [ReceiverReport];
  return {
    pid: child.pid ?? 0,
    port,
    forget: async (keeps = false) => void (await ask(child, { kind: "count", keeps })),
    report: async () => (await ask(child, { kind: "report" })) as ReceiverReport,
    stop: () => child.disconnect(),
  };
}

export type Poster = {
  readonly pid: number;
  load(requests: readonly Posted[], lanes: number): Promise<void>;
  /** Posts everything; `compresses` true compresses on the way what is to be compressed. */
  post(baseUrl: string, compresses: boolean): Promise<void>;
  stop(): void;
};

export function startPoster(): Poster {
  const child = start("./poster.ts");
  return {
    pid: child.pid ?? 0,
    load: async (requests, lanes) => void (await ask(child, { kind: "load", requests, lanes })),
    post: async (baseUrl, compresses) => void (await ask(child, { kind: "post", baseUrl, compresses })),
    stop: () => child.disconnect(),
  };
}

export type Worker = { readonly pid: number; stop(): Promise<void> };

/** `uptake worker` as it is shipped, with its defaults; `dist` is a folder that the build made. */
export async function startWorker(
  databaseUrl: string,
  baseUrl: string,
  {
    dist = join(root, "dist"),
    execArgv = [],
  }: { readonly dist?: string | undefined; readonly execArgv?: readonly string[] } = {},
): Promise<Worker> {
  const env = {
    ...process.env,
    DATABASE_URL: databaseUrl,
    LANGFUSE_BASE_URL: baseUrl,
    LANGFUSE_PUBLIC_KEY: BENCH_KEYS.publicKey,
    LANGFUSE_SECRET_KEY: BENCH_KEYS.secretKey,
  };
  const args = [...execArgv, join(dist, "cli/main.js"), "worker"];
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  const running = new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      if (output.length < 10_000) output += chunk.toString();
      if (output.includes("worker running")) resolve();
    });
    child.once("exit", () => reject(new Error(`the worker ended at start: ${output}`)));
  });
  await running;
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
