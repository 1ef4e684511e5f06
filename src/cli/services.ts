import type { Config } from "../config/config.ts";
import type { ExpiryReport } from "../domain/expiry.ts";
import type { Logger } from "../domain/logger.ts";
import type { MetricsRequest, MetricsView } from "../domain/metrics-request.ts";
import type { PartitionReport } from "../domain/partition-report.ts";
import type { VerifyReport } from "../domain/verify-report.ts";
import type { RetentionReport } from "../domain/retention.ts";
import type { AdoptServices } from "./adopt-services.ts";
import type { ErasureServices } from "./erasure-services.ts";
import type { InitServices } from "./init-services.ts";
import type { KeyServices } from "./key-services.ts";
import type { MirrorServices } from "./mirror-services.ts";
import type { MoveServices } from "./move-services.ts";
import type { RollupServices } from "./rollup-services.ts";
import type { VerifyOptions } from "./verify-options.ts";

/** What `src/server.ts` provides: opens the store (and migrates it, except for `migrate`'s own report) and nothing else. */
export type OpenServices = (config: Config, deps: { readonly log: Logger }) => Promise<Services>;

/** Everything the commands do; the commands only read flags and print. Every promise may reject with an UptakeError. */
export type Services = {
  /** Brings the tables up to date; `applied` names the migrations that this call ran. */
  migrate(options: {
    readonly partition?: "month" | undefined;
  }): Promise<{ readonly applied: readonly string[]; readonly version: number }>;
  /** `rows` as they are printed with `--json`, `table` as text, `csv` after RFC 4180. */
  metrics(request: MetricsRequest, view: MetricsView): Promise<MetricsAnswer>;
  /** One pass over what nobody will act on any more; ends early once the signal is aborted. */
  expire(signal: AbortSignal): Promise<ExpiryReport>;
  /** One pass over the partitions; null where the tables have none. */
  keepPartitions(signal: AbortSignal): Promise<PartitionReport | null>;
  /** One pass over everything that may have become too old. */
  retain(options: { readonly dryRun: boolean; readonly signal: AbortSignal }): Promise<RetentionReport>;
  /**
   * Starts the mirror, the roller, the expirer and the nightly check; `stop` ends what is in hand and takes no more. With
   * a port it also serves `/metrics`, `/healthz` and `/readyz` there, at `url`.
   */
  startWorker(options: {
    readonly port: number | null;
  }): Promise<{ readonly url: string | null; stop(): Promise<void> }>;
  /** Starts the same and serves the HTTP API at `url`; `stop` ends what is in hand, within a deadline, and takes no more. */
  serve(options: ServeOptions): Promise<{ readonly url: string; stop(): Promise<void> }>;
  readonly keys: KeyServices;
  readonly erasure: ErasureServices;
  readonly mirror: MirrorServices;
  readonly adopt: AdoptServices;
  readonly init: InitServices;
  readonly move: MoveServices;
  readonly rollup: RollupServices;
  /** Sends samples to Langfuse and looks whether they arrive; opens no database of the configuration. */
  verify(options: VerifyOptions): Promise<VerifyReport>;
  /** Resolves early, with `interrupted`, once the signal is aborted; what was stored stays. */
  replay(
    options: ReplayOptions,
    onProgress: (done: number, total: number | null) => void,
    signal: AbortSignal,
  ): Promise<ReplaySummary>;
  /** With `once` resolves after the last report; else stays up until the signal is aborted. */
  runDemo(
    options: { readonly once: boolean; readonly port: number },
    report: DemoReport,
    signal: AbortSignal,
  ): Promise<void>;
  /** Closes everything, once; called again it returns the same promise. */
  close(): Promise<void>;
};

export type ServeOptions = { readonly port: number; readonly host: string };

export type MetricsAnswer = { readonly rows: readonly unknown[]; readonly table: string; readonly csv: string };

export type ReplayOptions = {
  readonly file: string;
  /** Most customer turns to replay; all when left out. */
  readonly limit?: number;
  readonly concurrency: number;
};

export type ReplaySummary = {
  readonly conversationCount: number;
  /** Customer turns that a text reply follows; only these are replayed. */
  readonly turnCount: number;
  /** Suggestions made by this call; those of an earlier replay of the same file are in `knownCount`. */
  readonly suggestionCount: number;
  readonly knownCount: number;
  /** Turns whose agent function failed; recorded as errors. */
  readonly errorCount: number;
  /** Feedback inferred by this call. */
  readonly approvalCount: number;
  readonly revisionCount: number;
  readonly rejectionCount: number;
  readonly malformedCount: number;
  /** The first malformed lines; line numbers count from 1. */
  readonly malformed: readonly { readonly line: number; readonly problem: string }[];
  /** Messages that Langfuse has not taken yet; 0 where none is set. */
  readonly waitingCount: number;
  readonly interrupted: boolean;
};

/** Told what the demo does, while it does it. */
export type DemoReport = (event: DemoEvent) => void;

export type DemoEvent =
  /** First: with what it runs. Addresses are without passwords. */
  | {
      readonly kind: "started";
      readonly store: { readonly kind: "embedded" | "postgres"; readonly place: string };
      readonly model: { readonly name: string; readonly offline: boolean };
      readonly langfuse: { readonly standIn: boolean; readonly baseUrl: string };
    }
  | { readonly kind: "suggesting"; readonly done: number; readonly total: number }
  | { readonly kind: "suggested"; readonly suggestionCount: number; readonly errorCount: number }
  | {
      readonly kind: "acted";
      readonly sentAsItIsCount: number;
      readonly editedCount: number;
      readonly rejectedCount: number;
      readonly leftCount: number;
    }
  | { readonly kind: "measured"; readonly table: string }
  | {
      readonly kind: "mirrored";
      readonly traceCount: number;
      readonly scoreCount: number;
      readonly target: string;
      /** Messages that Langfuse has not taken yet, for example because it is away. */
      readonly waitingCount: number;
      readonly deadCount: number;
    }
  /** Without `once`: the dashboard is up. */
  | { readonly kind: "listening"; readonly url: string };
