import { createReadStream } from "node:fs";
import { UptakeError } from "../domain/errors.ts";
import { requireText } from "../domain/text.ts";

/** One message of a recorded conversation, as it came. */
export type RecordedMessage = {
  readonly role: "user" | "assistant" | "tool";
  /** Empty where the message is a tool call or has no text. */
  readonly content: string;
  /** Names of the tools that an assistant message calls. */
  readonly toolCalls: readonly string[];
};

export type Conversation = {
  readonly line: number;
  readonly id: string;
  readonly messages: readonly RecordedMessage[];
};

/** A line that cannot be used, and why. */
export type LineProblem = { readonly line: number; readonly problem: string };

export type ReplayItem = Conversation | LineProblem;

/** A line longer than this is not a conversation; bounds the memory that one line can take. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const MAX_ID_CHARS = 200;
const ROLES: readonly unknown[] = ["user", "assistant", "tool"];
const LINE_FEED = 0x0a;

/**
 * Reads conversations from a JSONL file, one line at a time: `{id, messages: [{role: "user"|"assistant"|"tool",
 * content?, tool_calls?: [{name}]}]}`; other fields are ignored, blank lines skipped. A malformed line is yielded as a
 * {@link LineProblem} and the rest continues. Throws `invalid_input` where the file cannot be read.
 */
export async function* readConversations(path: string): AsyncGenerator<ReplayItem> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 0;
  for await (const bytes of linesOf(path)) {
    line += 1;
    if (bytes === null) {
      yield { line, problem: `is longer than ${MAX_LINE_BYTES} bytes` };
      continue;
    }
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch {
      yield { line, problem: "is not UTF-8" };
      continue;
    }
    if (text.trim() !== "") yield parseConversation(text, line);
  }
}

/** The lines' bytes; null for a line that is too long. Node's readline would also cut at U+2028, which JSON may hold. */
async function* linesOf(path: string): AsyncGenerator<Buffer | null> {
  let parts: Buffer[] = [];
  let bytes = 0;
  const take = (part: Buffer) => {
    bytes += part.length;
    if (bytes <= MAX_LINE_BYTES) parts.push(part);
    else parts = [];
  };
  const finish = () => {
    const line = bytes > MAX_LINE_BYTES ? null : Buffer.concat(parts);
    parts = [];
    bytes = 0;
    return line;
  };
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
        take(chunk.subarray(from, end));
        from = end + 1;
        yield finish();
      }
      take(chunk.subarray(from));
    }
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new UptakeError("invalid_input", `cannot read ${path}: ${problem}; give a JSONL file of conversations`, {
      facts: { path },
      cause,
    });
  }
  if (bytes > 0) yield finish();
}

/** One line of the file as a conversation, or what is wrong with it. */
export function parseConversation(text: string, line: number): ReplayItem {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { line, problem: `is not JSON (${error instanceof Error ? error.message.slice(0, 120) : "unreadable"})` };
  }
  try {
    return { line, ...readConversation(value) };
  } catch (error) {
    if (error instanceof UptakeError) return { line, problem: error.message };
    throw error;
  }
}

function readConversation(value: unknown): { id: string; messages: RecordedMessage[] } {
  if (!isObject(value)) throw wrong("line", "expected a JSON object with id and messages");
  requireText(value["id"], "id", MAX_ID_CHARS);
  const messages = value["messages"];
  if (!Array.isArray(messages)) throw wrong("messages", "missing or no array; expected the conversation's messages");
  return { id: value["id"], messages: messages.map(readMessage) };
}

function readMessage(value: unknown, index: number): RecordedMessage {
  const place = `messages[${index}]`;
  if (!isObject(value)) throw wrong(place, "expected an object with role and content");
  const role = value["role"];
  if (role !== "user" && role !== "assistant" && role !== "tool") {
    throw wrong(`${place}.role`, `got ${JSON.stringify(role) ?? "nothing"}; expected one of ${ROLES.join(", ")}`);
  }
  const content = value["content"] ?? "";
  if (typeof content !== "string") throw wrong(`${place}.content`, `got ${typeof content}; expected text`);
  if (role !== "tool" && content.trim() !== "") requireText(content, `${place}.content`);
  const calls = value["tool_calls"] ?? [];
  if (!Array.isArray(calls)) throw wrong(`${place}.tool_calls`, "expected an array");
  return { role, content: role === "tool" ? "" : content, toolCalls: calls.map(toolName) };
}

/** Only the name is kept: arguments and results hold data that no reply of ours is made from. */
function toolName(call: unknown): string {
  const name = isObject(call) ? call["name"] : undefined;
  return typeof name === "string" ? name.slice(0, MAX_ID_CHARS).toWellFormed().replaceAll("\0", "\uFFFD") : "unknown";
}

const wrong = (place: string, problem: string): UptakeError => new UptakeError("invalid_input", `${place}: ${problem}`);

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
