/** `fail`: something is broken or will be; `warn`: it works, and somebody should know. */
export type FindingLevel = "ok" | "warn" | "fail";

/** One line of the doctor. */
export type DoctorFinding = {
  /** Stable name of what was found, by area: `triggers.disabled`. All stand in docs/doctor.md. */
  readonly code: string;
  readonly level: FindingLevel;
  /** What was found, in plain words; never a secret. */
  readonly found: string;
  /** What to do; null where nothing is to be done. */
  readonly remedy: string | null;
};

export type DoctorReport = {
  /** False as soon as one finding is a `fail`. */
  readonly ok: boolean;
  readonly findings: readonly DoctorFinding[];
  readonly tookMs: number;
};
