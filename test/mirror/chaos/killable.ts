import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** One line that a process has said: JSON on standard output, or plain text on standard error. */
export type Said = Readonly<Record<string, unknown>> | string;

export type Killable = {
  readonly hasEnded: () => boolean;
  /** Resolves with the signal or the exit code. */
  readonly ended: Promise<NodeJS.Signals | number | null>;
  signal(name: NodeJS.Signals): void;
  /** kill -9, and until it is gone. */
  kill(): Promise<void>;
};

export type Program = {
  /** A path from this folder. */
  readonly script: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine: (said: Said) => void;
};

/** Starts a program in a process of its own, which does not outlive the test. */
export function startProgram({ script, args, env = {}, onLine }: Program): Killable {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [path, ...args], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit").then(([code, signal]) => (signal ?? code) as NodeJS.Signals | number | null);
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  if (child.stdout === null || child.stderr === null) throw new Error("its output is piped");
  createInterface({ input: child.stdout }).on("line", (line) => onLine(JSON.parse(line) as Said));
  createInterface({ input: child.stderr }).on("line", onLine);
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  onTestFinished(kill);
  return { hasEnded, ended, signal: (name) => void child.kill(name), kill };
}

export type Kept = {
  /** The one that runs now; undefined while there is none. */
  readonly now: () => Killable | undefined;
  /** How often one that was up ended without being told to. */
  readonly failureCount: () => number;
  /** Kills it, and after so long starts the next. */
  kill(restMs: number): Promise<void>;
  /** Kills it for good. */
  stop(): Promise<void>;
};

/** A program that is started again whenever it has ended, as whoever runs it in earnest would do. */
export function keepRunning(start: (number: number, isUp: () => void) => Killable): Kept {
  let current: Killable | undefined;
  const told = { toStop: false };
  let isKilling = false;
  let failures = 0;
  let restMs = 100;

  async function run(): Promise<void> {
    for (let number = 0; !told.toStop; number += 1) {
      let isUp = false;
      const started = start(number, () => (isUp = true));
      current = started;
      await started.ended;
      current = undefined;
      if (isUp && !isKilling) failures += 1;
      isKilling = false;
      await new Promise((resolve) => setTimeout(resolve, told.toStop ? 0 : restMs));
      restMs = 100;
    }
  }
  const running = run();

  return {
    now: () => current,
    failureCount: () => failures,
    async kill(ms) {
      if (current === undefined) return;
      restMs = ms;
      isKilling = true;
      await current.kill();
    },
    async stop() {
      told.toStop = true;
      isKilling = true;
      await current?.kill();
      await running;
    },
  };
}
