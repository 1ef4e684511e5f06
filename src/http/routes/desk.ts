import { z } from "zod";
import {
  deskAsk,
  deskClassified,
  deskDecided,
  deskDecision,
  deskReply,
  deskReplyReceipt,
  deskSuggested,
} from "../../contract/desk-acts.ts";
import { deskTicket } from "../../contract/desk-ticket.ts";
import { deskQuery, deskTicketPage } from "../../contract/desk-tickets.ts";
import { uuid } from "../../contract/primitives.ts";
import type { DeskServices } from "../desk-services.ts";
import { limitOf } from "../limit.ts";
import { parse } from "../parse.ts";
import { answer, type Call, type Route } from "../route.ts";
import { onlyOwnSuggestion } from "../token-scope.ts";

const ONLY_OURS =
  "Only where the desk's tables are ours: in an adopted database the tickets are the host's own, and the answer is 404.";
const params = z.strictObject({ ticketId: uuid });

/** The support desk: what people work with, over the tables that Uptake makes for it. */
export const deskRoutes = (services: DeskServices): readonly Route[] => [
  listTickets(services),
  readTicket(services),
  replyToTicket(services),
  suggestReply(services),
  classifyTicket(services),
  decideClassification(services),
];

const listTickets = (services: Pick<DeskServices, "tickets">): Route => ({
  method: "get",
  path: "/v1/desk/tickets",
  operationId: "listDeskTickets",
  summary: "List the desk's tickets with what is suggested for each",
  description: `Page by page: \`nextCursor\` of one page is the \`cursor\` of the next. ${ONLY_OURS}`,
  scopes: ["read"],
  query: deskQuery,
  answers: { 200: { description: "One page", schema: deskTicketPage } },
  problems: [404],
  async handle(call) {
    const { queue = "waiting", search, limit, cursor } = parse(deskQuery, call.query, "");
    const filter = { queue, search: search || undefined, limit: limitOf(limit), cursor: cursor || undefined };
    return answer(call, deskTicketPage, await services.tickets(call.caller.projectId, filter));
  },
});

const readTicket = (services: Pick<DeskServices, "ticket">): Route => ({
  method: "get",
  path: "/v1/desk/tickets/{ticketId}",
  operationId: "readDeskTicket",
  summary: "A ticket's thread, its newest suggestion, and how it is classified",
  scopes: ["read"],
  params,
  answers: { 200: { description: "The ticket", schema: deskTicket } },
  problems: [404],
  async handle(call) {
    return answer(call, deskTicket, await services.ticket(call.caller.projectId, ticketOf(call)));
  },
});

const replyToTicket = (services: Pick<DeskServices, "reply">): Route => ({
  method: "post",
  path: "/v1/desk/tickets/{ticketId}/reply",
  operationId: "replyToDeskTicket",
  summary: "Send a reply to the customer, and infer what it says about the suggestion",
  description:
    "Message and feedback event are committed in one transaction. The same `messageId` is one message, however often it is sent; for another text it is refused.",
  scopes: ["feedback"],
  params,
  body: { schema: deskReply },
  answers: {
    200: { description: "The message was there already", schema: deskReplyReceipt },
    201: { description: "The message, now committed", schema: deskReplyReceipt },
  },
  problems: [404, 409],
  async handle(call) {
    const given = parse(deskReply, call.body, "");
    noTokens(call);
    const { messageId, created, receipt } = await services.reply(call.caller.projectId, ticketOf(call), given);
    return answer(call, deskReplyReceipt, { messageId, created, inferred: receipt ?? null }, created ? 201 : 200);
  },
});

const suggestReply = (services: Pick<DeskServices, "suggest">): Route => ({
  method: "post",
  path: "/v1/desk/tickets/{ticketId}/suggest",
  operationId: "suggestDeskReply",
  summary: "Have a reply to the customer's newest message suggested",
  scopes: ["feedback"],
  params,
  body: { schema: deskAsk, isOptional: true },
  answers: { 200: { description: "The suggestion, committed", schema: deskSuggested } },
  problems: [404, 502],
  hasOwnTimeLimit: true,
  async handle(call) {
    const { agentId } = parse(deskAsk, call.body ?? {}, "");
    noTokens(call);
    return answer(call, deskSuggested, await services.suggest(call.caller.projectId, ticketOf(call), agentId));
  },
});

const classifyTicket = (services: Pick<DeskServices, "classify">): Route => ({
  method: "post",
  path: "/v1/desk/tickets/{ticketId}/classify",
  operationId: "classifyDeskTicket",
  summary: "Have a ticket classified",
  scopes: ["feedback"],
  params,
  body: { schema: deskAsk, isOptional: true },
  answers: { 200: { description: "The classification, committed", schema: deskClassified } },
  problems: [404, 502],
  hasOwnTimeLimit: true,
  async handle(call) {
    parse(deskAsk, call.body ?? {}, "");
    noTokens(call);
    return answer(call, deskClassified, await services.classify(call.caller.projectId, ticketOf(call)));
  },
});

const decideClassification = (services: Pick<DeskServices, "decide">): Route => ({
  method: "post",
  path: "/v1/desk/tickets/{ticketId}/classification",
  operationId: "decideDeskClassification",
  summary: "Confirm or change how a ticket is classified",
  description:
    "A confirmation is an approval, a change is a revision with a reason for each field; the newest decision counts.",
  scopes: ["feedback"],
  params,
  body: { schema: deskDecision },
  answers: { 200: { description: "The feedback event, committed", schema: deskDecided } },
  problems: [404],
  async handle(call) {
    const decision = parse(deskDecision, call.body, "");
    onlyOwnSuggestion(call.caller, decision.suggestionId, "suggestionId");
    return answer(call, deskDecided, await services.decide(call.caller.projectId, ticketOf(call), decision));
  },
});

const ticketOf = ({ params }: Call): string => (params["ticketId"] ?? "").toLowerCase();

/** A feedback token is in a customer's or an agent's page for one suggestion; it writes to no ticket and asks no model. */
const noTokens = ({ caller }: Call): void => onlyOwnSuggestion(caller, undefined, "credentials");
