import { classificationAnswer, decisionAnswer, decisionRequest } from "../../contract/functions-classification.ts";
import {
  messageSuggestionAnswer,
  messageSuggestionRequest,
  stillPending,
} from "../../contract/functions-message-suggestion.ts";
import { responseAnswer, ticketRequest } from "../../contract/functions-response.ts";
import type { Logger } from "../../domain/logger.ts";
import type { FunctionServices } from "../function-services.ts";
import { parse } from "../parse.ts";
import { answer, type Route } from "../route.ts";
import { onlyOwnSuggestion } from "../token-scope.ts";
import { streamReply, wantsStream } from "../stream-reply.ts";

const PENDING = { description: "Somebody else is at the row; its answer will stand there", schema: stillPending };
const STREAMED =
  "With `Accept: text/event-stream` the reply is streamed: `delta` events with `text`, then `completed` (or `pending`) with this answer, or `error` with a problem.";

/** The agent functions of the support desk, in place of the host's edge functions. */
export const functionRoutes = (services: FunctionServices, log: Logger): readonly Route[] => [
  generateMessageSuggestion(services, log),
  generateResponse(services, log),
  classifyTicket(services),
  decideClassification(services),
];

const generateMessageSuggestion = (services: Pick<FunctionServices, "suggestReply">, log: Logger): Route => ({
  method: "post",
  path: "/functions/v1/generate-message-suggestion",
  operationId: "generateMessageSuggestion",
  summary: "Suggest a reply to a customer's message",
  description: `With the id of a pending row that row is completed in place, once, however often it is asked for. ${STREAMED}`,
  scopes: ["write"],
  body: { schema: messageSuggestionRequest },
  answers: {
    200: { description: "The suggestion, committed", schema: messageSuggestionAnswer, isStreamedIfAsked: true },
    202: PENDING,
  },
  problems: [404, 409, 502],
  hasOwnTimeLimit: true,
  async handle(call) {
    const request = parse(messageSuggestionRequest, call.body, "");
    const { projectId } = call.caller;
    if (wantsStream(call)) {
      return streamReply(call, log, (onText) => services.suggestReply(projectId, request, onText));
    }
    const made = await services.suggestReply(projectId, request);
    return made.status === "pending"
      ? answer(call, stillPending, made, 202)
      : answer(call, messageSuggestionAnswer, made);
  },
});

const generateResponse = (services: Pick<FunctionServices, "respond">, log: Logger): Route => ({
  method: "post",
  path: "/functions/v1/generate-response",
  operationId: "generateResponse",
  summary: "Answer a new ticket: send the reply, or suggest it",
  description: `It is sent only above the confidence that is set for it (UPTAKE_AUTO_SEND), to a ticket that nobody has answered and that the classification does not escalate. ${STREAMED}`,
  scopes: ["write"],
  body: { schema: ticketRequest },
  answers: {
    200: { description: "The reply, committed", schema: responseAnswer, isStreamedIfAsked: true },
    202: PENDING,
  },
  problems: [404, 409, 502],
  hasOwnTimeLimit: true,
  async handle(call) {
    const request = parse(ticketRequest, call.body, "");
    const { projectId } = call.caller;
    if (wantsStream(call)) {
      return streamReply(call, log, (onText) => services.respond(projectId, request, onText));
    }
    const made = await services.respond(projectId, request);
    return made.status === "pending" ? answer(call, stillPending, made, 202) : answer(call, responseAnswer, made);
  },
});

const classifyTicket = (services: Pick<FunctionServices, "classify">): Route => ({
  method: "post",
  path: "/functions/v1/classify-ticket",
  operationId: "classifyTicket",
  summary: "Sort a ticket: category, priority, sentiment, escalation",
  scopes: ["write"],
  body: { schema: ticketRequest },
  answers: { 200: { description: "The classification, committed", schema: classificationAnswer }, 202: PENDING },
  problems: [404, 409, 502],
  hasOwnTimeLimit: true,
  async handle(call) {
    const made = await services.classify(call.caller.projectId, parse(ticketRequest, call.body, ""));
    return made.status === "pending" ? answer(call, stillPending, made, 202) : answer(call, classificationAnswer, made);
  },
});

const decideClassification = (services: Pick<FunctionServices, "decide">): Route => ({
  method: "post",
  path: "/functions/v1/classify-ticket/decision",
  operationId: "decideClassification",
  summary: "Record what a person makes of a classification",
  description:
    "A confirmation is an approval, a change is a revision with a reason for each field; the newest decision counts.",
  scopes: ["feedback", "write"],
  body: { schema: decisionRequest },
  answers: { 200: { description: "The feedback event, committed", schema: decisionAnswer } },
  problems: [404],
  async handle(call) {
    const request = parse(decisionRequest, call.body, "");
    onlyOwnSuggestion(call.caller, request.suggestion_id, "suggestion_id");
    return answer(call, decisionAnswer, await services.decide(call.caller.projectId, request));
  },
});
