import { ATTRIBUTE } from "../otlp-attributes.ts";
import { ownMetadata, spanSurroundings } from "./span-metadata.ts";
import type { SpanContext } from "./span-to-observation.ts";
import type { StoredObservation, StoredTrace } from "./stored.ts";

const TRACE_INPUT = "langfuse.trace.input";
const TRACE_OUTPUT = "langfuse.trace.output";
const AS_ROOT = "langfuse.internal.as_root";

/**
 * What one span says of its trace in Langfuse 3 (v3.225.4, OtelIngestionProcessor.ts): a root all of it, with its own input
 * and output; any other span what its trace attributes say; a span without them only that there is such a trace.
 */
export function spanToTrace(context: SpanContext, row: StoredObservation): StoredTrace {
  const { attributes: a, receivedAt } = context;
  const isRoot = row.parentObservationId === null || String(a[AS_ROOT]) === "true";
  const { traceId: id, startTime: timestamp, environment } = row;
  if (!isRoot && !saysTrace(context)) return { ...emptyTrace, id, timestamp, environment, receivedAt };
  const { version, release, userId, sessionId, tags } = row;
  const given = (key: string): string | null => (typeof a[key] === "string" ? a[key] : null);
  return {
    id,
    timestamp,
    environment,
    receivedAt,
    name: given(ATTRIBUTE.traceName) ?? (isRoot ? row.name : null),
    version,
    release,
    userId,
    sessionId,
    tags,
    public: row.public,
    input: given(TRACE_INPUT) ?? (isRoot ? row.input : null),
    output: given(TRACE_OUTPUT) ?? (isRoot ? row.output : null),
    metadata: {
      ...ownMetadata(a, ATTRIBUTE.traceMetadata),
      ...(isRoot ? ownMetadata(a, ATTRIBUTE.metadata) : {}),
      ...spanSurroundings(context, isRoot),
    },
  };
}

export const emptyTrace = {
  name: null,
  version: null,
  release: null,
  userId: null,
  sessionId: null,
  tags: [],
  public: false,
  input: null,
  output: null,
  metadata: {},
} satisfies Omit<StoredTrace, "id" | "timestamp" | "environment" | "receivedAt">;

const ABOUT_TRACE = [ATTRIBUTE.userId, ATTRIBUTE.sessionId, "langfuse.user.id", "langfuse.session.id", "langfuse.tags"];

const saysTrace = ({ attributes }: SpanContext): boolean =>
  Object.keys(attributes).some((key) => key.startsWith("langfuse.trace.") || ABOUT_TRACE.includes(key));
