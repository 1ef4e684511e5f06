import { suggestionFields, type SuggestionRow } from "../../domain/suggestion-row.ts";
import type { Queryable } from "../database.ts";
import { arraysOf } from "../row-arrays.ts";

// One statement for suggestions and traces; each parameter holds one field of all rows (docs/decisions/0012). A row that
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
)
insert into ai_traces (trace_id, suggestion_id, project_id, observations, created_at)
select trace_id, id, project_id, observations, created_at
from given
on conflict (trace_id) do nothing`;

const types = suggestionFields.map(({ type }) => type);

/**
 * Writes finished runs, all or none: a row of `ai_suggestions` and one of `ai_traces` each. The same rows again change
 * nothing. Rejects with the database's error, whose `code` is the SQLSTATE.
 */
export async function insertSuggestions(db: Queryable, rows: readonly SuggestionRow[]): Promise<void> {
  if (rows.length === 0) return;
  await db.query(sql, arraysOf(firstOfEach(rows), types));
}

/** An upsert cannot touch a row twice in one statement: of rows with the same id the first one counts. */
function firstOfEach(rows: readonly SuggestionRow[]): readonly SuggestionRow[] {
  const seen = new Set<string>();
  return rows.filter(({ id }) => seen.size < seen.add(id).size);
}
