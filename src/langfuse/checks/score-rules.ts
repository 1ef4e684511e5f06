import type { ScoreBody } from "../scores.ts";
import type { Rule } from "./rule.ts";
import { cutToBytes, MAX_FIELD_BYTES } from "./size.ts";

/** A category longer than this is no category; the whole reason is the `feedback` score's comment. */
const MAX_CATEGORY_CHARS = 500;

/** In this order. What has no value that Langfuse holds is left out. */
export const SCORE_RULES: readonly Rule<ScoreBody>[] = [
  {
    name: "number",
    loses: true,
    apply: (score) => (score.dataType !== "NUMERIC" || isNumeric(score.value) ? score : undefined),
  },
  {
    name: "category",
    loses: true,
    apply: (score) => (score.dataType === "CATEGORICAL" ? withValue(score, category(score.value)) : score),
  },
  { name: "size", loses: true, apply: fitted },
];

/** Langfuse's numbers are finite, and no number of ours is negative. */
const isNumeric = (value: number): boolean => Number.isFinite(value) && value >= 0;

/** Cut at whole characters. */
const category = (text: string): string =>
  text.length <= MAX_CATEGORY_CHARS ? text : text.slice(0, MAX_CATEGORY_CHARS).replace(/[\uD800-\uDBFF]$/, "");

const withValue = (score: Extract<ScoreBody, { value: string }>, value: string): ScoreBody =>
  value === score.value ? score : { ...score, value };

function fitted(score: ScoreBody): ScoreBody {
  const { comment } = score;
  const shorter = score.dataType === "CORRECTION" ? withValue(score, cutToBytes(score.value, MAX_FIELD_BYTES)) : score;
  const cut = comment === undefined ? undefined : cutToBytes(comment, MAX_FIELD_BYTES);
  return cut === undefined || cut === comment ? shorter : { ...shorter, comment: cut };
}
