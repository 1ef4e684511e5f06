import { UptakeError } from "../domain/errors.ts";
import type { KeyFacts } from "./key-facts.ts";
import { OBSERVATIONS_PATH, SCORES_PATH } from "./otlp-attributes.ts";
import type { Get } from "./read-ids.ts";
import { parseObject } from "./send-answer.ts";

/** One observation or score as Langfuse shows it: its id and as many of its key facts as the answer tells. */
export type ReadBackRow = { readonly id: string; readonly facts: KeyFacts };

/** Ids asked for at once: a URL with more would be longer than proxies take, and a page holds 100. */
export const MAX_SCORE_IDS = 50;

type Row = Readonly<Record<string, unknown>>;

/** The observations of one trace, one for each row: one stored twice comes twice. Throws `mirror_failed`. */
export async function readObservationRows(get: Get, traceId: string): Promise<ReadBackRow[]> {
  const query = { traceId, fields: "core,basic,model", limit: "1000" };
  return (await readAllRows(get, OBSERVATIONS_PATH, query)).map((row) => ({
    id: String(row["id"]),
    facts: known({
      name: textIn(row["name"]),
      type: textIn(row["type"]),
      // The server says `providedModelName`, newer clients' types say `model`.
      model: textIn(row["providedModelName"] === undefined ? row["model"] : row["providedModelName"]),
      startTime: timeIn(row["startTime"]),
      parentObservationId: textIn(row["parentObservationId"]),
    }),
  }));
}

/** The scores with these ids, at most {@link MAX_SCORE_IDS}. Langfuse's reads show one row for each id. Throws `mirror_failed`. */
export async function readScoreRows(get: Get, ids: readonly string[]): Promise<ReadBackRow[]> {
  if (ids.length === 0) return [];
  const query = { id: ids.join(","), fields: "subject", limit: "100" };
  return (await readAllRows(get, SCORES_PATH, query)).map((row) => ({
    id: String(row["id"]),
    facts: known({
      name: textIn(row["name"]),
      dataType: textIn(row["dataType"]),
      value: valueIn(row["value"]),
      timestamp: timeIn(row["timestamp"]),
      ...subjectIn(row["subject"]),
    }),
  }));
}

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

function known(facts: Readonly<Record<string, string | number | null | undefined>>): KeyFacts {
  const entries = Object.entries(facts).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(entries);
}

async function readAllRows(get: Get, path: string, query: Readonly<Record<string, string>>): Promise<Row[]> {
  const rows: Row[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const outcome = await get(path, cursor === undefined ? query : { ...query, cursor });
    if ("kind" in outcome) throw new UptakeError("mirror_failed", outcome.message, { facts: { failure: outcome } });
    const page = readPage(outcome.body, path);
    rows.push(...page.rows);
    ({ cursor } = page);
    if (cursor !== undefined && seen.has(cursor)) throw notLangfuse(path, "the same page came twice");
    if (cursor !== undefined) seen.add(cursor);
  } while (cursor !== undefined);
  return rows;
}

function readPage(body: string, path: string): { rows: Row[]; cursor: string | undefined } {
  const page = parseObject(body);
  const data = page?.["data"];
  if (!Array.isArray(data)) throw notLangfuse(path, "the answer has no list `data`");
  const rows = data.map((item: unknown): Row => {
    if (typeof item !== "object" || item === null || !("id" in item) || typeof item.id !== "string") {
      throw notLangfuse(path, "an item has no id");
    }
    return { ...item };
  });
  const meta = page?.["meta"];
  const cursor = typeof meta === "object" && meta !== null && "cursor" in meta ? meta.cursor : undefined;
  return { rows, cursor: typeof cursor === "string" && cursor !== "" ? cursor : undefined };
}

/** Refused for good: asking the same place again would bring the same. */
function notLangfuse(path: string, problem: string): UptakeError {
  const message = `GET ${path}: ${problem}; check that LANGFUSE_BASE_URL is a Langfuse`;
  return new UptakeError("mirror_failed", message, { facts: { failure: { kind: "refused", message } } });
}
