import type { HandMadeUpdate } from "../../track/by-hand.ts";
import { isObject, textOf } from "../../track/model-answer.ts";
import { MAX_PAYLOAD_CHARS, quote, serialise } from "../../track/payload.ts";
import { describeAnswer } from "./describe.ts";

type Fields = Readonly<Record<string, unknown>>;
type TextBlock = { readonly type: "text" | "reasoning"; text: string };

/** Content that comes whole: kept as JSON, since the part itself may be of any size. */
type WholePart = { readonly type: "whole"; readonly json: string };

export type StreamedContent = {
  /** Takes a part; true where it brings something of the answer. Never throws. */
  add(part: unknown): boolean;
  readonly describe: () => HandMadeUpdate;
  /** What the model reported as an error within the stream. */
  readonly failure: { readonly error: unknown } | undefined;
};

const WHOLE: readonly unknown[] = ["tool-call", "tool-result", "tool-approval-request", "file", "source"];

/** Content put together from the parts of a stream, in the order in which it began; about `maxChars` are kept. */
export function createStreamedContent(maxChars = MAX_PAYLOAD_CHARS): StreamedContent {
  const content: (TextBlock | WholePart)[] = [];
  const blocks = new Map<unknown, TextBlock>();
  const answer: Record<string, unknown> = {};
  let seenChars = 0;
  let failure: StreamedContent["failure"];

  function addText(type: TextBlock["type"], { id, delta }: Fields): boolean {
    if (typeof delta !== "string" || delta === "") return false;
    const key = `${type} ${String(id)}`;
    let block = blocks.get(key);
    const room = maxChars - seenChars;
    if (block === undefined && room > 0) {
      block = { type, text: "" };
      blocks.set(key, block);
      content.push(block);
    }
    if (block !== undefined && room > 0) block.text += delta.slice(0, room);
    seenChars += delta.length;
    return true;
  }

  function addWhole(part: Fields): boolean {
    const room = maxChars - seenChars;
    const json = room > 0 ? serialise(part, room) : undefined;
    seenChars += json?.length ?? 1;
    if (json !== undefined) content.push({ type: "whole", json });
    return true;
  }

  function take(part: Fields): boolean {
    const { type } = part;
    if (type === "text-delta") return addText("text", part);
    if (type === "reasoning-delta") return addText("reasoning", part);
    if (type === "tool-input-delta") return true;
    if (WHOLE.includes(type)) return addWhole(part);
    if (type === "error") failure = { error: part["error"] };
    if (type === "response-metadata") answer["response"] = { modelId: textOf(part["modelId"]) };
    if (type === "finish") Object.assign(answer, part);
    return false;
  }

  return {
    add(part) {
      try {
        return isObject(part) && take(part);
      } catch {
        return false;
      }
    },
    describe() {
      const cut = seenChars > maxChars ? ` [cut: ${seenChars - maxChars} of ${seenChars} characters]` : "";
      return { outputJson: jsonOf(content, cut), ...describeAnswer(answer) };
    },
    get failure() {
      return failure;
    },
  };
}

function jsonOf(content: readonly (TextBlock | WholePart)[], cut: string): string | undefined {
  if (content.length === 0) return undefined;
  const texts = content.map((part) => (part.type === "text" ? part.text : undefined));
  if (texts.every((text) => text !== undefined)) return quote(texts.join("") + cut);
  const parts = content.map((part) =>
    part.type === "whole" ? part.json : `{"type":"${part.type}","text":${quote(part.text)}}`,
  );
  return `[${parts.join(",")}${cut === "" ? "" : `,${quote(cut.trim())}`}]`;
}
