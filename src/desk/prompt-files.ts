import { readFileSync } from "node:fs";
import type { DeskFunction } from "../domain/desk-settings.ts";
import { messagesOf, type PromptTemplate } from "./prompt-template.ts";

type PromptFile = {
  readonly name: string;
  /** A change of wording, sections or bounds is a new version in a new file: metrics compare prompts by version. */
  readonly version: number;
  /** Placeholders without which a prompt in its place would be blind. */
  readonly needs: readonly string[];
};

/** The prompt of each agent function, as a file beside this one. */
export const PROMPT_FILES = {
  "generate-message-suggestion": { name: "reply", version: 1, needs: ["articles", "pastReplies", "thread"] },
  "generate-response": { name: "first-reply", version: 1, needs: ["articles", "pastReplies", "thread"] },
  "classify-ticket": { name: "classify", version: 1, needs: ["categories", "thread"] },
} as const satisfies Readonly<Record<DeskFunction, PromptFile>>;

/** The file's text as a template. */
export function readPromptFile(functionName: DeskFunction): PromptTemplate {
  const { name, version } = PROMPT_FILES[functionName];
  const text = readFileSync(new URL(`./prompts/${name}.v${version}.md`, import.meta.url), "utf8");
  return { reference: { name, version }, messages: messagesOf(text) };
}
