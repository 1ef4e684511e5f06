import { traceIdOf } from "../../src/domain/ids.ts";
import type { Logger } from "../../src/domain/logger.ts";
import { isMust, type SamplingPolicy, shareOf } from "../../src/domain/sampling.ts";
import type { LangfuseClient } from "../../src/langfuse/client.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import { createMirror } from "../../src/mirror/mirror.ts";
import type { Database } from "../../src/store/database.ts";
import { type MadeAct, type MadeSuggestion, makeMonth, MONTH_DAYS, MONTH_FROM_MS } from "./made-month.ts";

const HOUR_MS = 3_600_000;
const STEP_HOURS = 6;
const STEP_MS = STEP_HOURS * HOUR_MS;
/** Feedback is at most 20 days late, and a spent budget puts off until the next day. */
const DAYS_AFTER = 40;
const INSERTED_AT_ONCE = 500;

export type MonthOptions = {
  readonly db: Database;
  readonly langfuse: LangfuseClient;
  readonly log: Logger;
  readonly policy: SamplingPolicy;
  readonly count: number;
  readonly seed: number;
  /** Workers side by side. */
  readonly workers: number;
  readonly onDay?: (day: number) => void;
};

/** What of a suggestion the rules speak of, whether it should be mirrored, and by which rule. */
export type Verdict = { readonly rule: string | null; readonly actCount: number };

export type MonthOutcome = {
  /** By suggestion; a rule of null: left out. Without budgets. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** As counted one by one. */
  readonly counts: { suggestion: number; error: number; accepted: number; revised: number; rejected: number };
  /** Units that came into the ledger on each day, and that were counted in its budget. */
  readonly days: readonly { readonly day: string; readonly sentUnits: number }[];
};

/**
 * Lives through the month in steps of six hours: what happens in a step is inserted, workers deliver until nothing is due,
 * and then, for what waits in the outbox, six hours pass.
 */
export async function simulateMonth(options: MonthOptions): Promise<MonthOutcome> {
  const { db, policy, onDay = () => {} } = options;
  const verdicts = new Map<string, Verdict>();
  const counts = { suggestion: 0, error: 0, accepted: 0, revised: 0, rejected: 0 };
  const days: { day: string; sentUnits: number }[] = [];
  let clockMs = MONTH_FROM_MS;
  const now = (): number => clockMs;
  const mirrors = Array.from({ length: options.workers }, () =>
    createMirror({ ...options, sampling: policy, now, random: Math.random, pollMs: 50, visibilityDelayMs: 100 }),
  );
  const roller = createRoller({ db, log: options.log });
  const month = makeMonth(options.count, options.seed);
  let acts: MadeAct[] = [];
  let unitsBefore = 0;
  try {
    for (let day = 0; day < MONTH_DAYS + DAYS_AFTER; day += 1) {
      onDay(day);
      for (let step = 0; step < 24 / STEP_HOURS; step += 1) {
        const stepMs = MONTH_FROM_MS + (day * 24 + step * STEP_HOURS) * HOUR_MS;
        const made: MadeSuggestion[] = [];
        for (let hour = 0; hour < STEP_HOURS; hour += 1) made.push(...(month.next().value ?? []));
        for (const suggestion of made) note(suggestion, { policy, verdicts, counts });
        await insertSuggestions(db, made);
        acts.push(...made.flatMap((suggestion) => suggestion.acts));
        await insertActs(
          db,
          acts.filter(({ atMs }) => atMs < stepMs + STEP_MS),
        );
        acts = acts.filter(({ atMs }) => atMs >= stepMs + STEP_MS);
        clockMs = stepMs + STEP_MS / 2;
        await Promise.all(mirrors.map((mirror) => mirror.drain()));
        await db.query(PASS_TIME, [STEP_MS]);
      }
      await roller.rollAll();
      const units = await unitsInLedger(db);
      days.push({ day: new Date(clockMs).toISOString().slice(0, 10), sentUnits: units - unitsBefore });
      unitsBefore = units;
      if (day >= MONTH_DAYS && acts.length === 0 && (await isEmpty(db))) break;
    }
  } finally {
    await Promise.all(mirrors.map((mirror) => mirror.stop()));
  }
  return { verdicts, counts, days };
}

