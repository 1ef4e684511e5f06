import type { Usage } from "../domain/observation.ts";
import { storableJson } from "../domain/text.ts";
import { isObject, readUsage, textOf } from "./model-answer.ts";
import { MAX_PAYLOAD_CHARS, serialise } from "./payload.ts";

/** What a stream brought, put together. */
export type Collected = {
  /** The text, where the stream was text; the JSON of its chunks otherwise. */
  readonly text: string;
  readonly outputJson: string | undefined;
  readonly model: string | undefined;
  readonly usage: Usage | undefined;
};

export type Collector = { add(chunk: unknown): void; end(): Collected };

type Chunk = Readonly<Record<string, unknown>>;
type ToolCall = { id?: string; type: "function"; function: { name: string; arguments: string } };

/** What has come so far. `seenChars` goes on counting past the bound, so that the marker can say how much was cut. */
type Gathered = {
  readonly maxChars: number;
  seenChars: number;
  text: string | undefined;
  model: string | undefined;
  usage: Usage | undefined;
  readonly toolCalls: ToolCall[];
  readonly others: string[];
  skippedCount: number;
};

const MAX_TOOL_CALLS = 128;

/**
 * Puts a stream together again: text chunks (strings, bytes), OpenAI's chat-completion chunks and response events;
 * other chunks are kept as they come. About `maxChars` are kept, with a marker that says how much was cut.
 */
export function createCollector(maxChars = MAX_PAYLOAD_CHARS): Collector {
  const gathered: Gathered = {
    maxChars,
    seenChars: 0,
    text: undefined,
    model: undefined,
    usage: undefined,
    toolCalls: [],
    others: [],
    skippedCount: 0,
  };
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  return {
    add(chunk) {
      if (typeof chunk === "string") return addText(gathered, chunk);
      if (!(chunk instanceof Uint8Array)) return addObject(gathered, chunk);
      decoder ??= new TextDecoder();
      addText(gathered, decoder.decode(chunk, { stream: true }));
    },
    end() {
      if (decoder !== undefined) addText(gathered, decoder.decode());
      return putTogether(gathered);
    },
  };
}

function addText(gathered: Gathered, more: string): void {
  const room = Math.max(0, gathered.maxChars - gathered.seenChars);
  gathered.seenChars += more.length;
  gathered.text = (gathered.text ?? "") + (room >= more.length ? more : more.slice(0, room));
}

function addObject(gathered: Gathered, chunk: unknown): void {
  if (!isObject(chunk)) return addOther(gathered, chunk);
  if (Array.isArray(chunk["choices"])) return addChatChunk(gathered, chunk, chunk["choices"][0]);
  const type = chunk["type"];
  if (typeof type === "string" && type.startsWith("response.")) return addResponseEvent(gathered, chunk, type);
  return addOther(gathered, chunk);
}

function addOther(gathered: Gathered, chunk: unknown): void {
  const room = gathered.maxChars - gathered.seenChars;
  const json = room > 0 ? serialise(chunk, room) : undefined;
  if (json === undefined) {
    gathered.skippedCount++;
    return;
  }
  gathered.seenChars += json.length;
  gathered.others.push(json);
}

function addChatChunk(gathered: Gathered, chunk: Chunk, choice: unknown): void {
  gathered.text ??= "";
  gathered.model ??= textOf(chunk["model"]);
  gathered.usage = readUsage(chunk["usage"]) ?? gathered.usage;
  const delta = isObject(choice) ? choice["delta"] : undefined;
  if (!isObject(delta)) return;
  if (typeof delta["content"] === "string") addText(gathered, delta["content"]);
  const calls: unknown = delta["tool_calls"];
  if (Array.isArray(calls)) for (const call of calls) addToolCall(gathered, call);
}

/** A tool call comes in parts, too: its index says which one a part belongs to. */
function addToolCall(gathered: Gathered, part: unknown): void {
  if (!isObject(part) || gathered.seenChars >= gathered.maxChars) return;
  const { toolCalls } = gathered;
  const index = typeof part["index"] === "number" ? part["index"] : toolCalls.length;
  if (!Number.isInteger(index) || index < 0 || index > toolCalls.length || index >= MAX_TOOL_CALLS) return;
  const call = (toolCalls[index] ??= { type: "function", function: { name: "", arguments: "" } });
  const named = isObject(part["function"]) ? part["function"] : {};
  const more = textOf(named["arguments"]) ?? "";
  call.id ??= textOf(part["id"]) ?? "";
  call.function.name += textOf(named["name"]) ?? "";
  call.function.arguments += more;
  gathered.seenChars += more.length;
}

/** Events of OpenAI's Responses API: the text comes in deltas, model and usage with the last event. */
function addResponseEvent(gathered: Gathered, event: Chunk, type: string): void {
  gathered.text ??= "";
  if (type === "response.output_text.delta" && typeof event["delta"] === "string") addText(gathered, event["delta"]);
  const response = event["response"];
  if (!isObject(response)) return;
  gathered.model = textOf(response["model"]) ?? gathered.model;
  gathered.usage = readUsage(response["usage"]) ?? gathered.usage;
}

function putTogether(gathered: Gathered): Collected {
  const { text, model, usage, toolCalls, others, seenChars, maxChars, skippedCount } = gathered;
  if (text === undefined) {
    if (skippedCount > 0) others.push(JSON.stringify(`[cut: ${skippedCount} more chunks]`));
    const json = others.length > 0 ? `[${others.join(",")}]` : undefined;
    return { text: json ?? "", outputJson: json, model, usage };
  }
  const cut = seenChars > maxChars ? ` [cut: ${seenChars - maxChars} of ${seenChars} characters]` : "";
  const whole = text + cut;
  const output = toolCalls.length > 0 ? { role: "assistant", content: whole, tool_calls: toolCalls } : whole;
  return { text: whole, outputJson: storableJson(JSON.stringify(output)), model, usage };
}
