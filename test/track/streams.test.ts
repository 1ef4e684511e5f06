import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import OpenAI from "openai";
import { Stream } from "openai/core/streaming";
import type { ChatCompletionStream } from "openai/lib/ChatCompletionStream";
import { describe, expect, it } from "vitest";
import { currentRun } from "../../src/track/run.ts";
import { observationsOf, trackInMemory, until } from "./memory-recorder.ts";

async function* words(...given: readonly string[]): AsyncGenerator<string, string, unknown> {
  for (const word of given) {
    await Promise.resolve();
    yield word;
  }
  return "end";
}

async function readAll<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const chunk = (delta: object, more: object = {}): object => ({
  object: "chat.completion.chunk",
  model: "m-1",
  choices: [{ index: 0, delta }],
  ...more,
});

function openAiStream(chunks: readonly object[]): Stream<object> {
  const text = chunks.map((one) => `${JSON.stringify(one)}\n`).join("");
  return Stream.fromReadableStream(new Blob([text]).stream(), new AbortController());
}

describe("a tracked stream", () => {
  it("is recorded when an async generator ends, with its text and time to first chunk", async () => {
    let clock = 0;
    const { tracker, records } = trackInMemory({ now: () => (clock += 10) });
    const f = tracker.track("f", async function* (_: unknown, run) {
      expect(currentRun()).toBe(run);
      await Promise.resolve();
      yield "Hello ";
      expect(currentRun()).toBe(run);
      yield* words("dear ", "reader");
    });
    const stream = f();
    expect(Object.prototype.toString.call(stream)).toBe("[object AsyncGenerator]");
    expect(records).toEqual([]);
    expect(await readAll(stream)).toEqual(["Hello ", "dear ", "reader"]);
    expect(records).toMatchObject([
      { suggestedResponse: "Hello dear reader", status: "completed", timeToFirstTokenMs: 10 },
    ]);
    expect(observationsOf(records[0])[0]).not.toHaveProperty("output"); // it is the suggestion's text
  });

  it("keeps return values, next(value) and throw of a generator", async () => {
    const { tracker, records } = trackInMemory();
    const f = tracker.track("f", function* (): Generator<number, string, string> {
      try {
        const answer = yield 1;
        yield answer.length;
      } catch (error) {
        yield (error as Error).message.length;
      }
      return "returned";
    });
    const first = f();
    expect(first.next("")).toEqual({ done: false, value: 1 });
    expect(first.next("four")).toEqual({ done: false, value: 4 });
    expect(first.next("")).toEqual({ done: true, value: "returned" });
    const second = f();
    second.next("");
    expect(second.throw(new Error("123456"))).toEqual({ done: false, value: 6 });
    expect(second.next("")).toEqual({ done: true, value: "returned" });
    expect(records.map((record) => record.suggestedResponse)).toEqual(["[1,4]", "[1,6]"]);
  });

  it("is recorded with what was read when the reader breaks off", async () => {
    const { tracker, records } = trackInMemory();
    let cleaned = 0;
    const f = tracker.track("f", async function* () {
      try {
        yield* words("one ", "two ", "three");
      } finally {
        cleaned++;
      }
    });
    for await (const word of f()) if (word === "two ") break;
    expect(cleaned).toBe(1);
    expect(records).toMatchObject([{ suggestedResponse: "one two ", status: "completed" }]);
    expect(observationsOf(records[0])[0]?.statusMessage).toMatch(/reader left/);
  });

  it("passes on the very error it fails with, and records it with what came before", async () => {
    const { tracker, records } = trackInMemory();
    const error = new RangeError("cut off");
    const f = tracker.track("f", async function* () {
      yield "half ";
      throw error;
    });
    expect(await readAll(f()).catch((seen: unknown) => seen)).toBe(error);
    expect(records).toMatchObject([{ status: "error", errorType: "RangeError", suggestedResponse: "half " }]);
    const sync = tracker.track("g", function* () {
      yield 1;
      throw error;
    });
    expect(() => [...sync()]).toThrow(error);
    expect(records[1]).toMatchObject({ status: "error", errorMessage: "cut off" });
  });

  it("may be a Web ReadableStream: read on demand, cancelled and failing as before", async () => {
    const { tracker, records } = trackInMemory();
    let pulled = 0;
    let cancelledWith: unknown;
    const source = (failAt = Infinity): ReadableStream<string> =>
      new ReadableStream(
        {
          pull(controller) {
            if (++pulled > failAt) controller.error(new TypeError("reset"));
            else if (pulled > 3) controller.close();
            else controller.enqueue(`${pulled} `);
          },
          cancel: (reason) => void (cancelledWith = reason),
        },
        { highWaterMark: 0 },
      );
    const f = tracker.track("f", async (failAt: number) => source(failAt));

    const whole = await f(Infinity);
    await Promise.resolve();
    expect(pulled).toBe(0);
    expect(await readAll(whole)).toEqual(["1 ", "2 ", "3 "]);

    pulled = 0;
    const reader = (await f(Infinity)).getReader();
    expect(await reader.read()).toEqual({ done: false, value: "1 " });
    await reader.cancel("enough");
    expect(cancelledWith).toBe("enough");

    pulled = 0;
    await expect(readAll(await f(1))).rejects.toThrow("reset");
    expect(records.map(({ status, suggestedResponse }) => [status, suggestedResponse])).toEqual([
      ["completed", "1 2 3 "],
      ["completed", "1 "],
      ["error", "1 "],
    ]);
  });

  it("may be a byte stream, whose characters are put together across chunks", async () => {
    const { tracker, records } = trackInMemory();
    const bytes = new TextEncoder().encode("Grüße 👋");
    const f = tracker.track(
      "f",
      () =>
        new ReadableStream({
          type: "bytes",
          start(controller) {
            for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
            controller.close();
          },
        }),
    );
    const reader = f().getReader({ mode: "byob" });
    const got: number[] = [];
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(4));
      if (done) break;
      got.push(...value);
    }
    expect(Buffer.from(got).toString()).toBe("Grüße 👋");
    expect(records[0]?.suggestedResponse).toBe("Grüße 👋");
  });

  it("may be a Node stream, iterated or piped", async () => {
    const { tracker, records } = trackInMemory();
    const f = tracker.track("f", () => Readable.from(["a", "b"]));
    expect(await readAll(f())).toEqual(["a", "b"]);
    await pipeline(f(), new PassThrough().resume());
    await until(() => records.length === 2);
    expect(records.map((record) => record.suggestedResponse)).toEqual(["ab", "ab"]);
    expect(records[1]?.timeToFirstTokenMs).not.toBeNull();
  });

  it("may be a Node stream that fails, or that its reader leaves, whichever way it is read", async () => {
    const { tracker, records } = trackInMemory();
    const error = new RangeError("reset");
    const half = () =>
      Readable.from(
        (async function* () {
          yield "half";
          await Promise.resolve();
          throw error;
        })(),
      );
    const f = tracker.track("f", half);
    expect(await readAll(f()).catch((seen: unknown) => seen)).toBe(error);
    expect(await pipeline(f(), new PassThrough().resume()).catch((seen: unknown) => seen)).toBe(error);
    const failed = { status: "error", errorType: "RangeError", errorMessage: "reset", suggestedResponse: "half" };
    await until(() => records.length === 2);
    expect(records).toMatchObject([failed, failed]);
    const g = tracker.track("g", () => Readable.from(["a", "b", "c"]));
    for await (const _ of g()) break;
    const left = g();
    left.once("data", () => left.destroy()).resume();
    await until(() => records.length === 4);
    for (const record of records.slice(2)) {
      expect(record).toMatchObject({ status: "completed", suggestedResponse: /^a/u });
      expect(observationsOf(record)[0]?.statusMessage).toMatch(/reader left/u);
    }
  });

  it("ends for whoever iterates when its record is committed, as a Node stream, too", async () => {
    let isCommitted = false;
    const { tracker } = trackInMemory({
      recorder: {
        async record() {
          await setTimeout(30);
          isCommitted = true;
        },
        async flush() {},
        async close() {},
      },
    });
    await readAll(tracker.track("f", () => Readable.from(["a"]))());
    expect(isCommitted).toBe(true);
  });

  it("is collected within a bound", async () => {
    const { tracker, records } = trackInMemory();
    const f = tracker.track("f", function* (chars: number) {
      for (let sent = 0; sent < chars; sent += 1_000) yield "x".repeat(1_000);
    });
    expect([...f(1_000_000)]).toHaveLength(1_000);
    expect(records[0]?.suggestedResponse).toMatch(/^x{200000} \[cut: 800000 of 1000000 characters\]$/);
  });
});

