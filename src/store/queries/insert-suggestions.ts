import { suggestionFields, type SuggestionRow, textOf } from "../../domain/suggestion-row.ts";
import type { Queryable } from "../database.ts";
import { explainMisfits, type HostIds, isMisfit } from "../host-ids.ts";
import { arraysOf } from "../row-arrays.ts";

// One statement for suggestions and traces; each parameter holds one field of all rows (docs/decisions/0014). A row that
// a host left pending under the same id is completed and keeps what the host wrote, also when it was given up as
// abandoned meanwhile; a row that is finished is left alone, so a retry changes nothing.
// Rows are taken in the order of their ids, so that two writers which meet on the same rows cannot wait for each other.
const sql = `
with given as (
  select *
  from unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::real[], $9::text[],
    $10::timestamptz[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
    $18::integer[], $19::integer[], $20::integer[], $21::integer[], $22::text[], $23::text[], $24::text[], $25::jsonb[],
    $26::jsonb[]
  ) as r (
    id, project_id, function_name, ticket_id, message_id, system_user_id, suggested_response, confidence_score, status,
    created_at, environment, release, model, prompt_name, prompt_version, trace_id, observation_id,
    latency_ms, time_to_first_token_ms, input_tokens, output_tokens, cost_usd, error_type, error_message, metadata,
    observations
  )
), suggestions as (
  insert into ai_suggestions as s (
    id, project_id, function_name, ticket_id, message_id, system_user_id, suggested_response, confidence_score, status,
    created_at, environment, release, model, prompt_name, prompt_version, trace_id, observation_id, latency_ms,
    time_to_first_token_ms, input_tokens, output_tokens, cost_usd, error_type, error_message, metadata
  )
  select
    id, project_id, function_name, uptake_ticket_id(ticket_id), uptake_message_id(message_id),
    uptake_system_user_id(system_user_id), suggested_response, confidence_score, status,
    created_at, environment, release, model, prompt_name, prompt_version, trace_id, observation_id, latency_ms,
    time_to_first_token_ms, input_tokens, output_tokens, cost_usd::numeric, error_type, error_message, metadata
  from given
  order by id
  on conflict (id) do update set
    function_name = excluded.function_name,
    ticket_id = coalesce(s.ticket_id, excluded.ticket_id),
    message_id = coalesce(s.message_id, excluded.message_id),
    system_user_id = coalesce(s.system_user_id, excluded.system_user_id),
    suggested_response = excluded.suggested_response,
    confidence_score = excluded.confidence_score,
    status = excluded.status,
    updated_at = now(),
    environment = excluded.environment,
    release = excluded.release,
    model = excluded.model,
    prompt_name = excluded.prompt_name,
    prompt_version = excluded.prompt_version,
    trace_id = excluded.trace_id,
    observation_id = excluded.observation_id,
    latency_ms = excluded.latency_ms,
    time_to_first_token_ms = excluded.time_to_first_token_ms,
    input_tokens = excluded.input_tokens,
    output_tokens = excluded.output_tokens,
    cost_usd = excluded.cost_usd,
    error_type = excluded.error_type,
    error_message = excluded.error_message,
    metadata = s.metadata || excluded.metadata
  where (s.status = 'pending' or s.error_type = 'abandoned') and s.project_id = excluded.project_id
  returning s.id, s.emptied_at
), traces as (
  insert into ai_traces (trace_id, suggestion_id, project_id, observations, created_at)
  select g.trace_id, g.id, g.project_id, g.observations, g.created_at
  from given g
  where exists (select from suggestions w where w.id = g.id and w.emptied_at is null)
    or exists (
      select from ai_suggestions s where s.id = g.id and s.project_id = g.project_id and s.emptied_at is null
    )
  on conflict (trace_id) do nothing
)
select g.id from given g where not exists (select from suggestions w where w.id = g.id)`;

/** `known`: a finished row has the id already, so nothing was written; whose and what row that is, nobody has looked. */
export type InsertFate = "written" | "known";

const types = suggestionFields.map(({ type }) => type);

/**
 * Writes finished runs, all or none: a row of `ai_suggestions` and one of `ai_traces` each; resolves to what became of each.
 * The same rows again change nothing, and neither does a row whose id another project has. Rejects with the database's
 * error, whose `code` is the SQLSTATE; with `invalid_input` where it is one row whose ticket, message or person has an id
 * that the host's type cannot hold.
 */
export async function insertSuggestions(db: Queryable, rows: readonly SuggestionRow[]): Promise<readonly InsertFate[]> {
  // An upsert cannot touch a row twice in one statement: of rows with the same id the first one counts.
  const first = new Map<string, SuggestionRow>();
  for (const row of rows) if (!first.has(row.id)) first.set(row.id, row);
  if (first.size === 0) return [];
  const known = new Set((await insert(db, [...first.values()])).map(({ id }) => id));
  return rows.map((row) => (known.has(row.id) || first.get(row.id) !== row ? "known" : "written"));
}

async function insert(db: Queryable, rows: readonly SuggestionRow[]): Promise<readonly { readonly id: string }[]> {
  try {
    return await db.query<{ id: string }>(sql, arraysOf(rows, types));
  } catch (error) {
    const [only, ...others] = rows;
    if (only === undefined || others.length > 0 || !isMisfit(error)) throw error;
    // In a transaction that has failed nobody can be asked.
    const explain = await explainMisfits(db).catch(() => undefined);
    throw explain?.(hostIdsOf(only), "suggestion") ?? error;
  }
}

const hostIdsOf = (row: SuggestionRow): HostIds => ({
  ticketId: textOf(row, "ticketId"),
  messageId: textOf(row, "messageId"),
  systemUserId: textOf(row, "systemUserId"),
});
