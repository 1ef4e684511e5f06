import { setTimeout as sleep } from "node:timers/promises";
import { DAY_MS, HOUR_MS, WEEK_MS } from "../../domain/durations.ts";
import { hourOf } from "../../domain/hour.ts";
import type { RetainedKind, RetentionAges, RetentionKept, RetentionReport } from "../../domain/retention.ts";
import { isAdopted } from "../adoption/adopted.ts";
import type { Database } from "../database.ts";
import { isPartitioned } from "../partitions/partitioned.ts";
import { type Counted, countRetained, readOldest } from "../queries/count-retained.ts";
import { lockRollupRepair } from "../queries/lock-rollup-repair.ts";
import {
  countUnwritten,
  retainContent,
  retainFeedback,
  retainRows,
  retainTraces,
  type Span,
} from "../queries/retain.ts";
import { readPass, savePass } from "../queries/retention-passes.ts";

/** Rows in one transaction: whoever writes to one of them waits no longer than that. */
const AT_ONCE = 500;
/** Looked through at once, so that a range of blocks is found and not the whole table read. */
const SLICE_MS = DAY_MS;
/** What arrives late, out of a spool or with its feedback, is met by the passes of a week. */
const AGAIN_MS = WEEK_MS;

export type RetainOptions = {
  readonly ages: RetentionAges;
  readonly now: Date;
  /** Looks through everything; else from where the last pass ended. */
  readonly fromTheStart: boolean;
  readonly dryRun: boolean;
  /** Between two transactions, in milliseconds. */
  readonly pauseMs: number;
  readonly signal: AbortSignal;
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] };
type Report = Mutable<RetentionReport>;
type CountKey = { [K in keyof RetentionReport]: RetentionReport[K] extends number ? K : never }[keyof RetentionReport];

type Step = {
  readonly kind: RetainedKind;
  readonly what: Counted;
  readonly counted: CountKey;
  readonly take: (db: Database, span: Span) => Promise<number>;
};

const STEPS: readonly Step[] = [
  {
    kind: "content",
    what: "content",
    counted: "emptiedSuggestionCount",
    take: (db, span) => db.transaction((tx) => retainContent(tx, span, AT_ONCE)),
  },
  {
    kind: "content",
    what: "feedback",
    counted: "emptiedFeedbackCount",
    take: (db, span) => db.transaction((tx) => retainFeedback(tx, span, AT_ONCE)),
  },
  {
    kind: "traces",
    what: "traces",
    counted: "deletedTraceCount",
    take: (db, span) => db.transaction((tx) => retainTraces(tx, span, AT_ONCE)),
  },
  {
    kind: "rows",
    what: "rows",
    counted: "deletedSuggestionCount",
    // Not while anybody compares suggestions with what was counted of them.
    take: (db, span) =>
      db.transaction(async (tx) => {
        await lockRollupRepair(tx);
        return retainRows(tx, span, { frozenHour: hourOf(span.to), limit: AT_ONCE });
      }),
  },
];

/**
 * Removes what has become too old: texts, observations and rows, each at its own age, in small transactions that wait for
 * nobody. What was counted stays counted. Any number may be at it, and a pass that was killed leaves nothing half done.
 */
export async function retain(db: Database, options: RetainOptions): Promise<RetentionReport> {
  const report: Report = {
    emptiedSuggestionCount: 0,
    emptiedFeedbackCount: 0,
    deletedTraceCount: 0,
    deletedSuggestionCount: 0,
    kept: [],
    interrupted: false,
  };
  const { contentMs, tracesMs, rowsMs } = options.ages;
  if (contentMs !== null) await retainKind(db, "content", { ...options, ageMs: contentMs, report });
  if (tracesMs !== null) await retainKind(db, "traces", { ...options, ageMs: tracesMs, report });
  if (rowsMs !== null) {
    const why = (await isPartitioned(db)) ? "partitioned" : (await isAdopted(db)) ? "adopted" : null;
    if (why === null) await retainKind(db, "rows", { ...options, ageMs: rowsMs, report });
    else report.kept.push({ kind: "rows", why });
  }
  return { ...report, interrupted: options.signal.aborted };
}

type KindOptions = RetainOptions & { readonly ageMs: number; readonly report: Report };

async function retainKind(db: Database, kind: RetainedKind, options: KindOptions): Promise<void> {
  const { now, ageMs, dryRun, fromTheStart, signal } = options;
  // Whole hours, since the metrics of an hour are recomputed whole or not at all.
  const to = new Date(hourOf(new Date(now.getTime() - ageMs)) * HOUR_MS);
  const doneBefore = fromTheStart ? null : await readPass(db, kind);
  const from = doneBefore === null ? await readOldest(db) : new Date(doneBefore.getTime() - AGAIN_MS);
  if (from === null) return;
  if (dryRun) return countKind(db, kind, { from, to }, options);

  let waitingCount = 0;
  for (let at = hourOf(from) * HOUR_MS; at < to.getTime() && !signal.aborted; at += SLICE_MS) {
    const span = { from: new Date(at), to: new Date(Math.min(at + SLICE_MS, to.getTime())) };
    if (kind === "rows" && (await isUnwritten(db, span, options.report))) return;
    waitingCount += await retainSpan(db, kind, span, options);
    // The next pass begins with what waits now.
    if (waitingCount === 0 && !signal.aborted) await savePass(db, kind, span.to);
  }
  noteWaiting(options.report, kind, waitingCount);
}

/** Resolves to how many rows had to stay. */
async function retainSpan(db: Database, kind: RetainedKind, span: Span, options: KindOptions): Promise<number> {
  const { report, pauseMs, signal } = options;
  let waitingCount = 0;
  for (const step of STEPS.filter((step) => step.kind === kind)) {
    let count: number;
    do {
      count = await step.take(db, span);
      report[step.counted] += count;
      if (count > 0 && pauseMs > 0) await sleep(pauseMs, undefined, { signal }).catch(() => {});
    } while (count > 0 && !signal.aborted);
    const left = await countRetained(db, step.what, span);
    waitingCount += left.waiting + left.free;
  }
  return waitingCount;
}

async function countKind(db: Database, kind: RetainedKind, span: Span, { report }: KindOptions): Promise<void> {
  let waitingCount = 0;
  for (const step of STEPS.filter((step) => step.kind === kind)) {
    const { free, waiting } = await countRetained(db, step.what, span);
    report[step.counted] += free;
    waitingCount += waiting;
  }
  if (kind === "rows") await isUnwritten(db, span, report);
  noteWaiting(report, kind, waitingCount);
}

function noteWaiting(report: Report, kind: RetainedKind, suggestionCount: number): void {
  if (suggestionCount > 0) report.kept.push({ kind, why: "waiting", suggestionCount });
}

/** Hours that could not be written any more, once their rows are gone. */
async function isUnwritten(db: Database, { to }: Span, report: Report): Promise<boolean> {
  const hourCount = await countUnwritten(db, hourOf(to));
  if (hourCount === 0) return false;
  const kept: RetentionKept = { kind: "rows", why: "unwritten", hourCount };
  report.kept.push(kept);
  return true;
}
