import { fork, type ChildProcess, type ForkOptions } from "node:child_process";
import { mkdirSync } from "node:fs";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const built = (name: string): string =>
  fileURLToPath(new URL(`../peers/dist/bench/tracking/${name}.js`, import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

/** A process of ours that answers every message with one. */
export type Companion<Request, Reply> = {
  readonly process: ChildProcess;
  /** What it said first, when it was ready. */
  readonly greeting: string;
  ask(request: Request): Promise<Reply>;
  /** Ends it, whatever it does. */
  kill(): Promise<void>;
};

/** Runs a compiled module of this directory, which can connect to nothing but loopback. */
export async function startCompanion<Request, Reply>(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Companion<Request, Reply>> {
  const options: ForkOptions = {
    cwd: root,
    execArgv: ["--import", new URL("../peers/dist/bench/tracking/loopback-only.js", import.meta.url).href],
    env: { PATH: process.env["PATH"], HOME: "/nonexistent", ...env },
    stdio: ["ignore", "ignore", process.env["BENCH_VERBOSE"] === "1" ? "inherit" : "ignore", "ipc"],
  };
  const child = fork(built(name), [...args], options);
  const reply = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const ended = (code: number | null, signal: string | null): void => {
        const how = `ended (${code ?? signal}); BENCH_VERBOSE=1 shows what it says`;
        reject(new Error(`${name} ${args[0] ?? ""} ${how}`));
      };
      child.once("exit", ended);
      child.once("message", (message: unknown) => {
        child.off("exit", ended);
        resolve(message);
      });
    });
  const greeting = String(await reply());
  return {
    process: child,
    greeting,
    async ask(request) {
      const replied = reply();
      child.send(request as object);
      return (await replied) as Reply;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** A new folder for the spool of an arm. */
export function spoolDirIn(scratch: string, name: string): string {
  const dir = `${scratch}/spool-${name}`;
  mkdirSync(dir, { recursive: true });
  return dir;
}
