/** Whether a request may still be sent: asked at the last moment, for its sender's time may have run out meanwhile. */
export type MaySend = () => boolean;

/**
 * A request body that keeps its last byte back until it is asked for. `fetch` asks for the first piece before it has a
 * connection, and for the second in the breath in which it writes the headers. So whatever happens before that (a name
 * server, a handshake, a process that is frozen in between) `maySend` is asked after it; where it says no, what the other
 * side has is no whole request, and it stores nothing. The length is declared, as it is for a body in one piece.
 */
export function createLastMoment(body: Uint8Array, maySend: MaySend) {
  const lastAt = Math.max(0, body.length - 1);
  let pulls = 0;
  let withheld = false;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        pulls += 1;
        if (pulls === 1 && lastAt > 0) return controller.enqueue(body.subarray(0, lastAt));
        if (!maySend()) {
          withheld = true;
          return controller.error(new Error("the time to send it is over"));
        }
        controller.enqueue(body.subarray(lastAt));
        return controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return {
    init: { body: stream, duplex: "half" as const },
    headers: { "content-length": String(body.length) },
    /** True when the request was not sent, because it might not be any more. */
    wasWithheld: () => withheld,
  };
}
