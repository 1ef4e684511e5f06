import type { AdoptStep } from "../domain/adopt-step.ts";

/** What the host's plain inserts leave out, and how patient to be with its locks. */
export type AdoptOptions = {
  /** The agent function whose suggestions the host's table holds. */
  readonly functionName: string;
  readonly lockTimeoutMs: number;
  /** Compare what people send through the host's own messages; left out, that stays as it is. */
  readonly infer?: boolean;
};

export type AdoptEvent =
  | { readonly kind: "step"; readonly name: string }
  /** The host's tables were locked; it tries again. */
  | { readonly kind: "blocked"; readonly attempt: number }
  /** Rows that were there before: `what` is done with them, so many so far. */
  | { readonly kind: "backfill"; readonly what: string; readonly done: number; readonly total: number | null };

export type BackfillReport = {
  /** Suggestions decided by the feedback that they had. */
  readonly decidedCount: number;
  /** Hours from the first suggestion to now, whose metrics now hold what was there before. */
  readonly countedHourCount: number;
  /** Traces and feedback events put into the outbox. */
  readonly enqueuedCount: number;
  readonly interrupted: boolean;
};

/** What `uptake adopt` does. Every promise may reject with an UptakeError. */
export type AdoptServices = {
  /** What `adopt` would do now; empty where nothing is left. */
  plan(options: AdoptOptions): Promise<readonly AdoptStep[]>;
  /** Attaches, then takes in the rows that were there before, until done or until the signal. Repeatable. */
  adopt(options: AdoptOptions, report: (event: AdoptEvent) => void, signal: AbortSignal): Promise<BackfillReport>;
  /** The statements that `remove` would run. */
  planRemoval(): Promise<readonly string[]>;
  /** Restores the schema as it was; what Uptake recorded is gone with its tables and columns. */
  remove(options: Pick<AdoptOptions, "lockTimeoutMs">): Promise<void>;
};
