import type { Config } from "../config/config.ts";
import type { MessageSuggestionRequest } from "../contract/functions-message-suggestion.ts";
import type { TicketRequest } from "../contract/functions-response.ts";
import { DEFAULT_CATEGORIES } from "../desk/categories.ts";
import { type AnsweredReply, createDeskService, type DeskService, type StillPending } from "../desk/desk-service.ts";
import type { FeedbackInput } from "../domain/feedback.ts";
import { createFeedbackService } from "../feedback/feedback-service.ts";
import type { FunctionServices } from "../http/function-services.ts";
import type { Parts } from "./assemble.ts";
import { withDeskReasons } from "./desk-reasons.ts";
import type { Desk } from "./open-desk.ts";

/** What the routes of the agent functions need, for every project in the database; names as the host writes them. */
export function createFunctionServices(parts: Parts, desk: Pick<Desk, "ofProject">, config: Config): FunctionServices {
  const byProject = new Map<string, DeskService>();
  const of = (projectId: string): DeskService => {
    const service = byProject.get(projectId) ?? deskService(parts, desk, { config, projectId });
    byProject.set(projectId, service);
    return service;
  };
  return {
    async suggestReply(projectId, request, onText) {
      const made = await of(projectId).suggestReply(messageInput(request), onText);
      return made.status === "pending" ? pendingAnswer(made) : replyAnswer(made);
    },
    async respond(projectId, request, onText) {
      const made = await of(projectId).respond(ticketInput(request), onText);
      if (made.status === "pending") return pendingAnswer(made);
      const { delivery } = made;
      return {
        ...replyAnswer(made),
        sent: delivery?.sent === true,
        message_id: delivery?.sent === true ? delivery.messageId : null,
        held_back_by: delivery?.sent === false ? delivery.reason : null,
        threshold: delivery?.threshold ?? null,
      };
    },
    async classify(projectId, request) {
      const made = await of(projectId).classify(ticketInput(request));
      if (made.status === "pending") return pendingAnswer(made);
      const { suggestionId, traceId, status, confidence, reasons, category, priority, sentiment, escalate } = made;
      const sorted = { category, priority, sentiment, escalate, reasons: [...reasons], confidence_score: confidence };
      return { suggestion_id: suggestionId, trace_id: traceId, status, ...sorted };
    },
    async decide(projectId, { suggestion_id, agent_id, idempotency_key, ...decision }) {
      const ids = { suggestionId: suggestion_id, agentId: agent_id, idempotencyKey: idempotency_key };
      const { feedbackId, type, classification, changed } = await of(projectId).decide({
        ...definedIn(decision),
        ...ids,
      });
      return { feedback_id: feedbackId, type, classification, changed: [...changed] };
    },
  };
}

type Place = { readonly config: Config; readonly projectId: string };

/** The agent functions of one project, as they are called from outside. */
export function deskService(
  { db, tracker, privacy }: Pick<Parts, "db" | "tracker" | "privacy">,
  desk: Pick<Desk, "ofProject">,
  { config, projectId }: Place,
): DeskService {
  const flushSuggestions = () => tracker.flush();
  const now = () => new Date();
  const about = { db, projectId, privacy, now, flushSuggestions, reasons: withDeskReasons(undefined) };
  const { feedback } = createFeedbackService(about);
  return createDeskService({
    db,
    projectId,
    functions: desk.ofProject(projectId),
    categories: DEFAULT_CATEGORIES,
    feedback: (input: FeedbackInput) => feedback(input),
    flushSuggestions,
    timeoutMs: config.desk.runTimeoutMs,
  });
}

const messageInput = (request: MessageSuggestionRequest) => ({
  ticketId: request.ticket_id,
  messageId: request.message_id,
  ...rowOf(request),
});

const ticketInput = ({ ticket, ...request }: TicketRequest) => ({
  ticket: { id: ticket.id, title: ticket.title ?? undefined, description: ticket.description ?? undefined },
  ...rowOf(request),
});

const rowOf = (request: Pick<TicketRequest, "suggestion_id" | "system_user_id">) => ({
  suggestionId: request.suggestion_id?.toLowerCase(),
  systemUserId: request.system_user_id ?? undefined,
});

const pendingAnswer = ({ suggestionId, traceId, status }: StillPending) => ({
  suggestion_id: suggestionId,
  trace_id: traceId,
  status,
});

const replyAnswer = ({ suggestionId, traceId, status, text, confidence }: AnsweredReply) => ({
  suggestion_id: suggestionId,
  trace_id: traceId,
  status,
  suggested_response: text,
  confidence_score: confidence,
});

type Defined<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };

/** Fields that were left out, instead of fields that are undefined. */
export const definedIn = <Fields extends object>(fields: Fields): Defined<Fields> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<Fields>;
