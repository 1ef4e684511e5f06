import type { Outcome } from "../../domain/outcome.ts";
import type { SuggestionStatus } from "../../domain/suggestion.ts";
import type { Queryable } from "../database.ts";

/** One suggestion of a list. */
export type ListedSuggestion = {
  readonly suggestionId: string;
  readonly traceId: string;
  readonly functionName: string | null;
  readonly environment: string | null;
  readonly model: string | null;
  readonly promptName: string | null;
  readonly promptVersion: string | null;
  readonly ticketId: string | null;
  readonly messageId: string | null;
  readonly status: SuggestionStatus;
  readonly outcome: Outcome;
  /** Its beginning. */
  readonly text: string;
  readonly isTextCut: boolean;
  readonly confidence: number | null;
  readonly keptRatio: number | null;
  readonly latencyMs: number | null;
  readonly costUsd: number | null;
  readonly errorType: string | null;
  readonly createdAt: Date;
  readonly shownAt: Date | null;
  readonly decidedAt: Date | null;
  /** `createdAt` as exactly as Postgres has it. */
  readonly createdAtMicros: number;
};

// Postgres plans a statement with its parameters, so what is not asked for (null) costs nothing.
const sql = `
  select
    s.id as "suggestionId",
    coalesce(s.trace_id, replace(s.id::text, '-', '')) as "traceId",
    s.function_name as "functionName",
    s.environment,
    s.model,
    s.prompt_name as "promptName",
    s.prompt_version as "promptVersion",
    s.ticket_id::text as "ticketId",
    s.message_id::text as "messageId",
    s.status,
    s.outcome,
    left(s.suggested_response, 300) as text,
    length(s.suggested_response) > 300 as "isTextCut",
    s.confidence_score as confidence,
    s.kept_ratio as "keptRatio",
    s.latency_ms as "latencyMs",
    s.cost_usd as "costUsd",
    s.error_type as "errorType",
    s.created_at as "createdAt",
    s.shown_at as "shownAt",
    s.decided_at as "decidedAt",
    (extract(epoch from s.created_at) * 1000000)::bigint as "createdAtMicros"
  from ai_suggestions s
  where left(s.project_id, 100) = left($1, 100) and s.project_id = $1
    and s.created_at is not null -- a host's column may be, and such a row has no place among the others
    and ($2::text is null or s.function_name = $2)
    and ($3::text is null or s.environment = $3)
    and ($4::text is null or s.model = $4)
    and ($5::text is null or s.prompt_version = $5)
    and ($6::text is null or s.outcome = $6)
    and ($7::text is null or s.status = $7)
    and ($8::text is null or s.ticket_id = uptake_ticket_id($8))
    and ($9::timestamptz is null or s.created_at >= $9)
    and ($10::timestamptz is null or s.created_at < $10)
    and ($11::text is null or s.suggested_response ilike $11)
    and ($12::bigint is null
      or (s.created_at, s.id) < (timestamptz 'epoch' + $12::bigint * interval '1 microsecond', $13::uuid))
    and ($15::text is null or s.deciding_reasons @> array[$15])
  order by s.created_at desc, s.id desc
  limit $14
`;

export type ListFilter = {
  readonly projectId: string;
  readonly functionName?: string | undefined;
  readonly environment?: string | undefined;
  readonly model?: string | undefined;
  readonly promptVersion?: string | undefined;
  readonly outcome?: Outcome | undefined;
  readonly status?: SuggestionStatus | undefined;
  readonly ticketId?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** One of the reasons of the feedback event that decides. */
  readonly reason?: string | undefined;
  /** What the text holds, as it is. */
  readonly search?: string | undefined;
  /** The last one of the page before. */
  readonly after?: { readonly createdAtMicros: number; readonly suggestionId: string } | undefined;
  readonly limit: number;
};

/** The project's suggestions that the filter leaves, the newest first. */
export function listSuggestions(db: Queryable, filter: ListFilter): Promise<readonly ListedSuggestion[]> {
  const { search, after } = filter;
  return db.query<ListedSuggestion>(sql, [
    filter.projectId,
    filter.functionName ?? null,
    filter.environment ?? null,
    filter.model ?? null,
    filter.promptVersion ?? null,
    filter.outcome ?? null,
    filter.status ?? null,
    filter.ticketId ?? null,
    filter.from ?? null,
    filter.to ?? null,
    search === undefined ? null : `%${search.replaceAll(/[\\%_]/gu, String.raw`\$&`)}%`,
    after?.createdAtMicros ?? null,
    after?.suggestionId ?? null,
    filter.limit,
    filter.reason ?? null,
  ]);
}
