import type { StreamWatch } from "./follower.ts";

type Emit = (event: unknown, ...args: readonly unknown[]) => unknown;
type Emitter = Readonly<Record<PropertyKey, unknown>>;

/** How a kind of stream tells its listeners: through which method, and under which names what its readers get. */
type Kind = { readonly emit: "emit" | "_emit"; readonly chunks: readonly unknown[] };

/** Node's streams. */
const NODE: Kind = { emit: "emit", chunks: ["data"] };
/** What `stream()` and `runTools()` of OpenAI's client make, and `stream()` of Anthropic's. */
const MODEL: Kind = { emit: "_emit", chunks: ["chunk", "event", "streamEvent"] };

const FAILURES: readonly unknown[] = ["error", "abort"];
const ENDS: readonly unknown[] = ["end", "close"];

/** What is heard of a stream beside its iterators. */
export type Heard = {
  /** To be laid over its own. */
  readonly members: object;
  /** For an iterator of it, which brings once more what was heard. */
  watchIterator(): StreamWatch;
};

/**
 * Listens to a stream that is not only iterated but also piped, or listened to: what it tells its listeners passes one
 * method, whoever reads. A listener of our own would set a Node stream flowing, and make an error one that is handled.
 * Undefined for a stream that tells nobody anything.
 */
export function hear(stream: Emitter, watch: StreamWatch): Heard | undefined {
  const kind = kindOf(stream);
  if (kind === undefined) return undefined;
  const emit = (stream[kind.emit] as Emit).bind(stream);
  let failure: { readonly error: unknown } | undefined;
  let isIterated = false;
  let hasChunks = false;

  function end(): void {
    if (failure !== undefined) void watch.failed(failure.error, false);
    else if (stream["readableEnded"] === false) void watch.abandoned(false);
    else void watch.done(false);
  }

  function look(event: unknown, value: unknown): void {
    if (kind?.chunks.includes(event) === true) {
      hasChunks = true;
      watch.chunk(value);
    }
    if (FAILURES.includes(event)) failure ??= { error: value };
    if (!ENDS.includes(event)) return;
    // Whoever iterates sees the end in the next moment, and can wait for the commit.
    if (isIterated) setImmediate(end);
    else end();
  }

  return {
    members: {
      [kind.emit]: (event: unknown, ...args: readonly unknown[]) => {
        look(event, args[0]);
        return emit(event, ...args);
      },
    },
    watchIterator() {
      isIterated = true;
      return { ...watch, chunk: (chunk) => void (hasChunks || watch.chunk(chunk)) };
    },
  };
}

function kindOf(stream: Emitter): Kind | undefined {
  if (typeof stream["pipe"] === "function" && typeof stream["emit"] === "function") return NODE;
  return typeof stream["_emit"] === "function" ? MODEL : undefined;
}
