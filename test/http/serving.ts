import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { eventually } from "../support/eventually.ts";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export type Serving = {
  readonly url: string;
  kill(signal: NodeJS.Signals): void;
  /** Its exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  hasEnded(): boolean;
  /** What it has written to its standard output and error. */
  told(): string;
};

/** `uptake serve` in a process of its own, on a free port or on that of one that has ended. */
export async function startServing(
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
  port = "0",
): Promise<Serving> {
  const scratch = mkdtempSync(join(tmpdir(), "uptake-serving-"));
  const child = spawn(process.execPath, [main, "serve", "--port", port], {
    cwd: scratch,
    env: { PATH: process.env["PATH"], DATABASE_URL: databaseUrl, UPTAKE_RATE_LIMIT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
    rmSync(scratch, { recursive: true, force: true });
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  }
  let hasEnded = false;
  const ended = new Promise<number | null>((resolve) =>
    child.once("close", (code) => {
      hasEnded = true;
      resolve(code);
    }),
  );
  const url = (): string | undefined => /serving (http:\S+)/u.exec(text)?.[1];
  await eventually("the server serves", () => url() !== undefined || hasEnded, 150_000);
  const found = url();
  if (found === undefined) throw new Error(`the server ended: ${text}`);
  return { url: found, kill: (signal) => void child.kill(signal), ended, hasEnded: () => hasEnded, told: () => text };
}

/** What came of what was sent: ids that were acknowledged, and those of which nobody knows. */
export type Tally = {
  readonly acknowledged: Set<string>;
  readonly unanswered: Set<string>;
  readonly feedback: Set<string>;
  readonly statuses: Map<number, number>;
  /** Answers of 503 that did not say when to try again. */
  silentCount: number;
};

export const newTally = (): Tally => ({
  acknowledged: new Set(),
  unanswered: new Set(),
  feedback: new Set(),
  statuses: new Map(),
  silentCount: 0,
});

const BATCH = 5;
const CALLERS = 8;

/** Several callers that send suggestions, and feedback on each that was acknowledged, until the signal is aborted. */
export async function load(url: string, tally: Tally, signal: AbortSignal): Promise<void> {
  await Promise.all(Array.from({ length: CALLERS }, () => call(url, tally, signal)));
}

async function call(url: string, tally: Tally, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const ids = Array.from({ length: BATCH }, newId);
    const made = await send(url, "/v1/suggestions", ids.map(suggestionOf), tally);
    if (made === undefined || made >= 500) {
      for (const id of ids) tally.unanswered.add(id);
      if (made === undefined) await pause();
      continue;
    }
    for (const id of ids) tally.acknowledged.add(id);
    const acts = ids.map((suggestionId) => ({ suggestionId, type: "approval", idempotencyKey: `of ${suggestionId}` }));
    const said = await send(url, "/v1/feedback", acts, tally);
    if (said === 200) for (const id of ids) tally.feedback.add(id);
  }
}

export const suggestionOf = (suggestionId: string) => ({ suggestionId, functionName: "f", text: "Hello there" });

/** Lets the others go on; nothing waits for it. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** The status; undefined where no answer came. */
export async function send(url: string, path: string, body: unknown, tally: Tally): Promise<number | undefined> {
  try {
    const response = await fetch(url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    const { status, headers } = response;
    tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
    if (status === 503 && headers.get("retry-after") === null) tally.silentCount += 1;
    return status;
  } catch {
    return undefined;
  }
}
