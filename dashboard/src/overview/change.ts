import { type Counted, differenceOf } from "../stats/difference.ts";

export type Direction = "up" | "down";

/** How a rate differs from that of the period before. */
export type Change = {
  /** In shares of 1: 0.03 is three percentage points. */
  readonly difference: number;
  /** The 95 % interval of the difference leaves out zero. */
  readonly isSure: boolean;
  readonly isGood: boolean;
};

/** The change of a rate; undefined where either period has nothing to count. */
export function changeOf(now: Counted, before: Counted | undefined, good: Direction): Change | undefined {
  const found = before === undefined ? undefined : differenceOf(now, before);
  if (found === undefined) return undefined;
  const { difference, low, high } = found;
  return { difference, isSure: low > 0 || high < 0, isGood: difference > 0 === (good === "up") };
}
