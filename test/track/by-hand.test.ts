import { describe, expect, it } from "vitest";
import { currentPlace, openByHand } from "../../src/track/by-hand.ts";
import type { HandMade } from "../../src/track/by-hand.ts";
import { observationsOf, trackInMemory } from "./memory-recorder.ts";

/** Opens one observation in a run, and says what it became. */
async function handMade(part: (made: HandMade) => void, clock = { ms: 1_760_000_000_000 }) {
  const { tracker, records, logged } = trackInMemory({ now: () => (clock.ms += 10) });
  await tracker.track("f", async () => {
    const here = currentPlace();
    const made = here && openByHand(here, { type: "generation", name: "call" });
    if (made !== undefined) part(made);
  })();
  return { observation: observationsOf(records[0])[1], record: records[0], logged };
}

describe("an observation made by hand", () => {
  it("is possible inside of tracked runs only", () => {
    expect(currentPlace()).toBeUndefined();
  });

  it("keeps what it is told, to the last word, and the times", async () => {
    const { observation, record } = await handMade((made) => {
      made.update({ input: "in", model: "m", prompt: { name: "p", version: 1 } });
      made.firstToken();
      made.firstToken();
      made.update(() => ({ output: "out", usage: { input: 2 }, type: "embedding" }));
      made.end();
      made.end();
    });
    expect(observation).toMatchObject({
      type: "embedding",
      input: "in",
      output: "out",
      model: "m",
      prompt: { name: "p", version: 1 },
      usage: { input: 2 },
      startTime: "2025-10-09T08:53:20.020Z",
      completionStartTime: "2025-10-09T08:53:20.030Z",
      endTime: "2025-10-09T08:53:20.050Z",
    });
    expect(record?.status).toBe("completed");
  });

  it("holds what is observed within it", async () => {
    const { tracker, records } = trackInMemory();
    await tracker.track("f", async (_: unknown, run) => {
      const here = currentPlace();
      const made = here && openByHand(here, { type: "tool", name: "outer" });
      made?.within(() => run.observe("inner", () => {}));
      made?.end();
    })();
    const [, outer, inner] = observationsOf(records[0]);
    expect(inner?.parentId).toBe(outer?.id);
  });

  it("that is not ended, or opened again, is still open when the run ends", async () => {
    const open = { level: "WARNING", statusMessage: "still open when the run ended" };
    expect((await handMade(() => {})).observation).toMatchObject(open);
    const reopened = await handMade((made) => {
      made.end({ error: new Error("no") });
      made.reopen();
    });
    expect(reopened.observation).toMatchObject(open);
  });

  it("has no version of a prompt that is none", async () => {
    const { observation } = await handMade((made) => made.update({ prompt: { name: "p", version: Number.NaN } }));
    expect(observation).not.toHaveProperty("prompt");
  });

  it("does not change once the run is over, and trouble with it is Uptake's own", async () => {
    let kept: HandMade | undefined;
    const { observation, logged } = await handMade((made) => {
      kept = made;
      made.update(() => {
        throw new Error("odd");
      });
      made.end({ error: "failed" });
    });
    kept?.update({ output: "late" });
    expect(observation).toMatchObject({ level: "ERROR", statusMessage: "failed" });
    expect(observation).not.toHaveProperty("output");
    expect(logged).toMatchObject([{ event: "track.failed" }]);
  });
});
