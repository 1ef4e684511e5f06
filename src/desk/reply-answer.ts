import { MAX_TEXT_CHARS, storableText } from "../domain/text.ts";
import { citation } from "../models/prompt-sections.ts";
import type { ReplyAnswer } from "../models/retrieval-reply.ts";
import type { Retrieved } from "./knowledge-index.ts";
import { readStructured } from "./structured-answer.ts";

/** One thing that was retrieved for a suggestion, as its metadata names it. */
export type Source = { readonly kind: "article" | "reply"; readonly id: string; readonly score: number };

/** Reads a model's structured answer. Throws `model_failed` that says what is wrong with it. */
export function parseReplyAnswer(content: string, modelName: string): ReplyAnswer {
  const { answer, malformed } = readStructured(content, modelName);
  if (typeof answer !== "object" || answer === null) throw malformed("it is not a JSON object");
  const { suggestedResponse, confidence, reasoning } = answer as Readonly<Record<keyof ReplyAnswer, unknown>>;
  if (typeof suggestedResponse !== "string" || suggestedResponse.trim() === "") {
    throw malformed("suggestedResponse is not a text");
  }
  if (suggestedResponse.length > MAX_TEXT_CHARS) {
    throw malformed(`suggestedResponse has ${suggestedResponse.length} characters, more than ${MAX_TEXT_CHARS}`);
  }
  if (typeof confidence !== "number" || !(confidence >= 0 && confidence <= 1)) {
    throw malformed(`confidence is ${JSON.stringify(confidence)?.slice(0, 50) ?? "missing"}, expected 0 to 1`);
  }
  if (typeof reasoning !== "string") throw malformed("reasoning is not a text");
  // What is sent, stored and answered is one text, and Postgres can hold it.
  return { suggestedResponse: storableText(suggestedResponse), confidence, reasoning };
}

/** Everything that was retrieved, best first within its kind. */
export const retrievedSources = ({ articles, pastReplies }: Retrieved): readonly Source[] => [
  ...articles.map(({ id, score }) => ({ kind: "article" as const, id, score })),
  ...pastReplies.map(({ id, score }) => ({ kind: "reply" as const, id, score })),
];

/** The sources that the answer says it used, in the order of mention; a source that was not retrieved is none. */
export function citedSources(reasoning: string, retrieved: readonly Source[]): readonly Source[] {
  return retrieved
    .map((source) => ({ source, at: reasoning.indexOf(citation(source.kind, source.id)) }))
    .filter(({ at }) => at !== -1)
    .sort((a, b) => a.at - b.at)
    .map(({ source }) => source);
}
