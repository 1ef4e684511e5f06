import { silentLogger } from "../../src/domain/logger.ts";
import { backfillRollup } from "../../src/metrics/backfill-rollup.ts";
import { createRoller } from "../../src/metrics/roller.ts";
import type { Database } from "../../src/store/database.ts";

const FILLED_AT_ONCE = 250_000;

const DAY_MS = 24 * 3_600_000;

/** What the history begins with, in UTC. */
export const FILLED_FROM = new Date("2026-03-01T00:00:00.000Z");
const FUNCTION_COUNT = 20;

// The row number gives everything that must be the same again, so that feedback finds its suggestion. Functions are of
// unequal size (the largest makes an eighth, the smallest a hundredth), each with two environments, two models and two
// prompt versions at a time, a new one every ten days: 160 series at once. Durations are log-normal. Texts are short:
// they lie beside what is counted, and 10 million rows of real ones would be 30 GB.
const suggestions = `
insert into ai_suggestions (
  id, ticket_id, suggested_response, confidence_score, metadata, status, created_at, project_id, function_name, environment, release,
  model, prompt_name, prompt_version, trace_id, observation_id, latency_ms, time_to_first_token_ms, input_tokens, output_tokens,
  cost_usd, error_type, error_message, outcome, shown_at, decided_at, kept_ratio, deciding_feedback_at, deciding_reasons
)
select
  id, 'T-' || i / 4, 'Reply ' || i || ' to a customer who asked about an order', (h2 % 1000) / 1000.0, '{"locale": "en"}',
  case when is_error then 'error' else 'completed' end, made_at, 'default',
  'function-' || floor(${FUNCTION_COUNT} * power((h1 % 1000) / 1000.0, 1.4)), case when h1 / 1000 % 10 = 0 then 'staging' else 'production' end, '2026.3',
  (array['gpt-4.1', 'gpt-4.1-mini'])[1 + h1 / 10000 % 2], 'reply', (i * 3 / $3::bigint + h1 / 20000 % 2)::text,
  replace(id::text, '-', ''), left(replace(id::text, '-', ''), 16), exp(7.2 + 0.7 * bell)::integer, exp(5.8 + 0.5 * bell)::integer, 200 + h2 % 900,
  50 + h2 / 1000 % 300, 0.0001 * (3 + h2 % 40), case when is_error then 'TimeoutError' end, case when is_error then 'no answer' end,
  case when feedback_at is null then case when is_error then 'pending' else 'expired' end when act < 3 then 'accepted' when act < 5 then 'revised' else 'rejected' end,
  made_at + interval '1 second', feedback_at, case when feedback_at is not null then (h2 % 100) / 100.0 end, feedback_at,
  case when feedback_at is not null then case when act < 3 then '{}' else array[(array['too generic', 'incorrect info', 'irrelevant'])[1 + h2 % 3]] end end
from (
  select *,
    (lpad(to_hex((extract(epoch from made_at) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'))::uuid as id,
    case when i % 10 < 6 then made_at + interval '1 second' + exp(11.5 + 1.2 * bell) * interval '1 millisecond' end as feedback_at
  from (
    select i, hashint8(i)::bigint & 1048575 as h1, hashint8(i + 1000000007)::bigint & 1048575 as h2, i % 6 as act, i % 50 = 9 as is_error,
      $4::timestamptz + (i - 1) * ($5::double precision / $3::bigint) * interval '1 millisecond' as made_at,
      sqrt(-2 * ln((1 + (hashint8(i * 7) & 65535)) / 65537.0)) * cos(2 * pi() * (hashint8(i * 13) & 65535) / 65536.0) as bell
    from generate_series($1::bigint, $2::bigint) i
  ) numbered
) made`;

const feedback = `
insert into ai_feedback_events (id, suggestion_id, feedback_type, feedback_reason, kept_ratio, agent_id, created_at)
select
  gen_random_uuid(), id, case outcome when 'accepted' then 'approval' when 'revised' then 'revision' else 'rejection' end,
  deciding_reasons[1], kept_ratio, 'agent-' || latency_ms % 40, decided_at
from ai_suggestions
where created_at >= $1 and created_at < $2 and decided_at is not null`;

const TABLES = ["ai_suggestions", "ai_feedback_events"];

export type History = { readonly count: number; readonly days: number };

/** When a history ends. */
export const filledTo = ({ days }: History): Date => new Date(FILLED_FROM.getTime() + days * DAY_MS);

/**
 * Suggestions evenly over so many days, and feedback on 60 % of them, as triggers and worker would have left it, the others
 * expired; without running them, and so without a rollup. Resolves when it is vacuumed and analyzed.
 */
export async function fillHistory(db: Database, history: History): Promise<void> {
  const { count, days } = history;
  for (const table of TABLES) await db.query(`alter table ${table} disable trigger user`);
  for (let from = 1; from <= count; from += FILLED_AT_ONCE) {
    const to = Math.min(from + FILLED_AT_ONCE - 1, count);
    await db.query(suggestions, [from, to, count, FILLED_FROM, days * DAY_MS]);
  }
  for (let day = 0; day < days; day++) {
    const start = FILLED_FROM.getTime() + day * DAY_MS;
    await db.query(feedback, [new Date(start), new Date(start + DAY_MS)]);
  }
  for (const table of TABLES) await db.query(`alter table ${table} enable trigger user`);
  for (const table of [...TABLES, "rollup_deltas"]) await db.query(`vacuum analyze ${table}`);
}

/** Counts a history as `uptake rollup backfill` does. */
export async function backfillHistory(db: Database, history: History): Promise<void> {
  const roller = createRoller({ db, log: silentLogger });
  const range = { from: FILLED_FROM, to: filledTo(history) };
  await backfillRollup({ db, roller }, { ...range, onProgress: () => {}, signal: new AbortController().signal });
  await db.query("vacuum analyze");
}
