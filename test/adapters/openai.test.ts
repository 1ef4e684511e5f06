import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { observeOpenAI } from "../../src/adapters/openai.ts";
import type { ObserveOpenAIOptions } from "../../src/adapters/openai.ts";
import type { Observation } from "../../src/domain/observation.ts";
import type { SuggestionRecord } from "../../src/domain/suggestion.ts";
import type { Run } from "../../src/track/types.ts";
import { observationsOf, trackInMemory } from "../track/memory-recorder.ts";
import { answer, call, TEXT } from "./openai-script.ts";
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
const usage = { input: 12, input_cached_tokens: 8, output: 5, output_reasoning_tokens: 4, total: 29 };

const newClient = (options?: ObserveOpenAIOptions): OpenAI =>
  observeOpenAI(new OpenAI({ apiKey: "sk-1", baseURL: server.baseURL, logLevel: "off", maxRetries: 0 }), options);

type Recorded = { readonly record: SuggestionRecord | undefined; readonly observations: readonly Observation[] };

/** One run that calls; what it throws is its own matter. */
async function recorded(
  calls: (client: OpenAI, run: Run) => unknown,
  options?: ObserveOpenAIOptions,
): Promise<Recorded> {
  const { tracker, records } = trackInMemory();
  const client = newClient(options);
  const f = tracker.track("draft-reply", async (_: unknown, run) => void (await calls(client, run)));
  await f().catch(() => {});
  return { record: records[0], observations: observationsOf(records[0]).slice(1) };
}

const first = async (...given: Parameters<typeof recorded>): Promise<Observation | undefined> =>
  (await recorded(...given)).observations[0];

async function readAll(chunks: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of chunks);
}

/** Without what differs from run to run. */
function golden(observation: Observation | undefined): unknown {
  const { id, parentId, startTime, endTime, completionStartTime, ...rest } = observation ?? ({} as Observation);
  for (const time of [startTime, endTime]) expect(time).toMatch(/Z$/u);
  expect([id, parentId]).toEqual([expect.stringMatching(/^[\da-f]{16}$/u), expect.stringMatching(/^[\da-f]{16}$/u)]);
  return completionStartTime === undefined ? rest : { ...rest, hasFirstToken: true };
}

