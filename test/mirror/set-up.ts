import { onTestFinished } from "vitest";
import type { Logger } from "../../src/domain/logger.ts";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { createMirror, type Mirror, type MirrorDeps } from "../../src/mirror/mirror.ts";
import type { Database } from "../../src/store/database.ts";
import {
  createStandInLangfuse,
  type StandInAddress,
  type StandInLangfuse,
  type StandInLangfuseOptions,
} from "../../src/testing.ts";

export type LogLine = {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly facts: Readonly<Record<string, unknown>>;
};

export function createLogBook(): { log: Logger; lines: LogLine[]; named(event: string): LogLine[] } {
  const lines: LogLine[] = [];
  const note =
    (level: LogLine["level"]) =>
    (event: string, facts: Readonly<Record<string, unknown>> = {}) => {
      lines.push({ level, event, facts });
    };
  return {
    log: { info: note("info"), warn: note("warn"), error: note("error") },
    lines,
    named: (event) => lines.filter((line) => line.event === event),
  };
}

/** A stand-in that is closed when the test is over. */
export async function startStandIn(
  options: StandInLangfuseOptions = {},
): Promise<{ standIn: StandInLangfuse; address: StandInAddress }> {
  const standIn = createStandInLangfuse(options);
  const address = await standIn.start();
  onTestFinished(() => standIn.close());
  return { standIn, address };
}

/** The body of a request, which can be read once, and the request to be sent with it or with another. */
export async function readRequest(
  init: RequestInit | undefined,
): Promise<{ readonly body: Buffer; readonly withBody: (body: Buffer | string) => RequestInit }> {
  const body = Buffer.from(await new Response(init?.body).arrayBuffer());
  const headers = new Headers(init?.headers);
  headers.delete("content-length");
  return { body, withBody: (changed) => ({ ...init, headers, body: changed }) };
}

export type ClientSettings = { readonly timeoutMs?: number; readonly fetch?: typeof fetch };

/** A mirror with short times, stopped when the test is over. */
export function mirrorTo(
  db: Database,
  address: StandInAddress,
  options: Partial<MirrorDeps> & ClientSettings = {},
): { mirror: Mirror; book: ReturnType<typeof createLogBook> } {
  const { timeoutMs = 5000, fetch = globalThis.fetch, ...settings } = options;
  const book = createLogBook();
  const mirror = createMirror({
    db,
    langfuse: createLangfuseClient({ ...address, fetch, timeoutMs, now: settings.now ?? Date.now }),
    log: book.log,
    now: Date.now,
    random: Math.random,
    pollMs: 20,
    visibilityDelayMs: 100,
    backOff: { baseMs: 20, capMs: 200 },
    ...settings,
  });
  onTestFinished(() => mirror.stop());
  return { mirror, book };
}

/** Drains, and fails the test when that takes too long. */
export async function drain(mirror: Mirror, deadlineMs = 20_000): Promise<void> {
  const signal = AbortSignal.timeout(deadlineMs);
  await mirror.drain(signal);
  if (signal.aborted) throw new Error(`the outbox was not settled within ${deadlineMs} ms`);
}

export type LedgerLine = { readonly kind: string; readonly ref: string; readonly langfuseIds: readonly string[] };

export const readLedger = (db: Database): Promise<readonly LedgerLine[]> =>
  db.query<LedgerLine>(`select kind, ref, langfuse_ids as "langfuseIds" from langfuse_deliveries order by kind, ref`);

export type OutboxLine = {
  readonly kind: string;
  readonly ref: string;
  readonly attempts: number;
  readonly unsure: boolean;
  readonly isLocked: boolean;
  readonly isDead: boolean;
  readonly lastError: string | null;
};

export const readOutbox = (db: Database): Promise<readonly OutboxLine[]> =>
  db.query<OutboxLine>(
    `select kind, ref, attempts, unsure, locked_until is not null as "isLocked", dead_at is not null as "isDead",
       last_error as "lastError"
     from langfuse_outbox order by id`,
  );
