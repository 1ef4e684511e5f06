/** Bounds of a share, 0–1. */
export type Interval = { readonly low: number; readonly high: number };

/** The 97.5 % quantile of the standard normal distribution: 95 % lie within it on both sides. */
const Z_95 = 1.959_963_984_540_054;

/**
 * The 95 % Wilson score interval of `numerator / denominator`: where the true share plausibly lies. Unlike the textbook
 * interval it stays within 0–1 and means something for 0 of 3. `undefined` when nothing was counted.
 *
 * E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927), 209–212.
 */
export function wilsonInterval(numerator: number, denominator: number): Interval | undefined {
  if (denominator === 0) return undefined;
  const share = numerator / denominator;
  const zz = Z_95 * Z_95;
  const scale = 1 + zz / denominator;
  const centre = (share + zz / (2 * denominator)) / scale;
  const spread = (Z_95 / scale) * Math.sqrt((share * (1 - share)) / denominator + zz / (4 * denominator ** 2));
  // At 0 and at all the bound is exact; rounding must not move it past.
  return {
    low: numerator === 0 ? 0 : Math.max(0, centre - spread),
    high: numerator === denominator ? 1 : Math.min(1, centre + spread),
  };
}
