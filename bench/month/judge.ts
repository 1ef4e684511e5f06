import { readMetrics } from "../../src/metrics/read-metrics.ts";
import type { Database } from "../../src/store/database.ts";
import { MONTH_DAYS, MONTH_FROM_MS } from "./made-month.ts";
import { type MonthOutcome, mustBeMirrored } from "./simulate.ts";

const DAY_MS = 86_400_000;

/** What a month should have come to, and what it came to; every `…Count` of something wrong is 0 where all is well. */
export type MonthReport = {
  readonly suggestionCount: number;
  readonly mirroredCount: number;
  /** Errors and rejections, whether mirrored or not. */
  readonly mustCount: number;
  readonly leftOut: Readonly<Record<string, number>>;
  /** Those that some rule but the sample keeps, and 5 % (the rates) of the rest. */
  readonly saidCount: number;
  readonly metricsAgree: boolean;
  readonly missingMustCount: number;
  /** Mirrored though no rule says so, or left out though one does and the budget did not. */
  readonly wrongCount: number;
  /** Neither mirrored nor noted as left out, or both. */
  readonly unsettledCount: number;
  /** Feedback events in Langfuse without their trace, or left out although it is there. */
  readonly wrongFeedbackCount: number;
  /** Days on which more came into the ledger than the limit, or something else than was counted. */
  readonly wrongDayCount: number;
  readonly largestDay: number;
};

type Fate = { readonly id: string; readonly isMirrored: boolean; readonly leftOutBy: string | null };

export async function judgeMonth(
  db: Database,
  { verdicts, counts, days }: MonthOutcome,
  { rate, dailyUnits }: { readonly rate: number; readonly dailyUnits: number | null },
): Promise<MonthReport> {
  const report = { mirroredCount: 0, mustCount: 0, missingMustCount: 0, wrongCount: 0, unsettledCount: 0 };
  const leftOut: Record<string, number> = {};
  let keptCount = 0;
  const fates = await db.query<Fate>(
    `select s.id, d.ref is not null as "isMirrored", l.rule as "leftOutBy"
     from ai_suggestions s
     left join langfuse_deliveries d on d.kind = 'trace' and d.ref = s.id
     left join langfuse_left_out l on l.suggestion_id = s.id`,
  );
  for (const { id, isMirrored, leftOutBy } of fates) {
    const verdict = verdicts.get(id) ?? { rule: null, actCount: 0 };
    if (isMirrored) report.mirroredCount += 1;
    if (leftOutBy !== null) leftOut[leftOutBy] = (leftOut[leftOutBy] ?? 0) + 1;
    if (verdict.rule !== null && verdict.rule !== "sample") keptCount += 1;
    if (mustBeMirrored(verdict)) report.mustCount += 1;
    if (mustBeMirrored(verdict) && !isMirrored) report.missingMustCount += 1;
    if (isMirrored === (leftOutBy !== null)) report.unsettledCount += 1;
    if ((verdict.rule !== null) !== (isMirrored || leftOutBy === "budget")) report.wrongCount += 1;
  }
  const allowed = dailyUnits ?? Number.POSITIVE_INFINITY;
  const counted = await unitsByDay(db);
  return {
    ...report,
    suggestionCount: fates.length,
    leftOut,
    saidCount: keptCount + Math.round((fates.length - keptCount) * rate),
    metricsAgree: await agree(db, counts),
    wrongFeedbackCount: await countWrongFeedback(db),
    wrongDayCount: days.filter(
      ({ day, sentUnits }) => sentUnits > allowed || (dailyUnits !== null && sentUnits !== (counted.get(day) ?? 0)),
    ).length,
    largestDay: Math.max(0, ...days.map(({ sentUnits }) => sentUnits)),
  };
}

async function agree(db: Database, counts: MonthOutcome["counts"]): Promise<boolean> {
  const [row] = await readMetrics(db, {
    projectId: "default",
    from: new Date(MONTH_FROM_MS),
    to: new Date(MONTH_FROM_MS + MONTH_DAYS * DAY_MS),
    bucket: "total",
    by: [],
  });
  return (
    row?.suggestionCount === counts.suggestion &&
    row.errorCount === counts.error &&
    row.acceptedCount === counts.accepted &&
    row.revisedCount === counts.revised &&
    row.rejectedCount === counts.rejected
  );
}

async function countWrongFeedback(db: Database): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    `select
       (select count(*) from ai_feedback_events e
        left join langfuse_deliveries f on f.kind = 'feedback' and f.ref = e.id
        left join langfuse_deliveries t on t.kind = 'trace' and t.ref = e.suggestion_id
        where (f.ref is null) <> (t.ref is null))
       + abs((select count(*) from ai_feedback_events) - (select count(*) from langfuse_deliveries where kind = 'feedback')
         - (select coalesce(sum(feedback_count), 0) from langfuse_left_out)) as count`,
  );
  return row?.count ?? -1;
}

async function unitsByDay(db: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await db.query<{ day: string; units: number }>(
    "select day::text as day, unit_count as units from langfuse_days",
  );
  return new Map(rows.map(({ day, units }) => [day, units]));
}
