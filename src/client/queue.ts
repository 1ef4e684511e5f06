import { LONGEST_TIMER_MS } from "../domain/durations.ts";
import { ClientError } from "./client-error.ts";
import type { Answer } from "./post.ts";

/** What a queue is for: where its items go, and what the answer says of each. */
export type Lane = {
  readonly kind: "suggestion" | "feedback" | "sent" | "shown";
  /** The most that one request takes. */
  readonly maxBatch: number;
  /** The path and body of a request for these. */
  request(items: readonly string[]): { readonly path: string; readonly json: string };
  /** One for each item, in their order: its receipt, or why it was refused. */
  results(body: object, count: number): readonly unknown[];
};

/** Something that will not be recorded. */
export type Dropped = { readonly kind: Lane["kind"]; readonly item: unknown; readonly error: ClientError };

export type QueueOptions = {
  readonly maxQueued: number;
  /** How long something waits for company. */
  readonly gatherMs: number;
  /** How long it is tried for. */
  readonly giveUpMs: number;
  readonly onDropped: (dropped: Dropped) => void;
  readonly post: (path: string, json: string, keepalive: boolean) => Promise<Answer>;
};

type Waiting = {
  readonly json: string;
  readonly until: number;
  readonly resolve: (receipt: never) => void;
  readonly reject: (error: ClientError) => void;
  /** Told when it is no longer held, whatever became of it. */
  readonly flushers: (() => void)[];
};

export type Queue = {
  /** Resolves with the receipt once the server has committed it; rejects when it is refused or given up. */
  add<Receipt>(item: unknown): Promise<Receipt>;
  /** Resolves once everything added before is committed, refused or given up. */
  flush(): Promise<void>;
  /** Sends what waits now, in requests that outlive the page and take so many bytes at most; returns how many they take. */
  leave(maxBytes: number): number;
  /** Gives up what waits. */
  close(): void;
};

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** Statuses of a request that is refused for what is in it; others, such as 401, are about all of it. */
const BLAMES_AN_ITEM: ReadonlySet<number> = new Set([400, 413, 422]);

/** A bounded queue in front of one route: one request is in flight, what comes meanwhile forms the next. */
export function createQueue(lane: Lane, options: QueueOptions): Queue {
  const pauses = createPauses();
  const held = createHeld();
  let isSending = false;
  let isClosed = false;

  function add<Receipt>(item: unknown): Promise<Receipt> {
    const done = new Promise<Receipt>((resolve, reject) => {
      const refuse = (error: ClientError): void => {
        reject(error);
        tellDropped(options, { kind: lane.kind, item, error });
      };
      if (isClosed) return refuse(new ClientError("closed", "the client is closed"));
      if (held.size() >= options.maxQueued) {
        return refuse(new ClientError("queue_full", `${held.size()} wait for ${lane.kind} already`));
      }
      const json = jsonOf(item, lane);
      if (json instanceof ClientError) return refuse(json);
      return held.add({ json, until: Date.now() + options.giveUpMs, resolve, reject: refuse, flushers: [] });
    });
    if (held.size() > 0 && !isSending) void send();
    // Whoever does not wait for it is told by `onDropped`; an unhandled rejection would end a process.
    done.catch(() => {});
    return done;
  }

  async function send(): Promise<void> {
    isSending = true;
    await pauses.pause(options.gatherMs);
    for (let failures = 0, size = lane.maxBatch; held.size() > 0;) {
      const batch = held.first(size);
      const answer = await deliver({ lane, held, options }, batch, false);
      if (answer.ok) {
        failures = 0;
        size = lane.maxBatch;
      } else if (answer.isFinal && batch.length > 1 && BLAMES_AN_ITEM.has(answer.error.status)) {
        size = batch.length >> 1; // until the one that is to blame stands alone
      } else if (answer.isFinal) {
        held.settle(batch, ({ reject }) => reject(answer.error));
      } else {
        giveUpLate(held, answer.error);
        const most = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++);
        const left = (held.first(1)[0]?.until ?? 0) - Date.now(); // a Retry-After of a day keeps nobody waiting so long
        await pauses.pause(Math.min(Math.max(answer.retryAfterMs, Math.random() * most), Math.max(0, left)));
      }
    }
    // In the same turn as the look at what waits, so that nothing can arrive in between and be forgotten.
    isSending = false;
  }

  return {
    add,
    flush() {
      pauses.wake();
      return held.gone();
    },
    leave: (maxBytes) => leave({ lane, held, options }, maxBytes),
    close() {
      isClosed = true;
      const error = new ClientError("closed", "the client was closed before the server answered");
      held.settle(held.all(), ({ reject }) => reject(error));
      pauses.end();
    },
  };
}

