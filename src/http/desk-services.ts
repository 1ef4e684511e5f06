import type { DeskClassified, DeskDecided, DeskDecision, DeskReply, DeskSuggested } from "../contract/desk-acts.ts";
import type { Queue } from "../contract/desk-tickets.ts";
import type { PostedReply, TicketPage, WorkedTicket } from "../desk/ticket-desk.ts";
import type { FeedbackReceipt } from "../feedback/write-events.ts";
import type { FeedbackOfSuggestion } from "../store/queries/read-feedback-history.ts";

export type TicketListFilter = {
  readonly queue: Queue;
  readonly search?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
};

export type TicketInFull = WorkedTicket & {
  readonly feedback: readonly FeedbackOfSuggestion[];
  readonly reasons: readonly string[];
  readonly categories: readonly string[];
};

/** What the routes of the desk need. Everything is of one project, and throws `not_found` where the tickets are a host's own. */
export type DeskServices = {
  tickets(projectId: string, filter: TicketListFilter): Promise<TicketPage>;
  ticket(projectId: string, ticketId: string): Promise<TicketInFull>;
  reply(projectId: string, ticketId: string, reply: DeskReply): Promise<PostedReply<FeedbackReceipt>>;
  suggest(projectId: string, ticketId: string, agentId: string | undefined): Promise<DeskSuggested>;
  classify(projectId: string, ticketId: string): Promise<DeskClassified>;
  decide(projectId: string, ticketId: string, decision: DeskDecision): Promise<DeskDecided>;
};
