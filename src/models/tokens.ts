import type * as O200kBase from "gpt-tokenizer/encoding/o200k_base";

/** The one model name under which the offline model appears anywhere. */
export const OFFLINE_MODEL = "uptake-retrieval";

/** The encoder's time grows with the square of a run without a break (200,000 letters: 25 s), so long runs are cut. */
const LONG_RUN_CHARS = 2_000;
const PIECE_CHARS = 1_000;

// A chat message costs its content, its role and three marks; the answer is opened by three more (OpenAI's cookbook,
// "How to count tokens with tiktoken").
const TOKENS_PER_MESSAGE = 4;
const TOKENS_TO_OPEN_ANSWER = 3;

const NOTHING = new Set<string>();

type Encoding = typeof O200kBase;
let encoding: Promise<Encoding> | undefined;

/** The encoding takes half a second and 80 MB, so it is loaded at the first count, once. */
const load = (): Promise<Encoding> => (encoding ??= import("gpt-tokenizer/encoding/o200k_base"));

/** Tokens of a text in the encoding o200k_base. What looks like a control token is counted as the text it is. */
export async function countTokens(text: string): Promise<number> {
  const { countTokens } = await load();
  const pieceChars = hasLongRun(text) ? PIECE_CHARS : Math.max(1, text.length);
  let count = 0;
  for (let from = 0; from < text.length; from += pieceChars) {
    count += countTokens(text.slice(from, from + pieceChars), { disallowedSpecial: NOTHING });
  }
  return count;
}

/** Whether white space, or anything else, goes on for so long without the other in between. */
function hasLongRun(text: string): boolean {
  let runStart = 0;
  let wasSpace = false;
  for (let i = 0; i < text.length; i++) {
    const isSpace = text.charCodeAt(i) <= 0x20;
    if (isSpace !== wasSpace) {
      wasSpace = isSpace;
      runStart = i;
    } else if (i - runStart >= LONG_RUN_CHARS) return true;
  }
  return false;
}

/** Tokens of a chat prompt in the encoding o200k_base. */
export async function countPromptTokens(messages: readonly { readonly content: string }[]): Promise<number> {
  let count = TOKENS_TO_OPEN_ANSWER;
  for (const message of messages) count += TOKENS_PER_MESSAGE + (await countTokens(message.content));
  return count;
}