describe("what is recorded of a call", () => {
  it("is a generation for a chat completion: messages, answer, parameters, tokens in exclusive buckets, finish reason", async () => {
    const { record, observations } = await recorded((client) =>
      client.chat.completions.create({ ...chat(), temperature: 0.2, max_completion_tokens: 300, user: "u-1" }),
    );
    expect(observations.map(golden)).toEqual([
      {
        type: "generation",
        name: "openai.chat.completions.create",
        model: "gpt-4.1-mini-2025-04-14",
        modelParameters: { temperature: 0.2, max_completion_tokens: 300 },
        input: messages,
        output: { role: "assistant", content: TEXT, refusal: null },
        usage,
        metadata: { finish_reason: "stop" },
      },
    ]);
    expect(record).toMatchObject({
      model: "gpt-4.1-mini-2025-04-14",
      observationId: observations[0]?.id,
      inputTokens: 20,
      outputTokens: 9,
      costUsd: null,
      timeToFirstTokenMs: null,
    });
  });

  it("is the text of a stream, with the time to its first token", async () => {
    const { record, observations } = await recorded(async (client) =>
      readAll(await client.chat.completions.create({ ...streamed(), stream_options: { include_usage: true } })),
    );
    expect(golden(observations[0])).toEqual({
      type: "generation",
      name: "openai.chat.completions.create",
      model: "gpt-4.1-mini-2025-04-14",
      input: messages,
      output: TEXT,
      usage,
      metadata: { finish_reason: "stop" },
      hasFirstToken: true,
    });
    expect(record?.timeToFirstTokenMs).toBeGreaterThanOrEqual(0);
  });

  it("has the time of the chunk that brought the first token, and not of one that only announces the answer, nor the last", async () => {
    let atMs = Date.parse("2026-11-22T10:00:00Z");
    const { tracker, records } = trackInMemory({ now: () => atMs });
    const client = newClient();
    const readBySecond = async (chunks: AsyncIterable<unknown>): Promise<void> => {
      const steps = chunks[Symbol.asyncIterator]();
      do atMs += 1_000;
      while ((await steps.next()).done !== true);
    };
    await tracker.track("chat", async () => readBySecond(await client.chat.completions.create(streamed())))();
    await tracker.track("response", async () =>
      readBySecond(await client.responses.create({ model: "gpt-5", input: "Where?", stream: true })),
    )();
    // A chat's first chunk names the role; four events announce a response.
    expect(records.map(({ timeToFirstTokenMs }) => timeToFirstTokenMs)).toEqual([2_000, 5_000]);
  });

  it("has tools with the messages, and the calls of them in the answer, streamed or not", async () => {
    const tools = [{ type: "function" as const, function: { name: "search", parameters: {} } }];
    const { observations } = await recorded(async (client) => {
      await client.chat.completions.create({ ...chat(), tools, tool_choice: "auto" });
      await readAll(await client.chat.completions.create({ ...streamed(), tools }));
    });
    for (const observation of observations) {
      expect(observation).toMatchObject({
        input: { messages, tools },
        output: { role: "assistant", tool_calls: [call] },
        metadata: { finish_reason: "tool_calls" },
      });
    }
    expect(observations.map(({ modelParameters }) => modelParameters)).toEqual([{ tool_choice: "auto" }, undefined]);
  });

  it("names the schema of structured output", async () => {
    const response_format = zodResponseFormat(z.object({ days: z.number() }), "days");
    expect(await first((client) => client.chat.completions.parse({ ...chat("json"), response_format }))).toMatchObject({
      modelParameters: { response_format: { type: "json_schema", name: "days" } },
      output: { content: '{"days":5}' },
    });
    expect(await first((client) => client.chat.completions.parse({ ...chat("cut"), response_format }))).toMatchObject({
      level: "WARNING",
      statusMessage: "the answer was cut at the limit of tokens",
      metadata: { finish_reason: "length" },
    });
  });

  it("is a generation for a response, streamed or not", async () => {
    const { observations } = await recorded(async (client) => {
      const request = {
        model: "gpt-5",
        instructions: "Be short.",
        input: "Where?",
        reasoning: { effort: "low" as const },
      };
      await client.responses.create(request);
      await readAll(await client.responses.create({ ...request, stream: true }));
    });
    const expected = {
      type: "generation",
      name: "openai.responses.create",
      model: "gpt-5-2025-08-07",
      modelParameters: { reasoning: { effort: "low" } },
      input: { input: "Where?", instructions: "Be short." },
      output: [expect.objectContaining({ content: [{ type: "output_text", text: TEXT, annotations: [] }] }) as unknown],
      usage,
      metadata: { finish_reason: "completed" },
    };
    expect(observations.map(golden)).toEqual([expected, { ...expected, hasFirstToken: true }]);
  });

  it("says what a response failed or was cut by", async () => {
    const ask = (model: string) => first((client) => client.responses.create({ model, input: "Where?" }));
    expect(await ask("failed")).toMatchObject({ level: "ERROR", statusMessage: "out of luck" });
    expect(await ask("cut")).toMatchObject({ level: "WARNING", metadata: { finish_reason: "max_output_tokens" } });
  });

  it("is an embedding for embeddings, whose vectors are counted, not kept", async () => {
    const { observations } = await recorded(async (client) => {
      const model = "text-embedding-3-small";
      await client.embeddings.create({ model, input: ["a", "b"] });
      await client.embeddings.create({ model, input: "a", encoding_format: "float" });
    });
    const expected = { type: "embedding", name: "openai.embeddings.create", usage: { input: 5, total: 5 } };
    expect(observations).toMatchObject([
      { ...expected, input: ["a", "b"], output: { embeddings: 2, dimensions: 3 } },
      { ...expected, input: "a", output: { embeddings: 1, dimensions: 3 } },
    ]);
  });

  it("has a cost where the price list knows one", async () => {
    const costUsd: ObserveOpenAIOptions["costUsd"] = ({ model, usage }) => {
      if (model === "gpt-5-2025-08-07") throw new Error("no such model");
      return model.startsWith("gpt-4.1-mini") ? (usage["output"] ?? 0) / 100 : undefined;
    };
    const { observations } = await recorded(
      async (client) => {
        await client.chat.completions.create(chat());
        await readAll(await client.chat.completions.create(streamed()));
        await client.embeddings.create({ model: "text-embedding-3-small", input: "a" });
        await client.responses.create({ model: "gpt-5", input: "Where?" });
      },
      { costUsd },
    );
    expect(observations.map((observation) => observation.costUsd)).toEqual([0.05, 0.05, undefined, undefined]);
  });
});

