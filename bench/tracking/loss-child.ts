/**
 * A process with one arm in it, which makes calls and writes the number of each that has returned into a file, so that
 * whoever kills it knows: `node loss-child.js ARM PLACE FILE`.
 */
import { openSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createArm, type ArmName, type Place } from "./arm.ts";
import { inputOf, model } from "./workload.ts";

/** Makes this many calls: at a rate, or by so many callers at once, each of which goes on as soon as it can. */
export type LossRequest =
  | { readonly calls: number; readonly rate: number }
  | { readonly calls: number; readonly atOnce: number; readonly modelMs: number }
  | { readonly flush: true };
export type LossReply = {
  readonly ms: number;
  /** Of the process, at its largest so far. */
  readonly peakRssMb: number;
};

const [, , name, place, file] = process.argv;
const arm = await createArm(name as ArmName, JSON.parse(place ?? "{}") as Place);
const returned = openSync(file ?? "", "a");
let nextCall = 0;
const TICK_MS = 10;

async function call(): Promise<void> {
  const input = inputOf(nextCall++);
  await arm.call(input);
  // The page cache has it, whatever becomes of this process.
  writeSync(returned, `${input.call}\n`);
}

/** On a busy machine it takes longer: to catch up would be another burst. */
async function atRate(count: number, rate: number): Promise<void> {
  const calls: Promise<void>[] = [];
  while (calls.length < count) {
    for (let due = rate / (1_000 / TICK_MS); due > 0; due--) calls.push(call());
    await sleep(TICK_MS);
  }
  await Promise.all(calls);
}

async function inLanes(count: number, laneCount: number): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: laneCount }, lane));
}

async function answer(request: LossRequest): Promise<LossReply> {
  const from = performance.now();
  // What counts is what arrives, also where a flush says that not everything will.
  if ("flush" in request) await arm.flush().catch(() => {});
  else if ("rate" in request) await atRate(request.calls, request.rate);
  else {
    model.delayMs = request.modelMs;
    await inLanes(request.calls, request.atOnce);
  }
  return { ms: performance.now() - from, peakRssMb: process.resourceUsage().maxRSS / 1_024 };
}

process.on("message", (request: LossRequest) => {
  void answer(request).then((reply) => process.send?.(reply));
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
