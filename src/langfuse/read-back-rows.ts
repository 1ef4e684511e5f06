import type { KeyFacts } from "./key-facts.ts";
import { LEGACY_OBSERVATIONS_PATH, LEGACY_SCORES_PATH, OBSERVATIONS_PATH, SCORES_PATH } from "./otlp-attributes.ts";
import { type Get, readCursorPages, readNumberedPages, type Row } from "./read-pages.ts";

/** One observation or score as Langfuse shows it: its id and as many of its key facts as the answer tells. */
export type ReadBackRow = { readonly id: string; readonly facts: KeyFacts };

/** Ids asked for at once: a URL with more would be longer than proxies take, and a page holds 100. */
export const MAX_SCORE_IDS = 50;

/** The observations of one trace from Langfuse 4, one for each row: one stored twice comes twice. Throws `mirror_failed`. */
export async function readObservationRows(get: Get, traceId: string): Promise<ReadBackRow[]> {
  const query = { traceId, fields: "core,basic,model", limit: "1000" };
  return (await readCursorPages(get, OBSERVATIONS_PATH, query)).map(observationRow);
}

/** The same from Langfuse 3, where rows of one id, type and UTC day have become one. */
export async function readLegacyObservationRows(get: Get, traceId: string): Promise<ReadBackRow[]> {
  return (await readNumberedPages(get, LEGACY_OBSERVATIONS_PATH, { traceId, limit: "100" })).map(observationRow);
}

function observationRow(row: Row): ReadBackRow {
  return {
    id: row.id,
    facts: known({
      name: textIn(row["name"]),
      type: textIn(row["type"]),
      // Langfuse 4 says `providedModelName`, newer clients' types and Langfuse 3 say `model`.
      model: textIn(row["providedModelName"] === undefined ? row["model"] : row["providedModelName"]),
      startTime: timeIn(row["startTime"]),
      parentObservationId: textIn(row["parentObservationId"]),
    }),
  };
}

/** The scores with these ids, at most {@link MAX_SCORE_IDS}. Langfuse's reads show one row for each id. Throws `mirror_failed`. */
export async function readScoreRows(get: Get, ids: readonly string[]): Promise<ReadBackRow[]> {
  if (ids.length === 0) return [];
  const query = { id: ids.join(","), fields: "subject", limit: "100" };
  return (await readCursorPages(get, SCORES_PATH, query)).map((row) => ({
    id: row.id,
    facts: known({ ...scoreFacts(row), value: valueIn(row["value"]), ...subjectIn(row["subject"]) }),
  }));
}

/** The same from Langfuse 3. */
export async function readLegacyScoreRows(get: Get, ids: readonly string[]): Promise<ReadBackRow[]> {
  if (ids.length === 0) return [];
  const query = { scoreIds: ids.join(","), fields: "score", limit: "100" };
  return (await readNumberedPages(get, LEGACY_SCORES_PATH, query)).map((row) => ({
    id: row.id,
    facts: known({
      ...scoreFacts(row),
      value: legacyValueIn(row),
      traceId: textIn(row["traceId"]),
      observationId: textIn(row["observationId"]),
    }),
  }));
}

const scoreFacts = (row: Row): Readonly<Record<string, string | number | null | undefined>> => ({
  name: textIn(row["name"]),
  dataType: textIn(row["dataType"]),
  timestamp: timeIn(row["timestamp"]),
});

function subjectIn(subject: unknown): { traceId?: string; observationId?: string | null } {
  if (typeof subject !== "object" || subject === null || !("kind" in subject) || !("id" in subject)) return {};
  const id = String(subject.id);
  if (subject.kind === "trace") return { traceId: id, observationId: null };
  const traceId = "traceId" in subject && typeof subject.traceId === "string" ? { traceId: subject.traceId } : {};
  return subject.kind === "observation" ? { ...traceId, observationId: id } : {};
}

/** Undefined where the answer does not say; Langfuse writes "nothing" as null and as an empty text. */
function textIn(value: unknown): string | null | undefined {
  if (value === null || value === "") return null;
  return typeof value === "string" ? value : undefined;
}

function timeIn(value: unknown): number | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** A BOOLEAN is sent as 0 or 1 and comes back as false or true. */
function valueIn(value: unknown): string | number | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "string" || typeof value === "number" ? value : undefined;
}

/** A text is `stringValue`, beside the number 0 or none; a number is `value`, for a BOOLEAN beside the text "True" or "False". */
function legacyValueIn(row: Row): string | number | undefined {
  const isNumber = row["dataType"] === "NUMERIC" || row["dataType"] === "BOOLEAN";
  return valueIn(isNumber ? row["value"] : row["stringValue"]);
}

function known(facts: Readonly<Record<string, string | number | null | undefined>>): KeyFacts {
  const entries = Object.entries(facts).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(entries);
}
