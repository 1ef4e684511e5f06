import type { MetricsRow } from "../api/metrics.ts";

export type Note = { readonly atMs: number; readonly text: string };

type Kind = "promptVersion" | "model";
const WORDS: Record<Kind, string> = { promptVersion: "prompt version", model: "model" };

/**
 * When each prompt version, or model, was first used in the range, from rows by bucket and that dimension. Those that were
 * there in the first bucket with suggestions are left out: nothing says since when.
 */
export function versionNotes(rows: readonly MetricsRow[], kind: Kind): readonly Note[] {
  const used = rows.filter(({ suggestionCount }) => suggestionCount > 0);
  const firstMs = Math.min(...used.map(({ bucketStart }) => Date.parse(bucketStart)));
  const since = new Map<string, number>();
  for (const { bucketStart, dimensions } of used) {
    const name = dimensions[kind];
    const atMs = Date.parse(bucketStart);
    if (name !== null && name !== undefined && atMs < (since.get(name) ?? Number.POSITIVE_INFINITY))
      since.set(name, atMs);
  }
  return [...since]
    .filter(([, atMs]) => atMs > firstMs)
    .sort(([, a], [, b]) => a - b)
    .map(([name, atMs]) => ({ atMs, text: `${WORDS[kind]} ${name} first used` }));
}
