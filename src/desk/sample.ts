import { readFileSync } from "node:fs";
import { DAY_MS, MINUTE_MS } from "../domain/durations.ts";
import { namedId } from "../domain/ids.ts";
import type { DeskStore } from "./desk-store.ts";
import type { ArticleRow } from "./queries/upsert-articles.ts";
import type { MessageRow, TicketRow } from "./queries/insert-tickets.ts";

/** A ticket of the sample desk, with what its agent will do with a suggestion. */
export type SampleTicket = {
  readonly number: number;
  readonly title: string;
  readonly priority: "low" | "medium" | "high";
  readonly status: "resolved" | "open";
  readonly customer: { readonly name: string; readonly email: string };
  readonly messages: readonly { readonly from: "customer" | "agent"; readonly text: string }[];
  /** Ids of the articles that answer it; open tickets only. */
  readonly answeredBy?: readonly string[];
  readonly agent?: {
    readonly act: "send" | "edit" | "reject" | "none";
    readonly addBefore?: string;
    readonly addAfter?: string;
    readonly reason: string;
    readonly ownReply: string;
  };
};

export type SampleDesk = { readonly articles: readonly ArticleRow[]; readonly tickets: readonly SampleTicket[] };

/** The desk of an invented company, Brightloom, written for this project. */
export function loadSampleDesk(): SampleDesk {
  return {
    // Cast: the two files are part of the program, and a test checks their shape.
    articles: readJson("articles") as readonly ArticleRow[],
    tickets: readJson("tickets") as readonly SampleTicket[],
  };
}

const readJson = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`./sample/${name}.json`, import.meta.url), "utf8"));

export const SAMPLE_AGENT_ID = "sample-agent";
export const sampleTicketId = (number: number): string => namedId("sample-ticket", String(number));
export const sampleMessageId = (number: number, position: number): string =>
  namedId("sample-message", String(number), String(position));

/**
 * Imports the sample desk; what is there already stays as it is. Resolved tickets lie in the weeks before `at`, open
 * ones in the hours before it, so that what was answered can help with what is open.
 */
export async function importSampleDesk(
  desk: Pick<DeskStore, "importArticles" | "importTickets">,
  { at }: { readonly at: Date },
): Promise<{ readonly articles: number; readonly tickets: number }> {
  const { articles, tickets } = loadSampleDesk();
  const resolved = tickets.filter((ticket) => ticket.status === "resolved");
  const open = tickets.filter((ticket) => ticket.status === "open");
  const rows = [
    ...resolved.map((ticket, i) => ticketRow(ticket, at.getTime() - (resolved.length - i + 2) * DAY_MS)),
    ...open.map((ticket, i) => ticketRow(ticket, at.getTime() - (open.length - i) * 15 * MINUTE_MS)),
  ];
  return { articles: await desk.importArticles(articles), tickets: await desk.importTickets(rows) };
}

function ticketRow(ticket: SampleTicket, createdAtMs: number): TicketRow {
  const messages = ticket.messages.map((message, position): MessageRow => {
    const fromCustomer = message.from === "customer";
    return {
      id: sampleMessageId(ticket.number, position),
      userId: fromCustomer ? ticket.customer.email : SAMPLE_AGENT_ID,
      content: message.text,
      metadata: fromCustomer ? { authorName: ticket.customer.name } : {},
      position,
      createdAt: new Date(createdAtMs + position * MINUTE_MS).toISOString(),
    };
  });
  return {
    id: sampleTicketId(ticket.number),
    number: ticket.number,
    title: ticket.title,
    status: ticket.status,
    priority: ticket.priority,
    customerId: ticket.customer.email,
    createdAt: new Date(createdAtMs).toISOString(),
    messages,
  };
}
