import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Root of the checkout. */
export const root = fileURLToPath(new URL("../..", import.meta.url));
/** The built command line. */
export const uptakeMain = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type Surroundings = {
  readonly cwd: string;
  /** All that the program finds in its environment besides PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Killed after this long, so that a program that hangs fails its test instead of outliving it. */
  readonly deadlineMs?: number;
};

/** Runs a Node program to its end, with nothing of this process's configuration. */
export function runNode(
  args: readonly string[],
  { cwd, env = {}, deadlineMs = 150_000 }: Surroundings,
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd,
      env: { PATH: process.env["PATH"], ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: deadlineMs,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs the built `uptake`. */
export const runUptake = (args: readonly string[], surroundings: Surroundings): Promise<Finished> =>
  runNode([uptakeMain, ...args], surroundings);
