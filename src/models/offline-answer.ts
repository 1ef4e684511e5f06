import type { ChatRequest, OfflineAnswerKind } from "./chat-request.ts";
import { classifyByKeywords } from "./keyword-classification.ts";
import { parseCategories, parseSections } from "./prompt-sections.ts";
import type { PromptSections } from "./prompt-sections.ts";
import { composeReply } from "./retrieval-reply.ts";
import { countPromptTokens, countTokens, OFFLINE_MODEL } from "./tokens.ts";

export type OfflineAnswer = {
  readonly content: string;
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
  };
};

/** Answers one chat request from what its prompt holds, with real token counts. Same request, same answer. */
export async function answerOffline({ messages, answer }: ChatRequest): Promise<OfflineAnswer> {
  const prompt = messages.map((message) => message.content).join("\n");
  const lastTurn = messages.findLast((message) => message.role === "user")?.content ?? "";
  // A prompt without our sections is a plain question with no knowledge beside it.
  const plain = { title: "", customerName: null, messages: [{ from: "customer" as const, text: lastTurn }] };
  const sections = parseSections(prompt) ?? { articles: [], pastReplies: [], thread: plain };
  const content = contentOf(answer, sections, prompt);
  const [promptTokens, completionTokens] = await Promise.all([countPromptTokens(messages), countTokens(content)]);
  return {
    content,
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
  };
}

function contentOf(kind: OfflineAnswerKind, sections: PromptSections, prompt: string): string {
  if (kind === "classification") return JSON.stringify(classifyByKeywords(sections.thread, parseCategories(prompt)));
  const reply = composeReply(sections);
  return kind === "reply" ? JSON.stringify(reply) : reply.suggestedResponse;
}

/** The envelope that every answer of one request shares. */
export type Envelope = { readonly id: string; readonly created: number };

export const completionOf = ({ id, created }: Envelope, { content, usage }: OfflineAnswer) => ({
  id,
  object: "chat.completion",
  created,
  model: OFFLINE_MODEL,
  choices: [
    { index: 0, message: { role: "assistant", content, refusal: null }, logprobs: null, finish_reason: "stop" },
  ],
  usage,
});

/** The same answer as server-sent chunks, word by word; usage last where it is asked for. */
export function* chunksOf({ id, created }: Envelope, answer: OfflineAnswer, includeUsage: boolean) {
  const chunk = (delta: Readonly<Record<string, string>>, finish_reason: "stop" | null) => ({
    id,
    object: "chat.completion.chunk",
    created,
    model: OFFLINE_MODEL,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
  });
  yield chunk({ role: "assistant", content: "" }, null);
  for (const word of answer.content.match(/\S*\s*/g) ?? []) {
    if (word !== "") yield chunk({ content: word }, null);
  }
  yield chunk({}, "stop");
  if (includeUsage) yield { ...chunk({}, null), choices: [], usage: answer.usage };
}