describe("what is recorded of a call that does not end well", () => {
  it("is its error, with status and request id", async () => {
    const { record, observations } = await recorded((client) => client.chat.completions.create(chat("status-429")));
    expect(observations).toMatchObject([
      {
        model: "status-429",
        input: messages,
        level: "ERROR",
        statusMessage: "429 made-up 429",
        metadata: { http_status: 429, request_id: "req_1" },
      },
    ]);
    expect(record).toMatchObject({ status: "error", errorMessage: "429 made-up 429" });
  });

  it("is one observation however often the client retried", async () => {
    const { observations } = await recorded((client) =>
      client.chat.completions.create(chat("flaky"), { maxRetries: 2 }),
    );
    expect(observations).toMatchObject([{ output: { content: TEXT } }]);
    expect(observations[0]).not.toHaveProperty("level");
  });

  it("is a warning where the caller aborts it, before or while it streams, or stops reading", async () => {
    const aborted = { level: "WARNING", statusMessage: "aborted by the caller" };
    const { observations } = await recorded(async (client) => {
      await client.chat.completions.create(chat(), { signal: AbortSignal.abort() }).catch(() => {});
      const stream = await client.chat.completions.create(streamed("hang"));
      let chunks = 0;
      for await (const _ of stream) if (++chunks === 4) stream.controller.abort();
      for await (const _ of await client.chat.completions.create(streamed("hang"))) if (++chunks === 7) break;
    });
    expect(observations).toMatchObject([
      aborted,
      { ...aborted, output: "A refund takes five" },
      { level: "WARNING", statusMessage: "the reader left before the stream ended", output: "A refund takes" },
    ]);
  });

  it("keeps what a stream brought before it failed", async () => {
    for (const model of ["error", "garbage", "cut"]) {
      const observation = await first(async (client) => readAll(await client.chat.completions.create(streamed(model))));
      expect(observation).toMatchObject({ level: "ERROR", output: "A refund takes five" });
    }
  });

  it("says when the response was only handed out, or never read to its end", async () => {
    const { observations } = await recorded(async (client) => {
      await (await client.chat.completions.create(chat()).asResponse()).text();
      for await (const _ of (await client.chat.completions.create(streamed())).tee()[0]) break;
    });
    expect(observations).toMatchObject([
      { statusMessage: "the response was handed out unread" },
      { level: "WARNING", statusMessage: "still open when the run ended" },
    ]);
    expect(observations[0]).not.toHaveProperty("level");
  });
});

