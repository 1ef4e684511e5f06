import type {
  BackfillReport,
  MirrorFinding,
  MirrorMessageKind,
  MirrorOverview,
  ReconcileReport,
  ReexportReport,
  SetupReport,
  TimeRange,
} from "../domain/mirror-report.ts";

/** What work that takes long is given. */
export type LongWork = {
  readonly onProgress: (done: number, total: number | null) => void;
  /** Ends it early, with `interrupted`. */
  readonly signal: AbortSignal;
};

/** What the `uptake mirror` commands do. */
export type MirrorServices = {
  status(): Promise<MirrorOverview>;
  /** Puts dead letters (of one kind, or all with null) back into the outbox; resolves to how many. */
  retry(kind: MirrorMessageKind | null): Promise<number>;
  /** Creates in Langfuse the score configs that are not there, and keeps which scores are sent under. */
  setup(): Promise<SetupReport>;
  /** Compares what was delivered in the range with Langfuse. */
  reconcile(
    options: LongWork & {
      readonly range: TimeRange;
      readonly repair: boolean;
      readonly onFinding: (finding: MirrorFinding) => void;
    },
  ): Promise<ReconcileReport>;
  /** Puts what was delivered in the range back into the outbox. */
  reexport(options: LongWork & { readonly range: TimeRange; readonly force: boolean }): Promise<ReexportReport>;
  /** Puts suggestions made in the range that were never mirrored, and their feedback, into the outbox. */
  backfill(
    options: LongWork & { readonly range: TimeRange; readonly dryRun: boolean; readonly force: boolean },
  ): Promise<BackfillReport>;
};
