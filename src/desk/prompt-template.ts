import type { ChatMessage } from "../models/model.ts";
import type { PromptReference } from "../track/types.ts";

/** A prompt with `{{placeholders}}`, and the name and version under which a generation refers to it. */
export type PromptTemplate = { readonly reference: PromptReference; readonly messages: readonly ChatMessage[] };

const SEPARATOR = "\n=== user ===\n";
const PLACEHOLDER = /\{\{\s*(\w+)\s*\}\}/g;

/** The messages of a prompt that is one text: system, separator, user; without the separator all of it is the user's. */
export function messagesOf(text: string): readonly ChatMessage[] {
  const [first = "", user] = text.replaceAll("\r\n", "\n").split(SEPARATOR);
  if (user === undefined) return [{ role: "user", content: first.trim() }];
  return [
    { role: "system", content: first.trim() },
    { role: "user", content: user.trim() },
  ];
}

/** The placeholders that a prompt has. */
export const placeholdersOf = (messages: readonly ChatMessage[]): ReadonlySet<string> =>
  new Set(messages.flatMap(({ content }) => [...content.matchAll(PLACEHOLDER)].map(([, name = ""]) => name)));

/** The prompt with its sections in place. One pass, so that what looks like a placeholder inside a customer's text stays text. */
export const fillPrompt = (
  { messages }: PromptTemplate,
  sections: Readonly<Record<string, string>>,
): readonly ChatMessage[] =>
  messages.map(({ role, content }) => ({
    role,
    content: content.replaceAll(PLACEHOLDER, (placeholder, name: string) =>
      Object.hasOwn(sections, name) ? (sections[name] ?? placeholder) : placeholder,
    ),
  }));
