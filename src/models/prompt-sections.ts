import type { Category } from "./classification.ts";

/** A knowledge article as the prompt shows it to the model. */
export type ArticleSection = {
  readonly id: string;
  readonly title: string;
  readonly content: string;
  /** How well the retriever thinks it matches; comparable within one prompt. */
  readonly score: number;
};

/** What an agent answered to a similar message in another ticket. */
export type PastReplySection = {
  readonly id: string;
  readonly question: string;
  readonly reply: string;
  readonly score: number;
};

export type ThreadMessage = { readonly from: "customer" | "agent"; readonly text: string };

/** The ticket's messages, oldest first. */
export type ThreadSection = {
  readonly title: string;
  readonly customerName: string | null;
  readonly messages: readonly ThreadMessage[];
};

export type PromptSections = {
  readonly articles: readonly ArticleSection[];
  readonly pastReplies: readonly PastReplySection[];
  readonly thread: ThreadSection;
};

// One place for writing and reading the delimited sections, so that the two cannot drift apart. Content is escaped:
// what a customer writes can neither close its section nor open another one.
const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", '"': "&quot;" };
const UNESCAPES: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&quot;": '"' };
const escape = (text: string): string => text.replaceAll(/[&<"]/g, (character) => ESCAPES[character] ?? character);
const unescape = (text: string): string => text.replaceAll(/&(?:amp|lt|quot);/g, (entity) => UNESCAPES[entity] ?? "");

export function formatArticle(article: ArticleSection): string {
  const { id, title, score, content } = article;
  return `<article id="${escape(id)}" title="${escape(title)}" score="${score.toFixed(2)}">\n${escape(content)}\n</article>`;
}

export function formatPastReply(reply: PastReplySection): string {
  return [
    `<past_reply id="${escape(reply.id)}" score="${reply.score.toFixed(2)}">`,
    `<question>\n${escape(reply.question)}\n</question>`,
    `<reply>\n${escape(reply.reply)}\n</reply>`,
    "</past_reply>",
  ].join("\n");
}

export function formatThread(thread: ThreadSection): string {
  const name = thread.customerName === null ? "" : ` customer="${escape(thread.customerName)}"`;
  const messages = thread.messages.map((m) => `<message from="${m.from}">\n${escape(m.text)}\n</message>`);
  return [`<thread title="${escape(thread.title)}"${name}>`, ...messages, "</thread>"].join("\n");
}

export const formatCategory = ({ name, description }: Category): string =>
  `<category name="${escape(name)}">\n${escape(description)}\n</category>`;

const CATEGORY = /<category name="([^"]*)">\n([^<]*)\n<\/category>/g;
const ARTICLE = /<article id="([^"]*)" title="([^"]*)" score="([\d.]+)">\n([^<]*)\n<\/article>/g;
const PAST_REPLY =
  /<past_reply id="([^"]*)" score="([\d.]+)">\n<question>\n([^<]*)\n<\/question>\n<reply>\n([^<]*)\n<\/reply>\n<\/past_reply>/g;
const THREAD =
  /<thread title="([^"]*)"(?: customer="([^"]*)")?>\n((?:<message from="(?:customer|agent)">\n[^<]*\n<\/message>\n)*)<\/thread>/;
const MESSAGE = /<message from="(customer|agent)">\n([^<]*)\n<\/message>/g;

/** Reads the sections back out of a prompt's text; null when it holds no thread. */
export function parseSections(prompt: string): PromptSections | null {
  const thread = THREAD.exec(prompt);
  if (thread === null) return null;
  const [, title = "", customer, messages = ""] = thread;
  return {
    articles: [...prompt.matchAll(ARTICLE)].map(([, id = "", heading = "", score = "", content = ""]) => ({
      id: unescape(id),
      title: unescape(heading),
      score: Number(score),
      content: unescape(content),
    })),
    pastReplies: [...prompt.matchAll(PAST_REPLY)].map(([, id = "", score = "", question = "", reply = ""]) => ({
      id: unescape(id),
      score: Number(score),
      question: unescape(question),
      reply: unescape(reply),
    })),
    thread: {
      title: unescape(title),
      customerName: customer === undefined ? null : unescape(customer),
      messages: [...messages.matchAll(MESSAGE)].map(([, from, text = ""]) => ({
        from: from === "agent" ? "agent" : "customer",
        text: unescape(text),
      })),
    },
  };
}

/** How an answer's reasoning names a source it used: `[article:ID]` or `[reply:ID]`. */
export const citation = (kind: "article" | "reply", id: string): string => `[${kind}:${id}]`;

/** Reads the categories back out of a prompt's text. */
export const parseCategories = (prompt: string): Category[] =>
  [...prompt.matchAll(CATEGORY)].map(([, name = "", description = ""]) => ({
    name: unescape(name),
    description: unescape(description),
  }));
