/** How many of something ended, and how many were only seen up to, a moment of their lives. */
export type Ending = { readonly atMs: number; readonly endedCount: number; readonly censoredCount: number };

/** From `atMs` on, `survival` (0–1) of all are expected to be still open; of `atRiskCount` that were, `endedCount` ended. */
export type SurvivalStep = {
  readonly atMs: number;
  readonly atRiskCount: number;
  readonly endedCount: number;
  readonly survival: number;
};

/**
 * The Kaplan–Meier estimate of how long things stay open, when some are still open and so have been seen only in part
 * (censored): at each ending the survivors are multiplied by the share of those at risk that did not end. A percentile of
 * the ended alone would be too short, as the slow ones are the ones still missing. At equal times endings come before
 * censorings. One step for each time at which something ended.
 *
 * E. L. Kaplan, P. Meier, "Nonparametric Estimation from Incomplete Observations", JASA 53 (1958), 457–481.
 */
export function survivalCurve(endings: readonly Ending[]): readonly SurvivalStep[] {
  let atRiskCount = endings.reduce((sum, { endedCount, censoredCount }) => sum + endedCount + censoredCount, 0);
  let survival = 1;
  const steps: SurvivalStep[] = [];
  for (const { atMs, endedCount, censoredCount } of byTime(endings)) {
    if (endedCount > 0) {
      survival *= (atRiskCount - endedCount) / atRiskCount;
      steps.push({ atMs, atRiskCount, endedCount, survival });
    }
    atRiskCount -= endedCount + censoredCount;
  }
  return steps;
}

/** One ending for each time, ascending. */
function byTime(endings: readonly Ending[]): readonly Ending[] {
  const merged = new Map<number, Ending>();
  for (const { atMs, endedCount, censoredCount } of endings) {
    const before = merged.get(atMs) ?? { endedCount: 0, censoredCount: 0 };
    merged.set(atMs, {
      atMs,
      endedCount: before.endedCount + endedCount,
      censoredCount: before.censoredCount + censoredCount,
    });
  }
  return [...merged.values()].sort((a, b) => a.atMs - b.atMs);
}

/** The share still open at a moment: 1 before the first ending; null once nobody has been observed for so long. */
export function survivalAt(steps: readonly SurvivalStep[], atMs: number, observedMs: number): number | null {
  const last = steps.findLast((step) => step.atMs <= atMs);
  if (atMs > observedMs && last?.survival !== 0) return null;
  return last?.survival ?? 1;
}

/** The time by which this share (0–1) has ended; null where the curve does not come so far. */
export const timeUntil = (steps: readonly SurvivalStep[], share: number): number | null =>
  steps.find(({ survival }) => 1 - survival >= share - 1e-12)?.atMs ?? null;
