import type { Duplicates, StoredObservation, StoredScore } from "./stored.ts";

export type StandInStore = ReturnType<typeof createStore>;

/**
 * What the stand-in was sent, all of it in memory for as long as it lives: it is a test double and the demo's sink, not
 * a database. Lists only grow, so that what came twice shows; `currentScores` is what Langfuse would show.
 */
export function createStore() {
  const observations: StoredObservation[] = [];
  const posts: StoredScore[] = [];
  const current = new Map<string, StoredScore>();
  const requests = new Map<string, number>();

  return {
    observations,
    posts,
    requests,
    addObservations: (rows: readonly StoredObservation[]) => {
      for (const row of rows) observations.push(row);
    },
    addScore: (score: StoredScore) => {
      posts.push(score);
      const key = scoreKey(score);
      const before = current.get(key);
      current.set(key, before === undefined ? score : overwrite(before, score));
    },
    deleteScore: (id: string) => {
      for (const [key, score] of current) if (score.id === id) current.delete(key);
    },
    currentScores: () => [...current.values()],
    duplicates: (): Duplicates => findDuplicates(observations, posts),
  };
}

/** Langfuse's table key: (project, UTC date of the timestamp, name, id). */
const scoreKey = (score: StoredScore): string => JSON.stringify([score.id, score.name, score.timestamp.slice(0, 10)]);

/**
 * The newest event timestamp wins and an older one is ignored; of two equal ones Langfuse's order is not defined, here
 * the later post wins. Trace, environment, timestamp and creation stay those of the first.
 */
function overwrite(before: StoredScore, after: StoredScore): StoredScore {
  if (after.timestamp < before.timestamp) return before;
  const { traceId, environment, timestamp, createdAt } = before;
  const comment = after.comment ?? before.comment;
  const metadata = { ...before.metadata, ...after.metadata };
  return { ...after, traceId, environment, timestamp, createdAt, comment, metadata };
}

function findDuplicates(observations: readonly StoredObservation[], posts: readonly StoredScore[]): Duplicates {
  return {
    observations: repeated(observations, (row) => JSON.stringify([row.traceId, row.id])).map(({ first, count }) => ({
      traceId: first.traceId,
      id: first.id,
      count,
    })),
    scores: repeated(posts, scoreKey).map(({ first, count }) => ({ id: first.id, name: first.name, count })),
  };
}

function repeated<T>(items: readonly T[], keyOf: (item: T) => string): { first: T; count: number }[] {
  const groups = new Map<string, { first: T; count: number }>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: item, count: 1 });
    else group.count += 1;
  }
  return [...groups.values()].filter((group) => group.count > 1);
}