/** Or why no request can be made of it, which is seen here and not when others are in the request. */
function jsonOf(item: unknown, lane: Lane): string | ClientError {
  try {
    const json = JSON.stringify(item);
    lane.request([json]);
    return json;
  } catch (error) {
    return new ClientError("invalid_input", `no request can be made of it: ${String(error)}`);
  }
}

/** Where it throws, the others are sent all the same. */
function tellDropped({ onDropped }: QueueOptions, dropped: Dropped): void {
  try {
    onDropped(dropped);
  } catch {
    // Whoever wrote it has nobody else to tell, either.
  }
}

/** Everything that is not settled yet, the oldest first; what is in flight included. */
type Held = {
  add(one: Waiting): void;
  size(): number;
  all(): readonly Waiting[];
  first(count: number): readonly Waiting[];
  /** Takes them out and tells each; what left with the page may be answered twice. */
  settle(those: readonly Waiting[], tell: (one: Waiting) => void): void;
  /** Resolves once nothing is held of what is held now. */
  gone(): Promise<void>;
};

function createHeld(): Held {
  const held = new Set<Waiting>();
  return {
    add: (one) => void held.add(one),
    size: () => held.size,
    all: () => [...held],
    first: (count) => [...held].slice(0, count),
    settle(those, tell) {
      for (const one of those) {
        if (!held.delete(one)) continue;
        tell(one);
        for (const gone of one.flushers) gone();
      }
    },
    async gone() {
      await Promise.all([...held].map(({ flushers }) => new Promise<void>((gone) => flushers.push(gone))));
    },
  };
}

function giveUpLate(held: Held, error: ClientError): void {
  const now = Date.now();
  const late = held.all().filter(({ until }) => until <= now);
  held.settle(late, ({ reject }) => reject(error));
}

type DeliverParts = { readonly lane: Lane; readonly held: Held; readonly options: QueueOptions };

/** Sends these and, where they are answered, tells each what became of it. */
async function deliver(
  { lane, held, options }: DeliverParts,
  batch: readonly Waiting[],
  keepalive: boolean,
): Promise<Answer> {
  const { path, json } = lane.request(batch.map((one) => one.json));
  const answer = await options.post(path, json, keepalive);
  if (!answer.ok) return answer;
  const results = lane.results(answer.body, batch.length);
  batch.forEach((one, i) => {
    const result = results[i];
    held.settle([one], ({ resolve, reject }) => {
      if (result instanceof ClientError) reject(result);
      else resolve(result as never); // the lane knows what its receipts are
    });
  });
  return answer;
}

function leave(parts: DeliverParts, maxBytes: number): number {
  let left = maxBytes;
  const leaving = parts.held.all().filter(({ json }) => {
    const fits = bytesOf(json) <= left;
    if (fits) left -= bytesOf(json);
    return fits;
  });
  const { maxBatch } = parts.lane;
  for (let at = 0; at < leaving.length; at += maxBatch) void deliver(parts, leaving.slice(at, at + maxBatch), true);
  return maxBytes - left;
}

type Pauses = { pause(ms: number): Promise<void>; wake(): void; end(): void };

/** Waits that can be cut short, and after the end are none. */
function createPauses(): Pauses {
  let hasEnded = false;
  let wake = (): void => {};
  return {
    pause(ms) {
      if (hasEnded) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.min(ms, LONGEST_TIMER_MS));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    wake: () => wake(),
    end() {
      hasEnded = true;
      wake();
    },
  };
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length + 1;
