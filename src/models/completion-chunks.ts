import type { ChatCompletionChunk } from "openai/resources/chat/completions";

/** What the chunks of one streamed answer come to, in the shape of an answer that came in one. */
export type CollectedCompletion = {
  readonly id: string | undefined;
  readonly object: "chat.completion";
  readonly model: string | undefined;
  readonly choices: readonly [
    {
      readonly index: 0;
      readonly message: {
        readonly role: "assistant";
        readonly content: string | null;
        readonly refusal: string | null;
      };
      readonly finish_reason: string | null;
    },
  ];
  readonly usage?: ChatCompletionChunk["usage"];
};

/** Reads a streamed answer to its end and tells each piece of text. Throws what the stream throws where it breaks off. */
export async function collectChunks(
  chunks: AsyncIterable<ChatCompletionChunk>,
  onText: (piece: string) => void,
): Promise<CollectedCompletion> {
  let content = "";
  let refusal = "";
  let finishReason: string | null = null;
  let last: ChatCompletionChunk | undefined;
  let usage: ChatCompletionChunk["usage"];
  for await (const chunk of chunks) {
    last = chunk;
    usage = chunk.usage ?? usage;
    const choice = chunk.choices?.[0];
    finishReason = choice?.finish_reason ?? finishReason;
    refusal += choice?.delta?.refusal ?? "";
    const piece = choice?.delta?.content ?? "";
    if (piece === "") continue;
    content += piece;
    onText(piece);
  }
  const message = { role: "assistant", content: content || null, refusal: refusal || null } as const;
  return {
    id: last?.id,
    object: "chat.completion",
    model: last?.model,
    choices: [{ index: 0, message, finish_reason: finishReason }],
    ...(usage ? { usage } : {}),
  };
}
