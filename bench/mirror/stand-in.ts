/**
 * The stand-in Langfuse, which parses, checks and keeps all that it is sent. A child process; `ReceiverOrder`s come and
 * `ReceiverReport`s go by message. To forget, it starts anew on the same port.
 */
import { createStandInLangfuse } from "../../src/langfuse/stand-in/stand-in.ts";
import { BENCH_KEYS } from "./keys.ts";
import type { ReceiverOrder, ReceiverReport } from "./receiver.ts";

let port = 0;
let standIn = createStandInLangfuse(BENCH_KEYS);

async function start(): Promise<void> {
  standIn = createStandInLangfuse({ ...BENCH_KEYS, port });
  port = Number(new URL((await standIn.start()).baseUrl).port);
}

function report(): ReceiverReport {
  const { observations, scores } = standIn.duplicates();
  const extra = (all: readonly { readonly count: number }[]): number =>
    all.reduce((sum, { count }) => sum + count - 1, 0);
  const [doubleSpans, doubleScores] = [extra(observations), extra(scores)];
  return {
    port,
    spanCount: standIn.observations().length - doubleSpans,
    scoreCount: standIn.scores().length - doubleScores,
    doubleCount: doubleSpans + doubleScores,
    requestCount: Object.values(standIn.requests()).reduce((sum, count) => sum + count, 0),
    bytes: 0,
    kept: [],
  };
}

async function obey(order: ReceiverOrder): Promise<void> {
  if (order.kind === "count") {
    await standIn.close();
    await start();
  }
  process.send?.(report());
}

process.on("message", (order: ReceiverOrder) => void obey(order));
process.on("disconnect", () => process.exit());
await start();
process.send?.(report());
