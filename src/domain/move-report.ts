/** One table that was moved, compared row by row afterwards. */
export type MovedTable = {
  readonly name: string;
  readonly rowCount: number;
  /** SHA-256 over the rows in the order of their keys, the same on both sides; null before they were compared. */
  readonly checksum: string | null;
};

export type MoveReport = {
  readonly tables: readonly MovedTable[];
  /** Tables that an earlier call, stopped in the middle, had copied. */
  readonly resumedTableCount: number;
  readonly dryRun: boolean;
  readonly interrupted: boolean;
};

/** Told while it goes on: `done` of `total` rows are copied, or compared. */
export type MoveProgress = (step: "copied" | "compared", done: number, total: number) => void;
