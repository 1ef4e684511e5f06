import { type Histogram, mergeHistograms } from "../domain/histogram.ts";
import { parseIntegerLists } from "./array-text.ts";

/** The sum of histograms that Postgres wrote one after the other: buckets and counts of each, as in `{12,14}{3,1}{13}{2}`. */
export function parseHistograms(text: string): Histogram {
  const lists = parseIntegerLists(text);
  const histograms: Histogram[] = [];
  for (let i = 0; i < lists.length; i += 2) histograms.push({ buckets: lists[i] ?? [], counts: lists[i + 1] ?? [] });
  return mergeHistograms(...histograms);
}
