import { describe, expect, it } from "vitest";
import { createCircuit } from "../../src/mirror/circuit.ts";

function setUp(random = 1): { circuit: ReturnType<typeof createCircuit>; clock: { ms: number } } {
  const clock = { ms: 1_000_000 };
  const circuit = createCircuit({ baseMs: 500, capMs: 300_000, now: () => clock.ms, random: () => random });
  return { circuit, clock };
}

function failTimes(count: number, random?: number): number[] {
  const { circuit, clock } = setUp(random);
  return Array.from({ length: count }, () => {
    const delayMs = circuit.failed();
    clock.ms += delayMs;
    return delayMs;
  });
}

describe("the circuit", () => {
  it("doubles the back-off with every failure up to the cap", () => {
    expect(failTimes(12)).toEqual([
      500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000,
    ]);
  });

  it("jitters over the whole range, never below a millisecond", () => {
    expect(failTimes(4, 0.5)).toEqual([250, 500, 1000, 2000]);
    expect(failTimes(3, 0)).toEqual([1, 1, 1]);
  });

  it("waits at least as long as it was asked to, but not for days", () => {
    const { circuit } = setUp(0);
    expect(circuit.failed(7000)).toBe(7000);
    expect(setUp(0).circuit.failed(86_400_000)).toBe(3_600_000);
  });

  it("takes requests that fail together as one failure", () => {
    const { circuit } = setUp();
    circuit.failed();
    circuit.failed();
    expect(circuit.failureCount()).toBe(1);
  });

  it("stays open after the wait until something succeeds", () => {
    const { circuit, clock } = setUp();
    clock.ms += circuit.failed();
    expect([circuit.waitMs(), circuit.isOpen()]).toEqual([0, true]);
    circuit.succeeded();
    expect([circuit.isOpen(), circuit.failed()]).toEqual([false, 500]);
  });
});
