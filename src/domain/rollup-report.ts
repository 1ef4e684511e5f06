/** Something in the rollup that does not come to what the suggestions do, in words. */
export type RollupDifference = {
  /** An hour of a series; why people decided so, in an hour; or a day or total that is not the sum of its hours. */
  readonly kind: "hour" | "reason" | "sum";
  readonly start: Date;
  /** Project, function, environment, model and prompt version; null is unknown. A project's total has only its project. */
  readonly series: readonly (string | null)[];
  /** What is missing or, where negative, too much: `suggestionCount +2, latencyHistogram`. */
  readonly detail: string;
};

export type RollupCheckReport = {
  readonly checkedHourCount: number;
  readonly differenceCount: number;
  /** Hours before it were left out: retention has dropped suggestions of theirs. Null where that is none of those asked for. */
  readonly frozenBefore: Date | null;
  /** The hours in which differences were found were mended. */
  readonly repaired: boolean;
  readonly interrupted: boolean;
};

export type RollupBackfillReport = {
  readonly hourCount: number;
  /** As in a check. */
  readonly frozenBefore: Date | null;
  /** Where an earlier backfill of the same hours had come to; null where there was none. */
  readonly resumedAt: Date | null;
  readonly interrupted: boolean;
};
