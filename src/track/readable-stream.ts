import type { StreamWatch } from "./follower.ts";

/**
 * A ReadableStream in place of `source` that reads from it only when it is read itself (no chunk is taken ahead), and is
 * a byte stream where the source is one.
 */
export function followReadable(source: ReadableStream<unknown>, watch: StreamWatch): ReadableStream<unknown> {
  const isBytes = readsBytes(source);
  const reader = source.getReader();

  async function pull(
    controller: ReadableStreamDefaultController<unknown> | ReadableByteStreamController,
  ): Promise<void> {
    let step: Awaited<ReturnType<typeof reader.read>>;
    try {
      step = await watch.follower.within(() => reader.read());
    } catch (error) {
      await watch.failed(error, true);
      throw error;
    }
    if (step.done) {
      await watch.done(true);
      controller.close();
      // A reader that brought its own buffer gets it back empty; the standard asks for this after close().
      if ("byobRequest" in controller) controller.byobRequest?.respond(0);
      return;
    }
    watch.chunk(step.value);
    // The kind of controller is the kind of source, so the chunk fits it.
    (controller as ReadableStreamDefaultController<unknown>).enqueue(step.value);
  }

  async function cancel(reason: unknown): Promise<void> {
    try {
      await reader.cancel(reason);
    } finally {
      await watch.abandoned(true);
    }
  }

  return isBytes
    ? new ReadableStream({ type: "bytes", pull, cancel })
    : new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
}

/** Only a byte stream hands out a reader that brings its own buffer. */
function readsBytes(source: ReadableStream<unknown>): boolean {
  try {
    source.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
