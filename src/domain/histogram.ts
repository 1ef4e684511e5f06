/**
 * How durations are distributed, in logarithmic buckets: bucket b counts the values in (g^(b-1), g^b] milliseconds, so
 * the bucket's middle is within 2 % of every value in it. Histograms add and subtract exactly, in any order, which
 * no percentile and no average does.
 *
 * C. Masson, J. E. Rim, H. K. Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error
 * Guarantees", PVLDB 12 (2019), 2195–2205. The same buckets are made in SQL by `uptake_bucket`.
 */
export type Histogram = {
  /** Buckets that hold something, ascending. */
  readonly buckets: readonly number[];
  /** How many values each of `buckets` holds. */
  readonly counts: readonly number[];
};

/** The largest relative error of a quantile. */
export const RELATIVE_ERROR = 0.02;

const G = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LN_G = Math.log(G);

export const EMPTY_HISTOGRAM: Histogram = { buckets: [], counts: [] };

/** The bucket of a duration in milliseconds. Up to 1 ms all is bucket 0: nobody waits differently for 0.1 ms. */
export const bucketOf = (ms: number): number => Math.ceil(Math.log(Math.max(ms, 1)) / LN_G);

/** The duration in milliseconds that stands for a bucket, within 2 % of everything in it (from 1 ms on). */
export const valueOf = (bucket: number): number => (2 * G ** bucket) / (G + 1);

/** The histogram of these durations in milliseconds. */
export function histogramOf(durationsMs: readonly number[]): Histogram {
  return mergeHistograms({ buckets: durationsMs.map(bucketOf), counts: durationsMs.map(() => 1) });
}

/** The sum of histograms. Counts may be negative (a difference); buckets that come to nothing are left out. */
export function mergeHistograms(...histograms: readonly Histogram[]): Histogram {
  const totals: number[] = [];
  for (const { buckets, counts } of histograms) {
    buckets.forEach((bucket, i) => {
      totals[bucket] = (totals[bucket] ?? 0) + (counts[i] ?? 0);
    });
  }
  const merged: { readonly buckets: number[]; readonly counts: number[] } = { buckets: [], counts: [] };
  // In the order of the buckets, and past those that nothing was added to.
  totals.forEach((count, bucket) => {
    if (count === 0) return;
    merged.buckets.push(bucket);
    merged.counts.push(count);
  });
  return merged;
}

/** How many values the histogram holds. */
export const countOf = (histogram: Histogram): number => histogram.counts.reduce((sum, count) => sum + count, 0);

/**
 * The duration in milliseconds that a share of `q` (0–1) of the values does not exceed, within 2 %; `undefined` when
 * nothing is known. By nearest rank, as `percentile_disc` does: of n values in order, the ceil(q · n)-th, at least the
 * first. So the median of two values is the smaller one, never a value that nobody measured.
 */
export function quantile(histogram: Histogram, q: number): number | undefined {
  const count = countOf(histogram);
  if (count <= 0) return undefined;
  // 0.07 · 100 is 7.000000000000001 in floating point; the 7th is meant.
  const rank = Math.max(1, Math.ceil(q * count - 1e-9));
  let seen = 0;
  const at = histogram.counts.findIndex((n) => (seen += n) >= rank);
  const bucket = histogram.buckets[at];
  return bucket === undefined ? undefined : valueOf(bucket);
}
