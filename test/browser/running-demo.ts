import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export type RunningDemo = {
  /** Address of its dashboard, without a slash at its end. */
  readonly url: string;
  /** Interrupts it as Ctrl-C does, and removes its data; rejects if it does not end well. */
  stop(): Promise<void>;
};

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
/** On a machine that may be busy with other work. */
const DEADLINE_MS = 300_000;

/** An empty folder for a demo's data. */
export const newDataFolder = (): string => mkdtempSync(join(tmpdir(), "uptake-browser-"));

/** Starts the built `uptake demo` on a free port, offline, and waits until all of its numbers are there. */
export async function startDemo(folder: string): Promise<RunningDemo> {
  const child = spawn(process.execPath, [main, "demo", "--port", "0", "--data-dir", join(folder, "data")], {
    cwd: folder,
    // Nothing else: no keys and no database of whoever runs the tests.
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const killAtExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killAtExit);
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", (code) => resolve(code));
  });
  const tooLate = setTimeout(killAtExit, DEADLINE_MS);
  let url: string | undefined;
  let isReady = false;
  for await (const line of createInterface({ input: child.stdout })) {
    said += `${line}\n`;
    url ??= /^Dashboard: (http:\S+)/u.exec(line)?.[1];
    isReady = url !== undefined && line.startsWith("mirrored ");
    if (isReady) break;
  }
  clearTimeout(tooLate);
  child.stdout.resume();
  if (url === undefined || !isReady) {
    child.kill("SIGKILL");
    await ended;
    process.off("exit", killAtExit);
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`the demo ended, or was not ready within ${DEADLINE_MS} ms; it said:\n${said}`);
  }
  return {
    url,
    async stop() {
      child.kill("SIGINT");
      const code = await ended;
      process.off("exit", killAtExit);
      rmSync(folder, { recursive: true, force: true });
      if (code !== 0) throw new Error(`the demo ended with ${code}, expected 0; it said:\n${said}`);
    },
  };
}
