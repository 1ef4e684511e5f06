import type { LiveEvent } from "../contract/live-event.ts";
import { UptakeError } from "../domain/errors.ts";
import { createPeriodic, type Periodic } from "../domain/periodic.ts";
import type { Queryable } from "../store/database.ts";
import { countOutbox } from "../store/queries/count-outbox.ts";
import { readRecentFeedback, readRecentSuggestions } from "../store/queries/read-recent-changes.ts";

export type LiveListener = {
  tell(event: LiveEvent): void;
  /** Nothing will be told any more. */
  end(): void;
};

/**
 * Tells listeners what changes in their project. One look at the database a second for each project that has listeners, and
 * none for the others, whatever many listen: to be told by Postgres instead would cost every commit its place in one queue.
 */
export type Live = {
  /** Returns a function that ends it. Throws `too_busy` where too many listen already. */
  listen(this: void, projectId: string, listener: LiveListener): () => void;
  close(this: void): Promise<void>;
};

export type LiveOptions = {
  readonly db: Queryable;
  /** Pause between two looks, in milliseconds. */
  readonly everyMs: number;
  readonly maxListeners: number;
};

/** Rows of each kind that one look sees. */
const LOOK_ROWS = 200;
const FEEDBACK_WITHIN_SECONDS = 60;

type Watched = { readonly listeners: Set<LiveListener>; readonly periodic: Periodic };

export function createLive({ db, everyMs, maxListeners }: LiveOptions): Live {
  const watched = new Map<string, Watched>();
  let listenerCount = 0;

  function watch(projectId: string): Watched {
    const listeners = new Set<LiveListener>();
    const look = createChanges(db, projectId);
    const periodic = createPeriodic(async () => {
      // A database that is away is looked for again; listeners are told nothing meanwhile, since nothing is known.
      const events = await look().catch(() => []);
      for (const event of events) for (const listener of listeners) listener.tell(event);
      return everyMs;
    });
    periodic.start();
    const made = { listeners, periodic };
    watched.set(projectId, made);
    return made;
  }

  return {
    listen(projectId, listener) {
      if (listenerCount >= maxListeners) {
        throw new UptakeError(
          "too_busy",
          `${maxListeners} listen already, the most that this process serves; try again later`,
        );
      }
      const { listeners, periodic } = watched.get(projectId) ?? watch(projectId);
      listeners.add(listener);
      listenerCount += 1;
      return () => {
        if (!listeners.delete(listener)) return;
        listenerCount -= 1;
        if (listeners.size > 0) return;
        watched.delete(projectId);
        void periodic.stop();
      };
    },
    async close() {
      for (const { listeners } of watched.values()) for (const listener of listeners) listener.end();
      await Promise.all(Array.from(watched.values(), ({ periodic }) => periodic.stop()));
      watched.clear();
    },
  };
}

/** Each call resolves to what has changed since the one before; the first one only looks. */
function createChanges(db: Queryable, projectId: string): () => Promise<readonly LiveEvent[]> {
  let before: ReadonlyMap<string, string> | undefined;

  return async () => {
    const seen = new Map<string, string>();
    const events: LiveEvent[] = [];
    const see = (key: string, event: LiveEvent): void => {
      const state = JSON.stringify(event.data);
      if (!seen.has(key) && before?.get(key) !== state) events.push(event);
      seen.set(key, state);
    };
    for (const event of await readEvents(db, projectId)) see(keyOf(event), event);
    const isFirst = before === undefined;
    before = seen;
    if (isFirst) return [];
    // Where everything that a look sees is new, there was more.
    const newCount = events.filter(({ event }) => event === "suggestion").length;
    return newCount < LOOK_ROWS ? events : [...events, { event: "missed", data: {} }];
  };
}

const keyOf = ({ event, data }: LiveEvent): string => {
  if ("feedbackId" in data) return `${event} ${data.feedbackId}`;
  return "suggestionId" in data ? `${event} ${data.suggestionId}` : event;
};

async function readEvents(db: Queryable, projectId: string): Promise<readonly LiveEvent[]> {
  const [suggestions, feedback, mirror] = await Promise.all([
    readRecentSuggestions(db, projectId, LOOK_ROWS),
    readRecentFeedback(db, projectId, { limit: LOOK_ROWS, withinSeconds: FEEDBACK_WITHIN_SECONDS }),
    countOutbox(db, projectId),
  ]);
  return [
    ...suggestions.toReversed().map(suggestionEvent),
    ...feedback.toReversed().flatMap((event): LiveEvent[] => {
      const { feedbackId, suggestionId, type, createdAt, status, outcome, suggestionCreatedAt, functionName } = event;
      const told: LiveEvent = {
        event: "feedback",
        data: { feedbackId, suggestionId, type, createdAt: createdAt.toISOString() },
      };
      if (status === null || outcome === null || suggestionCreatedAt === null) return [told];
      // Feedback on an old suggestion changes it, too.
      return [told, suggestionEvent({ suggestionId, functionName, status, outcome, createdAt: suggestionCreatedAt })];
    }),
    { event: "mirror", data: mirror },
  ];
}

const suggestionEvent = ({
  createdAt,
  ...suggestion
}: Awaited<ReturnType<typeof readRecentSuggestions>>[number]): LiveEvent => ({
  event: "suggestion",
  data: { ...suggestion, createdAt: createdAt.toISOString() },
});
