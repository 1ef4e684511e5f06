/** So many of so many. */
export type Counted = { readonly numerator: number; readonly denominator: number };

/** How two shares differ; all in shares of 1, so 0.03 is three percentage points. */
export type Difference = {
  readonly difference: number;
  /** Its 95 % interval. */
  readonly low: number;
  readonly high: number;
  /** How often chance alone would make a difference at least as large, were both the same. */
  readonly pValue: number;
};

/** Two-sided 95 % of the normal distribution. */
const Z = 1.959963984540054;

/** Wilson's score interval of a share (E. B. Wilson, JASA 22, 1927, 209–212). */
function wilson({ numerator, denominator: n }: Counted): { readonly low: number; readonly high: number } {
  const p = numerator / n;
  const center = (p + (Z * Z) / (2 * n)) / (1 + (Z * Z) / n);
  const half = (Z / (1 + (Z * Z) / n)) * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  return { low: Math.max(0, center - half), high: Math.min(1, center + half) };
}

/**
 * The difference `one − other` of two independent shares; undefined where either has nothing to count.
 * Interval: Newcombe's hybrid score (R. G. Newcombe, Statistics in Medicine 17, 1998, 873–890, method 10), which holds for
 * small counts and at 0 and 1, too. p-value: the two-sided z-test with the pooled share, as rough as its counts are small.
 */
export function differenceOf(one: Counted, other: Counted): Difference | undefined {
  if (one.denominator === 0 || other.denominator === 0) return undefined;
  const p1 = one.numerator / one.denominator;
  const p2 = other.numerator / other.denominator;
  const [a, b] = [wilson(one), wilson(other)];
  const difference = p1 - p2;
  return {
    difference,
    low: difference - Math.hypot(p1 - a.low, b.high - p2),
    high: difference + Math.hypot(a.high - p1, p2 - b.low),
    pValue: pooledPValue(one, other, difference),
  };
}

function pooledPValue(one: Counted, other: Counted, difference: number): number {
  const pooled = (one.numerator + other.numerator) / (one.denominator + other.denominator);
  const variance = pooled * (1 - pooled) * (1 / one.denominator + 1 / other.denominator);
  // Both all, or both none: nothing differs.
  return variance === 0 ? 1 : 2 * (1 - normalCdf(Math.abs(difference) / Math.sqrt(variance)));
}

/** Within 7.5e-8 (M. Abramowitz, I. A. Stegun, Handbook of Mathematical Functions, 1964, 26.2.17). For z ≥ 0. */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 1 - (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
}

/** Below this many decided on either side a comparison says little. */
export const SMALL_SAMPLE = 30;
