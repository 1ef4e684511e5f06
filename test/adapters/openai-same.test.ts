import OpenAI from "openai";
import { APIPromise } from "openai/api-promise";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { Stream } from "openai/core/streaming";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { observeOpenAI } from "../../src/adapters/openai.ts";
import { trackInMemory, until } from "../track/memory-recorder.ts";
import { answer } from "./openai-script.ts";
import { startScriptedOpenAI } from "./scripted-openai.ts";
import type { ScriptedOpenAI } from "./scripted-openai.ts";

let server: ScriptedOpenAI;
beforeAll(async () => {
  server = await startScriptedOpenAI(answer);
});
afterAll(() => server.close());

const messages = [{ role: "user" as const, content: "Where is my refund?" }];
const chat = (model = "gpt-4.1-mini") => ({ model, messages });
const streamed = (model = "gpt-4.1-mini") => ({ ...chat(model), stream: true as const });
const Days = z.object({ days: z.number() });
const tool = {
  type: "function" as const,
  function: { name: "search", description: "Searches", parameters: { type: "object", properties: {} } },
};

async function readAll(chunks: AsyncIterable<unknown>, into: unknown[] = []): Promise<unknown[]> {
  for await (const chunk of chunks) into.push(chunk);
  return into;
}

/** What an error says, to the last field. */
const told = (error: unknown): unknown =>
  error instanceof Error
    ? {
        class: error.constructor.name,
        ...Object.fromEntries(Object.entries(error)),
        message: error.message,
        cause: String(error.cause),
        headers: undefined,
      }
    : error;

const failing = async (call: PromiseLike<unknown>): Promise<unknown> => {
  try {
    return { unexpected: await call };
  } catch (error) {
    return told(error);
  }
};

async function eventsOf(helper: { on(name: never, listener: (...args: unknown[]) => void): unknown }, names: string[]) {
  const seen: unknown[] = [];
  for (const name of names) {
    helper.on(name as never, (...args) => seen.push([name, structuredClone(args.map((arg) => told(arg)))]));
  }
  return seen;
}

type Scenario = (client: OpenAI) => Promise<unknown>;

