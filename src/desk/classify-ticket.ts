import type { Category, ClassificationAnswer } from "../models/classification.ts";
import type { Model } from "../models/model.ts";
import type { Database } from "../store/database.ts";
import type { Tracker } from "../track/tracker.ts";
import type { Run } from "../track/types.ts";
import { askModel } from "./ask-model.ts";
import { DEFAULT_CATEGORIES } from "./categories.ts";
import { classificationSchema, classificationText, parseClassificationAnswer } from "./classification-answer.ts";
import { createDeskStore, type DeskStore } from "./desk-store.ts";
import { renderClassifyPrompt } from "./prompt.ts";
import { filePrompts, type Prompts } from "./prompts.ts";
import { requireUuid, type RunOptions } from "./run-options.ts";

export const CLASSIFY_TICKET = "classify-ticket";

/** Why a person changes a classification; each field that was changed is a reason. */
export const CLASSIFY_REASONS = {
  category: "wrong category",
  priority: "wrong priority",
  sentiment: "wrong sentiment",
  escalate: "wrong escalation",
} as const;

export type TicketInput = {
  /** The host's body: what it does not say is read from the ticket. */
  readonly ticket: {
    readonly id: string;
    readonly title?: string | undefined;
    readonly description?: string | undefined;
  };
  /** Takes over this id, such as that of a host's pending row; a new one by default. */
  readonly suggestionId?: string | undefined;
  readonly systemUserId?: string | undefined;
};

export type ClassifiedTicket = ClassificationAnswer & { readonly suggestionId: string; readonly traceId: string };
export type ClassifyTicket = (input: TicketInput, options?: RunOptions) => Promise<ClassifiedTicket>;

export type ClassifyDeps = {
  readonly tracker: Pick<Tracker, "track">;
  readonly db: Database;
  readonly model: Model;
  readonly projectId: string;
  readonly prompts?: Prompts | undefined;
  readonly categories?: readonly Category[] | undefined;
};

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
export function createClassifyTicket(deps: ClassifyDeps): ClassifyTicket {
  const parts = {
    ...deps,
    desk: createDeskStore(deps),
    prompts: deps.prompts ?? filePrompts(),
    categories: deps.categories ?? DEFAULT_CATEGORIES,
  };
  return async (input, options = {}) => {
    requireUuid(input.ticket.id, "ticket.id");
    if (input.suggestionId !== undefined) requireUuid(input.suggestionId, "suggestionId");
    const tracked = deps.tracker.track(
      CLASSIFY_TICKET,
      (given: TicketInput, run: Run) => classify(parts, given, options, run),
      { suggestionId: (given) => given.suggestionId, ticketId: (given) => given.ticket.id },
    );
    return tracked(input);
  };
}

type Parts = ClassifyDeps & {
  readonly desk: DeskStore;
  readonly prompts: Prompts;
  readonly categories: readonly Category[];
};

async function classify(
  { desk, model, prompts, categories }: Parts,
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
