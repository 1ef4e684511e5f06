import { expect, it } from "vitest";
import { createPeriodic } from "../../src/domain/periodic.ts";

it("runs one pass after the other until it is stopped, which waits for the one under way", async () => {
  let running = 0;
  let mostAtOnce = 0;
  let passCount = 0;
  let thirdIsDone = (): void => {};
  const third = new Promise<void>((resolve) => (thirdIsDone = resolve));
  const periodic = createPeriodic(async () => {
    running += 1;
    mostAtOnce = Math.max(mostAtOnce, running);
    await Promise.resolve();
    passCount += 1;
    if (passCount === 3) thirdIsDone();
    running -= 1;
    return passCount < 3 ? 0 : 3_600_000;
  });
  periodic.start();
  periodic.start();
  await third;
  const stopped = periodic.stop();
  expect(periodic.stop()).toBe(stopped);
  await stopped;
  expect({ passCount, mostAtOnce, running }).toEqual({ passCount: 3, mostAtOnce: 1, running: 0 });
});

it("does not start once it was stopped", async () => {
  let passCount = 0;
  const periodic = createPeriodic(() => {
    passCount += 1;
    return Promise.resolve(1);
  });
  await periodic.stop();
  periodic.start();
  await periodic.stop();
  expect(passCount).toBe(0);
});
