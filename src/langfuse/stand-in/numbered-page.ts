import { z } from "zod";

/** Page and limit as Langfuse 3 takes them. */
export const pageQuery = {
  page: z.coerce.number().int().positive().default(1),
  limit: z.coerce.number().int().min(1).max(100).default(50),
};

type PageMeta = {
  readonly page: number;
  readonly limit: number;
  readonly totalItems: number;
  readonly totalPages: number;
};

/** One numbered page, newest first, and what Langfuse 3 says about it. */
export function numberedPage<T>(
  rows: readonly T[],
  timeOf: (row: T) => string,
  { page, limit }: { readonly page: number; readonly limit: number },
): { readonly rows: readonly T[]; readonly meta: PageMeta } {
  const sorted = rows.toSorted((a, b) => Date.parse(timeOf(b)) - Date.parse(timeOf(a)));
  const totalItems = rows.length;
  return {
    rows: sorted.slice((page - 1) * limit, page * limit),
    meta: { page, limit, totalItems, totalPages: Math.ceil(totalItems / limit) },
  };
}

/** Stored text as the older reads give it: parsed where it is JSON. */
export function parsedText(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const parsedValues = (metadata: Readonly<Record<string, string>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, parsedText(value)]));

/** Milliseconds between two times, as seconds; null where one is missing. */
export const secondsBetween = (start: string, end: string | null): number | null =>
  end === null ? null : (Date.parse(end) - Date.parse(start)) / 1000;
