import { hourFrom, hourOf, startOfHour } from "../domain/hour.ts";
import type { RollupCheckReport, RollupDifference } from "../domain/rollup-report.ts";
import type { Database, Queryable } from "../store/database.ts";
import { type DerivedDifferenceRow, readDerivedDifference } from "../store/queries/read-derived-difference.ts";
import { readFirstHour } from "../store/queries/read-first-hour.ts";
import { type ReasonDifferenceRow, readReasonDifference } from "../store/queries/read-reason-difference.ts";
import { readRollupDifference, type RollupDifferenceRow } from "../store/queries/read-rollup-difference.ts";
import { type ReasonDayDifferenceRow, readReasonDayDifference } from "../store/queries/reason-days.ts";
import { readUnfrozen, withoutFrozen } from "./frozen-hours.ts";
import { daysAround, repairReasons, repairRollup } from "./repair-rollup.ts";

/** Hours that one statement recomputes: a week, so that its groups fit into memory. */
export const CHUNK_HOURS = 7 * 24;

export type CheckOptions = {
  /** From the first suggestion on when left out. Widened to whole hours. */
  readonly from?: Date | undefined;
  readonly to: Date;
  readonly repair: boolean;
  readonly onDifference: (difference: RollupDifference) => void;
  readonly onProgress: (done: number, total: number) => void;
  /** Ends it after the week in hand, with `interrupted`. */
  readonly signal: AbortSignal;
};

/**
 * Recomputes hours from their suggestions and reports every difference from the rollup, deltas that wait included; with
 * `repair` mends them. Right while others write and roll, as each comparison is one statement and so one snapshot. Hours
 * that retention has frozen are left out.
 */
export async function checkRollup(db: Database, options: CheckOptions): Promise<RollupCheckReport> {
  const { from, to, repair, onDifference, onProgress, signal } = options;
  const toHour = hourFrom(to);
  const askedHour = from === undefined ? ((await readFirstHour(db)) ?? toHour) : hourOf(from);
  const { fromHour, frozenBefore } = await withoutFrozen(db, askedHour);
  let differenceCount = 0;
  const report = (differences: readonly RollupDifference[]): boolean => {
    differences.forEach(onDifference);
    differenceCount += differences.length;
    return repair && differences.length > 0;
  };

  let hour = fromHour;
  while (hour < toHour && !signal.aborted) {
    const start = hour;
    const end = Math.min(start + CHUNK_HOURS, toHour);
    if (report(await readUnfrozen(db, [start, end], differencesIn)))
      await db.transaction((tx) => repairRollup(tx, start, end));
    hour = end;
    onProgress(hour - fromHour, toHour - fromHour);
  }
  // At once for all hours: no index finds the decisions of a week.
  const reasons = signal.aborted ? [] : await readUnfrozen(db, [fromHour, toHour], reasonDifferencesIn);
  if (report(reasons)) await db.transaction((tx) => repairReasons(tx, fromHour, toHour));
  return {
    checkedHourCount: Math.max(0, hour - fromHour),
    differenceCount,
    frozenBefore,
    repaired: repair && differenceCount > 0,
    interrupted: signal.aborted,
  };
}

async function differencesIn(db: Queryable, fromHour: number, toHour: number): Promise<readonly RollupDifference[]> {
  return [
    ...(await readRollupDifference(db, fromHour, toHour)).map(ofHour),
    ...(await readDerivedDifference(db, ...daysAround(fromHour, toHour))).map(ofSum),
  ];
}

async function reasonDifferencesIn(
  db: Queryable,
  fromHour: number,
  toHour: number,
): Promise<readonly RollupDifference[]> {
  return [
    ...(await readReasonDifference(db, fromHour, toHour)).map(ofReason),
    ...(await readReasonDayDifference(db, ...daysAround(fromHour, toHour))).map(ofReasonDay),
  ];
}

const signed = (amount: number): string => (amount > 0 ? `+${amount}` : String(amount));

/** The dimensions of a row; null is unknown. */
const seriesOf = (
  row: ReasonDayDifferenceRow | ReasonDifferenceRow | RollupDifferenceRow,
): RollupDifference["series"] => [
  row.projectId,
  ...[row.functionName, row.environment, row.model, row.promptVersion].map((name) => name || null),
];

function ofHour(row: RollupDifferenceRow): RollupDifference {
  const figures = Object.entries(row.figures).filter(([, amount]) => amount !== 0);
  const detail = [...figures.map(([name, amount]) => `${name} ${signed(amount)}`), ...row.histograms].join(", ");
  return { kind: "hour", start: startOfHour(row.hour), series: seriesOf(row), detail };
}

function ofReason(row: ReasonDifferenceRow): RollupDifference {
  return { kind: "reason", start: startOfHour(row.hour), series: seriesOf(row), detail: missingReason(row) };
}

function ofReasonDay(row: ReasonDayDifferenceRow): RollupDifference {
  const detail = `day is not the sum of its hours: ${missingReason(row)}`;
  return { kind: "sum", start: startOfHour(row.day * 24), series: seriesOf(row), detail };
}

function missingReason({ outcome, reason, suggestionCount }: Omit<ReasonDifferenceRow, "hour">): string {
  return `${outcome} for ${reason === "" ? "all reasons" : JSON.stringify(reason)} ${signed(suggestionCount)}`;
}

function ofSum(row: DerivedDifferenceRow): RollupDifference {
  const { projectId, functionName, environment, model, promptVersion } = row;
  const dimensions = [functionName, environment, model, promptVersion].map((name) => name || null);
  const what = `${row.isDay ? "day" : "hour"}${functionName === null ? " of the total" : ""}`;
  return {
    kind: "sum",
    start: startOfHour(row.isDay ? row.period * 24 : row.period),
    series: functionName === null ? [projectId] : [projectId, ...dimensions],
    detail: `${what} is not the sum of its hours: suggestionCount ${signed(row.suggestionCount)}`,
  };
}
