import { streamSSE } from "hono/streaming";
import type { Logger } from "../domain/logger.ts";
import type { OnText } from "./function-services.ts";
import { problemLogged } from "./problem.ts";
import type { Call } from "./route.ts";

/** Whether the caller wants the reply as it is written. */
export const wantsStream = ({ context }: Call): boolean =>
  (context.req.header("accept") ?? "").toLowerCase().includes("text/event-stream");

/**
 * A reply as server-sent events: `delta` for each piece of its text, then `completed` (or `pending`) with the whole answer, or `error`.
 * Whoever leaves before the end ends the stream and not the run.
 */
export function streamReply<Answer extends { readonly status: string }>(
  { context }: Call,
  log: Logger,
  work: (onText: OnText) => Promise<Answer>,
): Response {
  return streamSSE(context, async (stream) => {
    // One write after the other, in the order of the pieces; after the reader has left they come to nothing.
    let written: Promise<unknown> = Promise.resolve();
    const send = (event: string, data: unknown): void => {
      written = written.then(() => stream.writeSSE({ event, data: JSON.stringify(data) })).catch(() => {});
    };
    try {
      const answer = await work((text) => send("delta", { text }));
      send(answer.status, answer);
    } catch (error) {
      const { code, message, details } = problemLogged(log, error, context);
      send("error", { error: { code, message, details } });
    }
    await written;
  });
}
