import { expect, it } from "vitest";
import { createModelBudget } from "../../src/server/model-budget.ts";
import { createLogBook } from "../mirror/set-up.ts";
import { trackInMemory } from "../track/memory-recorder.ts";

const NOON = Date.parse("2026-03-02T12:00:00Z");

function rig(limit: { amount: number; stops: boolean }) {
  const state = { costUsd: 0 as number | null, ms: NOON, lookCount: 0, fails: false };
  const book = createLogBook();
  const asked: string[] = [];
  const budget = createModelBudget({
    limit,
    log: book.log,
    now: () => state.ms,
    readCost: async (projectId, { from, to }) => {
      state.lookCount += 1;
      asked.push(`${projectId} ${from.toISOString()} ${to.toISOString()}`);
      if (state.fails) throw new Error("no database");
      return [{ costUsd: state.costUsd, suggestionCount: 3, costKnownCount: 2 }];
    },
  });
  const admit = budget("default");
  /** Time enough for another look, and the look itself. */
  const look = async (): Promise<void> => {
    state.ms += 10_000;
    try {
      admit();
    } catch {
      // What it says is asked for afterwards.
    }
    await new Promise(setImmediate);
  };
  return { state, book, asked, budget, admit, look };
}

it("a spent day refuses model calls before they are made, until the next day", async () => {
  const { state, admit, look, book } = rig({ amount: 5, stops: true });
  let callCount = 0;
  const { tracker, records } = trackInMemory({ admitModelCall: admit });
  const reply = tracker.track("reply", async (_: string, run) =>
    run.suggest(await run.generate({ model: "m" }, async () => ((callCount += 1), "hello"))),
  );
  await reply("a");
  state.costUsd = 4;
  await look();
  await reply("b");
  expect(callCount).toBe(2);
  expect(book.named("model.budget_warning").map(({ facts }) => facts["unknownCount"])).toEqual([1]);

  state.costUsd = 5;
  await look();
  await expect(reply("c")).rejects.toMatchObject({ code: "model_budget_spent", facts: { limitUsd: 5 } });
  expect(callCount).toBe(2);
  expect(records.at(-1)).toMatchObject({ status: "error", errorType: "UptakeError" });
  await look();
  expect(book.named("model.budget_spent")).toHaveLength(1);

  state.ms += 86_400_000;
  state.costUsd = null;
  await reply("d");
  expect(callCount).toBe(3);
});

it("the day is a UTC day, from its first millisecond to its last", async () => {
  const { state, admit, look, asked } = rig({ amount: 5, stops: true });
  state.costUsd = 5;
  state.ms = Date.parse("2026-03-02T23:59:49.999Z");
  await look();
  expect(asked).toEqual(["default 2026-03-02T00:00:00.000Z 2026-03-03T00:00:00.000Z"]);
  expect(state.ms).toBe(Date.parse("2026-03-02T23:59:59.999Z"));
  const facts = { retryAfterSeconds: 1, costUsd: 5 };
  expect(admit).toThrow(
    expect.objectContaining({ code: "model_budget_spent", facts: expect.objectContaining(facts) as unknown }),
  );
  // Of the new day nothing is known yet, and it is asked about at once.
  state.ms += 1;
  expect(admit).not.toThrow();
  expect(asked.at(-1)).toBe("default 2026-03-03T00:00:00.000Z 2026-03-04T00:00:00.000Z");
});

it("a limit that only warns refuses nothing, and nothing is refused while the cost cannot be read", async () => {
  const warning = rig({ amount: 5, stops: false });
  warning.state.costUsd = 50;
  await warning.look();
  expect(() => warning.admit()).not.toThrow();
  expect(warning.book.named("model.budget_spent").map(({ facts }) => facts["stops"])).toEqual([false]);

  const unread = rig({ amount: 5, stops: true });
  unread.state.fails = true;
  await unread.look();
  expect(() => unread.admit()).not.toThrow();
  expect(unread.book.named("model.budget_unread")).toHaveLength(1);
});

it("calls share one look in ten seconds and never wait for it", async () => {
  const { state, admit, look, budget } = rig({ amount: 5, stops: true });
  for (let call = 0; call < 100; call += 1) admit();
  expect(state.lookCount).toBe(1);
  await new Promise(setImmediate);
  await look();
  expect(state.lookCount).toBe(2);
  expect(budget("default")).toBe(admit);
  expect(budget("other")).not.toBe(admit);
});
