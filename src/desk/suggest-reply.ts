import { createFieldStream } from "../models/field-stream.ts";
import type { Model } from "../models/model.ts";
import type { ReplyAnswer } from "../models/retrieval-reply.ts";
import { openQuestion } from "../models/thread-query.ts";
import type { ObservationHandle, Run } from "../track/types.ts";
import { askModel } from "./ask-model.ts";
import type { Thread } from "./desk-store.ts";
import type { Retrieved } from "./knowledge-index.ts";
import { renderReplyPrompt, REPLY_SCHEMA } from "./prompt.ts";
import type { PromptTemplate } from "./prompt-template.ts";
import { citedSources, parseReplyAnswer, retrievedSources, type Source } from "./reply-answer.ts";
import type { Retriever } from "./retrieve.ts";
import type { RunOptions } from "./run-options.ts";

export type ReplyParts = { readonly model: Model; readonly retriever: Pick<Retriever, "retrieve"> };

/** A reply, and what a suggestion's metadata says of where it came from. */
export type WrittenReply = Pick<ReplyAnswer, "suggestedResponse" | "confidence"> & {
  readonly metadata: {
    readonly reasoning: string;
    /** What the reasoning says it used. */
    readonly sources: readonly Source[];
    /** All that the model was shown. */
    readonly retrieved: readonly Source[];
  };
};

/** Looks up what the desk knows and has the model answer the thread; both are observations of the run. */
export async function suggestReply(
  { model, retriever }: ReplyParts,
  { thread, template }: { readonly thread: Thread; readonly template: PromptTemplate },
  { signal, onText }: RunOptions,
  run: Run,
): Promise<WrittenReply> {
  const found = await searchKnowledge(retriever, thread, run);
  const retrieved = retrievedSources(found);
  const question = {
    messages: renderReplyPrompt(template, { ...found, thread }),
    prompt: template.reference,
    jsonSchema: REPLY_SCHEMA,
  };
  const told = onText && createFieldStream("suggestedResponse", onText);
  const content = await askModel(model, question, { signal, onText: told }, run);
  const { suggestedResponse, confidence, reasoning } = parseReplyAnswer(content, model.name);
  const metadata = { reasoning, sources: citedSources(reasoning, retrieved), retrieved };
  return { suggestedResponse, confidence, metadata };
}

function searchKnowledge(retriever: ReplyParts["retriever"], thread: Thread, run: Run): Promise<Retrieved> {
  const options = { type: "retriever" as const, input: { query: openQuestion(thread), title: thread.title } };
  return run.observe("search-knowledge", options, async (observation: ObservationHandle) => {
    const found = await retriever.retrieve({
      thread,
      ticketId: thread.ticketId,
      before: thread.imported ? thread.ticketCreatedAt : undefined,
    });
    // The observation keeps ids and scores; the texts themselves are in the generation's messages.
    observation.update({ output: retrievedSources(found) });
    return found;
  });
}
