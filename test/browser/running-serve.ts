import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const run = promisify(execFile);
/** On a machine that may be busy with other work. */
const DEADLINE_MS = 300_000;

export type RunningServe = {
  readonly url: string;
  readonly port: number;
  /** Ends it as Ctrl-C does, and waits until it has ended. */
  stop(): Promise<void>;
};

/** Nothing else: no keys and no database of whoever runs the tests. */
const env = () => ({ PATH: process.env["PATH"] });

/** What `uptake …` prints, with its data in the folder. */
export async function uptake(folder: string, ...args: readonly string[]): Promise<string> {
  const all = [main, ...args, "--data-dir", join(folder, "data")];
  return (await run(process.execPath, all, { cwd: folder, env: env() })).stdout;
}

/** Starts the built `uptake serve` with its data in the folder, on a free port unless one is given. */
export async function startServe(folder: string, port = 0): Promise<RunningServe> {
  const args = [main, "serve", "--port", String(port), "--data-dir", join(folder, "data")];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...env(), UPTAKE_RATE_LIMIT: "0" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const killAtExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => {
      process.off("exit", killAtExit);
      resolve();
    });
  });
  let said = "";
  const url = await new Promise<string>((resolve, reject) => {
    const tooLate = setTimeout(killAtExit, DEADLINE_MS);
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
      const found = /serving (http:\S+)/u.exec(said)?.[1];
      if (found === undefined) return;
      clearTimeout(tooLate);
      resolve(found);
    });
    child.once("close", () => reject(new Error(`uptake serve ended; it said:\n${said}`)));
  });
  return {
    url,
    port: Number(new URL(url).port),
    async stop() {
      child.kill("SIGINT");
      await ended;
    },
  };
}
