import { type Instruments, noInstruments } from "../domain/instruments.ts";
import type { Logger } from "../domain/logger.ts";
import { asItIs, type Privacy } from "../domain/privacy.ts";
import type { SamplingPolicy } from "../domain/sampling.ts";
import type { LangfuseClient } from "../langfuse/client.ts";
import type { Database } from "../store/database.ts";

/** What a mirror needs, and what may be tuned; times are milliseconds. */
export type MirrorDeps = {
  readonly db: Database;
  readonly langfuse: LangfuseClient;
  readonly log: Logger;
  /** Told what is done; nothing by default. */
  readonly instruments?: Instruments;
  /** What is done to rows before they leave; nothing by default. */
  readonly privacy?: Privacy;
  /** What is mirrored; everything by default. */
  readonly sampling?: SamplingPolicy | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to 1, for the jitter of the back-off. */
  readonly random: () => number;
  /** Messages claimed at once, at most 500; 200 by default. Bounds what is held in memory. */
  readonly batchSize?: number;
  /**
   * How long a claim lasts; 60 s by default. Two thirds of it must hold the Langfuse client's time limit for one
   * request plus `visibilityDelayMs`, so that whoever takes over from a dead worker sees all that it had sent.
   */
  readonly leaseMs?: number;
  /** How often to look without being notified; 1 s by default. */
  readonly pollMs?: number;
  /** Batches under way at once; 2 by default. */
  readonly concurrency?: number;
  /** How long Langfuse may take to show what it has accepted; 15 s by default. */
  readonly visibilityDelayMs?: number;
  /** How often Langfuse is asked whether its score configs still are what was set up; a minute by default. */
  readonly configCheckMs?: number;
  /** The back-off while Langfuse is away; 500 ms doubling up to 5 minutes by default. */
  readonly backOff?: { readonly baseMs: number; readonly capMs: number };
  /** How long `stop()` waits for the requests under way before it gives them up; 5 s by default. */
  readonly stopDeadlineMs?: number;
};

export type MirrorSettings = Required<MirrorDeps>;

const MAX_BATCH_SIZE = 500;

export function withDefaults(deps: MirrorDeps): MirrorSettings {
  return {
    instruments: noInstruments,
    privacy: asItIs,
    sampling: null,
    leaseMs: 60_000,
    pollMs: 1000,
    concurrency: 2,
    visibilityDelayMs: 15_000,
    configCheckMs: 60_000,
    backOff: { baseMs: 500, capMs: 300_000 },
    stopDeadlineMs: 5_000,
    ...deps,
    batchSize: Math.min(deps.batchSize ?? 200, MAX_BATCH_SIZE),
  };
}
