/** Whom or what an erasure is about. */
export type ErasureKind = "ticket" | "customer" | "suggestion";
export type ErasureSubject = { readonly kind: ErasureKind; readonly id: string };

/** What was erased, or would be. */
export type ErasureCounts = {
  /** Emptied: texts and ids are gone, what is counted stays. */
  readonly suggestionCount: number;
  readonly feedbackCount: number;
  /** Deleted. */
  readonly traceCount: number;
  readonly ticketCount: number;
  readonly ticketMessageCount: number;
  /** Messages that had yet to reach Langfuse. */
  readonly outboxCount: number;
};

export type PlaceState = "done" | "pending";

/** How one place stands, and in words why it is not done, or what is left there for others to do. */
export type ErasurePlace = { readonly state: PlaceState; readonly note: string };

export type ErasurePlaces = {
  readonly database: ErasurePlace;
  /** The files on the machine on which the command ran. */
  readonly spool: ErasurePlace;
  readonly langfuse: ErasurePlace;
};

/** What is kept of an erasure. Whom it was about is a hash. */
export type ErasureReceipt = {
  readonly id: string;
  readonly projectId: string;
  readonly subjectKind: ErasureKind;
  /** Hexadecimal SHA-256 of `kind:project:id`. */
  readonly subjectSha256: string;
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly finishedAt: Date | null;
  readonly state: PlaceState;
  readonly counts: ErasureCounts;
  readonly places: ErasurePlaces;
};

/** What an erasure would do now. */
export type ErasurePreview = { readonly counts: ErasureCounts; readonly spooledCount: number; readonly left: string };

export const NOTHING_ERASED: ErasureCounts = {
  suggestionCount: 0,
  feedbackCount: 0,
  traceCount: 0,
  ticketCount: 0,
  ticketMessageCount: 0,
  outboxCount: 0,
};