/** Everything a caller can do with a call, and what it sees of it. */
const scenarios: Readonly<Record<string, Scenario>> = {
  "a chat completion": async (client) => {
    const promise = client.chat.completions.create(chat());
    const value = await promise;
    return [promise instanceof APIPromise, value, Object.getOwnPropertyNames(value), value._request_id];
  },
  withResponse: async (client) => {
    const { data, response, request_id } = await client.chat.completions.create(chat()).withResponse();
    return [
      data,
      request_id,
      response instanceof Response,
      response.url.length,
      [...response.headers.keys()],
      response.bodyUsed,
    ];
  },
  asResponse: async (client) => {
    const response = await client.chat.completions.create(chat()).asResponse();
    return [response.status, response.bodyUsed, await response.text()];
  },
  "then, catch and finally": async (client) => {
    const seen: unknown[] = [];
    await client.chat.completions.create(chat()).finally(() => seen.push("finally"));
    await client.chat.completions.create(chat("status-400")).catch((error: unknown) => seen.push(told(error)));
    const promise = client.chat.completions.create(chat());
    seen.push((await promise) === (await promise));
    return seen;
  },
  "a tool call": (client) => client.chat.completions.create({ ...chat(), tools: [tool] }),
  "structured output": (client) =>
    client.chat.completions.parse({ ...chat("json"), response_format: zodResponseFormat(Days, "days") }),
  "structured output that is cut": (client) =>
    failing(client.chat.completions.parse({ ...chat("cut"), response_format: zodResponseFormat(Days, "days") })),
  "structured output that does not fit": (client) =>
    failing(client.chat.completions.parse({ ...chat(), response_format: zodResponseFormat(Days, "days") })),
  "a response": async (client) => {
    const value = await client.responses.create({ model: "gpt-5", input: "Where?", instructions: "Be short." });
    return [value, value.output_text];
  },
  "a parsed response": (client) =>
    client.responses.parse({ model: "json", input: "Where?", text: { format: zodTextFormat(Days, "days") } }),
  "a failed response": (client) => client.responses.create({ model: "failed", input: "Where?" }),
  embeddings: async (client) => [
    await client.embeddings.create({ model: "text-embedding-3-small", input: ["a", "b"] }),
    await client.embeddings.create({ model: "text-embedding-3-small", input: "a", encoding_format: "float" }),
    await client.embeddings
      .create({ model: "text-embedding-3-small", input: "a" })
      .withResponse()
      .then(({ data }) => data),
  ],
  "an answer that is no JSON": (client) => client.chat.completions.create(chat("text")),
  "an answer that is broken JSON": (client) => failing(client.chat.completions.create(chat("no-json"))),
  "a retried call": (client) => client.chat.completions.create(chat("flaky")),
  "retries that end": (client) => failing(client.chat.completions.create(chat("status-503"), { maxRetries: 1 })),
  "a streamed chat": async (client) => {
    const stream = await client.chat.completions.create(streamed());
    const own = Object.keys(stream);
    return [stream instanceof Stream, own, await readAll(stream), stream.controller.signal.aborted];
  },
  "the iterator of a stream": async (client) => {
    const stream = await client.chat.completions.create(streamed());
    const steps = stream[Symbol.asyncIterator]();
    const seen: unknown[] = [Object.prototype.toString.call(steps), Object.keys(steps), await steps.next()];
    const both = await Promise.all([steps.next(), steps.next()]);
    return [...seen, both, await steps.return?.("left"), await steps.next(), stream.controller.signal.aborted];
  },
  "a stream read twice": async (client) => {
    const stream = await client.chat.completions.create(streamed());
    return [await readAll(stream), await failing(readAll(stream))];
  },
  "a stream with its response": async (client) => {
    const { data, response } = await client.chat.completions.create(streamed()).withResponse();
    return [response.status, await readAll(data)];
  },
  "the raw response of a stream": async (client) =>
    (await client.chat.completions.create(streamed()).asResponse()).text(),
  tee: async (client) => {
    const [left, right] = (await client.chat.completions.create(streamed())).tee();
    const first = await readAll(left);
    return [left instanceof Stream, first, await readAll(right)];
  },
  toReadableStream: async (client) => {
    const web = (await client.chat.completions.create(streamed())).toReadableStream();
    const text = await new Response(web as ReadableStream).text();
    const again = Stream.fromReadableStream(new Blob([text]).stream(), new AbortController());
    return [text, await readAll(again)];
  },
  "toReadableStream that is cancelled": async (client) => {
    const stream = await client.chat.completions.create(streamed("hang"));
    const reader = (stream.toReadableStream() as ReadableStream<Uint8Array>).getReader();
    const first = await reader.read();
    await reader.cancel("enough");
    return [first, stream.controller.signal.aborted, await reader.read()];
  },
  "a break": async (client) => {
    const stream = await client.chat.completions.create(streamed("hang"));
    const seen: unknown[] = [];
    for await (const chunk of stream) if (seen.push(chunk) === 2) break;
    return [seen, stream.controller.signal.aborted];
  },
  "a reader that throws": async (client) => {
    const stream = await client.chat.completions.create(streamed("hang"));
    const read = async () => {
      for await (const chunk of stream) throw new RangeError(JSON.stringify(chunk));
    };
    return [await failing(read()), stream.controller.signal.aborted];
  },
  "controller.abort()": async (client) => {
    const stream = await client.chat.completions.create(streamed("hang"));
    const seen: unknown[] = [];
    for await (const chunk of stream) if (seen.push(chunk) === 3) stream.controller.abort();
    return [seen, stream.controller.signal.aborted];
  },
  "a signal that aborts a stream": async (client) => {
    const abort = new AbortController();
    const stream = await client.chat.completions.create(streamed("hang"), { signal: abort.signal });
    const seen: unknown[] = [];
    for await (const chunk of stream) if (seen.push(chunk) === 3) abort.abort();
    return seen;
  },
  "a signal that aborts a call": async (client) => {
    const abort = new AbortController();
    const call = failing(client.chat.completions.create(chat("mute"), { signal: abort.signal }));
    await server.whenAsked();
    abort.abort();
    return [await call, await failing(client.chat.completions.create(chat(), { signal: AbortSignal.abort() }))];
  },
  "a time-out": (client) => failing(client.chat.completions.create(chat("mute"), { timeout: 500, maxRetries: 0 })),
  "an error within a stream": async (client) => {
    const seen: unknown[] = [];
    return [await failing(readAll(await client.chat.completions.create(streamed("error")), seen)), seen];
  },
  "a stream that is cut": async (client) => {
    const seen: unknown[] = [];
    return [await failing(readAll(await client.chat.completions.create(streamed("cut")), seen)), seen];
  },
  "the helper chat.completions.stream": async (client) => {
    const helper = client.chat.completions.stream({ ...chat(), stream_options: { include_usage: true } });
    const events = await eventsOf(helper, [
      "connect",
      "chunk",
      "content",
      "message",
      "finalMessage",
      "content.delta",
      "content.done",
      "totalUsage",
      "end",
    ]);
    return [await readAll(helper), await helper.finalChatCompletion(), events];
  },
  "the helper stream that is aborted": async (client) => {
    const helper = client.chat.completions.stream(chat("hang"));
    const events = await eventsOf(helper, ["connect", "content.delta", "abort", "error", "end"]);
    helper.on("content.delta", () => helper.abort());
    return [await failing(helper.done()), events];
  },
  "the helper stream that fails": async (client) => {
    const helper = client.chat.completions.stream(chat("status-400"));
    const events = await eventsOf(helper, ["connect", "abort", "error", "end"]);
    return [await failing(helper.done()), events];
  },
  "the helper runTools": async (client) => {
    const runner = client.chat.completions.runTools({
      ...chat(),
      tools: [{ ...tool, function: { ...tool.function, function: (args: unknown) => `found for ${String(args)}` } }],
    });
    const events = await eventsOf(runner, [
      "message",
      "functionToolCall",
      "functionToolCallResult",
      "finalContent",
      "end",
    ]);
    return [await runner.finalContent(), runner.messages, events];
  },
  "the helper runTools as a stream": async (client) => {
    const runner = client.chat.completions.runTools({
      ...streamed(),
      tools: [{ ...tool, function: { ...tool.function, function: (args: unknown) => `found for ${String(args)}` } }],
    });
    const events = await eventsOf(runner, ["message", "functionToolCall", "content", "end"]);
    return [await runner.finalContent(), runner.messages, events];
  },
  "a streamed response": async (client) => {
    const stream = await client.responses.create({ model: "gpt-5", input: "Where?", stream: true });
    return [stream instanceof Stream, await readAll(stream)];
  },
  "the helper responses.stream": async (client) => {
    const helper = client.responses.stream({ model: "gpt-5", input: "Where?" });
    const events = await eventsOf(helper, [
      "response.created",
      "response.output_text.delta",
      "response.completed",
      "end",
    ]);
    return [await readAll(helper), await helper.finalResponse(), events];
  },
  "a client derived by withOptions": async (client) => {
    const derived = client.withOptions({ maxRetries: 0 });
    return [
      derived instanceof OpenAI,
      derived.maxRetries,
      await failing(derived.chat.completions.create(chat("status-500"))),
    ];
  },
  "calls at the same time": (client) =>
    Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        n % 2 ? client.responses.create({ model: "gpt-5", input: `${n}` }) : client.chat.completions.create(chat()),
      ),
    ),
  "a path of its own": (client) => client.post("/chat/completions", { body: chat() }),
  "other paths": (client) => failing(client.models.retrieve("status")),
};
for (const status of [400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504]) {
  const options = { maxRetries: 0 };
  Object.assign(scenarios, {
    [`status ${status}`]: async (client: OpenAI) => [
      await failing(client.chat.completions.create(chat(`status-${status}`), options)),
      await failing(client.chat.completions.create(streamed(`status-${status}`), options)),
      await failing(client.responses.create({ model: `status-${status}`, input: "Where?" }, options)),
      await failing(client.embeddings.create({ model: `status-${status}`, input: "a" }, options)),
      await failing(client.chat.completions.create(chat(`status-${status}`), options).withResponse()),
      await failing(client.chat.completions.create(chat(`status-${status}`), options).asResponse()),
    ],
  });
}

