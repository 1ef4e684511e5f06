import {
  type Category,
  type Classification,
  type ClassificationAnswer,
  PRIORITIES,
  SENTIMENTS,
} from "../models/classification.ts";
import type { AnswerSchema } from "../models/model.ts";
import { readStructured } from "./structured-answer.ts";

const MAX_REASON_CHARS = 1_000;
const MAX_REASONS = 10;

/** The structured answer that the classification prompt asks for; the model can choose among these categories only. */
export const classificationSchema = (categories: readonly Category[]): AnswerSchema => ({
  name: "classification",
  schema: {
    type: "object",
    properties: {
      category: { type: "string", enum: categories.map(({ name }) => name) },
      priority: { type: "string", enum: PRIORITIES },
      sentiment: { type: "string", enum: SENTIMENTS },
      escalate: { type: "boolean" },
      reasons: { type: "array", items: { type: "string" } },
      confidence: { type: "number" },
    },
    required: ["category", "priority", "sentiment", "escalate", "reasons", "confidence"],
    additionalProperties: false,
  },
});

/** Reads a classification, also one that a person chose; says what is wrong with it instead. */
export function readClassification(value: unknown, categories: readonly Category[]): Classification | string {
  if (typeof value !== "object" || value === null) return "it is no JSON object";
  const { category, priority, sentiment, escalate } = value as Readonly<Record<string, unknown>>;
  const known = categories.find(({ name }) => name === category);
  if (known === undefined)
    return `category is ${shown(category)}, expected one of ${named(categories.map((c) => c.name))}`;
  const knownPriority = PRIORITIES.find((name) => name === priority);
  if (knownPriority === undefined) return `priority is ${shown(priority)}, expected one of ${named(PRIORITIES)}`;
  const knownSentiment = SENTIMENTS.find((name) => name === sentiment);
  if (knownSentiment === undefined) return `sentiment is ${shown(sentiment)}, expected one of ${named(SENTIMENTS)}`;
  if (typeof escalate !== "boolean") return `escalate is ${shown(escalate)}, expected true or false`;
  return { category: known.name, priority: knownPriority, sentiment: knownSentiment, escalate };
}

/** Reads a model's structured answer. Throws `model_failed` that says what is wrong with it. */
export function parseClassificationAnswer(
  content: string,
  modelName: string,
  categories: readonly Category[],
): ClassificationAnswer {
  const { answer, malformed } = readStructured(content, modelName);
  const classification = readClassification(answer, categories);
  if (typeof classification === "string") throw malformed(classification);
  const { reasons, confidence } = answer as Readonly<Record<string, unknown>>;
  if (!Array.isArray(reasons) || !reasons.every((reason) => typeof reason === "string")) {
    throw malformed("reasons is not a list of texts");
  }
  if (typeof confidence !== "number" || !(confidence >= 0 && confidence <= 1)) {
    throw malformed(`confidence is ${shown(confidence)}, expected 0 to 1`);
  }
  const kept = reasons.slice(0, MAX_REASONS).map((reason) => reason.slice(0, MAX_REASON_CHARS).toWellFormed());
  return { ...classification, reasons: kept, confidence };
}

/** The one text of a classification: what a suggestion's text and a person's final text are, so that equal is equal. */
export const classificationText = ({ category, priority, sentiment, escalate }: Classification): string =>
  JSON.stringify({ category, priority, sentiment, escalate });

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? "missing";
const named = (names: readonly string[]): string => names.join(", ");