/** Said once more, apart from the code that is looked at: what the rules say of a suggestion once all is known. */
function note(
  { id, acts, isError, latencyMs, confidence, costUsd, functionName }: MadeSuggestion,
  {
    policy,
    verdicts,
    counts,
  }: { policy: SamplingPolicy; verdicts: Map<string, Verdict>; counts: MonthOutcome["counts"] },
): void {
  const { keep, rates } = policy;
  const has = (type: MadeAct["type"]): boolean => acts.some((act) => act.type === type);
  const said: [string, boolean][] = [
    ["error", isError],
    ["rejection", has("rejection")],
    ["revision", keep.revision && has("revision")],
    ["slow", keep.slowMs !== null && latencyMs >= keep.slowMs],
    ["low-confidence", keep.lowConfidence !== null && confidence !== null && confidence < keep.lowConfidence],
    ["expensive", keep.expensiveUsd !== null && costUsd !== null && costUsd >= keep.expensiveUsd],
    ["sample", shareOf(traceIdOf(id)) < (rates.byFunction.get(functionName) ?? rates.general)],
  ];
  verdicts.set(id, { rule: said.find(([, applies]) => applies)?.[0] ?? null, actCount: acts.length });
  counts.suggestion += 1;
  if (isError) counts.error += 1;
  const last = acts.at(-1)?.type;
  if (last === "approval") counts.accepted += 1;
  else if (last === "revision") counts.revised += 1;
  else if (last === "rejection") counts.rejected += 1;
}

export const mustBeMirrored = ({ rule }: Verdict): boolean => isMust(rule);

const INSERT_SUGGESTIONS = `
  insert into ai_suggestions (id, suggested_response, status, created_at, function_name, latency_ms, confidence_score, cost_usd, error_type)
  select id, 'Reply to a customer', case when is_error then 'error' else 'completed' end, to_timestamp(at_ms / 1000.0), function_name,
    latency_ms, confidence, cost_usd, case when is_error then 'TimeoutError' end
  from json_to_recordset($1::json) as r (id uuid, at_ms bigint, function_name text, is_error boolean, latency_ms integer,
    confidence double precision, cost_usd double precision)`;

async function insertSuggestions(db: Database, made: readonly MadeSuggestion[]): Promise<void> {
  for (let from = 0; from < made.length; from += INSERTED_AT_ONCE) {
    const rows = made.slice(from, from + INSERTED_AT_ONCE).map((s) => ({
      id: s.id,
      at_ms: s.atMs,
      function_name: s.functionName,
      is_error: s.isError,
      latency_ms: s.latencyMs,
      confidence: s.confidence,
      cost_usd: s.costUsd,
    }));
    await db.query(INSERT_SUGGESTIONS, [JSON.stringify(rows)]);
  }
}

const INSERT_ACTS = `
  insert into ai_feedback_events (id, suggestion_id, feedback_type, feedback_reason, agent_id, created_at)
  select id, suggestion_id, type, case when type <> 'approval' then 'too generic' end, 'jo', to_timestamp(at_ms / 1000.0)
  from json_to_recordset($1::json) as r (id uuid, suggestion_id uuid, type text, at_ms bigint)`;

async function insertActs(db: Database, acts: readonly MadeAct[]): Promise<void> {
  for (let from = 0; from < acts.length; from += INSERTED_AT_ONCE) {
    const rows = acts
      .slice(from, from + INSERTED_AT_ONCE)
      .map(({ id, suggestionId, type, atMs }) => ({ id, suggestion_id: suggestionId, type, at_ms: atMs }));
    await db.query(INSERT_ACTS, [JSON.stringify(rows)]);
  }
}

/** What waits gets older, as it would if nobody touched it for so long. */
const PASS_TIME = `
  update langfuse_outbox
  set created_at = created_at - $1::double precision * interval '1 millisecond',
    available_at = available_at - $1::double precision * interval '1 millisecond',
    held_until = held_until - $1::double precision * interval '1 millisecond'`;

async function unitsInLedger(db: Database): Promise<number> {
  const [row] = await db.query<{ units: number }>(
    `select coalesce(sum(cardinality(langfuse_ids) + (kind = 'trace')::int), 0)::bigint as units from langfuse_deliveries`,
  );
  return row?.units ?? 0;
}

async function isEmpty(db: Database): Promise<boolean> {
  const [row] = await db.query<{ empty: boolean }>("select not exists (select from langfuse_outbox) as empty");
  return row?.empty ?? false;
}
