import { describe, expect, it } from "vitest";
import type { Generation, PromptReference } from "../../src/track/types.ts";
import { metadataOf, observationsOf, trackInMemory } from "./memory-recorder.ts";

const completion = {
  object: "chat.completion",
  model: "gpt-4.1-mini-2025-04-14",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
  usage: {
    prompt_tokens: 100,
    completion_tokens: 30,
    total_tokens: 130,
    prompt_tokens_details: { cached_tokens: 40 },
    completion_tokens_details: { reasoning_tokens: 10 },
  },
};

describe("run.generate", () => {
  it("reads an OpenAI chat completion", async () => {
    const { tracker, records } = trackInMemory();
    const prompt = { name: "reply", version: 7 };
    const messages = [{ role: "user", content: "Hi" }];
    const f = tracker.track("f", async (_: unknown, run) => {
      const options = { model: "gpt-4.1-mini", modelParameters: { temperature: 0.2 }, messages, prompt, costUsd: 0.01 };
      const answer = await run.generate(options, async () => completion);
      messages[0] = { role: "user", content: "changed afterwards" };
      return run.suggest(answer.choices[0]?.message.content ?? "");
    });
    await f();
    const [root, generation] = observationsOf(records[0]);
    expect(generation).toMatchObject({
      type: "generation",
      parentId: root?.id,
      input: [{ role: "user", content: "Hi" }],
      output: { role: "assistant", content: "Hello" },
      model: completion.model,
      modelParameters: { temperature: 0.2 },
      usage: { input: 60, input_cached_tokens: 40, output: 20, output_reasoning_tokens: 10, total: 130 },
      costUsd: 0.01,
      prompt,
    });
    expect(records[0]).toMatchObject({
      model: completion.model,
      promptName: "reply",
      promptVersion: "7",
      observationId: generation?.id,
      inputTokens: 100,
      outputTokens: 30,
      costUsd: 0.01,
      timeToFirstTokenMs: null,
    });
    const metadata = metadataOf(records[0]);
    expect(metadata).toMatchObject({ model: completion.model, prompt_name: "reply", prompt_version: 7 });
    expect(metadata["observation_id"]).toBe(generation?.id);
  });

  it("reads an OpenAI response", async () => {
    const { tracker, records } = trackInMemory();
    const output = [{ type: "message", content: [{ type: "output_text", text: "Hello" }] }];
    const usage = { input_tokens: 9, output_tokens: 3, input_tokens_details: { cached_tokens: 9 } };
    const answer = { object: "response", model: "m-1", output, usage };
    await tracker.track("f", (_: unknown, run) => run.generate({ model: "m" }, async () => answer))();
    const usageRead = { input: 0, input_cached_tokens: 9, output: 3, total: 12 };
    expect(observationsOf(records[0])[1]).toMatchObject({ output, usage: usageRead, model: "m-1" });
    expect(records[0]).toMatchObject({ inputTokens: 9, outputTokens: 3 });
  });

  it("lets what the handle says win over what the answer says", async () => {
    const { tracker, records } = trackInMemory();
    let clock = 1_000;
    const timed = trackInMemory({ now: () => clock });
    const call = async (generation: Generation): Promise<typeof completion> => {
      clock += 250;
      generation.firstToken();
      clock += 250;
      generation.firstToken();
      generation.update({ output: "mine", usage: { input: 1, output: 2, bad: -1 }, model: "m-2", costUsd: 0.5 });
      generation.update({ costUsd: -1, metadata: { k: 1 } });
      return completion;
    };
    for (const either of [tracker, timed.tracker]) {
      await either.track("f", (_: unknown, run) => run.generate({ model: "m" }, call))();
    }
    const [, generation] = observationsOf(records[0]);
    const said = { output: "mine", usage: { input: 1, output: 2 }, model: "m-2", costUsd: 0.5, metadata: { k: 1 } };
    expect(generation).toMatchObject(said);
    expect(generation?.usage).not.toHaveProperty("bad");
    expect(timed.records[0]).toMatchObject({ timeToFirstTokenMs: 250, latencyMs: 500 });
  });

  it("sums tokens and cost over all generations, scores attach to the last, and unknown stays unknown", async () => {
    const { tracker, records } = trackInMemory();
    const usage = { input: 5, output: 1 };
    const run = (costs: readonly (number | undefined)[], knowsUsage: boolean): Promise<unknown> =>
      tracker.track("f", async (_: unknown, run) => {
        for (const [index, costUsd] of costs.entries()) {
          await run.generate({ model: `m${index}`, costUsd }, async (generation) => {
            if (knowsUsage || index === 0) generation.update({ usage });
          });
        }
      })();
    await run([0.25, 0.5], true);
    await run([0.25, undefined], false);
    expect(records).toMatchObject([
      { model: "m1", costUsd: 0.75, inputTokens: 10, outputTokens: 2 },
      { model: "m1", costUsd: null, inputTokens: null, outputTokens: null },
    ]);
    expect(records[0]?.observationId).toBe(observationsOf(records[0])[2]?.id);
  });

  it("records a prompt whose version is none by its name alone, and loses nothing for it", async () => {
    const { tracker, records, logged } = trackInMemory();
    const failing = {
      toJSON(): never {
        throw new Error("no version");
      },
    };
    for (const version of [undefined, null, Number.NaN, "", 3n, failing]) {
      // What a caller without types may hand over.
      const prompt = { name: "reply", version } as unknown as PromptReference;
      await tracker.track("f", (_: unknown, run) => run.generate({ model: "m", prompt }, async () => "ok"))();
    }
    expect(records.map(({ promptName, promptVersion }) => [promptName, promptVersion])).toEqual(
      Array.from({ length: 6 }, () => ["reply", null]),
    );
    expect(observationsOf(records[0])[1]).not.toHaveProperty("prompt");
    expect(logged).toEqual([]);
  });

  it("takes odd answers as they are", async () => {
    const { tracker, records } = trackInMemory();
    const odd: unknown[] = [null, 5, { choices: "none" }, { choices: [null], usage: "much" }, { usage: null }];
    for (const answer of odd) {
      const same = await tracker.track("f", (_: unknown, run) => run.generate({ model: "m" }, async () => answer))();
      expect(same).toBe(answer);
    }
    expect(records.map((record) => record.inputTokens)).toEqual(odd.map(() => null));
  });
});
