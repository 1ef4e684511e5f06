import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { BENCH_KEYS } from "../mirror/keys.ts";
import type { ProbeReport } from "./probe.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export type BenchServer = { readonly url: string; readonly pid: number; stop(): void };

/** The bare server. */
export const startFloor = (databaseUrl: string): Promise<BenchServer> =>
  start(["--import", "tsx", `${root}bench/http/floor.ts`, databaseUrl], {}, /^(\d+)$/mu);

/** `uptake serve`, with its mirror idle for want of a Langfuse, and its roller running. */
export const startUptake = (databaseUrl: string, scratch: string): Promise<BenchServer> =>
  start(
    [`${root}dist/cli/main.js`, "serve", "--port", "0"],
    { DATABASE_URL: databaseUrl, UPTAKE_RATE_LIMIT: "0", UPTAKE_SPOOL_DIR: `${scratch}/spool` },
    /serving http:\/\/127\.0\.0\.1:(\d+)/u,
  );

export type ProbedServer = BenchServer & { probe(): Promise<ProbeReport> };

/** `uptake serve` that mirrors to this address, and says how it is. */
export async function startProbed(databaseUrl: string, scratch: string, langfuseUrl: string): Promise<ProbedServer> {
  const env = {
    DATABASE_URL: databaseUrl,
    UPTAKE_RATE_LIMIT: "0",
    UPTAKE_SPOOL_DIR: `${scratch}/spool`,
    LANGFUSE_BASE_URL: langfuseUrl,
    LANGFUSE_PUBLIC_KEY: BENCH_KEYS.publicKey,
    LANGFUSE_SECRET_KEY: BENCH_KEYS.secretKey,
  };
  const probe = ["--expose-gc", "--import", "tsx", "--import", `${root}bench/http/probe.ts`];
  const args = [...probe, `${root}dist/cli/main.js`, "serve", "--port", "0"];
  const child = spawnServer(args, env);
  const server = await whenServing(child, /serving http:\/\/127\.0\.0\.1:(\d+)/u);
  return {
    ...server,
    async probe() {
      const told = once(child, "message");
      child.send("how are you?");
      const [report] = (await told) as [ProbeReport];
      return report;
    },
  };
}

/** `BENCH_PROFILE=dir` writes the CPU profile of each server there. */
const profiled = (): readonly string[] => {
  const dir = process.env["BENCH_PROFILE"];
  return dir === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${dir}`];
};

const start = (args: readonly string[], env: Readonly<Record<string, string>>, said: RegExp): Promise<BenchServer> =>
  whenServing(spawnServer(args, env), said);

const spawnServer = (args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess =>
  spawn(process.execPath, [...profiled(), ...args], {
    cwd: root,
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });

function whenServing(child: ChildProcess, said: RegExp): Promise<BenchServer> {
  return new Promise((resolve, reject) => {
    let text = "";
    const look = (chunk: Buffer): void => {
      text += chunk.toString();
      const port = said.exec(text)?.[1];
      if (port === undefined) return;
      text = "";
      resolve({ url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, stop: () => void child.kill("SIGTERM") });
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
}
