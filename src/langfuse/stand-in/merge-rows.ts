import type { StoredObservation, StoredTrace } from "./stored.ts";

/** What an update never changes in Langfuse 3 (v3.225.4, worker/src/services/IngestionService/index.ts). */
const KEPT_OF_OBSERVATION = new Set(["id", "traceId", "startTime", "environment", "receivedAt", "metadata"]);
const KEPT_OF_TRACE = new Set(["id", "timestamp", "environment", "metadata", "tags", "receivedAt"]);

/** Where rows meet in Langfuse 3: a row of another type, or of another UTC day, stays beside the first. */
export const observationKey = (row: StoredObservation): string =>
  JSON.stringify([row.id, row.type, row.startTime.slice(0, 10)]);

/** The row after an update, field by field: what the update does not say stays as it was. */
export function mergeObservation(before: StoredObservation, after: StoredObservation): StoredObservation {
  const metadata = { ...before.metadata, ...after.metadata };
  return { ...before, ...said(after, KEPT_OF_OBSERVATION), metadata };
}

export function mergeTrace(before: StoredTrace, after: StoredTrace): StoredTrace {
  const metadata = { ...before.metadata, ...after.metadata };
  const tags = [...new Set([...before.tags, ...after.tags])].toSorted();
  return { ...before, ...said(after, KEPT_OF_TRACE), public: before.public || after.public, metadata, tags };
}

/** The stand-in writes null where nothing was said, which Langfuse leaves out; neither that nor `{}` overwrites. */
function said(row: object, kept: ReadonlySet<string>): Record<string, unknown> {
  const isSaid = (value: unknown): boolean =>
    value !== undefined && value !== null && (typeof value !== "object" || Object.keys(value).length > 0);
  return Object.fromEntries(Object.entries(row).filter(([key, value]) => !kept.has(key) && isSaid(value)));
}
