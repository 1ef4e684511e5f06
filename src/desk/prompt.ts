import type { AnswerSchema, ChatMessage } from "../models/model.ts";
import type { Category } from "../models/classification.ts";
import { formatArticle, formatCategory, formatPastReply, formatThread } from "../models/prompt-sections.ts";
import type { PromptSections, ThreadSection } from "../models/prompt-sections.ts";
import { fillPrompt, type PromptTemplate } from "./prompt-template.ts";

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

/** The prompt with its sections filled in; long threads keep their newest messages, long texts their beginning and end. */
export function renderReplyPrompt(
  template: PromptTemplate,
  { articles, pastReplies, thread }: PromptSections,
): readonly ChatMessage[] {
  return fillPrompt(template, {
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
    thread: threadSection(thread),
  });
}

/** The same for the prompt that sorts a ticket. */
export const renderClassifyPrompt = (
  template: PromptTemplate,
  { categories, thread }: { readonly categories: readonly Category[]; readonly thread: ThreadSection },
): readonly ChatMessage[] =>
  fillPrompt(template, { categories: listed(categories.map(formatCategory)), thread: threadSection(thread) });

const threadSection = (thread: ThreadSection): string =>
  formatThread({
    ...thread,
    messages: thread.messages
      .slice(-MAX_MESSAGES)
      .map(({ from, text }) => ({ from, text: shorten(text, MAX_MESSAGE_CHARS) })),
  });

const listed = (sections: readonly string[]): string => (sections.length === 0 ? "(none)" : sections.join("\n\n"));

function shorten(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const half = Math.floor(maxChars / 2);
  return `${text.slice(0, half).toWellFormed()}\n[…]\n${text.slice(-half).toWellFormed()}`;
}
