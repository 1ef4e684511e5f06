export const PRIORITIES = ["low", "medium", "high"] as const;
export type Priority = (typeof PRIORITIES)[number];

export const SENTIMENTS = ["negative", "neutral", "positive"] as const;
export type Sentiment = (typeof SENTIMENTS)[number];

/** A category that tickets may have, and what belongs to it, in the words that customers use. */
export type Category = { readonly name: string; readonly description: string };

/** What a ticket is about and how it has to be treated. */
export type Classification = {
  /** Name of one of the desk's categories. */
  readonly category: string;
  readonly priority: Priority;
  readonly sentiment: Sentiment;
  /** True where a person has to see it before anything goes out. */
  readonly escalate: boolean;
};

/** The structured answer that every model gives to the classification prompt. */
export type ClassificationAnswer = Classification & {
  /** Why, a sentence for each thing that decided. */
  readonly reasons: readonly string[];
  /** 0–1, for the category. */
  readonly confidence: number;
};
