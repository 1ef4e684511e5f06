import type { KeptVerification } from "./kept-verification.ts";
import type { SeenWorker } from "./worker-report.ts";

/** What an outbox message carries. */
export const messageKinds = ["trace", "feedback"] as const;
export type MirrorMessageKind = (typeof messageKinds)[number];

/** A stretch of time, `from` included, `to` excluded. */
export type TimeRange = { readonly from: Date; readonly to: Date };

/** Dead letters of one kind that were refused for one reason. */
export type DeadLetters = {
  readonly kind: MirrorMessageKind;
  readonly reason: string;
  readonly count: number;
  /** The newest of them: the suggestion's id for a trace, the event's id for feedback. */
  readonly newestRef: string;
  readonly newestAt: Date;
};

/** Traces by the sampling rule that decided on them. */
export type TracesByRule = { readonly rule: string; readonly traceCount: number };

/** What sampling has decided and what the day may still have. */
export type SamplingReport = {
  /** Mirrored under a rule: what was mirrored before anything was sampled has none. */
  readonly kept: readonly TracesByRule[];
  /** With the feedback that was left out with them. */
  readonly leftOut: readonly (TracesByRule & { readonly feedbackCount: number })[];
  /** Units counted in the running UTC day; null where none are counted. */
  readonly unitsToday: number | null;
  /** Null: any number. */
  readonly dailyUnitLimit: number | null;
};

/** How the mirror stands, for a person. */
export type MirrorOverview = {
  /** Address of the Langfuse that is mirrored into; null when no keys are set. */
  readonly target: string | null;
  /** Messages still to be delivered, those in work included, those that are held not. */
  readonly waitingCount: number;
  readonly oldestWaitingSeconds: number | null;
  /** Messages that sampling holds: feedback may still come, or the day's budget is spent. */
  readonly heldCount: number;
  /** Messages that were delivered within the last 60 seconds. */
  readonly deliveredLastMinuteCount: number;
  readonly deliveredTraceCount: number;
  readonly deliveredFeedbackCount: number;
  readonly deadCount: number;
  /** The most frequent reasons first; not all where there are many. */
  readonly dead: readonly DeadLetters[];
  readonly sampling: SamplingReport;
  /** Every process that worked on the database within a day, whatever its project. */
  readonly workers: readonly SeenWorker[];
  /** Of the Langfuse that is set, else of any; null where none was kept. */
  readonly lastVerification: KeptVerification | null;
};

/**
 * One thing in which Langfuse is not what the ledger says: an id that is not there, one that is there more than once,
 * or one whose key facts are not those that our row maps to now.
 */
export type MirrorFinding = {
  readonly problem: "missing" | "doubled" | "different";
  readonly kind: MirrorMessageKind;
  /** The suggestion's id for a trace, the event's id for feedback. */
  readonly ref: string;
  readonly traceId: string;
  /** Of the observation or score, as Langfuse knows it. */
  readonly langfuseId: string;
  /** How often it is there, or what is different; empty for what is missing. */
  readonly detail: string;
};

export type ReconcileReport = {
  /** Lines of the ledger that were compared. */
  readonly checkedCount: number;
  /** Observations and scores by their ids. */
  readonly missingCount: number;
  readonly doubledCount: number;
  readonly differentCount: number;
  /** Lines with something missing whose row is deleted here, so that it cannot be sent again. */
  readonly goneCount: number;
  /** With `repair`: lines put back into the outbox; those delivered again by now, and those that still wait or died. */
  readonly requeuedCount: number;
  readonly mendedCount: number;
  readonly unmendedCount: number;
  readonly interrupted: boolean;
};

export type BackfillReport = {
  /** Put into the outbox or, in a dry run, to be put there. */
  readonly traceCount: number;
  readonly feedbackCount: number;
  /** Suggestions whose run has not ended; left out with their feedback. */
  readonly pendingCount: number;
  /** Suggestions that sampling has left out of the mirror, with their feedback; they stay so. */
  readonly leftOutCount: number;
  /** Feedback events of the range whose suggestion is not there; left out. */
  readonly orphanCount: number;
  readonly interrupted: boolean;
};

export type ReexportReport = {
  /** Messages put back into the outbox. */
  readonly requeuedCount: number;
  /** Messages that were in it already. */
  readonly alreadyThereCount: number;
  readonly interrupted: boolean;
};

/** What became of one score config. */
export type ScoreConfigReport = {
  readonly name: string;
  /** `differs`: Langfuse has one of this name that is not as it should be, and none that is. */
  readonly state: "created" | "matched" | "differs";
  /** As Langfuse knows it. */
  readonly configId: string;
  /** In plain words, where it differs. */
  readonly problems: readonly string[];
};

export type SetupReport = {
  /** Address of the Langfuse. */
  readonly target: string;
  readonly configs: readonly ScoreConfigReport[];
};
