import { describe, expect, it } from "vitest";
import type { ObservationHandle, ObservationUpdate } from "../../src/track/types.ts";
import { observationsOf, trackInMemory } from "./memory-recorder.ts";

/** One run that observes one function; resolves to the observation as recorded. */
async function observed(fn: (observation: ObservationHandle) => unknown) {
  const { tracker, records } = trackInMemory();
  await tracker.track("f", async (_: unknown, run) => {
    await Promise.resolve(run.observe("step", { type: "embedding" }, async (handle) => fn(handle))).catch(() => {});
  })();
  return observationsOf(records[0])[1];
}

describe("what an observed function says about itself", () => {
  it("is kept: output, level, message, model, tokens, cost and metadata", async () => {
    const update = {
      output: "1536 numbers",
      level: "WARNING",
      statusMessage: "cut to 8,191 tokens",
      model: "text-embedding-3-small",
      modelParameters: { dimensions: 1536 },
      usage: { input: 8191 },
      costUsd: 0.00016,
      metadata: { attempt: 2 },
    } as const;
    const returned = await observed((handle) => {
      handle.update(update);
      return [0.1, 0.2];
    });
    expect(returned).toMatchObject({ type: "embedding", ...update });
  });

  it("gives way to the error that the function ends with", async () => {
    const failed = await observed((handle) => {
      handle.update({ level: "DEBUG", statusMessage: "all is well", output: "partial" });
      throw new TypeError("fetch failed");
    });
    expect(failed).toMatchObject({ level: "ERROR", statusMessage: "fetch failed", output: "partial" });
  });

  it("is left alone where it makes no sense, and does not disturb the function", async () => {
    const nonsense = { level: "LOUD", statusMessage: 7, usage: "many", costUsd: -1 } as unknown as ObservationUpdate;
    const observation = await observed((handle) => {
      handle.update(nonsense);
      handle.update(undefined as unknown as ObservationUpdate);
      return "fine";
    });
    expect(observation).toMatchObject({ output: "fine" });
    expect(Object.keys(observation ?? {}).sort()).toEqual(
      ["endTime", "id", "name", "output", "parentId", "startTime", "type"].sort(),
    );
  });

  it("adds nothing once the run is over", async () => {
    const kept: ObservationHandle[] = [];
    const { tracker, records } = trackInMemory();
    await tracker.track("f", async (_: unknown, run) => run.observe("step", (handle) => void kept.push(handle)))();
    kept[0]?.update({ level: "ERROR", metadata: { late: true } });
    expect(observationsOf(records[0])[1]).not.toHaveProperty("level");
  });

  it("can be said of a generation as well", async () => {
    const { tracker, records } = trackInMemory();
    await tracker.track("f", async (_: unknown, run) =>
      run.generate({ model: "m" }, async (generation) => {
        generation.update({ level: "WARNING", statusMessage: "cut at the limit of tokens" });
        return "text";
      }),
    )();
    expect(observationsOf(records[0])[1]).toMatchObject({
      level: "WARNING",
      statusMessage: "cut at the limit of tokens",
      output: "text",
    });
  });
});
