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
    const outcome = await get(path, cursor === undefined ? query : { ...query, cursor });
    if ("kind" in outcome) throw new UptakeError("mirror_failed", outcome.message, { facts: { failure: outcome } });
    const page = readPage(outcome.body, path);
    ids.push(...page.ids);
    cursor = page.cursor;
    if (cursor !== undefined && seen.has(cursor)) throw notLangfuse(path, "the same page came twice");
    if (cursor !== undefined) seen.add(cursor);
  } while (cursor !== undefined);
  return ids;
}

function readPage(body: string, path: string): { ids: string[]; cursor: string | undefined } {
  const page = parseObject(body);
  const data = page?.["data"];
  if (!Array.isArray(data)) throw notLangfuse(path, "the answer has no list `data`");
  const ids = data.map((item: unknown) => {
    if (typeof item !== "object" || item === null || !("id" in item) || typeof item.id !== "string") {
      throw notLangfuse(path, "an item has no id");
    }
    return item.id;
  });
  const meta = page?.["meta"];
  const cursor = typeof meta === "object" && meta !== null && "cursor" in meta ? meta.cursor : undefined;
  return { ids, cursor: typeof cursor === "string" && cursor !== "" ? cursor : undefined };
}

function notLangfuse(path: string, problem: string): UptakeError {
  return new UptakeError("mirror_failed", `GET ${path}: ${problem}; check that LANGFUSE_BASE_URL is a Langfuse`);
}
