import type { ClassificationAnswer } from "../models/classification.ts";
import type { Model } from "../models/model.ts";
import type { Run } from "../track/types.ts";
import { askModel } from "./ask-model.ts";
import { classificationSchema, classificationText, parseClassificationAnswer } from "./classification-answer.ts";
import { renderClassifyPrompt } from "./prompt.ts";
import type { RunOptions } from "./run-options.ts";
import {
  createTicketFunction,
  type TicketFunctionDeps,
  type TicketInput,
  type TicketParts,
} from "./ticket-function.ts";

export const CLASSIFY_TICKET = "classify-ticket";

/** Why a person changes a classification; each field that was changed is a reason. */
export const CLASSIFY_REASONS = {
  category: "wrong category",
  priority: "wrong priority",
  sentiment: "wrong sentiment",
  escalate: "wrong escalation",
} as const;

export type ClassifiedTicket = ClassificationAnswer & { readonly suggestionId: string; readonly traceId: string };
export type ClassifyTicket = (input: TicketInput, options?: RunOptions) => Promise<ClassifiedTicket>;

export type ClassifyDeps = TicketFunctionDeps & { readonly model: Model };

/**
 * The agent function that sorts a ticket: category, priority, sentiment, and whether a person has to see it before anything
 * goes out. The suggestion's text is the classification as JSON; its metadata holds `classification` with the reasons.
 *
 * Throws as {@link createGenerateMessageSuggestion} does.
 *
 * @example
 * const classify = createClassifyTicket({ tracker, db, model, projectId: "default" });
 * const { category, escalate, reasons } = await classify({ ticket: { id } });
 */
export const createClassifyTicket = (deps: ClassifyDeps): ClassifyTicket =>
  createTicketFunction(CLASSIFY_TICKET, deps, classify);

async function classify(
  { desk, model, prompts, categories }: TicketParts<ClassifyDeps>,
  { ticket, systemUserId }: TicketInput,
  { signal }: RunOptions,
  run: Run,
): Promise<ClassifiedTicket> {
  const { thread } = await desk.readTicket(ticket);
  const template = await prompts(CLASSIFY_TICKET);
  const question = {
    messages: renderClassifyPrompt(template, { categories, thread }),
    prompt: template.reference,
    jsonSchema: classificationSchema(categories),
  };
  const content = await askModel(model, question, { signal }, run);
  const answer = parseClassificationAnswer(content, model.name, categories);
  const { confidence, ...classification } = answer;
  const { suggestionId, traceId } = run.suggest(classificationText(answer), {
    confidence,
    ticketId: ticket.id,
    systemUserId,
    metadata: { classification },
  });
  return { ...answer, suggestionId, traceId };
}
