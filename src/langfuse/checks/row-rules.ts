import { hash } from "node:crypto";
import type { FeedbackRow } from "../../domain/feedback-row.ts";
import type { TraceSource } from "../../domain/trace-source.ts";
import { normalizeEnvironment } from "../environment.ts";
import { langfuseId } from "./langfuse-id.ts";
import { isRecord } from "./record.ts";
import { type Rule, unsendable } from "./rule.ts";

/** What a suggestion's and a feedback event's row have in common. */
type Row = Pick<
  TraceSource | FeedbackRow,
  | "traceId"
  | "observationId"
  | "createdAt"
  | "functionName"
  | "ticketId"
  | "systemUserId"
  | "environment"
  | "confidenceScore"
> & { readonly rootObservationId?: string | null };

/** Langfuse counts nanoseconds in 64 bits, which end in 2262. */
const EARLIEST_MS = 0;
const LATEST_MS = Date.UTC(2262, 0);

export const isSendableTime = (ms: number): boolean => ms >= EARLIEST_MS && ms < LATEST_MS;

/** Langfuse 3 drops a trace with a longer name, after a 200. */
export const MAX_NAME_CHARS = 1000;

/** What Langfuse's own SDK takes; a session's id is a key in its Postgres, where a long one fails after a 200. */
const MAX_PERSON_CHARS = 200;

/** In this order: what cannot be sent at all first. */
function rowRules<Source extends Row>(): readonly Rule<Source>[] {
  return [
    { name: "created-at", loses: false, apply: withTime },
    { name: "trace-id", loses: false, apply: withTraceId },
    { name: "observation-id", loses: false, apply: withObservationIds },
    { name: "name", loses: true, apply: withName },
    { name: "long-id", loses: true, apply: withShortIds },
    { name: "environment", loses: false, apply: withEnvironment },
    { name: "number", loses: true, apply: withConfidence },
  ];
}

/** Also of a trace's row: its metadata is shown at the root. */
export const TRACE_ROW_RULES: readonly Rule<TraceSource>[] = [
  ...rowRules<TraceSource>(),
  {
    name: "shape",
    loses: true,
    apply: (row) => (isRecord(row.metadata) ? row : { ...row, metadata: { rowMetadata: row.metadata } }),
  },
];

export const FEEDBACK_ROW_RULES = rowRules<FeedbackRow>();

function withTime<Source extends Row>(row: Source): Source {
  const { createdAt } = row;
  if (createdAt instanceof Date && isSendableTime(createdAt.getTime())) return row;
  throw unsendable("created-at", "created_at", createdAt, {
    expected: "a time from 1970 to 2261",
    remedy: "correct it",
  });
}

function withTraceId<Source extends Row>(row: Source): Source {
  return withField(row, "traceId", langfuseId("trace", "trace_id", row.traceId));
}

function withObservationIds<Source extends Row>(row: Source): Source {
  const { observationId, rootObservationId } = row;
  const scored = observationId === null ? null : langfuseId("observation", "observation_id", observationId);
  const checked = withField(row, "observationId", scored);
  if (rootObservationId === undefined || rootObservationId === null) return checked;
  return withField(checked, "rootObservationId", langfuseId("observation", "observations[0].id", rootObservationId));
}

function withName<Source extends Row>(row: Source): Source {
  const { functionName } = row;
  if (functionName === null || functionName.length <= MAX_NAME_CHARS) return row;
  return withField(row, "functionName", functionName.slice(0, MAX_NAME_CHARS).toWellFormed());
}

function withShortIds<Source extends Row>(row: Source): Source {
  return withField(withField(row, "ticketId", shortId(row.ticketId)), "systemUserId", shortId(row.systemUserId));
}

function withEnvironment<Source extends Row>(row: Source): Source {
  return row.environment === null ? row : withField(row, "environment", normalizeEnvironment(row.environment));
}

function withConfidence<Source extends Row>(row: Source): Source {
  const isWrong = row.confidenceScore !== null && !Number.isFinite(row.confidenceScore);
  return isWrong ? withField(row, "confidenceScore", null) : row;
}

function withField<Source, Field extends keyof Source>(row: Source, field: Field, value: Source[Field]): Source {
  return row[field] === value ? row : { ...row, [field]: value };
}

/** Cut, with a mark of the whole at its end: two ids that begin alike must stay two. */
function shortId(id: string | null): string | null {
  if (id === null || id.length <= MAX_PERSON_CHARS) return id;
  const mark = `…${hash("sha256", id, "hex").slice(0, 16)}`;
  return id.slice(0, MAX_PERSON_CHARS - mark.length).toWellFormed() + mark;
}
