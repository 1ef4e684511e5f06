import { SCORE_NAME } from "./score-names.ts";

/** What a score config says about the scores of its name; null where it says nothing. */
export type ScoreConfigFacts = {
  readonly name: string;
  readonly dataType: string;
  /** Labels of a CATEGORICAL config. */
  readonly categories: readonly string[] | null;
  readonly minValue: number | null;
  readonly maxValue: number | null;
};

/** A config to create where there is none. Langfuse wants a number beside each label; nothing of ours reads it. */
export type WantedScoreConfig = ScoreConfigFacts & {
  readonly dataType: "CATEGORICAL" | "BOOLEAN" | "NUMERIC";
  readonly description: string;
};

/** A config as Langfuse has it. */
export type FoundScoreConfig = ScoreConfigFacts & {
  readonly id: string;
  readonly isArchived: boolean;
  /** Langfuse's project. */
  readonly projectId: string;
  /** ISO 8601. */
  readonly createdAt: string;
};

const anyValue = { categories: null, minValue: null, maxValue: null } as const;

/**
 * The configs of our scores. `feedback-reason` has none: reasons are whatever people write, and Langfuse drops a score
 * whose value is not in its config after answering 200. `output`, a CORRECTION, cannot have one.
 */
export const SCORE_CONFIGS: readonly WantedScoreConfig[] = [
  {
    ...anyValue,
    name: SCORE_NAME.feedback,
    dataType: "CATEGORICAL",
    categories: ["approval", "revision", "rejection"],
    description: "What a person did with the suggestion.",
  },
  {
    ...anyValue,
    name: SCORE_NAME.accepted,
    dataType: "BOOLEAN",
    description: "Whether the suggestion was approved as it was.",
  },
  {
    ...anyValue,
    name: SCORE_NAME.keptRatio,
    dataType: "NUMERIC",
    minValue: 0,
    maxValue: 1,
    description: "Share of the suggestion that survives in what was sent.",
  },
  {
    ...anyValue,
    name: SCORE_NAME.timeToFeedback,
    dataType: "NUMERIC",
    minValue: 0,
    description: "Seconds from the suggestion to the feedback.",
  },
];

/** In plain words what of a found config is not as it should be; empty where both take exactly the same scores. */
export function configDifferences(should: ScoreConfigFacts, is: ScoreConfigFacts): string[] {
  const differences: string[] = [];
  const note = (what: string, found: string, expected: string): void => {
    if (found !== expected) differences.push(`${what} ${found}, not ${expected}`);
  };
  note("its name is", is.name, should.name);
  note("its data type is", is.dataType, should.dataType);
  // Langfuse gives a BOOLEAN config the categories True and False by itself.
  if (should.dataType === "CATEGORICAL") note("its categories are", labels(is), labels(should));
  if (should.dataType === "NUMERIC") {
    note("its minimum is", limit(is.minValue), limit(should.minValue));
    note("its maximum is", limit(is.maxValue), limit(should.maxValue));
  }
  return differences;
}

/** The order of categories says nothing. */
const labels = ({ categories }: ScoreConfigFacts): string => (categories ?? []).toSorted().join(", ") || "none";
const limit = (value: number | null): string => (value === null ? "none" : String(value));

/** Whether Langfuse keeps a score under this config; what does not fit it drops after answering 200. */
export function configTakes(
  config: ScoreConfigFacts,
  score: { readonly name: string; readonly dataType: string; readonly value: string | number },
): boolean {
  if (config.name !== score.name || config.dataType !== score.dataType) return false;
  if (typeof score.value === "string") return config.categories?.includes(score.value) === true;
  return score.value >= (config.minValue ?? -Infinity) && score.value <= (config.maxValue ?? Infinity);
}
