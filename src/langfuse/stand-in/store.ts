import type { LangfuseDialect } from "../dialect.ts";
import { mergeObservation, mergeTrace, observationKey } from "./merge-rows.ts";
import type { StoredScoreConfig } from "./config-check.ts";
import type { StoredPrompt } from "./prompts.ts";
import type { DroppedScore, Duplicates, StoredObservation, StoredScore, StoredTrace } from "./stored.ts";

export type StandInStore = ReturnType<typeof createStore>;

export type StoreOptions = {
  readonly dialect: LangfuseDialect;
  /** How long reads do not show what was accepted. */
  readonly visibleAfterMs: number;
};

/**
 * What the stand-in was sent, all of it in memory for as long as it lives: it is a test double and the demo's sink, not
 * a database. Two lists only grow, so that what came twice shows; the rest is what Langfuse would show by now.
 */
export function createStore({ dialect, visibleAfterMs }: StoreOptions) {
  const observations: StoredObservation[] = [];
  const posts: StoredScore[] = [];
  const requests = new Map<string, number>();
  let shown: StoredObservation[] = [];
  const merged = new Map<string, StoredObservation>();
  const traces = new Map<string, StoredTrace>();
  const current = new Map<string, StoredScore>();
  const curtain = createCurtain(visibleAfterMs);

  function showObservations(rows: readonly StoredObservation[]): void {
    if (dialect === "v4") for (const row of rows) shown.push(row);
    else for (const row of rows) put(merged, observationKey(row), row, mergeObservation);
  }

  return {
    dialect,
    /** Every row as it arrived. */
    observations,
    posts,
    dropped: [] as DroppedScore[],
    /** Score configs by id. */
    configs: new Map<string, StoredScoreConfig>(),
    /** Every version of every prompt. */
    prompts: [] as StoredPrompt[],
    requests,
    addObservations: (rows: readonly StoredObservation[]) => {
      for (const row of rows) observations.push(row);
      curtain.later(() => showObservations(rows));
    },
    addTraces: (upserts: readonly StoredTrace[]) =>
      curtain.later(() => {
        for (const trace of upserts) put(traces, trace.id, trace, mergeTrace);
      }),
    addScore: (score: StoredScore) => {
      posts.push(score);
      curtain.later(() => put(current, scoreKey(score), score, overwrite));
    },
    deleteScore: (id: string) =>
      curtain.later(() => {
        for (const [key, score] of current) if (score.id === id) current.delete(key);
      }),
    /** With everything of theirs; what arrives later stays. */
    deleteTraces: (ids: ReadonlySet<string>) =>
      curtain.later(() => {
        shown = shown.filter(({ traceId }) => !ids.has(traceId));
        for (const [key, row] of merged) if (ids.has(row.traceId)) merged.delete(key);
        for (const id of ids) traces.delete(id);
        for (const [key, { traceId }] of current) if (traceId !== null && ids.has(traceId)) current.delete(key);
      }),
    /** Version 4 shows every row, version 3 one for each id, merged field by field. */
    currentObservations: (): readonly StoredObservation[] => {
      curtain.showDue();
      return dialect === "v4" ? shown : [...merged.values()];
    },
    /** Version 3 only. */
    currentTraces: (): readonly StoredTrace[] => {
      curtain.showDue();
      return [...traces.values()];
    },
    currentScores: (): readonly StoredScore[] => {
      curtain.showDue();
      return [...current.values()];
    },
    duplicates: (): Duplicates => findDuplicates(observations, posts),
  };
}

/** Keeps what was accepted from being shown for a while. */
function createCurtain(visibleAfterMs: number) {
  const hidden: { readonly untilMs: number; readonly show: () => void }[] = [];
  return {
    later(show: () => void): void {
      if (visibleAfterMs === 0) show();
      else hidden.push({ untilMs: Date.now() + visibleAfterMs, show });
    },
    showDue(): void {
      const now = Date.now();
      for (let first = hidden[0]; first !== undefined && first.untilMs <= now; first = hidden[0]) {
        hidden.shift();
        first.show();
      }
    },
  };
}

function put<T>(rows: Map<string, T>, key: string, row: T, merge: (before: T, after: T) => T): void {
  const before = rows.get(key);
  rows.set(key, before === undefined ? row : merge(before, row));
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
