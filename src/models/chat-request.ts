import type { ChatMessage } from "./model.ts";
import { OFFLINE_MODEL } from "./tokens.ts";

/** What the offline model needs of a chat-completions request. */
export type ChatRequest = {
  readonly messages: readonly ChatMessage[];
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly answer: OfflineAnswerKind;
};

/** A reply as text alone, or one of the two structured answers that the offline model can give. */
export type OfflineAnswerKind = "text" | "reply" | "classification";

/** A refusal in the shape of OpenAI's API. */
export type ChatRefusal = {
  readonly status: number;
  readonly body: {
    readonly error: {
      readonly message: string;
      readonly type: "invalid_request_error";
      readonly param: string | null;
      readonly code: string | null;
    };
  };
};

export function refusal(status: number, message: string, param: string | null = null, code: string | null = null) {
  return { status, body: { error: { message, type: "invalid_request_error", param, code } } } satisfies ChatRefusal;
}

const ANSWER_FIELDS: Readonly<Record<Exclude<OfflineAnswerKind, "text">, readonly string[]>> = {
  reply: ["suggestedResponse", "confidence", "reasoning"],
  classification: ["category", "priority", "sentiment", "escalate", "reasons", "confidence"],
};
const UNSUPPORTED = ["tools", "functions", "audio"] as const;
const ROLES: readonly unknown[] = ["system", "developer", "user", "assistant"];

/** Reads the body of a chat-completions request, or says in OpenAI's error shape what is wrong with it. */
export function readChatRequest(text: string): ChatRequest | ChatRefusal {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return refusal(400, "We could not parse the JSON body of your request; send one JSON object.");
  }
  if (!isObject(body)) return refusal(400, "Expected a JSON object as body.");
  if (typeof body["model"] !== "string") return refusal(400, "You must provide a model parameter.", "model");
  if (body["model"] !== OFFLINE_MODEL) {
    return refusal(
      404,
      `The model '${body["model"].slice(0, 100)}' does not exist here; there is only '${OFFLINE_MODEL}'.`,
      "model",
      "model_not_found",
    );
  }
  for (const name of UNSUPPORTED) {
    if (body[name] !== undefined) return refusal(400, `'${name}' is not supported by ${OFFLINE_MODEL}.`, name);
  }
  if (body["n"] !== undefined && body["n"] !== 1) return refusal(400, "Only n = 1 is supported.", "n");
  const messages = readMessages(body["messages"]);
  if (!Array.isArray(messages)) return messages;
  const format = readFormat(body["response_format"]);
  if (typeof format !== "string") return format;
  const streamOptions = body["stream_options"];
  return {
    messages,
    stream: body["stream"] === true,
    includeUsage: isObject(streamOptions) && streamOptions["include_usage"] === true,
    answer: format,
  };
}

function readMessages(value: unknown): ChatMessage[] | ChatRefusal {
  if (!Array.isArray(value) || value.length === 0) {
    return refusal(400, "Expected 'messages' to be an array of at least one message.", "messages");
  }
  const messages: ChatMessage[] = [];
  for (const [i, message] of value.entries()) {
    const place = `messages[${i}]`;
    if (!isObject(message)) return refusal(400, `Expected ${place} to be an object.`, place);
    const role = message["role"];
    if (!ROLES.includes(role)) {
      return refusal(400, `Expected ${place}.role to be one of ${ROLES.join(", ")}.`, `${place}.role`);
    }
    const content = textOf(message["content"]);
    if (content === undefined) return refusal(400, `Expected ${place}.content to be text.`, `${place}.content`);
    messages.push({ role: role === "assistant" || role === "user" ? role : "system", content });
  }
  return messages;
}

/** Text as it is, or the texts of an array of text parts. */
function textOf(content: unknown): string | undefined {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return undefined;
  const texts: string[] = [];
  for (const part of content as readonly unknown[]) {
    if (!isObject(part) || part["type"] !== "text" || typeof part["text"] !== "string") return undefined;
    texts.push(part["text"]);
  }
  return texts.join("\n");
}

/** What answer is wanted. A schema with fields that the model cannot fill is refused rather than half answered. */
function readFormat(format: unknown): OfflineAnswerKind | ChatRefusal {
  if (format === undefined || format === null) return "text";
  const type = isObject(format) ? format["type"] : undefined;
  if (type === "text") return "text";
  if (type === "json_object") return "reply";
  const named = isObject(format) ? format["json_schema"] : undefined;
  const schema = isObject(named) ? named["schema"] : undefined;
  if (type !== "json_schema" || !isObject(schema)) {
    return refusal(
      400,
      "Expected response_format to be text, json_object or json_schema with a schema.",
      "response_format",
    );
  }
  const required = Array.isArray(schema["required"]) ? (schema["required"] as readonly unknown[]) : [];
  const unknownTo = (fields: readonly string[]) =>
    required.filter((field) => typeof field !== "string" || !fields.includes(field));
  if (unknownTo(ANSWER_FIELDS.reply).length === 0) return "reply";
  if (unknownTo(ANSWER_FIELDS.classification).length === 0) return "classification";
  return refusal(
    400,
    `${OFFLINE_MODEL} answers with ${ANSWER_FIELDS.reply.join(", ")}, or ${ANSWER_FIELDS.classification.join(", ")} only; ` +
      `the schema requires ${JSON.stringify(unknownTo(ANSWER_FIELDS.reply))}.`,
    "response_format",
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
