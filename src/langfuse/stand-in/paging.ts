/** Where a page ended: the sort key of its last row. */
export type Position = { readonly at: string; readonly sequence: number };

export function encodeCursor(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** The position in a cursor, or undefined if it is not one of ours. */
export function decodeCursor(cursor: string): Position | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (typeof value !== "object" || value === null || !("at" in value) || !("sequence" in value)) return undefined;
    const { at, sequence } = value;
    return typeof at === "string" && typeof sequence === "number" ? { at, sequence } : undefined;
  } catch {
    return undefined;
  }
}

type Numbered<T> = { readonly row: T; readonly position: Position };

/** One page, newest first; rows of the same time in the order of arrival reversed, so that a page never repeats one. */
export function pageOf<T>(
  rows: readonly T[],
  timeOf: (row: T) => string,
  page: { readonly limit: number; readonly after: Position | undefined },
): { readonly rows: readonly T[]; readonly cursor: string | undefined } {
  const numbered: Numbered<T>[] = rows.map((row, sequence) => ({ row, position: { at: timeOf(row), sequence } }));
  const { after } = page;
  const rest = after === undefined ? numbered : numbered.filter(({ position }) => compare(position, after) > 0);
  const sorted = rest.toSorted((a, b) => compare(a.position, b.position));
  const shown = sorted.slice(0, page.limit);
  const last = shown.at(-1);
  const hasMore = sorted.length > shown.length && last !== undefined;
  return { rows: shown.map(({ row }) => row), cursor: hasMore ? encodeCursor(last.position) : undefined };
}

function compare(a: Position, b: Position): number {
  if (a.at !== b.at) return a.at < b.at ? 1 : -1;
  return b.sequence - a.sequence;
}
