import type { FeedbackRow } from "./feedback-row.ts";
import type { SuggestionRecord } from "./suggestion.ts";
import type { TraceSource } from "./trace-source.ts";

/**
 * What is kept of the texts of an agent function: all as it is, all with what the rules find replaced, or nothing but the
 * shape of its runs and the numbers.
 */
export type Content = "full" | "masked" | "none";
export const CONTENTS: readonly Content[] = ["full", "masked", "none"];

/** The built-in rules, in the order in which they look at a text. */
export const MASK_RULES = ["key", "token", "password", "email", "iban", "card", "phone"] as const;
export type MaskRuleName = (typeof MASK_RULES)[number];

/** By agent function, where it differs from the others; null: nobody has said. */
export type ContentByFunction = { readonly general: Content; readonly byFunction: ReadonlyMap<string, Content> };

/**
 * Reads what is kept by agent function, `masked` for all or `masked,classify-ticket=none`; undefined for anything else.
 *
 * @example parseContent("full,draft-reply=none")?.byFunction.get("draft-reply") // "none"
 */
export function parseContent(text: string): ContentByFunction | undefined {
  const [general = "", ...others] = text.split(",").map((part) => part.trim());
  if (!isContent(general)) return undefined;
  const byFunction = new Map<string, Content>();
  for (const other of others) {
    const at = other.lastIndexOf("=");
    const functionName = other.slice(0, Math.max(at, 0)).trim();
    const content = other.slice(at + 1).trim();
    if (functionName === "" || !isContent(content) || byFunction.has(functionName)) return undefined;
    byFunction.set(functionName, content);
  }
  return { general, byFunction };
}

const isContent = (text: string): text is Content => CONTENTS.some((content) => content === text);

/** Reads rules by name, `all`, or `all` without some: `all,-phone`; undefined for anything else. */
export function parseMaskRules(text: string): readonly MaskRuleName[] | undefined {
  const parts = text.split(",").map((part) => part.trim());
  const wanted = new Set<MaskRuleName>();
  for (const part of parts) {
    const name = MASK_RULES.find((rule) => rule === part.replace(/^-/u, ""));
    if (part === "all") for (const rule of MASK_RULES) wanted.add(rule);
    else if (name === undefined) return undefined;
    else if (part.startsWith("-")) wanted.delete(name);
    else wanted.add(name);
  }
  return MASK_RULES.filter((rule) => wanted.has(rule));
}

/** What is written of a feedback event. */
export type FeedbackWords = {
  readonly reasons: readonly string[];
  readonly comment: string | null;
  readonly finalText: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
};

/** A suggestion that a final text is compared with, as it is stored. */
export type ComparedSuggestion = {
  readonly id: string;
  readonly functionName: string | null;
  readonly suggestedResponse: string;
};

export type TextPair = { readonly suggested: string; readonly sent: string };

/** What is done to texts before they are stored and before they leave. None of it throws. */
export type Privacy = {
  /** A finished run, before it becomes bytes; the very same object where nothing has to change. */
  record(this: void, record: SuggestionRecord): SuggestionRecord;
  /** A feedback event, before it is stored. */
  words<Words extends FeedbackWords>(this: void, words: Words, functionName: string | null): Words;
  /** Rows as they were read, before they leave for Langfuse: what a host wrote was never masked by us. */
  trace(this: void, row: TraceSource): TraceSource;
  feedback<Row extends FeedbackRow>(this: void, row: Row): Row;
  /** Both texts alike, so that what masking changes counts as no edit. `given`, what the caller says was suggested, counts where none is stored. */
  compared(this: void, suggestion: ComparedSuggestion, finalText: string, given: string | undefined): TextPair;
  /** The text as it may be written down somewhere, such as in a key; where content is `none`, masked. */
  text(this: void, text: string, functionName: string | null): string;
  /** A suggestion's text as it is stored: empty where content is `none`. */
  suggestion(this: void, text: string, functionName: string): string;
  /** The text as any agent function may have stored it, and what it is known by. */
  storedForms(this: void, text: string): readonly string[];
  contentOf(this: void, functionName: string | null): Content;
  /** Facts of a log line, and messages to callers: masked as soon as anything is. */
  said<Value>(this: void, value: Value): Value;
};

/** Everything stays as it is. */
export const asItIs: Privacy = {
  record: (record) => record,
  words: (words) => words,
  trace: (row) => row,
  feedback: (row) => row,
  compared: ({ suggestedResponse }, finalText) => ({ suggested: suggestedResponse, sent: finalText }),
  text: (text) => text,
  suggestion: (text) => text,
  storedForms: (text) => [text],
  contentOf: () => "full",
  said: (value) => value,
};
