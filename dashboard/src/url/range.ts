/** How far a range goes back from now, by its name in the URL. */
export const RANGES = { "24h": 1, "7d": 7, "30d": 30, "90d": 90 } as const;
export type RangeName = keyof typeof RANGES;

export const isRangeName = (text: string | null): text is RangeName => text !== null && Object.hasOwn(RANGES, text);

const DAY_MS = 86_400_000;

export type Range = { readonly from: Date; readonly to: Date };

/**
 * The range that a name stands for. It ends with the running hour, so that the same minute always asks the same question
 * and an answer can be kept.
 */
export function rangeOf(name: RangeName, now: number): Range {
  const to = new Date(Math.ceil(now / 3_600_000) * 3_600_000);
  return { from: new Date(to.getTime() - RANGES[name] * DAY_MS), to };
}

/** The range of equal length just before. */
export const rangeBefore = ({ from, to }: Range): Range => ({
  from: new Date(2 * from.getTime() - to.getTime()),
  to: from,
});

/** Hours as long as they can be told apart, then days. */
export const bucketFor = ({ from, to }: Range): "hour" | "day" =>
  to.getTime() - from.getTime() <= 7 * DAY_MS ? "hour" : "day";
