import type { Asked, Reply } from "./scripted-openai.ts";

export const USAGE = {
  prompt_tokens: 20,
  completion_tokens: 9,
  total_tokens: 29,
  prompt_tokens_details: { cached_tokens: 8 },
  completion_tokens_details: { reasoning_tokens: 4 },
};
const RESPONSE_USAGE = {
  input_tokens: 20,
  output_tokens: 9,
  total_tokens: 29,
  input_tokens_details: { cached_tokens: 8 },
  output_tokens_details: { reasoning_tokens: 4 },
};

const about = { id: "chatcmpl-1", created: 1_760_000_000, model: "gpt-4.1-mini-2025-04-14" };
export const call = { id: "call_1", type: "function", function: { name: "search", arguments: '{"q":"refund"}' } };

export const completion = (message: object, finish_reason = "stop"): object => ({
  ...about,
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", content: null, refusal: null, ...message }, finish_reason }],
  usage: USAGE,
});

const chunk = (delta: object, finish_reason: string | null = null): object => ({
  ...about,
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta, finish_reason }],
});
const lastChunk = { ...chunk({}), choices: [], usage: USAGE };

export const textChunks: readonly object[] = [
  chunk({ role: "assistant", content: "" }),
  ...["A refund", " takes", " five", " days."].map((content) => chunk({ content })),
  chunk({}, "stop"),
  lastChunk,
];
const toolChunks: readonly object[] = [
  chunk({
    role: "assistant",
    content: null,
    tool_calls: [{ index: 0, ...call, function: { name: "search", arguments: "" } }],
  }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"q":' } }] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '"refund"}' } }] }),
  chunk({}, "tool_calls"),
  lastChunk,
];

export const TEXT = "A refund takes five days.";
const textItem = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  status: "completed",
  content: [{ type: "output_text", text: TEXT, annotations: [] }],
};
export const response = (more: object = {}): object => ({
  id: "resp_1",
  object: "response",
  created_at: 1_760_000_000,
  status: "completed",
  model: "gpt-5-2025-08-07",
  output: [textItem],
  error: null,
  incomplete_details: null,
  usage: RESPONSE_USAGE,
  ...more,
});
const begun = response({ status: "in_progress", output: [], usage: null });
const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
export const responseEvents: readonly object[] = [
  { type: "response.created", response: begun },
  { type: "response.in_progress", response: begun },
  { type: "response.output_item.added", output_index: 0, item: { ...textItem, status: "in_progress", content: [] } },
  { type: "response.content_part.added", ...at, part: { type: "output_text", text: "", annotations: [] } },
  { type: "response.output_text.delta", ...at, delta: "A refund takes " },
  { type: "response.output_text.delta", ...at, delta: "five days." },
  { type: "response.output_text.done", ...at, text: TEXT },
  { type: "response.completed", response: response() },
].map((event, sequence_number) => ({ ...event, sequence_number }));

const vector = [0.25, -0.5, 0.125];
const base64 = Buffer.from(new Float32Array(vector).buffer).toString("base64");

/** Answers by what the request asks for; the model's name says what else should happen. */
export function answer({ path, body, retry }: Asked): Reply {
  const wanted = String(body["model"]);
  const status = Number(/^status-(\d+)$/u.exec(wanted)?.[1] ?? 0);
  const problem = { error: { message: `made-up ${status}`, type: "made_up", param: null, code: "x" } };
  if (status > 0) return { status, json: problem, headers: { "retry-after-ms": "1" } };
  if (wanted === "flaky" && retry !== "2") return { status: 503, json: problem, headers: { "retry-after-ms": "1" } };
  if (wanted === "no-json") return { json: undefined, text: "<html>", headers: { "content-type": "application/json" } };
  if (wanted === "text") return { text: "<html>" };
  if (wanted === "mute") return { silent: true };
  if (path === "/embeddings") return embeddings(body);
  const streamed = body["stream"] === true;
  if (path === "/responses")
    return streamed ? { events: responseEvents, ...more(wanted) } : { json: responseFor(wanted) };
  if (!streamed) return { json: completionFor(wanted, body) };
  return { events: chunksFor(wanted, body), ...more(wanted) };
}

const more = (wanted: string): Reply => ({ hang: wanted === "hang", cut: wanted === "cut" });

function embeddings(body: Asked["body"]): Reply {
  const embedding = body["encoding_format"] === "base64" ? base64 : vector;
  const data = [body["input"]].flat().map((_, index) => ({ object: "embedding", index, embedding }));
  const usage = { prompt_tokens: 5, total_tokens: 5 };
  return { json: { object: "list", model: "text-embedding-3-small", data, usage } };
}

function responseFor(wanted: string): object {
  if (wanted === "failed") {
    return response({ status: "failed", output: [], error: { code: "server_error", message: "out of luck" } });
  }
  if (wanted === "cut") return response({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
  if (wanted === "json") {
    return response({
      output: [{ ...textItem, content: [{ type: "output_text", text: '{"days":5}', annotations: [] }] }],
    });
  }
  return response();
}

const wantsTool = (body: Asked["body"]): boolean =>
  body["tools"] !== undefined && !JSON.stringify(body["messages"]).includes('"role":"tool"');

function completionFor(wanted: string, body: Asked["body"]): object {
  if (wantsTool(body)) return completion({ tool_calls: [call] }, "tool_calls");
  if (wanted === "json") return completion({ content: '{"days":5}' });
  if (wanted === "cut") return completion({ content: '{"day' }, "length");
  return completion({ content: TEXT });
}

function chunksFor(wanted: string, body: Asked["body"]): readonly unknown[] {
  if (wanted === "hang" || wanted === "cut") return textChunks.slice(0, 4);
  if (wanted === "error") return [...textChunks.slice(0, 4), { error: { message: "overloaded", code: "busy" } }];
  if (wanted === "garbage") return [...textChunks.slice(0, 4), "{not json"];
  return [...(wantsTool(body) ? toolChunks : textChunks), "[DONE]"];
}
