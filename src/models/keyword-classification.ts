import { createBm25, weigh } from "./bm25.ts";
import type { Bm25Hit } from "./bm25.ts";
import type { Category, ClassificationAnswer, Priority, Sentiment } from "./classification.ts";
import type { ThreadSection } from "./prompt-sections.ts";
import { termsOf } from "./terms.ts";
import { queryOf } from "./thread-query.ts";

/** What a pattern found says; the first that is found counts. */
type Signal<Value> = { readonly value: Value; readonly pattern: RegExp };

const PRIORITY_SIGNALS: readonly Signal<Priority>[] = [
  { value: "high", pattern: /\b(?:urgent(?:ly)?|asap|immediately|emergency|right now|this week)\b|\bNOW\b/iu },
  { value: "high", pattern: /\b(?:locked|can'?t log ?in|read only|disabled|is (?:everything|it) down|outage)\b/iu },
  { value: "high", pattern: /\b(?:chargeback|dispute[ds]?|declined|on hold|gdpr|within \d+ days)\b/iu },
  {
    value: "low",
    pattern: /\b(?:no (?:panic|rush|hurry)|just wondering|feature|planned|possible\?|would be nice)\b/iu,
  },
];

const SENTIMENT_SIGNALS: readonly Signal<Sentiment>[] = [
  {
    value: "negative",
    pattern: /!!|\b(?:furious|angry|unacceptable|refuse|rejects?|awful|embarrassing|ridiculous)\b/iu,
  },
  { value: "negative", pattern: /\b(?:nobody asked|you people|fantastic system|thief|worst|lost money|bad terms)\b/iu },
  { value: "positive", pattern: /\b(?:thanks a million|love|great work|happy with|wonderful)\b|🎉/iu },
];

const ESCALATION_SIGNALS: readonly Signal<string>[] = [
  {
    value: "a legal or official matter",
    pattern: /\b(?:lawyer|attorney|legal action|court|sue|police|gdpr|tax audit)\b/iu,
  },
  { value: "a disputed payment", pattern: /\b(?:chargeback|disput\w+|go to my bank|fraud|unauthori[sz]ed)\b/iu },
  { value: "a security matter", pattern: /\b(?:hacked|stolen|breach|leaked|pin still works|phishing)\b/iu },
];

/**
 * What the offline model makes of a ticket. No language model: the category is the one whose description shares the most
 * telling words with the ticket (BM25), everything else follows from lists of keywords. Every reason names the words
 * that were found. The confidence is the best category's share of the two best scores; nobody has calibrated it.
 */
export function classifyByKeywords(thread: ThreadSection, categories: readonly Category[]): ClassificationAnswer {
  const text = [thread.title, ...thread.messages.filter((m) => m.from === "customer").map((m) => m.text)].join("\n");
  const category = bestCategory(thread, categories);
  const priority = firstFound(text, PRIORITY_SIGNALS);
  const sentiment = firstFound(text, SENTIMENT_SIGNALS);
  const escalation = firstFound(text, ESCALATION_SIGNALS);
  return {
    category: category.name,
    priority: priority?.value ?? "medium",
    sentiment: sentiment?.value ?? "neutral",
    escalate: escalation !== undefined,
    reasons: [
      category.reason,
      reasonFor(`priority ${priority?.value ?? "medium"}`, priority?.words),
      reasonFor(`sentiment ${sentiment?.value ?? "neutral"}`, sentiment?.words),
      reasonFor(escalation === undefined ? "no escalation" : `escalation, ${escalation.value}`, escalation?.words),
    ],
    confidence: category.confidence,
  };
}

const reasonFor = (what: string, words: string | undefined): string =>
  words === undefined ? `${what}: no keyword says otherwise` : `${what}: keyword "${words}"`;

function firstFound<Value>(
  text: string,
  signals: readonly Signal<Value>[],
): { value: Value; words: string } | undefined {
  for (const { value, pattern } of signals) {
    const words = pattern.exec(text)?.[0];
    if (words !== undefined) return { value, words };
  }
  return undefined;
}

type Chosen = { readonly name: string; readonly reason: string; readonly confidence: number };

function bestCategory(thread: ThreadSection, categories: readonly Category[]): Chosen {
  const index = createBm25<Category>();
  for (const category of categories) {
    index.add(category, weigh(termsOf(category.name), 2, weigh(termsOf(category.description))));
  }
  const query = queryOf(thread);
  const [best, second]: readonly Bm25Hit<Category>[] = index.search(query, { limit: 2 });
  if (best === undefined) {
    // By convention the last category is for what is none of the others.
    const name = categories.at(-1)?.name ?? "other";
    return {
      name,
      reason: `category ${name}: no word of the ticket stands in any category's description`,
      confidence: 0,
    };
  }
  const { name, description } = best.item;
  const known = new Set(termsOf(`${name} ${description}`));
  const shared = [...query.keys()].filter((term) => known.has(term));
  return {
    name,
    reason: `category ${name}: shares ${shared
      .slice(0, 5)
      .map((term) => `"${term}"`)
      .join(", ")} with its description`,
    confidence: Math.round((best.score / (best.score + (second?.score ?? 0))) * 1000) / 1000,
  };
}
