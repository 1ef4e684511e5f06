import { readFileSync } from "node:fs";
import type { AnswerSchema, ChatMessage } from "../models/model.ts";
import { formatArticle, formatPastReply, formatThread } from "../models/prompt-sections.ts";
import type { PromptSections } from "../models/prompt-sections.ts";

/** A change of wording, sections or bounds is a new version in a new file: metrics compare prompts by version. */
export const REPLY_PROMPT = { name: "reply", version: 1 } as const;

/** The structured answer that the reply prompt asks for. */
export const REPLY_SCHEMA: AnswerSchema = {
  name: "reply",
  schema: {
    type: "object",
    properties: {
      suggestedResponse: { type: "string" },
      confidence: { type: "number" },
      reasoning: { type: "string" },
    },
    required: ["suggestedResponse", "confidence", "reasoning"],
    additionalProperties: false,
  },
};

const MAX_MESSAGES = 20;
const MAX_MESSAGE_CHARS = 6_000;
const MAX_SOURCE_CHARS = 4_000;

const file = new URL(`./prompts/${REPLY_PROMPT.name}.v${REPLY_PROMPT.version}.md`, import.meta.url);
const [system = "", user = ""] = readFileSync(file, "utf8").split("\n=== user ===\n");

/** The prompt with its sections filled in; long threads keep their newest messages, long texts their beginning and end. */
export function renderReplyPrompt({ articles, pastReplies, thread }: PromptSections): readonly ChatMessage[] {
  const messages = thread.messages.slice(-MAX_MESSAGES).map((message) => ({
    from: message.from,
    text: shorten(message.text, MAX_MESSAGE_CHARS),
  }));
  const sections: Readonly<Record<string, string>> = {
    articles: listed(articles.map((a) => formatArticle({ ...a, content: shorten(a.content, MAX_SOURCE_CHARS) }))),
    pastReplies: listed(
      pastReplies.map((r) =>
        formatPastReply({
          ...r,
          question: shorten(r.question, MAX_SOURCE_CHARS),
          reply: shorten(r.reply, MAX_SOURCE_CHARS),
        }),
      ),
    ),
    thread: formatThread({ ...thread, messages }),
  };
  // One pass, so that what looks like a placeholder inside a customer's text stays text.
  const filled = user.replaceAll(/\{\{(\w+)\}\}/g, (placeholder, name: string) => sections[name] ?? placeholder);
  return [
    { role: "system", content: system.trim() },
    { role: "user", content: filled.trim() },
  ];
}

const listed = (sections: readonly string[]): string => (sections.length === 0 ? "(none)" : sections.join("\n\n"));

function shorten(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const half = Math.floor(maxChars / 2);
  return `${text.slice(0, half).toWellFormed()}\n[…]\n${text.slice(-half).toWellFormed()}`;
}
