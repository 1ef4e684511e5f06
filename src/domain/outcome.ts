import { UptakeError } from "./errors.ts";
import type { FeedbackType } from "./feedback.ts";

/** How a suggestion stands now; the latest feedback event decides. `auto_sent` is no person's act, and none waits for it. */
export const OUTCOMES = ["pending", "accepted", "revised", "rejected", "expired", "auto_sent"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** From which kept ratio on what was sent counts as the suggestion itself, and below which as something else. */
export type OutcomeThresholds = { readonly approval: number; readonly rejection: number };

/**
 * The one place for the thresholds of inference.
 *
 * - approval ≥ 0.95: up to one word in twenty changed is a name or a typo put right, not a judgement of the suggestion.
 * - rejection < 0.30: any two replies of a desk share greetings and little words. Between replies of real conversations
 *   about different matters the kept ratio is 0.13 in the median, and 91 % of such pairs stay below 0.30.
 */
export const DEFAULT_THRESHOLDS: OutcomeThresholds = { approval: 0.95, rejection: 0.3 };

/** The act that a kept ratio (0–1) stands for. */
export function inferFeedbackType(keptRatio: number, thresholds: OutcomeThresholds = DEFAULT_THRESHOLDS): FeedbackType {
  if (keptRatio >= thresholds.approval) return "approval";
  return keptRatio < thresholds.rejection ? "rejection" : "revision";
}

/** Refuses thresholds that would judge everything alike, such as percentages. Throws `invalid_configuration`. */
export function checkThresholds({ approval, rejection }: OutcomeThresholds): void {
  if (rejection >= 0 && rejection <= approval && approval <= 1) return;
  throw new UptakeError(
    "invalid_configuration",
    `thresholds: got approval ${approval} and rejection ${rejection}; expected 0 ≤ rejection ≤ approval ≤ 1, such as 0.95 and 0.3`,
    { facts: { approval, rejection } },
  );
}
