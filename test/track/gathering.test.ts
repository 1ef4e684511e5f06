import { describe, expect, it } from "vitest";
import { createGathering } from "../../src/track/gathering.ts";

/** Whether `gather` paused, after this many records a millisecond for a while. */
async function pausesAt(recordsPerMs: number): Promise<boolean> {
  let clock = 0;
  const gathering = createGathering({ now: () => clock, gatherMs: 5 });
  for (let interval = 0; interval < 20; interval += 1) {
    for (let count = 0; count < recordsPerMs * 10; count += 1) gathering.arrived();
    clock += 10;
    const gathered = gathering.gather().then(() => "gathered");
    gathering.wake();
    await gathered;
  }
  for (let count = 0; count < recordsPerMs * 10; count += 1) gathering.arrived();
  clock += 10;
  let isPausing = true;
  const gathered = gathering.gather().then(() => (isPausing = false));
  await Promise.resolve();
  await Promise.resolve();
  const paused = isPausing;
  gathering.wake();
  await gathered;
  return paused;
}

describe("gathering", () => {
  it("waits for company only where it will come", async () => {
    expect(await pausesAt(0.1)).toBe(false);
    expect(await pausesAt(0.5)).toBe(false);
    expect(await pausesAt(2)).toBe(true);
  });

  it("ends a pause by itself", async () => {
    let clock = 0;
    const gathering = createGathering({ now: () => clock, gatherMs: 5 });
    for (let count = 0; count < 1000; count += 1) gathering.arrived();
    clock += 10;
    await gathering.gather();
    expect(clock).toBe(10);
  });
});
