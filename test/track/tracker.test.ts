import { describe, expect, it } from "vitest";
import { newId, observationIdOf, traceIdOf } from "../../src/domain/ids.ts";
import { currentRun } from "../../src/track/run.ts";
import { metadataOf, observationsOf, trackInMemory, until } from "./memory-recorder.ts";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("track", () => {
  it("keeps a synchronous function synchronous and records what it returned", () => {
    const { tracker, records } = trackInMemory();
    const double = tracker.track("double", (input: number) => input * 2);
    expect(double(21)).toBe(42);
    expect(records).toMatchObject([{ functionName: "double", suggestedResponse: "42", status: "completed" }]);
    expect(observationsOf(records[0])).toMatchObject([{ type: "agent", parentId: null, input: 21, output: 42 }]);
  });

  it("records a text as it is, nothing as empty, and anything else as JSON", async () => {
    const { tracker, records } = trackInMemory();
    await tracker.track("a", async () => "plain")();
    await tracker.track("b", async () => undefined)();
    await tracker.track("c", async () => ({ category: "billing" }))();
    expect(records.map((record) => record.suggestedResponse)).toEqual(["plain", "", '{"category":"billing"}']);
  });

  it("records times to the millisecond, whatever second they fall into", () => {
    const times = [1_767_323_045_999, 1_767_323_046_000, 1_767_323_046_007.9, 1_767_323_045_123, -1, 0];
    let at = 0;
    const { tracker, records } = trackInMemory({ now: () => times[at] ?? 0 });
    const f = tracker.track("f", () => "x");
    for (at = 0; at < times.length; at++) f();
    expect(records.map(({ createdAt }) => createdAt)).toEqual(
      times.map((ms) => new Date(Math.floor(ms)).toISOString()),
    );
  });

  it("takes the text of the last suggest, with its confidence, ids and metadata", async () => {
    const { tracker, records } = trackInMemory();
    const reply = tracker.track(
      "reply",
      async (_: { ticket: string }, run) => {
        run.annotate({ locale: "de", trace_id: "not yours" });
        run.suggest("first", { confidence: 0.1 });
        return run.suggest("second", { confidence: 0.75, messageId: "m-9", systemUserId: "u", metadata: { a: [1] } });
      },
      { ticketId: (input) => input.ticket, metadata: { team: "x" } },
    );
    const suggestion = await reply({ ticket: "t-1" });
    expect(suggestion).toEqual({
      suggestionId: records[0]?.id,
      traceId: traceIdOf(suggestion.suggestionId),
      text: "second",
      confidence: 0.75,
    });
    expect(records).toMatchObject([
      { suggestedResponse: "second", confidenceScore: 0.75, ticketId: "t-1", messageId: "m-9", systemUserId: "u" },
    ]);
    const { traceId, observationId } = records[0] ?? {};
    expect(metadataOf(records[0])).toEqual({
      team: "x",
      locale: "de",
      a: [1],
      trace_id: traceId,
      observation_id: observationId,
    });
    expect(observationId).toBe(observationIdOf(suggestion.traceId, 0));
  });

  it("records a confidence that is none as unknown, and says so in the log", async () => {
    const { tracker, records, logged } = trackInMemory();
    for (const confidence of [1.5, -0.1, Number.NaN, "high" as unknown as number]) {
      const suggestion = await tracker.track("f", async (_: unknown, run) => run.suggest("x", { confidence }))();
      expect(suggestion.confidence).toBeNull();
    }
    expect(records.map((record) => record.confidenceScore)).toEqual([null, null, null, null]);
    expect(logged).toMatchObject([{ event: "track.misused", facts: { count: 1 } }]);
    await tracker.close();
    expect(logged).toMatchObject([{ facts: { count: 1 } }, { event: "track.misused", facts: { count: 3 } }]);
  });

  it("rethrows the very thing that was thrown, and records it", async () => {
    const { tracker, records } = trackInMemory();
    class QuotaError extends Error {}
    const thrown = [new QuotaError("none left"), new TypeError("x is not y"), "just text", undefined, { code: 7 }];
    for (const error of thrown) {
      const sync = tracker.track("sync", () => {
        throw error;
      });
      const async = tracker.track("async", async () => {
        throw error;
      });
      expect(caught(sync)).toBe(error);
      await async().then(
        () => expect.unreachable(),
        (seen: unknown) => expect(seen).toBe(error),
      );
    }
    expect(records.every((record) => record.status === "error" && record.suggestedResponse === "")).toBe(true);
    const facts = records.map(({ errorType, errorMessage }) => [errorType, errorMessage]);
    const expected = [
      ["QuotaError", "none left"],
      ["TypeError", "x is not y"],
      ["string", "just text"],
      ["undefined", "undefined"],
      ["object", '{"code":7}'],
    ];
    expect(facts).toEqual(expected.flatMap((fact) => [fact, fact]));
    expect(observationsOf(records[0])).toMatchObject([{ level: "ERROR", statusMessage: "none left" }]);
  });

  it("records an error whose name is no text", async () => {
    const { tracker, records, logged } = trackInMemory();
    for (const name of [42, {}, Symbol("odd"), "", null]) {
      const error = Object.defineProperty(new RangeError("too far"), "name", { value: name });
      const f = tracker.track("f", () => {
        throw error;
      });
      expect(caught(f)).toBe(error);
    }
    expect(records.map(({ errorType }) => errorType)).toEqual(Array.from({ length: 5 }, () => "RangeError"));
    expect(logged).toEqual([]);
  });

  it("keeps `this`, and a caller's own suggestion id unless it is none", async () => {
    const { tracker, records, logged } = trackInMemory();
    const id = newId().toUpperCase();
    function reply(this: { name: string } | void, input: string): string {
      return `${this?.name} ${input}`;
    }
    const desk = { name: "desk", reply: tracker.track("reply", reply, { suggestionId: (input) => input }) };
    expect(desk.reply(id)).toBe(`desk ${id}`);
    desk.reply("no id");
    expect(records[0]?.id).toBe(id.toLowerCase());
    expect(records[1]?.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(logged).toMatchObject([{ event: "track.misused" }]);
  });

  it("survives options that throw", () => {
    const { tracker, records, logged } = trackInMemory();
    const fails = (): string => {
      throw new Error("no ticket");
    };
    const f = tracker.track("f", () => "ok", { suggestionId: fails, ticketId: fails, messageId: fails });
    expect(f()).toBe("ok");
    expect(records).toMatchObject([{ ticketId: null, messageId: null }]);
    expect(logged).toMatchObject([{ event: "track.failed" }]);
  });
});

describe("run.observe", () => {
  it("gives every observation its parent, also at depth and under Promise.all", async () => {
    const { tracker, records } = trackInMemory();
    const nest = tracker.track("nest", async (_: unknown, run) => {
      const branch = (name: string): Promise<string> =>
        run.observe(name, async () => {
          await tick();
          const inner = await Promise.all(
            ["1", "2"].map((part) =>
              run.observe(`${name}.${part}`, { type: "tool", input: part }, async () => {
                await tick();
                return run.observe(`${name}.${part}.leaf`, () => part);
              }),
            ),
          );
          return inner.join("");
        });
      return (await Promise.all(["a", "b", "c"].map(branch))).join();
    });
    expect(await nest()).toBe("12,12,12");
    const all = observationsOf(records[0]);
    expect(all).toHaveLength(1 + 3 + 6 + 6);
    const nameOf = new Map(all.map(({ id, name }) => [id, name]));
    for (const { name, parentId } of all.slice(1)) {
      const parent = name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : "nest";
      expect(nameOf.get(parentId ?? "")).toBe(parent);
    }
    expect(all.map(({ id }) => id)).toEqual(all.map((_, index) => observationIdOf(records[0]?.traceId ?? "", index)));
  });

  it("records the error of a step and lets the function go on", async () => {
    const { tracker, records } = trackInMemory();
    const f = tracker.track("f", async (_: unknown, run) => {
      const missing = (): Promise<string> => Promise.reject(new RangeError("gone"));
      return run.observe("search", missing).catch(() => "without articles");
    });
    expect(await f()).toBe("without articles");
    expect(records[0]?.status).toBe("completed");
    expect(observationsOf(records[0])[1]).toMatchObject({ level: "ERROR", statusMessage: "gone" });
  });

  it("closes what is still open when the run ends, with a warning", async () => {
    const { tracker, records } = trackInMemory();
    let end: (() => void) | undefined;
    const f = tracker.track("f", async (_: unknown, run) => {
      void run.observe("forgotten", () => new Promise<void>((resolve) => (end = resolve)));
      return "done";
    });
    await f();
    const before = records[0]?.observationsJson;
    end?.();
    await tick();
    expect(observationsOf(records[0])[1]).toMatchObject({ level: "WARNING", statusMessage: /still open/ });
    expect(records[0]?.observationsJson).toBe(before);
  });

  it("only calls the function once the run is over, or full", async () => {
    const { tracker, records } = trackInMemory();
    const f = tracker.track("f", (_: unknown, run) => {
      for (let index = 0; index < 1_200; index++) run.observe("step", () => index);
      return run;
    });
    const run = f();
    expect(observationsOf(records[0])).toHaveLength(1_000);
    expect(metadataOf(records[0])["observations_not_recorded"]).toBe(201);
    expect(run.observe("late", () => 5)).toBe(5);
    expect(run.suggest("late").text).toBe("late");
    expect(records[0]?.suggestedResponse).not.toBe("late");
  });
});

describe("tracked functions inside tracked functions", () => {
  it("are suggestions and traces of their own, and currentRun() is the inner one inside", async () => {
    const { tracker, records } = trackInMemory();
    const inner = tracker.track("inner", async (_: unknown, run) => {
      await tick();
      expect(currentRun()).toBe(run);
      return run.observe("inner step", () => "i");
    });
    const outer = tracker.track("outer", async (_: unknown, run) => {
      const text = await run.observe("outer step", () => inner());
      expect(currentRun()).toBe(run);
      return text;
    });
    expect(currentRun()).toBeUndefined();
    expect(await outer()).toBe("i");
    const shapes = records.map((record) => [record.functionName, observationsOf(record).map(({ name }) => name)]);
    expect(shapes).toEqual([
      ["inner", ["inner", "inner step"]],
      ["outer", ["outer", "outer step"]],
    ]);
    expect(new Set(records.map(({ traceId }) => traceId)).size).toBe(2);
  });
});

describe("a recorder in trouble", () => {
  const endings = {
    throws: (): Promise<void> => {
      throw new Error("broken");
    },
    rejects: (): Promise<void> => Promise.reject(new Error("broken")),
    hangs: (): Promise<void> => new Promise(() => {}),
  };
  it.each(Object.entries(endings))("that %s does not disturb the caller", async (_name, record) => {
    const recorder = { record, flush: async () => {}, close: async () => {} };
    const { tracker, logged } = trackInMemory({ recorder, commitTimeoutMs: 20 });
    const sync = tracker.track("sync", () => 1);
    const async = tracker.track("async", async () => 2);
    const error = new Error("the function's own");
    const failing = tracker.track("failing", () => Promise.reject(error));
    expect(sync()).toBe(1);
    expect(await async()).toBe(2);
    expect(await failing().catch((seen: unknown) => seen)).toBe(error);
    await until(() => logged.length > 0);
    await tracker.close();
    const count = logged.reduce((sum, { facts }) => sum + Number(facts["count"]), 0);
    expect(count).toBe(_name === "hangs" ? 2 : 3);
  });
});

function caught(fn: () => unknown): unknown {
  try {
    return fn();
  } catch (error) {
    return error;
  }
}
