import type { SuggestionRecord } from "../../domain/suggestion.ts";
import { storableText } from "../../domain/text.ts";
import type { Queryable } from "../database.ts";

// One statement for suggestions and traces, one JSON parameter for all rows. A row that a host left pending under the
// same id is completed and keeps what the host wrote, also when it was given up as abandoned meanwhile; a row that is
// finished is left alone, so a retry changes nothing.
// Rows are taken in the order of their ids, so that two writers which meet on the same rows cannot wait for each other.
const sql = `
with given as (
  select *
  from json_to_recordset($1::json) as r (
    id uuid, project_id text, function_name text, ticket_id text, message_id text, system_user_id text,
    suggested_response text, confidence_score real, status text, created_at timestamptz, environment text, release text,
    model text, prompt_name text, prompt_version text, trace_id text, observation_id text, latency_ms integer,
    time_to_first_token_ms integer, input_tokens integer, output_tokens integer, cost_usd numeric, error_type text,
    error_message text, metadata jsonb, observations jsonb
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
    time_to_first_token_ms, input_tokens, output_tokens, cost_usd, error_type, error_message, metadata
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
  returning s.id
), traces as (
  insert into ai_traces (trace_id, suggestion_id, project_id, observations, created_at)
  select g.trace_id, g.id, g.project_id, g.observations, g.created_at
  from given g
  where exists (select from suggestions w where w.id = g.id)
    or exists (select from ai_suggestions s where s.id = g.id and s.project_id = g.project_id)
  on conflict (trace_id) do nothing
)
select g.id from given g where not exists (select from suggestions w where w.id = g.id)`;

/** `known`: a finished row has the id already, so nothing was written; whose and what row that is, nobody has looked. */
export type InsertFate = "written" | "known";

/**
 * Writes finished runs, all or none: a row of `ai_suggestions` and one of `ai_traces` each; resolves to what became of each.
 * The same records again change nothing, and neither does a record whose id another project has. Rejects with the database's
 * error, whose `code` is the SQLSTATE.
 */
export async function insertSuggestions(
  db: Queryable,
  records: readonly SuggestionRecord[],
): Promise<readonly InsertFate[]> {
  // An upsert cannot touch a row twice in one statement: of records with the same id the first one counts.
  const first = new Map<string, SuggestionRecord>();
  for (const record of records) if (!first.has(record.id)) first.set(record.id, record);
  if (first.size === 0) return [];
  const known = new Set((await db.query<{ id: string }>(sql, [rowsJson(first.values())])).map(({ id }) => id));
  return records.map((record) => (known.has(record.id) || first.get(record.id) !== record ? "known" : "written"));
}

function rowsJson(records: Iterable<SuggestionRecord>): string {
  let rows = "";
  for (const record of records) rows += rows === "" ? rowJson(record) : `,${rowJson(record)}`;
  return `[${rows}]`;
}

/** The JSON of one row. `metadata` and `observations` are JSON already and go in as they are. */
function rowJson(record: SuggestionRecord): string {
  const columns = JSON.stringify({
    id: record.id,
    project_id: record.projectId,
    function_name: text(record.functionName),
    ticket_id: text(record.ticketId),
    message_id: text(record.messageId),
    system_user_id: text(record.systemUserId),
    suggested_response: text(record.suggestedResponse),
    confidence_score: record.confidenceScore,
    status: record.status,
    created_at: record.createdAt,
    environment: text(record.environment),
    release: text(record.release),
    model: text(record.model),
    prompt_name: text(record.promptName),
    prompt_version: text(record.promptVersion),
    trace_id: record.traceId,
    observation_id: record.observationId,
    latency_ms: record.latencyMs,
    time_to_first_token_ms: record.timeToFirstTokenMs,
    input_tokens: record.inputTokens,
    output_tokens: record.outputTokens,
    cost_usd: record.costUsd,
    error_type: text(record.errorType),
    error_message: text(record.errorMessage),
  });
  return `${columns.slice(0, -1)},"metadata":${record.metadataJson},"observations":${record.observationsJson}}`;
}

const text = (value: string | null): string | null => (value === null ? null : storableText(value));