async function transcript(client: OpenAI, scenario: Scenario): Promise<string> {
  const seen = await scenario(client);
  return JSON.stringify(
    {
      seen,
      asked: server
        .takeAsked()
        .map((one) => JSON.stringify(one))
        .sort(),
    },
    (_key, value: unknown) => (value === undefined ? "[undefined]" : value),
    1,
  );
}

const newClient = (): OpenAI => new OpenAI({ apiKey: "sk-1", baseURL: server.baseURL, logLevel: "off" });

describe("an observed client gives what a plain one gives", () => {
  it.each(Object.entries(scenarios))("%s", async (_name, scenario) => {
    const plain = await transcript(newClient(), scenario);
    const { tracker, records } = trackInMemory();
    const inside = await tracker.track("f", () => transcript(observeOpenAI(newClient()), scenario))();
    expect(inside).toBe(plain);
    expect(await transcript(observeOpenAI(newClient()), scenario)).toBe(plain);
    expect(records).toHaveLength(1);
  });
});

describe("a failed call that nobody looks at", () => {
  /** What Node reports of rejections that nobody handled. */
  async function unhandledOf(call: () => unknown): Promise<string[]> {
    const others = process.listeners("unhandledRejection");
    const seen: string[] = [];
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", (error) => seen.push(String(error)));
    try {
      call();
      await until(() => seen.length > 0);
    } finally {
      process.removeAllListeners("unhandledRejection");
      for (const other of others) process.on("unhandledRejection", other);
    }
    return seen;
  }

  it("is reported by Node once, as it is without us", async () => {
    const failing = chat("status-400");
    const plain = await unhandledOf(() => newClient().chat.completions.create(failing));
    const { tracker } = trackInMemory();
    const observed = await unhandledOf(
      tracker.track("f", () => void observeOpenAI(newClient()).chat.completions.create(failing)),
    );
    expect(plain).toEqual(["Error: 400 made-up 400"]);
    expect(observed).toEqual(plain);
  });
});
