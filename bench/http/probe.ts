/** Preloaded into a server that is measured: tells, when asked by message, what memory it holds and how long its event loop was held up. */
import { monitorEventLoopDelay } from "node:perf_hooks";

export type ProbeReport = {
  /** What the system has given the process. */
  readonly rssMb: number;
  /** What is in use after garbage is collected, and what lies outside of the heap. */
  readonly heapMb: number;
  readonly externalMb: number;
  /** Of the event loop since the last report. */
  readonly stallP99Ms: number;
  readonly stallMaxMs: number;
};

const RESOLUTION_MS = 1;
const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
loop.enable();

const mb = (bytes: number): number => bytes / 1_048_576;

process.on("message", () => {
  const stall = { stallP99Ms: loop.percentile(99) / 1e6 - RESOLUTION_MS, stallMaxMs: loop.max / 1e6 - RESOLUTION_MS };
  const { rss } = process.memoryUsage();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  loop.reset();
  const report: ProbeReport = { rssMb: mb(rss), heapMb: mb(heapUsed), externalMb: mb(external), ...stall };
  process.send?.(report);
});
// The server ends by its own signals; who asks does not keep it.
process.channel?.unref();
