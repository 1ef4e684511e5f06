import { UptakeError } from "../domain/errors.ts";
import { parseObject, type SendFailure } from "./send-answer.ts";

/** The body of a 2xx answer, or why there is none. */
export type Outcome = { readonly body: string } | SendFailure;

/** Reads one path with query parameters. */
export type Get = (path: string, query?: Readonly<Record<string, string>>) => Promise<Outcome>;

/** One item of a list; only its id is known to be there. */
export type Row = Readonly<Record<string, unknown>> & { readonly id: string };

/** The rows of every page of a list that is paged by cursor. Throws {@link UptakeError} `mirror_failed`, the failure in its facts. */
export async function readCursorPages(
  get: Get,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await readPage(get, path, cursor === undefined ? query : { ...query, cursor });
    rows.push(...page.rows);
    const next = page.meta["cursor"];
    cursor = typeof next === "string" && next !== "" ? next : undefined;
    if (cursor !== undefined && seen.has(cursor)) throw notLangfuse(path, "the same page came twice");
    if (cursor !== undefined) seen.add(cursor);
  } while (cursor !== undefined);
  return rows;
}

/** The same for a list whose pages are numbered from 1. */
export async function readNumberedPages(
  get: Get,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let page = 1, pageCount = 1; page <= pageCount; page += 1) {
    const found = await readPage(get, path, { ...query, page: String(page) });
    const total = found.meta["totalPages"];
    if (typeof total !== "number") throw notLangfuse(path, "the answer does not say how many pages there are");
    if (found.rows.length === 0) break;
    rows.push(...found.rows);
    pageCount = total;
  }
  return rows;
}

/** Whether a body is a page of a list, whatever is in it. */
export const hasList = (body: string): boolean => Array.isArray(parseObject(body)?.["data"]);

type Page = { readonly rows: readonly Row[]; readonly meta: Readonly<Record<string, unknown>> };

async function readPage(get: Get, path: string, query: Readonly<Record<string, string>>): Promise<Page> {
  const outcome = await get(path, query);
  if ("kind" in outcome) throw readFailed(outcome);
  const page = parseObject(outcome.body);
  const data = page?.["data"];
  if (!Array.isArray(data)) throw notLangfuse(path);
  const rows = data.map((item: unknown): Row => {
    if (typeof item !== "object" || item === null || !("id" in item) || typeof item.id !== "string") {
      throw notLangfuse(path, "an item has no id");
    }
    return { ...item, id: item.id };
  });
  const meta = page?.["meta"];
  return { rows, meta: typeof meta === "object" && meta !== null ? { ...meta } : {} };
}

export const readFailed = (failure: SendFailure): UptakeError =>
  new UptakeError("mirror_failed", failure.message, { facts: { failure } });

/**
 * A 200 that is not Langfuse's: a login page, a proxy, another program. `refused`, since asking the same place again
 * brings the same: a command ends and says so, and the mirror, which goes on for ever, calls for a person.
 */
export function notLangfuse(path: string, problem = "the answer has no list `data`"): UptakeError {
  const message = `GET ${path}: ${problem}; check that LANGFUSE_BASE_URL is a Langfuse`;
  return readFailed({ kind: "refused", status: 200, aboutContent: false, message });
}
