export type Direction = "up" | "down";

type Counted = { readonly numerator: number; readonly denominator: number };

/** How a rate differs from that of the period before. */
export type Change = {
  /** In shares of 1: 0.03 is three percentage points. */
  readonly difference: number;
  /** The 95 % interval of the difference leaves out zero. */
  readonly isSure: boolean;
  readonly isGood: boolean;
};

const Z = 1.959964;

/** Wilson's interval of a share (E. B. Wilson, JASA 22, 1927). */
function wilson({ numerator, denominator: n }: Counted): { readonly low: number; readonly high: number } {
  const p = numerator / n;
  const center = (p + (Z * Z) / (2 * n)) / (1 + (Z * Z) / n);
  const half = (Z / (1 + (Z * Z) / n)) * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  return { low: center - half, high: center + half };
}

/**
 * The difference of two independent shares with Newcombe's hybrid score interval (R. G. Newcombe, "Interval estimation for the
 * difference between independent proportions", Statistics in Medicine 17, 1998, method 10).
 */
export function differenceOf(now: Counted, before: Counted) {
  const p1 = now.numerator / now.denominator;
  const p2 = before.numerator / before.denominator;
  const [a, b] = [wilson(now), wilson(before)];
  const difference = p1 - p2;
  return {
    difference,
    low: difference - Math.sqrt((p1 - a.low) ** 2 + (b.high - p2) ** 2),
    high: difference + Math.sqrt((a.high - p1) ** 2 + (p2 - b.low) ** 2),
  };
}

/** The change of a rate; undefined where either period has nothing to count. */
export function changeOf(now: Counted, before: Counted | undefined, good: Direction): Change | undefined {
  if (before === undefined || now.denominator === 0 || before.denominator === 0) return undefined;
  const { difference, low, high } = differenceOf(now, before);
  return { difference, isSure: low > 0 || high < 0, isGood: difference > 0 === (good === "up") };
}
