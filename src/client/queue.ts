import { ClientError } from "./client-error.ts";
import { type Answer, KEEPALIVE_BYTES } from "./post.ts";

/** What a queue is for: where its items go, and what the answer says of each. */
export type Lane = {
  readonly kind: "suggestion" | "feedback" | "sent" | "shown";
  /** The most that one request takes. */
  readonly maxBatch: number;
  /** The path and body of a request for these. */
  request(items: readonly string[]): { readonly path: string; readonly json: string };
  /** One for each item, in their order: its receipt, or why it was refused. */
  results(body: unknown, count: number): readonly unknown[];
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
};

export type Queue = {
  /** Resolves with the receipt once the server has committed it; rejects when it is refused or given up. */
  add<Receipt>(item: unknown): Promise<Receipt>;
  /** Resolves once everything added before is committed, refused or given up. */
  flush(): Promise<void>;
  /** Sends what waits now, in requests that outlive the page. */
  leave(): void;
  /** Gives up what waits. */
  close(): void;
};

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** Statuses of a request that is refused for what is in it; others, such as 401, are about all of it. */
const BLAMES_AN_ITEM: ReadonlySet<number> = new Set([400, 413, 422]);

/** A bounded queue in front of one route: one request is in flight, what comes meanwhile forms the next. */
export function createQueue(lane: Lane, options: QueueOptions): Queue {
  let waiting: Waiting[] = [];
  let flight: Promise<void> | undefined;
  let wake = (): void => {};
  let isClosed = false;
  let isHurried = false;

  function add<Receipt>(item: unknown): Promise<Receipt> {
    const json = JSON.stringify(item);
    const done = new Promise<Receipt>((resolve, reject) => {
      const refuse = (error: ClientError): void => {
        reject(error);
        options.onDropped({ kind: lane.kind, item, error });
      };
      if (isClosed) return refuse(new ClientError("closed", "the client is closed"));
      if (waiting.length >= options.maxQueued) {
        return refuse(new ClientError("queue_full", `${waiting.length} wait for ${lane.kind} already`));
      }
      waiting.push({ json, until: Date.now() + options.giveUpMs, resolve, reject: refuse });
      flight ??= send();
      return undefined;
    });
    // Whoever does not wait for it is told by `onDropped`; an unhandled rejection would end a process.
    done.catch(() => {});
    return done;
  }

  async function send(): Promise<void> {
    await pause(options.gatherMs);
    for (let failures = 0, size = lane.maxBatch; waiting.length > 0;) {
      const batch = waiting.slice(0, size);
      const answer = await deliver(batch, false);
      if (answer.ok) {
        failures = 0;
        size = lane.maxBatch;
      } else if (answer.isFinal && batch.length > 1 && BLAMES_AN_ITEM.has(answer.error.status)) {
        size = batch.length >> 1; // until the one that is to blame stands alone
      } else if (answer.isFinal) {
        settle(batch, ({ reject }) => reject(answer.error));
      } else {
        giveUpLate(answer.error);
        const most = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++);
        await pause(Math.max(answer.retryAfterMs, Math.random() * most));
      }
    }
    // In the same turn as the look at what waits, so that nothing can arrive in between and be forgotten.
    flight = undefined;
  }

  async function deliver(batch: readonly Waiting[], keepalive: boolean): Promise<Answer> {
    const { path, json } = lane.request(batch.map((one) => one.json));
    const answer = await options.post(path, json, keepalive);
    if (answer.ok) {
      const results = lane.results(answer.body, batch.length);
      let i = 0;
      settle(batch, ({ resolve, reject }) => {
        const result = results[i++];
        if (result instanceof ClientError) reject(result);
        else resolve(result as never);
      });
    }
    return answer;
  }

  /** Takes them out of the queue and tells each; what left with the page may have been answered twice. */
  function settle(batch: readonly Waiting[], tell: (one: Waiting) => void): void {
    const those = new Set(batch);
    waiting = waiting.filter((one) => !those.has(one));
    batch.forEach(tell);
  }

  function giveUpLate(error: ClientError): void {
    const now = Date.now();
    settle(
      waiting.filter(({ until }) => until <= now),
      ({ reject }) => reject(error),
    );
  }

  function pause(ms: number): Promise<void> {
    if (isHurried) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    add,
    async flush() {
      wake();
      await flight;
    },
    leave() {
      for (const batch of batchesBelow(waiting, lane.maxBatch)) void deliver(batch, true);
    },
    close() {
      isClosed = true;
      isHurried = true;
      settle(waiting, ({ reject }) =>
        reject(new ClientError("closed", "the client was closed before the server answered")),
      );
      wake();
    },
  };
}

/** As many as a page may leave behind, in requests as large as they may be. */
function batchesBelow(waiting: readonly Waiting[], maxBatch: number): readonly (readonly Waiting[])[] {
  let bytes = 0;
  const leaving = waiting.filter(({ json }) => (bytes += json.length * 2) <= KEEPALIVE_BYTES);
  return Array.from({ length: Math.ceil(leaving.length / maxBatch) }, (_, i) =>
    leaving.slice(i * maxBatch, (i + 1) * maxBatch),
  );
}
