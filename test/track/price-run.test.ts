import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { observeOpenAI } from "../../src/adapters/openai.ts";
import { KNOWN_PRICES } from "../../src/domain/price-table.ts";
import { createCostOf } from "../../src/domain/prices.ts";
import { observationsOf, trackInMemory } from "./memory-recorder.ts";

const costOf = createCostOf(KNOWN_PRICES);
const usage = { prompt_tokens: 2000, prompt_tokens_details: { cached_tokens: 800 }, completion_tokens: 300 };
const completion = (model: string) => ({
  model,
  choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
  usage: { ...usage, total_tokens: 2300 },
});

describe("a model call that states no cost", () => {
  it("has the one of the price list, by the model that answered", () => {
    const { tracker, records } = trackInMemory({ costOf });
    tracker.track("f", (_: unknown, run) =>
      run.generate({ model: "gpt-4.1" }, () => completion("gpt-4.1-mini-2025-04-14")),
    )();
    expect(records[0]?.costUsd).toBe(0.00104);
    expect(observationsOf(records[0])[1]).toMatchObject({ model: "gpt-4.1-mini-2025-04-14", costUsd: 0.00104 });
  });

  it("keeps an unknown cost where the model is unknown, and so does the suggestion", () => {
    const { tracker, records } = trackInMemory({ costOf });
    tracker.track("f", (_: unknown, run) => {
      run.generate({ model: "gpt-4.1-mini" }, () => completion("gpt-4.1-mini"));
      run.generate({ model: "home-made" }, () => completion("home-made"));
    })();
    expect(records[0]?.costUsd).toBeNull();
    expect(observationsOf(records[0]).map((observation) => observation.costUsd)).toEqual([
      undefined,
      0.00104,
      undefined,
    ]);
  });

  it("that states one keeps it, and the list is not asked", () => {
    const asked: string[] = [];
    const { tracker, records } = trackInMemory({ costOf: ({ model }) => (asked.push(model), 7) });
    tracker.track("f", (_: unknown, run) => run.generate({ model: "m", costUsd: 0 }, () => completion("m")))();
    expect([records[0]?.costUsd, asked]).toEqual([0, []]);
  });

  it("is priced when it is an embedding, too, and a step that is no model call is not", () => {
    const { tracker, records } = trackInMemory({ costOf });
    tracker.track("f", (_: unknown, run) => {
      const tokens = { model: "text-embedding-3-small", usage: { input: 1_000_000 } };
      run.observe("embed", { type: "embedding" }, (step) => step.update(tokens));
      run.observe("look", { type: "retriever" }, (step) => step.update(tokens));
    })();
    expect(observationsOf(records[0]).map((observation) => observation.costUsd)).toEqual([undefined, 0.02, undefined]);
  });

  it("is priced when an adapter observed it without a price list of its own", async () => {
    const { tracker, records } = trackInMemory({ costOf });
    const fetch = () => Promise.resolve(Response.json(completion("gpt-4.1-mini")));
    const openai = observeOpenAI(new OpenAI({ apiKey: "k", baseURL: "http://127.0.0.1:9", fetch }));
    await tracker.track("f", () => openai.chat.completions.create({ model: "gpt-4.1-mini", messages: [] }))();
    expect(records[0]?.costUsd).toBe(0.00104);
  });

  it("costs nobody their run where the list throws", () => {
    const throwing = (): number => {
      throw new Error("no list");
    };
    const { tracker, records, logged } = trackInMemory({ costOf: throwing });
    tracker.track("f", (_: unknown, run) => run.generate({ model: "m" }, () => completion("m")))();
    expect(records[0]?.costUsd).toBeNull();
    expect(logged).toHaveLength(1);
  });
});
