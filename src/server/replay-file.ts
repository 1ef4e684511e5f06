import type { ReplayOptions, ReplaySummary } from "../cli/services.ts";
import type { Config } from "../config/config.ts";
import { GENERATE_MESSAGE_SUGGESTION } from "../desk/generate-message-suggestion.ts";
import { readConversations } from "../desk/replay-source.ts";
import { replay } from "../desk/replay.ts";
import type { Logger } from "../domain/logger.ts";
import type { Parts } from "./assemble.ts";
import type { Closers } from "./closers.ts";
import { openDesk } from "./open-desk.ts";

const MALFORMED_SHOWN = 20;
/** How long the end of a replay waits for Langfuse; what is left stays in the outbox. */
const MIRROR_DEADLINE_MS = 60_000;

type ReplayJob = {
  readonly options: ReplayOptions;
  readonly onProgress: (done: number, total: number | null) => void;
  readonly signal: AbortSignal;
  readonly closers: Closers;
  readonly log: Logger;
};

/** Replays a file of recorded conversations and waits until its numbers are added up. */
export async function replayFile(parts: Parts, config: Config, job: ReplayJob): Promise<ReplaySummary> {
  const { options, onProgress, signal, closers, log } = job;
  const desk = await openDesk(parts, config, { closers, log });
  const inferred = { approval: 0, revision: 0, rejection: 0 };
  const malformed: { line: number; problem: string }[] = [];
  const summary = await replay({
    db: parts.db,
    projectId: config.projectId,
    conversations: untilAborted(readConversations(options.file), signal),
    generate: desk.generate,
    retriever: desk.retriever,
    model: desk.model.name,
    prompt: (await desk.prompts(GENERATE_MESSAGE_SUGGESTION)).reference,
    concurrency: options.concurrency,
    limit: options.limit,
    now: Date.now,
    async sent(input) {
      const receipt = await parts.feedback.sent(input);
      if (receipt?.created === true) inferred[receipt.type] += 1;
    },
    onProgress: ({ created, skipped, failed }) => onProgress(created + skipped + failed, options.limit ?? null),
    onProblem: (problem) => {
      if (malformed.length < MALFORMED_SHOWN) malformed.push(problem);
    },
  });
  await parts.roller.rollAll();
  await parts.mirror?.drain(AbortSignal.any([signal, AbortSignal.timeout(MIRROR_DEADLINE_MS)]));
  return {
    conversationCount: summary.conversations,
    turnCount: summary.turns,
    suggestionCount: summary.created,
    knownCount: summary.skipped,
    errorCount: summary.failed,
    approvalCount: inferred.approval,
    revisionCount: inferred.revision,
    rejectionCount: inferred.rejection,
    malformedCount: summary.malformedLines,
    malformed,
    waitingCount: (await parts.mirror?.status())?.waiting ?? 0,
    interrupted: signal.aborted,
  };
}

/** Ends early, between two items, once the signal is aborted. */
async function* untilAborted<Item>(items: AsyncIterable<Item>, signal: AbortSignal): AsyncGenerator<Item> {
  for await (const item of items) {
    if (signal.aborted) return;
    yield item;
  }
}
