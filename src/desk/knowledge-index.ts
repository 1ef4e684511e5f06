import type { Bm25Index } from "../models/bm25.ts";
import { createBm25 } from "../models/bm25.ts";
import type { ArticleSection, PastReplySection, ThreadSection } from "../models/prompt-sections.ts";
import { articleTerms, pastReplyTerms } from "../models/retrieval-reply.ts";
import { queryOf } from "../models/thread-query.ts";
import type { ArticleRow } from "./queries/upsert-articles.ts";

/** An agent's reply in the index. */
export type PastReply = {
  readonly id: string;
  readonly ticketId: string;
  readonly ticketCreatedAt: Date;
  /** What the customer had written since the reply before. */
  readonly question: string;
  readonly reply: string;
};

export type RetrievalQuery = {
  readonly thread: ThreadSection;
  /** The ticket to answer; its own replies are never found. */
  readonly ticketId: string;
  /** Only replies of tickets created before this moment are found: what was known when a past conversation began. */
  readonly before?: Date | undefined;
};

/** The best articles and past replies, best first. */
export type Retrieved = {
  readonly articles: readonly ArticleSection[];
  readonly pastReplies: readonly PastReplySection[];
};

export type KnowledgeIndex = {
  /** Replaces all articles. */
  setArticles(articles: readonly ArticleRow[]): void;
  /** Adds the replies that are not in yet, by id. */
  addReplies(replies: readonly PastReply[]): void;
  search(query: RetrievalQuery): Retrieved;
};

/** How many of each kind a prompt gets: enough that the right one is among them, few enough to be read. */
const LIMIT = 4;

/**
 * Knowledge articles and past replies in memory, searched by BM25. Above `maxReplies` the oldest quarter is forgotten,
 * so memory has a bound.
 */
export function createKnowledgeIndex({ maxReplies }: { readonly maxReplies: number }): KnowledgeIndex {
  let articles = createBm25<ArticleRow>();
  let replies: Bm25Index<PastReply> = createBm25();
  const kept = new Map<string, PastReply>();
  const index = (reply: PastReply) => {
    replies.add(reply, pastReplyTerms(reply.question, reply.reply));
  };

  return {
    setArticles(rows) {
      articles = createBm25();
      for (const row of rows) articles.add(row, articleTerms(row.title, row.content));
    },
    addReplies(given) {
      for (const reply of given) {
        if (kept.has(reply.id)) continue;
        kept.set(reply.id, reply);
        index(reply);
      }
      if (kept.size <= maxReplies) return;
      for (const id of [...kept.keys()].slice(0, kept.size - Math.floor(maxReplies * 0.75))) kept.delete(id);
      replies = createBm25();
      kept.forEach(index);
    },
    search({ thread, ticketId, before }) {
      const query = queryOf(thread);
      const found = replies.search(query, {
        limit: LIMIT,
        eligible: (reply) =>
          reply.ticketId !== ticketId && (before === undefined || reply.ticketCreatedAt.getTime() < before.getTime()),
      });
      return {
        articles: articles.search(query, { limit: LIMIT }).map(({ item, score }) => ({ ...item, score })),
        pastReplies: found.map(({ item: { id, question, reply }, score }) => ({ id, question, reply, score })),
      };
    },
  };
}
