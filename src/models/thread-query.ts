import type { WeightedTerms } from "./bm25.ts";
import { weigh } from "./bm25.ts";
import type { ThreadSection } from "./prompt-sections.ts";
import { termsOf } from "./terms.ts";

// What the customer wrote since the agent's last reply is the question; the title and what came before only help.
const TITLE_WEIGHT = 0.5;
const EARLIER_WEIGHT = 0.2;

/** What the customer has written since the agent's last reply, as one text. */
export function openQuestion(thread: Pick<ThreadSection, "messages">): string {
  const lastReply = thread.messages.findLastIndex((message) => message.from === "agent");
  return thread.messages
    .slice(lastReply + 1)
    .map((message) => message.text)
    .join("\n\n");
}

/** The terms to look for, weighted by where in the thread they stand. A term counts once for each place. */
export function queryOf(thread: ThreadSection): WeightedTerms {
  const query = weigh(unique(termsOf(openQuestion(thread))));
  weigh(unique(termsOf(thread.title)), TITLE_WEIGHT, query);
  const lastReply = thread.messages.findLastIndex((message) => message.from === "agent");
  const earlier = thread.messages.slice(0, lastReply + 1).filter((message) => message.from === "customer");
  weigh(unique(termsOf(earlier.map((message) => message.text).join("\n"))), EARLIER_WEIGHT, query);
  return query;
}

const unique = (terms: readonly string[]): string[] => [...new Set(terms)];