describe("a generation that streams", () => {
  const chunks = [
    chunk({ role: "assistant", content: "" }),
    chunk({ content: "Hel" }),
    chunk({ content: "lo" }),
    { ...chunk({}), choices: [], usage: { prompt_tokens: 8, completion_tokens: 2, total_tokens: 10 } },
  ];

  it("is read from OpenAI's Stream, which keeps its class and its other members", async () => {
    const { tracker, records } = trackInMemory();
    const f = tracker.track("f", async (_: unknown, run) => {
      const given = openAiStream(chunks);
      const stream = await run.generate({ model: "m" }, async () => given);
      expect(stream).toBe(given);
      expect(stream.controller).toBe(given.controller);
      return readAll(stream);
    });
    expect(await f()).toEqual(chunks);
    const [, generation] = observationsOf(records[0]);
    expect(generation).toMatchObject({ output: "Hello", model: "m-1", usage: { input: 8, output: 2, total: 10 } });
    expect(generation?.completionStartTime).toMatch(/Z$/);
    expect(records[0]).toMatchObject({ inputTokens: 8, outputTokens: 2 });
    expect(records[0]?.timeToFirstTokenMs).toBeGreaterThanOrEqual(0);
  });

  it("is seen through tee() and toReadableStream(), too", async () => {
    const { tracker, records } = trackInMemory();
    const f = tracker.track("f", (way: "tee" | "web") => {
      const stream = openAiStream(chunks);
      return Object.assign(stream, { way });
    });
    const [left, right] = f("tee").tee();
    expect(await Promise.all([readAll(left), readAll(right)])).toEqual([chunks, chunks]);
    await readAll(f("web").toReadableStream() as unknown as AsyncIterable<unknown>);
    expect(records.map((record) => record.suggestedResponse)).toEqual(["Hello", "Hello"]);
  });

  const streamed = chunks.map((one) => ({ id: "c", created: 1, ...one }));
  /** OpenAI's client over these chunks; an error takes the place of the rest. */
  function clientOver(given: readonly object[]): OpenAI {
    const text = given.map((one) => `data: ${JSON.stringify(one)}\n\n`).join("");
    const headers = { "content-type": "text/event-stream" };
    return new OpenAI({ apiKey: "none", fetch: async () => new Response(`${text}data: [DONE]\n\n`, { headers }) });
  }
  const finished = [...streamed, { ...streamed[0], choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }];
  const request = { model: "m", messages: [] };

  it.each([
    ["its helpers", (runner: ChatCompletionStream) => runner.finalContent()],
    ["its events", (runner: ChatCompletionStream) => runner.emitted("end").then(() => "Hello")],
    ["iterating", async (runner: ChatCompletionStream) => (await readAll(runner), runner.finalContent())],
  ])("is read from what OpenAI's stream() makes, whoever reads it by %s", async (_, read) => {
    const { tracker, records } = trackInMemory();
    const client = clientOver(finished);
    const f = tracker.track("f", async (_input: unknown, run) =>
      read(run.generate({ model: "m" }, () => client.chat.completions.stream(request))),
    );
    expect(await f()).toBe("Hello");
    const [, generation] = observationsOf(records[0]);
    expect(generation).toMatchObject({ output: "Hello", model: "m-1", usage: { input: 8, output: 2, total: 10 } });
    expect(generation).not.toHaveProperty("level");
    expect(records[0]?.timeToFirstTokenMs).not.toBeNull();
    const g = tracker.track("g", () => client.chat.completions.stream(request));
    expect(await read(g())).toBe("Hello");
    expect(records[1]).toMatchObject({ suggestedResponse: "Hello", status: "completed" });
  });

  it("is read from what OpenAI's stream() makes where that fails or is aborted", async () => {
    const { tracker, records } = trackInMemory();
    const f = tracker.track("f", () => clientOver(streamed.slice(0, 2)).chat.completions.stream(request));
    await expect(f().finalContent()).rejects.toThrow(/finish_reason/u);
    const aborted = f();
    aborted.abort();
    await expect(aborted.done()).rejects.toThrow(/aborted/u);
    expect(records).toMatchObject([
      { status: "error", errorMessage: /finish_reason/u, suggestedResponse: "Hel" },
      { status: "error", errorMessage: "Request was aborted.", suggestedResponse: "" },
    ]);
  });

  it("can be the tracked function's own result: generation and run both end with it", async () => {
    const { tracker, records } = trackInMemory();
    const f = tracker.track("f", (_: unknown, run) => run.generate({ model: "m" }, async () => openAiStream(chunks)));
    expect(await readAll(await f())).toEqual(chunks);
    expect(observationsOf(records[0])).toMatchObject([{ parentId: null }, { output: "Hello", parentId: /./ }]);
    expect(observationsOf(records[0])[0]).not.toHaveProperty("output");
    expect(records[0]?.suggestedResponse).toBe("Hello");
    expect(observationsOf(records[0])[1]).not.toHaveProperty("level");
  });

  it("puts tool calls together", async () => {
    const { tracker, records } = trackInMemory();
    const call = (part: object): object => chunk({ tool_calls: [{ index: 0, ...part }] });
    const parts = [
      call({ id: "c1", type: "function", function: { name: "search", arguments: "" } }),
      call({ function: { arguments: '{"q":' } }),
      call({ function: { arguments: '"refund"}' } }),
    ];
    const f = tracker.track("f", (_: unknown, run) => run.generate({ model: "m" }, () => openAiStream(parts)));
    await readAll(f());
    const search = { id: "c1", type: "function", function: { name: "search", arguments: '{"q":"refund"}' } };
    expect(observationsOf(records[0])[1]?.output).toEqual({ role: "assistant", content: "", tool_calls: [search] });
  });

  it("takes the events of the Responses API", async () => {
    const { tracker, records } = trackInMemory();
    const usage = { input_tokens: 4, output_tokens: 2 };
    async function* events(): AsyncGenerator<object> {
      yield { type: "response.created", response: { model: "m-2" } };
      yield { type: "response.output_text.delta", delta: "Good " };
      yield { type: "response.output_text.delta", delta: "day" };
      yield { type: "response.completed", response: { model: "m-2", usage } };
    }
    await readAll(tracker.track("f", (_: unknown, run) => run.generate({ model: "m" }, events))());
    expect(observationsOf(records[0])[1]).toMatchObject({ output: "Good day", model: "m-2", usage: { input: 4 } });
  });
});
