import { createCollector } from "../../track/collector.ts";
import type { HandMadeUpdate } from "../../track/by-hand.ts";
import { isObject, textOf } from "../../track/model-answer.ts";
import { cutText } from "../../track/payload.ts";
import { describeFinish } from "../finish.ts";
import { describeAnswer } from "./answer.ts";

const MAX_REFUSAL_CHARS = 10_000;

type Fields = Readonly<Record<string, unknown>>;

export type StreamedAnswer = {
  /** Takes a chunk; true where it brings something of the answer: text, a tool call, reasoning. Never throws. */
  add(chunk: unknown): boolean;
  readonly describe: () => HandMadeUpdate;
};

/** An answer put together from the chunks of a chat completion or the events of a response, within a bound. */
export function createStreamedAnswer(): StreamedAnswer {
  const collector = createCollector();
  let finishReason: string | undefined;
  let refusal = "";
  let response: Fields | undefined;
  return {
    add(chunk) {
      try {
        const choice = isObject(chunk) ? firstChoice(chunk) : undefined;
        const delta = isObject(choice?.["delta"]) ? choice["delta"] : {};
        // Of several choices, whose chunks come mixed, the first is put together.
        if (choice !== undefined && Number(choice["index"]) > 0) return bringsTokens(delta);
        collector.add(chunk);
        if (!isObject(chunk)) return false;
        refusal = cutText(refusal + (textOf(delta["refusal"]) ?? ""), MAX_REFUSAL_CHARS);
        finishReason = textOf(choice?.["finish_reason"]) ?? finishReason;
        if (isObject(chunk["response"]) && isLast(chunk["type"])) response = chunk["response"];
        return choice === undefined ? isDelta(chunk["type"]) : bringsTokens(delta);
      } catch {
        return false;
      }
    },
    describe() {
      const { outputJson, model, usage } = collector.end();
      // The last event of a response holds all of it, as it would have come without a stream.
      if (response !== undefined) return describeAnswer(response);
      const output = refusal === "" ? { outputJson } : { output: { role: "assistant", content: null, refusal } };
      return { ...output, model, usage, ...describeFinish(finishReason) };
    },
  };
}

function firstChoice(chunk: Fields): Fields | undefined {
  const choice: unknown = Array.isArray(chunk["choices"]) ? chunk["choices"][0] : undefined;
  return isObject(choice) ? choice : undefined;
}

const LAST_EVENTS: readonly unknown[] = ["response.completed", "response.incomplete", "response.failed"];
const isLast = (type: unknown): boolean => LAST_EVENTS.includes(type);

/** Events before the first token only announce the response. */
const isDelta = (type: unknown): boolean => typeof type === "string" && type.endsWith(".delta");

/** The first chunk of a chat only names the role, and may come long before the first token. */
const bringsTokens = (delta: Fields): boolean =>
  Object.entries(delta).some(([name, value]) => name !== "role" && value !== null && value !== "");