describe("where a call is recorded", () => {
  it("is under the observation the caller is in, each call in its own run", async () => {
    const client = newClient();
    const { tracker, records } = trackInMemory();
    const f = tracker.track("f", async (input: string, run) =>
      run.observe("step", async () => client.responses.create({ model: "gpt-5", input })),
    );
    await Promise.all(["a", "b", "c"].map((input) => f(input)));
    const seen = records.map((record) => {
      const [, step, generation] = observationsOf(record);
      expect(generation?.parentId).toBe(step?.id);
      return [observationsOf(record)[0]?.input, generation?.input];
    });
    expect(seen.sort((a, b) => String(a).localeCompare(String(b)))).toEqual([
      ["a", "a"],
      ["b", "b"],
      ["c", "c"],
    ]);
  });

  it("is nowhere inside run.generate, which records the call itself, with its prompt", async () => {
    const { observations } = await recorded((client, run) =>
      run.generate({ model: "m", prompt: { name: "reply", version: 7 }, messages }, () =>
        client.chat.completions.create(chat()),
      ),
    );
    expect(observations).toMatchObject([{ prompt: { name: "reply", version: 7 }, usage, name: "generation" }]);
  });

  it("is nowhere for other calls, and once for a client observed twice or derived from an observed one", async () => {
    const { observations } = await recorded(async (client) => {
      await client.models.retrieve("m").catch(() => {});
      await client.post("/moderations", { body: { model: "m" } }).catch(() => {});
      await observeOpenAI(client).withOptions({ maxRetries: 1 }).chat.completions.create(chat());
    });
    expect(observations).toHaveLength(1);
  });

  it("is every round of runTools, and the helper's stream once", async () => {
    const { observations } = await recorded(async (client) => {
      const found = { name: "search", description: "", parameters: {}, function: () => "found" };
      await client.chat.completions.runTools({ ...chat(), tools: [{ type: "function", function: found }] }).done();
      await client.chat.completions.stream(chat()).done();
    });
    expect(observations.map(({ output }) => output)).toMatchObject([{ tool_calls: [call] }, { content: TEXT }, TEXT]);
  });

  it("is the first of several choices in a stream", async () => {
    const chunk = (index: number, content: string) => ({ choices: [{ index, delta: { content } }], model: "m" });
    const several = await startScriptedOpenAI(() => ({
      events: [chunk(0, "a"), chunk(1, "x"), chunk(0, "b"), "[DONE]"],
    }));
    const client = observeOpenAI(new OpenAI({ apiKey: "sk-1", baseURL: several.baseURL }));
    const observation = await first(async () => readAll(await client.chat.completions.create({ ...streamed(), n: 2 })));
    expect(observation?.output).toBe("ab");
    await several.close();
  });
});

describe("a stream that is followed", () => {
  it("is taken chunk by chunk as the reader takes it, and let go when the reader leaves", async () => {
    const left = server.leftCount();
    const pulls: string[] = [];
    await recorded(async (client) => {
      const stream = await client.chat.completions.create(streamed("hang"));
      const steps = stream[Symbol.asyncIterator]();
      for (let n = 0; n < 3; n++) pulls.push(JSON.stringify(await steps.next()));
      await steps.return?.();
    });
    expect(pulls).toHaveLength(3);
    await expect.poll(() => server.leftCount()).toBe(left + 1);
  });

  it("takes nothing from the connection that a plain client's stream would not have taken by then", async () => {
    async function pullCounts(prepare: (client: OpenAI) => OpenAI): Promise<readonly number[]> {
      let pullCount = 0;
      const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
        const chunk = { choices: [{ index: 0, delta: { content: String((pullCount += 1)) } }] };
        controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(chunk)}\n\n`));
      };
      const body = new ReadableStream({ pull }, { highWaterMark: 0 });
      const answered = new Response(body, { headers: { "content-type": "text/event-stream" } });
      const client = prepare(new OpenAI({ apiKey: "sk-1", fetch: () => Promise.resolve(answered) }));
      const counts: number[] = [];
      const read = trackInMemory().tracker.track("f", async () => {
        const steps = (await client.chat.completions.create(streamed()))[Symbol.asyncIterator]();
        for (let n = 0; n < 3; n++) {
          await new Promise(setImmediate); // what is under way has come
          counts.push(pullCount);
          await steps.next();
        }
        await steps.return?.();
      });
      await read();
      return counts;
    }
    const plain = await pullCounts((client) => client);
    expect(plain[0]).toBe(0);
    expect(await pullCounts((client) => observeOpenAI(client))).toEqual(plain);
  });

  it("keeps a bounded text of a stream without end", async () => {
    const content = "x".repeat(50_000);
    const events = Array.from({ length: 20 }, () => ({ model: "m", choices: [{ index: 0, delta: { content } }] }));
    const long = await startScriptedOpenAI(() => ({ events: [...events, "[DONE]"] }));
    const client = observeOpenAI(new OpenAI({ apiKey: "sk-1", baseURL: long.baseURL }));
    const observation = await first(async () => readAll(await client.chat.completions.create(streamed())));
    expect(observation?.output).toMatch(/^x{200000} \[cut: 800000 of 1000000 characters\]$/u);
    await long.close();
  });
});
