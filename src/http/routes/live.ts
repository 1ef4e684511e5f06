import { streamSSE } from "hono/streaming";
import type { LiveEvent } from "../../contract/live-event.ts";
import type { LiveListener } from "../../service/live.ts";
import type { Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

/** So that proxies, and readers that went away without a word, are noticed. */
const HEARTBEAT_MS = 15_000;
/** Events that wait for a slow reader; then it is told that it missed some. */
const MAX_WAITING = 500;

/** `GET /v1/live` */
export const live = (services: Pick<HttpServices, "listen">): Route => ({
  method: "get",
  path: "/v1/live",
  operationId: "live",
  summary: "What changes, as it happens",
  description:
    "Server-sent events: `ready` at first, then `suggestion`, `feedback` and `mirror` within about a second of a change, and `missed` where there were more than can be told: read anew then.",
  scopes: ["read"],
  answers: { 200: { description: "A stream that ends when either side ends it", contentType: "text/event-stream" } },
  handle({ context, caller }) {
    // Nobody reads on after the headers, nor says that they have left: what was opened would stay open.
    if (context.req.method === "HEAD") return context.body(null, 200, { "content-type": "text/event-stream" });
    const queue = createQueue();
    const stop = services.listen(caller.projectId, queue);
    return streamSSE(context, async (stream) => {
      stream.onAbort(() => queue.end());
      try {
        await stream.writeSSE({ event: "ready", data: "{}" });
        for (let next = await queue.next(); next !== "end"; next = await queue.next()) {
          if (next === "quiet") await stream.write(": still here\n\n");
          else await stream.writeSSE({ event: next.event, data: JSON.stringify(next.data) });
        }
      } finally {
        stop();
      }
    });
  },
});

type Queue = LiveListener & {
  /** The next event; `quiet` where none came for a while. */
  next(): Promise<LiveEvent | "quiet" | "end">;
};

function createQueue(): Queue {
  const waiting: LiveEvent[] = [];
  let hasEnded = false;
  let wake = (): void => {};

  const pause = (): Promise<boolean> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), HEARTBEAT_MS);
      wake = () => {
        clearTimeout(timer);
        resolve(false);
      };
    });

  return {
    tell(event) {
      if (waiting.length < MAX_WAITING) waiting.push(event);
      else if (waiting.at(-1)?.event !== "missed") waiting.push({ event: "missed", data: {} });
      wake();
    },
    end() {
      hasEnded = true;
      wake();
    },
    async next() {
      const isQuiet = !hasEnded && waiting.length === 0 && (await pause());
      if (hasEnded) return "end";
      return waiting.shift() ?? (isQuiet ? "quiet" : "end");
    },
  };
}
