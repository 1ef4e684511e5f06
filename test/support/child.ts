import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export type Child = {
  readonly pid: number;
  /** The next line of its standard output; rejects if it ends first. */
  line(): Promise<string>;
  /** Writes a line to its standard input. */
  say(text: string): void;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has ended. */
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly errors: string;
  }>;
};

const dist = new URL("../../dist/", import.meta.url);

/** Path of a built module, to be imported by a child's script. */
export const built = (path: string): string => new URL(path, dist).href;

/** Runs a script (ES module text) in a process of its own, which does not outlive the test. */
export function startChild(script: string): Child {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["pipe", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdin.on("error", () => {}); // it may be gone
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    async line() {
      const next = await lines.next();
      if (next.done === true) throw new Error(`the child ended without another line; its errors: ${errors}`);
      return next.value;
    },
    say: (text) => void child.stdin.write(`${text}\n`),
    kill: (signal) => void child.kill(signal),
    ended: ending(child, () => errors),
  };
}

function ending(child: ChildProcess, errors: () => string): Child["ended"] {
  return new Promise((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, errors: errors() }));
  });
}
