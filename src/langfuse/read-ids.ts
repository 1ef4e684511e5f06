import { UptakeError } from "../domain/errors.ts";
import { parseObject, type SendFailure } from "./send-answer.ts";

/** The body of a 2xx answer, or why there is none. */
export type Outcome = { readonly body: string } | SendFailure;

/** Reads one path with query parameters. */
export type Get = (path: string, query?: Readonly<Record<string, string>>) => Promise<Outcome>;

/** The ids of every page of a list that is paged by cursor. Throws {@link UptakeError} `mirror_failed`, the failure in its facts. */
export async function readAllIds(get: Get, path: string, query: Readonly<Record<string, string>>): Promise<string[]> {
  const ids: string[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await readPage(get, path, cursor === undefined ? query : { ...query, cursor });
    ids.push(...page.ids);
    const next = page.meta["cursor"];
    cursor = typeof next === "string" && next !== "" ? next : undefined;
    if (cursor !== undefined && seen.has(cursor)) throw notLangfuse(path, "the same page came twice");
    if (cursor !== undefined) seen.add(cursor);
  } while (cursor !== undefined);
  return ids;
}

/** The same for a list whose pages are numbered from 1. */
export async function readNumberedIds(
  get: Get,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<string[]> {
  const ids: string[] = [];
  for (let page = 1, pageCount = 1; page <= pageCount; page += 1) {
    const found = await readPage(get, path, { ...query, page: String(page) });
    const total = found.meta["totalPages"];
    if (typeof total !== "number") throw notLangfuse(path, "the answer does not say how many pages there are");
    if (found.ids.length === 0) break;
    ids.push(...found.ids);
    pageCount = total;
  }
  return ids;
}

/** Whether a body is a page of a list, whatever is in it. */
export const hasList = (body: string): boolean => Array.isArray(parseObject(body)?.["data"]);

type Page = { readonly ids: readonly string[]; readonly meta: Readonly<Record<string, unknown>> };

async function readPage(get: Get, path: string, query: Readonly<Record<string, string>>): Promise<Page> {
  const outcome = await get(path, query);
  if ("kind" in outcome) throw new UptakeError("mirror_failed", outcome.message, { facts: { failure: outcome } });
  const page = parseObject(outcome.body);
  const data = page?.["data"];
  if (!Array.isArray(data)) throw notLangfuse(path, "the answer has no list `data`");
  const ids = data.map((item: unknown) => {
    if (typeof item !== "object" || item === null || !("id" in item) || typeof item.id !== "string") {
      throw notLangfuse(path, "an item has no id");
    }
    return item.id;
  });
  const meta = page?.["meta"];
  return { ids, meta: typeof meta === "object" && meta !== null ? { ...meta } : {} };
}

function notLangfuse(path: string, problem: string): UptakeError {
  return new UptakeError("mirror_failed", `GET ${path}: ${problem}; check that LANGFUSE_BASE_URL is a Langfuse`);
}
