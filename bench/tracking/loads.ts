import { setTimeout as sleep } from "node:timers/promises";
import type { Arm } from "./arm.ts";
import { inputOf, model } from "./workload.ts";

/** Calls at a steady rate, nothing else going on: what the CPU is spent on. */
export type Steady = { readonly kind: "steady"; readonly rate: number; readonly seconds: number };
/** One call after the other, as fast as they return. */
export type Serial = { readonly kind: "serial"; readonly calls: number };
/** Callers side by side, each on a model that takes its time; with a rate they take turns, else they go on at once. */
export type Concurrent = {
  readonly kind: "concurrent";
  readonly callers: number;
  readonly modelMs: number;
  readonly seconds: number;
  readonly rate?: number;
};
export type Load = Steady | Serial | Concurrent;

export type Measured = {
  readonly firstCall: number;
  readonly callCount: number;
  /** The process's own, the flush included, and without it. */
  readonly cpuUs: number;
  readonly callCpuUs: number;
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly meanUs: number;
  readonly stallMs: number;
  readonly flushMs: number;
  /** The largest so far in the life of the process. */
  readonly peakRssMb: number;
};

const TICK_MS = 5;
let nextCall = 0;

export async function run(arm: Arm, load: Load): Promise<Measured> {
  model.delayMs = load.kind === "concurrent" ? load.modelMs : 0;
  const firstCall = nextCall;
  const tookMs: number[] = [];
  const before = process.cpuUsage();
  const stalls = watchStalls(load.kind !== "serial");
  const startMs = performance.now();
  await loads[load.kind](load as never, async () => {
    const input = inputOf(nextCall++);
    const from = performance.now();
    await arm.call(input);
    tookMs.push(performance.now() - from);
  });
  const seconds = (performance.now() - startMs) / 1_000;
  const calling = cpuUsOf(before);
  const flushFrom = performance.now();
  await arm.flush();
  const flushMs = performance.now() - flushFrom;
  const stallMs = stalls.stop();
  const sorted = tookMs.sort((one, other) => one - other);
  const callCount = sorted.length;
  return {
    firstCall,
    callCount,
    cpuUs: cpuUsOf(before) / callCount,
    callCpuUs: calling / callCount,
    callsPerSecond: callCount / seconds,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    meanUs: (sorted.reduce((sum, ms) => sum + ms, 0) / callCount) * 1_000,
    stallMs,
    flushMs,
    peakRssMb: process.resourceUsage().maxRSS / 1_024,
  };
}

type Call = () => Promise<void>;

const loads = {
  async steady({ rate, seconds }: Steady, call: Call) {
    const total = Math.round(rate * seconds);
    const start = performance.now();
    const calls: Promise<void>[] = [];
    while (calls.length < total) {
      const due = Math.min(total, Math.floor(((performance.now() - start) * rate) / 1_000));
      while (calls.length < due) calls.push(call());
      await sleep(TICK_MS);
    }
    await Promise.all(calls);
  },
  async serial({ calls }: Serial, call: Call) {
    for (let count = 0; count < calls; count++) await call();
  },
  async concurrent({ callers, seconds, rate }: Concurrent, call: Call) {
    const start = performance.now();
    const end = start + seconds * 1_000;
    const everyMs = rate === undefined ? 0 : (1_000 * callers) / rate;
    const work = async (caller: number): Promise<void> => {
      for (let turn = 0; performance.now() < end; turn++) {
        const waitMs = start + (turn + caller / callers) * everyMs - performance.now();
        if (waitMs > 0) await sleep(waitMs);
        await call();
      }
    };
    await Promise.all(Array.from({ length: callers }, (_, caller) => work(caller)));
  },
};

function cpuUsOf(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;

/**
 * The longest time that the event loop was kept from a timer of 1 ms. A process that was not given the CPU is late as
 * well, and on a busy machine that is most of it: so of the delay only as much counts as this process used CPU in it.
 */
function watchStalls(isOn: boolean): { stop(): number } {
  if (!isOn) return { stop: () => Number.NaN };
  let longestMs = 0;
  let lastMs = performance.now();
  let cpu = process.cpuUsage();
  const timer = setInterval(() => {
    const now = performance.now();
    const usedMs = cpuUsOf(cpu) / 1_000;
    longestMs = Math.max(longestMs, Math.min(now - lastMs - 1, usedMs));
    lastMs = now;
    cpu = process.cpuUsage();
  }, 1);
  return {
    stop() {
      clearInterval(timer);
      return longestMs;
    },
  };
}
