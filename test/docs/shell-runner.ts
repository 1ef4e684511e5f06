import { type ChildProcess, spawn } from "node:child_process";

export type Ran = { readonly code: number | null; readonly output: string };

export type Shell = {
  /** Runs a command to its end. */
  run(text: string): Promise<Ran>;
  /** Starts a command that stays up; resolves once its output has what is awaited, or it has ended. */
  start(text: string, ready: RegExp): Promise<Ran>;
  /** Ends what is still up, and what that started. */
  close(): Promise<void>;
};

/** So that what hangs fails its test; far above what anything takes, as the machine may be busy. */
const DEADLINE_MS = 400_000;

/** A bash in a folder, with this environment and nothing else. */
export function createShell(cwd: string, env: () => Readonly<Record<string, string>>): Shell {
  const up: { readonly child: ChildProcess; readonly ended: Promise<unknown> }[] = [];

  function spawnBash(text: string): ChildProcess {
    // A group of its own, so that what npx has started ends as well.
    return spawn("bash", ["-eu", "-o", "pipefail", "-c", text], {
      cwd,
      env: env(),
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  function follow(child: ChildProcess, onOutput: (output: string) => void): Promise<Ran> {
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => onOutput((output += chunk)));
    }
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, output }));
    });
  }

  const endGroup = ({ pid }: ChildProcess, signal: NodeJS.Signals): void => {
    try {
      if (pid !== undefined) process.kill(-pid, signal);
    } catch {
      // it has ended
    }
  };

  return {
    async run(text) {
      const child = spawnBash(text);
      const timer = setTimeout(() => endGroup(child, "SIGKILL"), DEADLINE_MS);
      return follow(child, () => {}).finally(() => clearTimeout(timer));
    },
    async start(text, ready) {
      const child = spawnBash(text);
      let isReady: (ran: Ran) => void;
      const awaited = new Promise<Ran>((resolve) => (isReady = resolve));
      const ended = follow(child, (output) => {
        if (ready.test(output)) isReady({ code: 0, output });
      });
      up.push({ child, ended });
      const timer = setTimeout(() => endGroup(child, "SIGKILL"), DEADLINE_MS);
      return Promise.race([awaited, ended]).finally(() => clearTimeout(timer));
    },
    async close() {
      for (const { child, ended } of up.splice(0)) {
        endGroup(child, "SIGTERM");
        await ended;
      }
    },
  };
}
