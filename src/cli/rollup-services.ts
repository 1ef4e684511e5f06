import type { RollupBackfillReport, RollupCheckReport, RollupDifference } from "../domain/rollup-report.ts";

type LongWork = {
  readonly onProgress: (done: number, total: number) => void;
  /** Ends it early, with `interrupted`. */
  readonly signal: AbortSignal;
};

/** What the `uptake rollup` commands do, for all projects of the database. */
export type RollupServices = {
  /** Compares the rollup with the suggestions; `from` is the beginning when left out. */
  check(
    options: LongWork & {
      readonly from?: Date | undefined;
      readonly to: Date;
      readonly repair: boolean;
      readonly onDifference: (difference: RollupDifference) => void;
    },
  ): Promise<RollupCheckReport>;
  /** Rebuilds the rollup of a range, or goes on with it. */
  backfill(options: LongWork & { readonly from: Date; readonly to: Date }): Promise<RollupBackfillReport>;
};
