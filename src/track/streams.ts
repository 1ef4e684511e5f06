import { createCollector } from "./collector.ts";
import { hear } from "./emitted.ts";
import type { Follower, StreamWatch } from "./follower.ts";
import { isObject } from "./model-answer.ts";
import { followReadable } from "./readable-stream.ts";

type AnyIterator = AsyncIterator<unknown, unknown, unknown>;
type Step = IteratorResult<unknown, unknown>;
type End = StreamWatch["done"];

/**
 * Follows a stream to its end, and returns it (a Web ReadableStream: another one in its place); undefined for what is
 * none. Generators and iterables are changed in place – their `next` and `return`, or what makes their iterators –
 * so the caller keeps the very object, with its class, its identity and its other members, such as OpenAI's `controller`
 * and `tee`. A stream that nobody ever reads or closes never ends, and is not recorded.
 */
export function followStream(value: unknown, follower: Follower): object | undefined {
  if (!isObject(value)) return undefined;
  try {
    if (value instanceof ReadableStream) return value.locked ? undefined : followReadable(value, watch(follower));
    if (Symbol.asyncIterator in value) return followAsync(value, watch(follower));
    if (Symbol.iterator in value && typeof value["next"] === "function") return followSync(value, watch(follower));
  } catch {
    // A frozen stream, or one whose members throw: it is handed on untouched, and the run ends here.
  }
  return undefined;
}

function watch(follower: Follower): StreamWatch {
  const collector = createCollector();
  let started = false;
  let over = false;
  const once = (end: () => Promise<void> | undefined): Promise<void> | undefined => {
    if (over) return undefined;
    over = true;
    return end();
  };
  return {
    follower,
    chunk(chunk) {
      if (over) return;
      if (!started) follower.firstChunk();
      started = true;
      try {
        collector.add(chunk);
      } catch {
        // A chunk whose members throw is the reader's to deal with; it is missing from what is recorded.
      }
    },
    done: (canWait) =>
      once(() => follower.ended({ kind: "streamed", collected: collector.end(), abandoned: false }, canWait)),
    abandoned: (canWait) =>
      once(() => follower.ended({ kind: "streamed", collected: collector.end(), abandoned: true }, canWait)),
    failed: (error, canWait) =>
      once(() => follower.ended({ kind: "failed", error, collected: collector.end() }, canWait)),
  };
}

function followAsync(stream: Readonly<Record<PropertyKey, unknown>>, watch: StreamWatch): object {
  if (typeof stream["next"] === "function") {
    const iterator = stream as unknown as AnyIterator;
    return replace(stream, watchedSteps(iterator, watch));
  }
  // OpenAI's Stream makes every iterator, also those of tee() and toReadableStream(), through its `iterator`.
  const key =
    Object.hasOwn(stream, "iterator") && typeof stream["iterator"] === "function" ? "iterator" : Symbol.asyncIterator;
  const open = stream[key] as () => AnyIterator;
  const heard = hear(stream, watch);
  return replace(stream, {
    ...heard?.members,
    [key]: (...args: []) => {
      const seen = heard?.watchIterator() ?? watch;
      const iterator = watch.follower.within(() => open.apply(stream, args));
      return { ...watchedSteps(iterator, seen), [Symbol.asyncIterator]: returnThis };
    },
  });
}

function returnThis<T>(this: T): T {
  return this;
}

/** The members of an async iterator, each followed; where it has no `return`, a reader's break would not be seen. */
function watchedSteps(iterator: AnyIterator, watch: StreamWatch): Partial<AnyIterator> {
  const next = iterator.next.bind(iterator);
  const close = iterator.return?.bind(iterator);
  const fail = iterator.throw?.bind(iterator);
  const step = (take: () => Promise<Step>, ended: End = watch.done): Promise<Step> =>
    attempted(() => watch.follower.within(take)).then(
      (result) => {
        if (result.done !== true) watch.chunk(result.value);
        return result.done === true ? after(ended(true), () => result) : result;
      },
      (error: unknown) => after(watch.failed(error, true), () => rethrow(error)),
    );
  return {
    next: (...args: [] | [unknown]) => step(() => next(...args)),
    return: (value?: unknown) => step(() => close?.(value) ?? Promise.resolve({ done: true, value }), watch.abandoned),
    ...(fail === undefined ? {} : { throw: (error?: unknown) => step(() => fail(error)) }),
  };
}

/** Iterators made by hand may throw, or answer without a promise. */
async function attempted(take: () => Promise<Step>): Promise<Step> {
  return take();
}

function after<T>(recorded: Promise<void> | undefined, then: () => T): T | Promise<T> {
  return recorded === undefined ? then() : recorded.then(then);
}

function rethrow(error: unknown): never {
  throw error;
}

function followSync(stream: Readonly<Record<PropertyKey, unknown>>, watch: StreamWatch): object {
  const iterator = stream as unknown as Iterator<unknown, unknown, unknown>;
  const next = iterator.next.bind(iterator);
  const close = iterator.return?.bind(iterator);
  const fail = iterator.throw?.bind(iterator);
  const step = (take: () => Step, ended: End = watch.done): Step => {
    try {
      const result = watch.follower.within(take);
      if (result.done === true) void ended(false);
      else watch.chunk(result.value);
      return result;
    } catch (error) {
      void watch.failed(error, false);
      throw error;
    }
  };
  return replace(stream, {
    next: (...args: [] | [unknown]) => step(() => next(...args)),
    return: (value?: unknown) => step(() => close?.(value) ?? { done: true, value }, watch.abandoned),
    ...(fail === undefined ? {} : { throw: (error?: unknown) => step(() => fail(error)) }),
  });
}

/** Lays the members over the object's own, out of sight of `Object.keys`. Throws where the object is frozen. */
function replace(target: object, members: object): object {
  for (const key of Reflect.ownKeys(members)) {
    const value: unknown = Reflect.get(members, key);
    Object.defineProperty(target, key, { value, configurable: true, writable: true, enumerable: false });
  }
  return target;
}
