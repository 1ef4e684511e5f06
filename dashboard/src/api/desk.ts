import {
  type InfiniteData,
  keepPreviousData,
  type QueryClient,
  useInfiniteQuery,
  type UseInfiniteQueryResult,
  useQuery,
  type UseQueryResult,
} from "@tanstack/react-query";
import type { DeskDecision, DeskReply, DeskReplyReceipt } from "../../../src/contract/desk-acts.ts";
import type { DeskMessage, DeskSuggestion, DeskTicket } from "../../../src/contract/desk-ticket.ts";
import type { DeskClassification, DeskTicketPage, DeskTicketSummary } from "../../../src/contract/desk-tickets.ts";
import type { NewFeedback } from "../../../src/contract/new-feedback.ts";
import { pathWith, request } from "./request.ts";

export type { DeskClassification, DeskDecision, DeskMessage, DeskReply, DeskSuggestion, DeskTicket, DeskTicketSummary };

const TICKETS = "/v1/desk/tickets";
const PAGE_SIZE = 50;

const ticketPath = (ticketId: string): string => `${TICKETS}/${encodeURIComponent(ticketId)}`;

export type QueueFilter = { readonly queue: string; readonly search: string };

/** The tickets of a queue, page by page. */
export function useTicketPages({ queue, search }: QueueFilter): UseInfiniteQueryResult<InfiniteData<DeskTicketPage>> {
  const query = { queue, search, limit: PAGE_SIZE };
  return useInfiniteQuery({
    queryKey: [TICKETS, query],
    queryFn: ({ pageParam, signal }) =>
      request<DeskTicketPage>(pathWith(TICKETS, { ...query, cursor: pageParam }), signal),
    initialPageParam: null as string | null, // widened: later pages have a cursor
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: keepPreviousData,
  });
}

export const useTicket = (ticketId: string): UseQueryResult<DeskTicket> =>
  useQuery({
    queryKey: [TICKETS, ticketId],
    queryFn: ({ signal }) => request<DeskTicket>(ticketPath(ticketId), signal),
  });

/** Reads the desk anew, since something was done at it. */
export const renewDesk = (client: QueryClient): Promise<void> => client.invalidateQueries({ queryKey: [TICKETS] });

const post = <Answer>(path: string, body: unknown): Promise<Answer> =>
  request<Answer>(path, undefined, { method: "POST", body });

export const postReply = (ticketId: string, reply: DeskReply): Promise<DeskReplyReceipt> =>
  post<DeskReplyReceipt>(`${ticketPath(ticketId)}/reply`, reply);

/** Sends without waiting: the browser goes on with it after the page is gone. */
export function sendReplyAndLeave(ticketId: string, reply: DeskReply): void {
  const headers = { "content-type": "application/json" };
  fetch(`${ticketPath(ticketId)}/reply`, {
    method: "POST",
    keepalive: true,
    headers,
    body: JSON.stringify(reply),
  }).catch(() => {
    // Too long for a page that is gone, or no network: it is kept, and sent when the desk is opened next.
  });
}

export const askForSuggestion = (ticketId: string, agentId: string): Promise<unknown> =>
  post(`${ticketPath(ticketId)}/suggest`, { agentId });

export const askForClassification = (ticketId: string, agentId: string): Promise<unknown> =>
  post(`${ticketPath(ticketId)}/classify`, { agentId });

export const decideClassification = (ticketId: string, decision: DeskDecision): Promise<unknown> =>
  post(`${ticketPath(ticketId)}/classification`, decision);

export const postFeedback = (feedback: NewFeedback): Promise<unknown> => post("/v1/feedback", feedback);

export const markShown = (suggestionId: string, agentId: string): Promise<unknown> =>
  post(`/v1/suggestions/${encodeURIComponent(suggestionId)}/shown`, { agentId });
