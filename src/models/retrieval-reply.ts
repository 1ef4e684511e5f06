import type { Bm25Hit, WeightedTerms } from "./bm25.ts";
import { createBm25, weigh } from "./bm25.ts";
import type { MatchFeatures } from "./confidence.ts";
import { confidenceOf } from "./confidence.ts";
import type { ArticleSection, PastReplySection, PromptSections } from "./prompt-sections.ts";
import { citation } from "./prompt-sections.ts";
import { termsOf } from "./terms.ts";
import { queryOf } from "./thread-query.ts";

/** The structured answer that every model gives to the reply prompt. */
export type ReplyAnswer = {
  readonly suggestedResponse: string;
  /** 0–1. */
  readonly confidence: number;
  /** Why, naming the sources used as `[article:ID]` or `[reply:ID]`. */
  readonly reasoning: string;
};

type Passage =
  | { readonly kind: "article"; readonly source: ArticleSection; readonly text: string; readonly position: number }
  | { readonly kind: "reply"; readonly source: PastReplySection; readonly text: string; readonly position: number };

type Ranked = { readonly passage: Passage; readonly score: number; readonly hit: Bm25Hit<Passage> };

/** A question says more about which reply fits than the words of that reply; measured by calibrate-offline-model. */
const REPLY_WEIGHT = 0.2;
/** A past reply is full of another customer's particulars, so it must match this much better than an article. */
const REPLY_ADVANTAGE = 1.5;
/** Further paragraphs of the chosen article come along when they match at least this well, measured on the best. */
const COMPANION_SHARE = 0.5;

/** The terms by which an article is found. */
export const articleTerms = (title: string, content: string): WeightedTerms =>
  weigh(termsOf(title), 2, weigh(termsOf(content)));

/** The terms by which a past reply is found: above all those of the message that it answered. */
export const pastReplyTerms = (question: string, reply: string): WeightedTerms =>
  weigh(termsOf(reply), REPLY_WEIGHT, weigh(termsOf(question)));

/**
 * The offline model's whole mind: finds the passage of the prompt's articles and past replies that matches what the
 * customer asks, and quotes it. It writes nothing of its own but greeting and closing.
 */
export function composeReply(sections: PromptSections): ReplyAnswer {
  const { answer, features } = quoteBestSource(sections);
  return { ...answer, confidence: Math.round(confidenceOf(features) * 1000) / 1000 };
}

/** The answer without confidence, and the match scores that the confidence is made of. */
export function quoteBestSource(sections: PromptSections): {
  readonly answer: Omit<ReplyAnswer, "confidence">;
  readonly features: MatchFeatures;
} {
  const ranked = rankPassages(sections);
  const best = ranked[0];
  const greeting = greetingFor(sections.thread.customerName);
  if (best === undefined) {
    const answer = {
      suggestedResponse: `${greeting}Thank you for your message. Could you tell us a little more about what you were trying to do and what happened instead? Then we can look into it.`,
      reasoning:
        "No article and no past reply shares a word with the customer's message, so this only asks for detail.",
    };
    return { answer, features: { score: 0, margin: 0, coverage: 0, fromArticle: false } };
  }
  const runnerUp = ranked.find((other) => other.passage.source !== best.passage.source);
  const features = {
    score: best.passage.source.score,
    margin: runnerUp === undefined ? 1 : Math.max(0, 1 - runnerUp.score / best.score),
    coverage: best.hit.coverage,
    fromArticle: best.passage.kind === "article",
  };
  return {
    answer: { suggestedResponse: compose(best, ranked, greeting), reasoning: explain(best, runnerUp) },
    features,
  };
}

function rankPassages({ articles, pastReplies, thread }: PromptSections): Ranked[] {
  const index = createBm25<Passage>();
  for (const source of articles) {
    source.content.split(/\n{2,}/).forEach((text, position) => {
      index.add({ kind: "article", source, text, position }, articleTerms(source.title, text));
    });
  }
  for (const source of pastReplies) {
    const passage: Passage = { kind: "reply", source, text: source.reply, position: 0 };
    index.add(passage, pastReplyTerms(source.question, source.reply));
  }
  const hits = index.search(queryOf(thread), { limit: Number.POSITIVE_INFINITY });
  // The retriever's score knows how rare each word is in all of the knowledge, the score of the passage knows which
  // part of the source is meant: each alone picks the wrong source more often than their sum.
  return hits
    .map((hit) => ({ passage: hit.item, hit, score: weightOf(hit.item) * (hit.item.source.score + hit.score) }))
    .sort((a, b) => b.score - a.score);
}

const weightOf = (passage: Passage): number => (passage.kind === "article" ? 1 : 1 / REPLY_ADVANTAGE);

function compose(best: Ranked, ranked: readonly Ranked[], greeting: string): string {
  if (best.passage.kind === "reply") return greeting + withoutFrame(best.passage.text);
  const quoted = ranked
    .filter(({ passage, hit }) => {
      return passage.source === best.passage.source && hit.score >= COMPANION_SHARE * best.hit.score;
    })
    .sort((a, b) => a.passage.position - b.passage.position);
  const text = quoted.map(({ passage }) => passage.text.trim()).join("\n\n");
  return `${greeting}${text}\n\nJust reply here if this does not solve it.`;
}

function explain(best: Ranked, runnerUp: Ranked | undefined): string {
  const next = runnerUp === undefined ? "" : `; next best ${cite(runnerUp)} with ${runnerUp.score.toFixed(1)}`;
  const what =
    best.passage.kind === "article"
      ? "Quotes the matching part of"
      : "Repeats a past reply to a similar message, whose particulars (names, dates, amounts) must be checked:";
  // The runner-up is named without brackets: only what was used is cited.
  return `${what} ${citation(best.passage.kind, best.passage.source.id)}, match score ${best.score.toFixed(1)}${next}.`;
}

const cite = ({ passage }: Ranked): string => `${passage.kind} ${passage.source.id}`;

function greetingFor(customerName: string | null): string {
  const first = customerName?.trim().split(/\s+/)[0];
  return first ? `Hi ${first},\n\n` : "";
}

const GREETING =
  /^(?:hi|hello|hey|dear|bonjour|hola|hallo|good (?:morning|afternoon|evening))\b[^\n,.!?:]{0,40}[,.!:]\s*/i;
const SIGN_OFF =
  /\s+(?:(?:kind|best|warm) (?:regards|wishes)|regards|best|cheers|sincerely|bonne journée|un saludo),\s[^]{0,80}$/i;

/** A past reply without its greeting and signature, which name other people. */
function withoutFrame(reply: string): string {
  const body = reply.replace(GREETING, "").replace(SIGN_OFF, "").trim();
  return body === "" ? reply.trim() : body.charAt(0).toUpperCase() + body.slice(1);
}
