import { describe, expect, it, onTestFinished } from "vitest";
import type { SuggestionRecord } from "../../src/domain/suggestion.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { createConnection } from "../../src/remote/connection.ts";
import { sendSuggestions } from "../../src/remote/send-suggestions.ts";
import type { Database } from "../../src/store/database.ts";
import { insertSuggestions } from "../../src/store/queries/insert-suggestions.ts";
import { rowOf } from "../../src/track/rows.ts";
import { createTracker } from "../../src/track/tracker.ts";
import type { Run } from "../../src/track/types.ts";
import { openApi } from "../http/api-rig.ts";
import { openTestEmbedded } from "../support/databases.ts";

/** Rows of everything that the functions did, without when they were written. */
async function rowsOf(db: Database): Promise<unknown> {
  const [suggestions, traces] = await Promise.all([
    db.query("select to_jsonb(s) - '{updated_at}'::text[] as row from ai_suggestions s order by id"),
    db.query("select to_jsonb(t) as row from ai_traces t order by trace_id"),
  ]);
  return { suggestions, traces };
}

async function openDb(): Promise<Database> {
  const opened = await openTestEmbedded();
  onTestFinished(() => opened.drop());
  return opened.db;
}

type Work = (input: unknown, run: Run) => unknown;

/** The records of one run of each function. */
async function recordsOf(work: Readonly<Record<string, Work>>): Promise<readonly SuggestionRecord[]> {
  const records: SuggestionRecord[] = [];
  const tracker = createTracker({
    recorder: {
      record: (record) => void records.push(record),
      flush: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
    projectId: "default",
    environment: "production",
    release: "1.2.3",
    now: Date.now,
    log: silentLogger,
  });
  for (const [name, fn] of Object.entries(work)) {
    const tracked = tracker.track(name, async (input: unknown, run) => fn(input, run), {
      ticketId: () => "ticket 42",
      metadata: { team: "refunds" },
    });
    await tracked({ question: 'Where is my "refund"? \0 \ud800 🙂' }).catch(() => {});
  }
  return records;
}

const answer = (text: string) => ({
  model: "gpt-4.1-mini-2025-04-14",
  choices: [{ message: { role: "assistant", content: text } }],
  usage: { prompt_tokens: 120, completion_tokens: 9, prompt_tokens_details: { cached_tokens: 20 } },
});

const work: Readonly<Record<string, Work>> = {
  "whole run": (_, run) => {
    run.observe("search", { type: "retriever", input: { q: "refund" }, metadata: { top: 3 } }, (found) => {
      run.observe("embed", { type: "embedding" }, () => [0.1, 0.25, -3e-9]);
      found.update({ output: ["kb-1"], level: "WARNING", statusMessage: "slow" });
    });
    const options = {
      model: "gpt-4.1-mini",
      messages: [{ role: "user", content: "refund" }],
      modelParameters: { temperature: 0.2 },
      prompt: { name: "reply", version: 7 },
      costUsd: 0.000_412_3,
    };
    const made = run.generate(options, () => answer("On its way."));
    return run.suggest(made.choices[0]?.message.content ?? "", {
      confidence: 0.9,
      messageId: "m1",
      metadata: { a: null },
    });
  },
  "two generations, the last without tokens and prompt version": (_, run) => {
    run.generate({ model: "a", prompt: { name: "p", version: "v1.5" } }, () => answer("x"));
    run.generate({ model: "b", prompt: { name: "q" } as never }, () => "plain");
    return run.suggest("two");
  },
  "a text": () => "just a text",
  "an object": () => ({ category: "refund", sure: true }),
  nothing: () => undefined,
  "no words": (_, run) => run.suggest(""),
  "an error": (_, run) =>
    run.observe("tool", { type: "tool" }, () => {
      throw new TypeError("no such tool");
    }),
  "an error without words": () => {
    throw new Error("");
  },
  "a thrown text": () => {
    throw "late"; // eslint-disable-line no-throw-literal, typescript/only-throw-error -- what code of others does
  },
  "a stream": async (_, run) => {
    const chunks = run.generate({ model: "c" }, async function* () {
      yield { choices: [{ delta: { content: "On its " } }] };
      yield { choices: [{ delta: { content: "way" } }], usage: { prompt_tokens: 3, completion_tokens: 2 } };
    });
    let text = "";
    for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? "";
    return run.suggest(text);
  },
};

describe("what is recorded through a server", () => {
  it("is the same, to the last column and observation, as what is recorded into its database", async () => {
    const [direct, behind] = [await openDb(), await openDb()];
    const records = await recordsOf(work);
    expect(records).toHaveLength(Object.keys(work).length);
    const { app } = openApi(behind);
    const connection = createConnection({
      url: "http://127.0.0.1",
      key: null,
      fetch: async (url, init) => app.request(url, init),
      timeoutMs: 10_000,
    });

    await insertSuggestions(direct, records.map(rowOf));
    const refusals = await sendSuggestions(connection, records.map(rowOf));

    expect([...refusals.values()].map(({ message }) => message)).toEqual([]);
    expect(await rowsOf(behind)).toEqual(await rowsOf(direct));
  });
});
