import type { Queryable } from "../store/database.ts";
import { createKnowledgeIndex } from "./knowledge-index.ts";
import type { PastReply, RetrievalQuery, Retrieved } from "./knowledge-index.ts";
import { readArticlesDigest } from "./queries/read-articles-digest.ts";
import { readArticles } from "./queries/read-articles.ts";
import { FIRST_REPLY, readPastReplies } from "./queries/read-past-replies.ts";
import type { ReplyCursor } from "./queries/read-past-replies.ts";

export type Retriever = {
  /** What the desk knows about the thread's question; the ticket's own replies are never among it. */
  retrieve(query: RetrievalQuery): Promise<Retrieved>;
  /** Takes in replies that this process has just written, so that they need not wait for the next look. */
  add(replies: readonly PastReply[]): void;
  /** Reads what is new in the database now. */
  refresh(): Promise<void>;
};

export type RetrieverOptions = {
  readonly db: Queryable;
  readonly projectId: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How long what was read counts as fresh. */
  readonly refreshMs?: number;
  /** Bound of the index; above it the oldest quarter is forgotten. */
  readonly maxReplies?: number;
};

const PAGE = 1_000;
/** A reply becomes visible later than its time says, by as long as its transaction ran; so each look goes back this far. */
const OVERLAP_SECONDS = 60;

/**
 * Finds articles and past replies by BM25, in memory; the database is read at first use and then for what is new.
 * Past tickets that another process imports with times before what was last read are seen after a restart.
 */
export function createRetriever(options: RetrieverOptions): Retriever {
  const { db, projectId, now, refreshMs = 5_000, maxReplies = 20_000 } = options;
  const index = createKnowledgeIndex({ maxReplies });
  let digest: string | undefined;
  let cursor: ReplyCursor = FIRST_REPLY;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function readNew(): Promise<void> {
    const current = await readArticlesDigest(db, projectId);
    if (current !== digest) {
      index.setArticles(await readArticles(db, projectId));
      digest = current;
    }
    let after: ReplyCursor = { createdAt: cursor.createdAt, id: FIRST_REPLY.id };
    let overlapSeconds = OVERLAP_SECONDS;
    for (;;) {
      const rows = await readPastReplies(db, { projectId, after, overlapSeconds, limit: PAGE });
      index.addReplies(rows);
      const last = rows.at(-1);
      if (last !== undefined) after = { createdAt: last.cursor, id: last.id };
      if (rows.length < PAGE) break;
      overlapSeconds = 0;
    }
    cursor = after;
    readAt = now();
  }

  const refresh = (): Promise<void> =>
    (reading ??= readNew().finally(() => {
      reading = undefined;
    }));

  return {
    refresh,
    add: (replies) => {
      index.addReplies(replies);
    },
    async retrieve(query) {
      if (now() - readAt >= refreshMs) await refresh();
      return index.search(query);
    },
  };
}
